"""What a function gets when an administrator starts it by hand: the `input` of POST /admin/functions/{name}."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from local_stack.functions_host import binding
from local_stack.functions_host.hubs import Event
from local_stack.functions_host.indexing import Function
from local_stack.functions_host.queues import Message


def argument_of(function: Function, given: str) -> Any:
    """Return a message, a batch of one event, or a timer request."""
    if function.kind == "queueTrigger":
        now = formatdate(usegmt=True)
        return binding.queue_message(function, Message("manual", given, 1, "", now, now, now), given.encode())
    if function.kind == "eventHubTrigger":
        event = Event(0, "", "", None, given.encode(), {})
        many = str(function.binding.get("cardinality", "one")).lower() == "many"
        return binding.hub_events([event]) if many else binding.hub_event(event)
    return binding.timer_request({})
