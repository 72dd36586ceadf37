"""The intake of alerts: the relay from the Event Hub, and the HTTP fallback. Both end in the queue `alerts`.

The relay raises only for trouble of our own, so that the host tries the batch again; an event that is no alert is
kept and acknowledged, because a checkpoint passes it whatever we say. The fallback answers what an action group
understands: it comes again after 503 and drops the alert after 401, 404 or 405; it never hears of a 403 or 500.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, List  # noqa: UP035 - the library knows an iterable of events only in this spelling

import azure.functions as func

from functions_app.telling import told
from vibedata.errors import BadInput, Blocked, VibedataError, expected
from vibedata.flows import receive_alert as flow
from vibedata.wiring.functions import FunctionWires, Wires

METHODS = tuple(func.HttpMethod)  # all, because the host answers 404 for a method that is not listed
BUSY_SECONDS = 5
log = logging.getLogger("vibedata.intake")


def blueprint(wires: Wires) -> func.Blueprint:
    """Return the functions `relay_alerts` and `receive_alert`."""
    made = func.Blueprint()

    @made.function_name("relay_alerts")
    @made.retry(
        strategy="exponential_backoff",
        max_retry_count="-1",
        minimum_interval="00:00:01",
        maximum_interval="00:01:00",
    )
    @made.event_hub_message_trigger(
        arg_name="events",
        event_hub_name="alerts",
        connection="AlertHub",
        consumer_group="vibedata",
        cardinality=func.Cardinality.MANY,
        data_type=func.DataType.BINARY,  # as a text, what is no UTF-8 would be lost on the way
    )
    def relay_alerts(events: List[func.EventHubEvent]) -> None:  # noqa: UP006
        with told("relay_alerts"):
            bodies = [event.get_body() for event in events]
            _tell(flow.run_all(bodies, origin="eventhub", **wires().receive_alert()))

    @made.function_name("receive_alert")
    @made.route(
        route="alerts",
        methods=METHODS,
        auth_level=func.AuthLevel.ANONYMOUS,  # no key: a token is asked for
        trigger_arg_name="request",
    )
    def receive_alert(request: func.HttpRequest) -> func.HttpResponse:
        if request.method != "POST":
            return _answer(405, {"code": "method-not-allowed"}, {"Allow": "POST"})
        try:
            return _receive(request, wires())
        except Exception as caught:  # noqa: BLE001 - an action group drops the alert after any 500
            return _refusal(expected(caught))

    return made


def _receive(request: func.HttpRequest, wires: FunctionWires) -> func.HttpResponse:
    wires.callers().admit(request.headers.get("Authorization") or "")
    done = flow.run(request.get_body(), origin="http", **wires.receive_alert())
    _tell(done)
    rejected = [{"code": one.code, "reason": one.reason, "kept": one.kept} for one in done.rejected]
    return _answer(202, {"enqueued": len(done.enqueued), "rejected": rejected})


def _refusal(error: VibedataError) -> func.HttpResponse:
    said = {"code": error.code, "message": error.message, "hint": error.hint}
    if isinstance(error, BadInput) and error.code == "token-refused":
        log.warning("A call of the HTTP fallback was refused: %s", error.message)
        return _answer(401, said, {"WWW-Authenticate": "Bearer"})
    if isinstance(error, Blocked) and error.code == "alert-http-shut":
        return _answer(404, said)
    log.error("An alert could not be taken in: %s", error)
    return _answer(503, {"code": error.code}, {"Retry-After": str(BUSY_SECONDS)})


def _answer(
    status: int, said: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> func.HttpResponse:
    return func.HttpResponse(
        json.dumps(said), status_code=status, mimetype="application/json", headers=dict(headers or {})
    )


def _tell(done: flow.Received) -> None:
    for one in done.rejected:
        log.warning("No alert: %s (%s); kept as alerts-rejected/%s", one.reason, one.code, one.kept)
