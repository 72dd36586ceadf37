"""Alerts that fire at an action group of a test's own, and who receives them."""

from __future__ import annotations

import json
import threading
import uuid
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from local_stack.threaded import ThreadedStack
from tests.local_stack.hubs import SENDER, HubPlace

VERSION = "api-version=2024-10-01-preview"
LIST_VERSION = "api-version=2023-07-12-preview"


class Group(HubPlace):
    """An action group with an identity whose receiver is the place's hub; more receivers on demand."""

    def __init__(self, stack: ThreadedStack, *, role: bool = True, **properties: Any) -> None:
        super().__init__(stack)
        self.group_id = self.id("Microsoft.Insights/actionGroups", "ag")
        self.body = self.put_group(**properties)
        if role:
            self.grant()

    def put_group(self, **properties: Any) -> dict[str, Any]:
        hub = {
            "name": "hub",
            "subscriptionId": self.subscription,
            "eventHubNameSpace": self.namespace,
            "eventHubName": "alerts",
            "useCommonAlertSchema": True,
            "managedIdentity": "SystemAssigned",
        }
        body = {
            "location": "Global",
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "groupShortName": "vibedata",
                "enabled": True,
                "eventHubReceivers": [hub],
                **properties,
            },
        }
        made = self.rest("PUT", f"{self.group_id}?{VERSION}", body)
        assert made.ok, made.text
        return made.json()

    def grant(self) -> None:
        self.stack.ctx.roles.assign(
            f"{self.hub}/{uuid.uuid4()}", self.body["identity"]["principalId"], SENDER, self.hub
        )

    def deliver(self, alert: Any, **more: Any) -> requests.Response:
        return self.rest("POST", f"{self.group_id}/deliver?{VERSION}", alert, **more)

    def alert(self, **essentials: Any) -> dict[str, Any]:
        return alert(self.subscription, self.id("Microsoft.Web/sites", "app-web"), **essentials)

    def alerts(self, scope: str | None = None, **query: Any) -> list[dict[str, Any]]:
        answer = self.listed(scope, **query)
        assert answer.ok, answer.text
        return answer.json()["value"]

    def listed(self, scope: str | None = None, **query: Any) -> requests.Response:
        place = f"/subscriptions/{self.subscription}" if scope is None else scope
        asked = "&".join([LIST_VERSION, *(f"{key}={value}" for key, value in query.items())])
        return self.rest("GET", f"{place}/providers/Microsoft.AlertsManagement/alerts?{asked}")


def alert(subscription: str, target: str, **essentials: Any) -> dict[str, Any]:
    """Return a metric alert that has just fired."""
    told = {
        "alertId": f"/subscriptions/{subscription}/providers/Microsoft.AlertsManagement/alerts/{uuid.uuid4()}",
        "alertRule": "vd-cpu",
        "severity": "Sev2",
        "signalType": "Metric",
        "monitorCondition": "Fired",
        "monitoringService": "Platform",
        "alertTargetIDs": [target],
        "configurationItems": ["app-web"],
        "originAlertId": "origin",
        "firedDateTime": stamp(datetime.now(timezone.utc)),
        "description": "",
        **essentials,
    }
    context = {"conditionType": "SingleResourceMultipleMetricCriteria", "condition": {"allOf": []}}
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {"essentials": told, "alertContext": context},
    }


def resolved(fired: dict[str, Any], after: float = 60.0) -> dict[str, Any]:
    """Return the delivery that ends this one."""
    essentials = fired["data"]["essentials"]
    began = datetime.strptime(essentials["firedDateTime"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(
        tzinfo=timezone.utc
    )
    ended = {"monitorCondition": "Resolved", "resolvedDateTime": stamp(began + timedelta(seconds=after))}
    return {**fired, "data": {**fired["data"], "essentials": {**essentials, **ended}}}


def stamp(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Hook:
    """A web server that answers with the given statuses in turn (the last for ever) and keeps what it got."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.calls: list[tuple[dict[str, str], Any]] = []
        self.called = threading.Condition()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with hook.called:
                    hook.calls.append((dict(self.headers.items()), body))
                    status = hook.statuses.pop(0) if len(hook.statuses) > 1 else hook.statuses[0]
                    hook.called.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/api/alerts?code=secret"

    def wait(self, calls: int) -> None:
        with self.called:
            assert self.called.wait_for(lambda: len(self.calls) >= calls, 60), len(self.calls)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
