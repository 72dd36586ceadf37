"""Makes what a function is called with: the library's own classes, filled as Azure's worker fills them."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import azure.functions as func
from azure.functions.meta import Datum
from azure.functions.queue import QueueMessage
from azure.functions.timer import TimerRequest

from local_stack.functions_host.hubs import Event
from local_stack.functions_host.indexing import Function
from local_stack.functions_host.queues import Message

_DIGITS = 6


class Context(func.Context):
    """What a parameter named `context` gets."""

    def __init__(self, function: Function, invocation_id: str, retried: int, directory: str) -> None:
        self._function = function
        self._id = invocation_id
        self._retry = RetryContext(retried, function.retry.most if function.retry else 0)
        self._directory = directory
        self._local = threading.local()
        self._local.invocation_id = invocation_id

    @property
    def invocation_id(self) -> str:
        return self._id

    @property
    def function_name(self) -> str:
        return self._function.name

    @property
    def function_directory(self) -> str:
        return self._directory

    @property
    def thread_local_storage(self) -> Any:
        return self._local

    @property
    def trace_context(self) -> Any:
        return None

    @property
    def retry_context(self) -> Any:
        return self._retry


class RetryContext:
    """How often this invocation was tried before."""

    def __init__(self, retry_count: int, max_retry_count: int) -> None:
        self.retry_count = retry_count
        self.max_retry_count = max_retry_count
        self.exception = None


def queue_message(function: Function, message: Message, body: bytes) -> Any:
    """Return the message as the function's annotation wants it."""
    if function.annotation is bytes:
        return body
    if function.annotation is str:
        return body.decode()
    made: Any = QueueMessage  # untyped
    return made(
        id=message.id,
        body=body,
        dequeue_count=message.dequeue_count,
        expiration_time=_rfc1123(message.expires),
        insertion_time=_rfc1123(message.inserted),
        time_next_visible=_rfc1123(message.next_visible),
        pop_receipt=message.pop_receipt,
    )


def hub_events(events: list[Event]) -> list[func.EventHubEvent]:
    """Return a batch, each event with the whole batch's trigger metadata."""
    metadata = {
        "PropertiesArray": _json([event.properties for event in events]),
        "SystemPropertiesArray": _json([_system(event) for event in events]),
    }
    return [_event(event, metadata) for event in events]


def hub_event(event: Event) -> func.EventHubEvent:
    """Return one event."""
    return _event(event, {"Properties": _json(event.properties), "SystemProperties": _json(_system(event))})


def timer_request(told: dict[str, Any]) -> TimerRequest:
    """Return what a timer function gets."""
    return TimerRequest(
        past_due=bool(told.get("pastDue")),
        schedule_status=told.get("status") or {},
        schedule={"AdjustForDST": True},
    )


def parse_time(text: str) -> datetime | None:
    """Return an ISO time with up to seven digits of fraction, aware; None for none."""
    if not text:
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    offset = ""
    for sign in "+-":
        at = fraction.find(sign) if fraction else whole.find(sign, len("2000-01-01"))
        if at >= 0:
            offset = (fraction if fraction else whole)[at:]
            whole, fraction = (whole, fraction[:at]) if fraction else (whole[:at], "")
    moment = datetime.fromisoformat(whole + (offset or "+00:00"))
    return (moment + timedelta(seconds=float(f"0.{fraction[:_DIGITS] or 0}"))).astimezone(timezone.utc)


def _event(event: Event, metadata: dict[str, Datum]) -> func.EventHubEvent:
    return func.EventHubEvent(
        body=event.body,
        trigger_metadata=metadata,
        enqueued_time=parse_time(event.enqueued),
        partition_key=event.partition_key,
        sequence_number=event.sequence_number,
        offset=event.offset,
    )


def _system(event: Event) -> dict[str, Any]:
    return {
        "SequenceNumber": event.sequence_number,
        "Offset": event.offset,
        "EnqueuedTimeUtc": event.enqueued,
        "PartitionKey": event.partition_key,
    }


def _json(value: Any) -> Datum:
    return Datum(json.dumps(value), "json")


def _rfc1123(text: str) -> datetime | None:
    return parsedate_to_datetime(text) if text else None
