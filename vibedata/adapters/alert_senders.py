"""AlertSender over each way in: the action group, the Event Hub, the HTTP fallback, the queue itself.

All but the queue are asked as whoever is signed in, for vibedata-uami may receive alerts and not send them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError

from vibedata import alerts
from vibedata.adapters.azure_errors import translate
from vibedata.adapters.rest import Rest, arm
from vibedata.alerts.message import Message
from vibedata.errors import BadInput, Blocked, Failed
from vibedata.ports.alerts import AlertQueue

HUB_SCOPE = "https://eventhubs.azure.net/.default"
HUB = "alerts"
API_VERSION = "2024-10-01-preview"
JSON = {"Content-Type": "application/json; charset=utf-8"}
EVENT = {"Content-Type": "application/atom+xml;type=entry;charset=utf-8"}
MAX_SHOWN_CHARS = 300


class ActionGroupSender:
    """Has the action group deliver, as if Azure Monitor had fired: an operation of the local stack alone."""

    def __init__(self, endpoint: str, credential: TokenCredential, action_group_id: str) -> None:
        self._rest = arm(endpoint, credential)
        self._id = action_group_id.rstrip("/")

    def send(self, body: bytes) -> Mapping[str, Any]:
        """See `ports.AlertSender.send`."""
        try:
            reply = self._rest.call(
                "POST",
                f"{self._id}/deliver",
                params={"api-version": API_VERSION},
                content=body,
                headers=JSON,
            )
        except HttpResponseError as error:
            if error.status_code == 400 and "InvalidPayload" in str(error):
                raise _no_alert(error) from error
            if error.status_code in (400, 404, 405):
                raise self._no_such_action(error) from error
            raise _translated(error, "have the action group deliver an alert") from error
        except AzureError as error:
            raise _translated(error, "have the action group deliver an alert") from error
        return self._checked(reply.json())

    def _checked(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        receivers = list(told.get("receivers") or [])
        taken = [each for each in receivers if 200 <= int(each.get("status") or 0) < 300]
        if taken:
            return {"receivers": receivers}
        said = "; ".join(
            f"{each.get('name')} {each.get('status')}: {each.get('detail')}"[:MAX_SHOWN_CHARS]
            for each in receivers
        )
        raise Failed(
            "alert-not-delivered",
            f"The alert fired, and no receiver of the action group took it: {said or 'it has none enabled'}.",
            hint="Mend what the receiver says (401: the group's identity needs Azure Event Hubs Data Sender at the "
            "hub); what was not delivered comes by reconciliation.",
            detail={"receivers": receivers},
        )

    def _no_such_action(self, error: HttpResponseError) -> Blocked:
        return Blocked(
            "alert-path-shut",
            f"{self._id} cannot be told to deliver an alert ({error.status_code}): the local stack's action groups "
            "can, Azure's fire by themselves only.",
            hint="In Azure use `--through eventhub`; locally check VIBEDATA_ACTION_GROUP_ID.",
        )


class EventHubSender:
    """Puts alerts into the hub, where the action group would."""

    def __init__(self, namespace: str, credential: TokenCredential) -> None:
        self._namespace = namespace
        self._rest = Rest(f"https://{namespace}", credential, HUB_SCOPE)

    def send(self, body: bytes) -> Mapping[str, Any]:
        """See `ports.AlertSender.send`."""
        try:
            reply = self._rest.call("POST", f"/{HUB}/messages", content=body, headers=EVENT)
        except HttpResponseError as error:
            if error.status_code == 401 and "claim(s) are required" in str(error.response.text()):  # type: ignore[union-attr]
                raise self._role_missing() from error
            raise _translated(error, "send an alert to the Event Hub") from error
        except AzureError as error:
            raise _translated(error, "send an alert to the Event Hub") from error
        return {"status": reply.status_code}

    def _role_missing(self) -> Blocked:
        role = "Azure Event Hubs Data Sender"
        return Blocked(
            "role-missing",
            f"Whoever is signed in may not send to the hub {HUB!r} of {self._namespace}: the role {role!r} is missing "
            "or has not spread yet.",
            hint=f"Assign {role!r} at the hub to who is signed in, wait up to 10 minutes, and run again.",
            detail={"role": role, "scope": "eventHub"},
        )


class HttpSender:
    """Posts alerts to the HTTP fallback, which takes action groups' tokens alone unless its settings say otherwise."""

    def __init__(self, url: str, credential: TokenCredential, audience: str) -> None:
        self._host = urlsplit(url).netloc
        self._rest = Rest(url, credential, f"{audience.rstrip('/')}/.default")

    def send(self, body: bytes) -> Mapping[str, Any]:
        """See `ports.AlertSender.send`."""
        try:
            reply = self._rest.call("POST", "/api/alerts", content=body, headers=JSON)
        except HttpResponseError as error:
            if error.status_code in (401, 403):
                raise self._shut(error) from error
            raise _translated(error, "post an alert to the Function app") from error
        except AzureError as error:
            raise _translated(error, "post an alert to the Function app") from error
        return {"status": reply.status_code, **_rejected(reply.text())}

    def _shut(self, error: HttpResponseError) -> Blocked:
        return Blocked(
            "alert-path-shut",
            f"{self._host} takes no alerts from who is signed in ({error.status_code}): its callers are action groups.",
            hint="Set VIBEDATA_ALERT_HTTP_CALLER of the Function app to your application's client id, or send "
            "`--through actiongroup`.",
        )


class QueueSender:
    """Puts alerts on the queue `alerts` as intake would, without intake."""

    def __init__(self, queue: AlertQueue, clock: Callable[[], datetime]) -> None:
        self._queue = queue
        self._clock = clock

    def send(self, body: bytes) -> Mapping[str, Any]:
        """See `ports.AlertSender.send`. Raises BadInput (alert-unrecognised): the queue takes alerts only."""
        found = alerts.read(body)
        for each in found:
            if not each.shape.is_alert:
                raise BadInput(
                    "alert-unrecognised",
                    f"No alert: {each.shape.reason}",
                    hint="Only intake rejects; send it through another way to see that.",
                )
        for each in found:
            document = body if len(found) == 1 and isinstance(each.document, dict) else _encoded(each)
            key = alerts.delivery_key(each.document, each.shape)
            self._queue.send(Message(key, "queue", self._clock(), document))
        return {"messages": len(found)}


def _no_alert(error: HttpResponseError) -> BadInput:
    return BadInput(
        "alert-unrecognised",
        f"The action group takes it for no alert: {error.message[:MAX_SHOWN_CHARS]}",
        hint="Give an alert's own body, a JSON object; what is none reaches intake by `--through eventhub` only.",
    )


def _rejected(said: str) -> dict[str, Any]:
    """Return what the intake says that it took for no alert: it answers 202 all the same."""
    try:
        told = json.loads(said)
    except ValueError:
        return {}
    rejected = told.get("rejected") if isinstance(told, dict) else None
    return {"rejected": rejected} if rejected else {}


def _encoded(body: alerts.Body) -> bytes:
    return json.dumps(body.document, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")


def _translated(error: AzureError, doing: str) -> Exception:
    return translate(error, doing=doing)
