"""Where Event Hubs answers: one listener for every namespace, whose name is the first part of the path.

The receiving routes are no part of Azure: there readers speak AMQP.
"""

from __future__ import annotations

from local_stack.core.context import Context
from local_stack.core.resources import Provider
from local_stack.core.service import Listener, Route, Service
from local_stack.event_hub.answers import Answers
from local_stack.event_hub.errors import render
from local_stack.event_hub.resources import LISTENER, EventHubs, Namespaces
from local_stack.event_hub.state import HUB, NAMESPACE, Hubs

AUDIENCES = ("https://eventhubs.azure.net", "https://servicebus.azure.net")
_MAX_BODY = 8 * 1024 * 1024
_HUB = "/{namespace}/{hub}"


class EventHubService(Service):
    """Event Hubs."""

    name = "event_hub"

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self._hubs = Hubs(ctx)
        self._answers = Answers(ctx, self._hubs)

    def listeners(self) -> list[Listener]:
        return [Listener(LISTENER, self._routes(), AUDIENCES, render=render, max_body=_MAX_BODY)]

    def providers(self) -> dict[str, Provider]:
        return {NAMESPACE: Namespaces(self.ctx, self._hubs), HUB: EventHubs(self.ctx, self._hubs)}

    async def stop(self) -> None:
        self._hubs.close()

    def _routes(self) -> list[Route]:
        send, receive = self._answers.send, self._answers.receive
        events = _HUB + "/consumergroups/{group}/partitions/{partition}/events"
        return [
            Route("POST", _HUB + "/messages", send, "events.send"),
            Route("POST", _HUB + "/partitions/{partition}/messages", send, "events.sendToPartition"),
            Route("GET", _HUB + "/partitions", self._answers.partitions, "partitions.list"),
            Route("GET", events, receive, "events.receive"),
        ]
