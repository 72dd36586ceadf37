"""Builds a worker's listeners from what its functions' bindings and the app's settings say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from local_stack.functions_host import connections
from local_stack.functions_host.blobs import Blobs
from local_stack.functions_host.event_log import EventLog
from local_stack.functions_host.host_json import HostJson
from local_stack.functions_host.hub_listener import CONTAINER, Checkpoints, HubListener
from local_stack.functions_host.hubs import Hub
from local_stack.functions_host.indexing import Function
from local_stack.functions_host.invoking import Invoker
from local_stack.functions_host.metrics import Metrics
from local_stack.functions_host.queue_listener import QueueListener
from local_stack.functions_host.queues import Queue
from local_stack.functions_host.rest import Rest
from local_stack.functions_host.routes import Routes

DEFAULT_GROUP = "$Default"


def connection_of(binding: Mapping[str, str]) -> str:
    """Return the name of a trigger's connection; the host's own storage where none is given."""
    return str(binding.get("connection") or connections.HOST_STORAGE)


def check(functions: Iterable[Function], host: HostJson, settings: Mapping[str, str]) -> None:
    """Check every connection and route before anything listens. Raises HostError."""
    Routes(list(functions), host.http.prefix)
    for each in functions:
        if each.kind == "queueTrigger":
            connections.queue_service(settings, connection_of(each.binding))
        elif each.kind == "eventHubTrigger":
            connections.event_hubs(settings, connection_of(each.binding))
            connections.blob_service(settings)


@dataclass(frozen=True)
class Builder:
    """Makes the listeners of one worker."""

    host: HostJson
    settings: Mapping[str, str]
    rest: Rest
    invoker: Invoker
    metrics: Metrics
    events: EventLog
    lease: float

    def queue(self, function: Function) -> QueueListener:
        """Return a queue-triggered function's listener."""
        service = connections.queue_service(self.settings, connection_of(function.binding))
        return QueueListener(
            function,
            Queue(self.rest, service, str(function.binding["queueName"]).lower()),
            self.host.queues,
            self.lease,
            self.invoker,
            self.events,
            self.metrics.of(function.name),
        )

    def hub(self, function: Function) -> HubListener:
        """Return an Event-Hub-triggered function's listener."""
        service, namespace = connections.event_hubs(self.settings, connection_of(function.binding))
        name = str(function.binding["eventHubName"])
        group = str(function.binding.get("consumerGroup") or DEFAULT_GROUP)
        blobs = Blobs(self.rest, connections.blob_service(self.settings), CONTAINER)
        checkpoints = Checkpoints(blobs, namespace, name, group)
        return HubListener(
            function, Hub(self.rest, service, name, group), self.host.hubs, checkpoints, self.invoker
        )
