"""What carries alerts on their way: lists, batches, answers of a list, webhooks of runbooks, events, workflows.

Azure itself wraps twice in one place: what `Test action group` sends has its `data` in another `data`. Nothing
here knows what an alert is; `is_alert` says.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vibedata.alerts import decoding
from vibedata.alerts.values import fold, folded, listed, mapping

MAX_WRAPS = 4  # a list of lists of records is nobody's alert

_LISTS = ("value", "data")  # of Azure's lists of alerts, and of Resource Graph's rows
_CARRIERS = ("data", "body", "outputs")  # of an event, of a request, of a workflow's trigger
_BINARY = (
    "database64",
    "content",
    "contentdata",
)  # of a CloudEvent, a workflow's body, a Service Bus message

_BEFORE = "\ufeff \t\r\n"  # a byte order mark survives where a file's text was put into a text

IsAlert = Callable[[Any], bool]


def unwrap(value: Any, is_alert: IsAlert, wraps: int = 0) -> Iterator[Any]:
    """Yield the documents of a value: itself, or what it only carries; an alert so yielded carries no other."""
    value = _single(value)
    if wraps < MAX_WRAPS:
        if isinstance(value, list):
            for item in value:
                yield from unwrap(item, is_alert, wraps + 1)
            return
        within = _within(value, is_alert, wraps)
        if within is not None:
            yield from unwrap(within, is_alert, wraps + 1)
            return
    yield value


def _within(value: Any, is_alert: IsAlert, wraps: int) -> Any:
    """Return what a document only carries; None: it is the thing itself."""
    if isinstance(value, str):
        told = value.lstrip(_BEFORE)
        return decoding.inner(told) if told[:1] in ("{", "[", '"') else None
    if not isinstance(value, Mapping):
        return None
    if is_alert(value):
        return None
    parts = folded(value)
    if isinstance(parts.get("records"), list):
        return parts["records"]
    if "requestbody" in parts and {"webhookname", "requestheader"} & set(parts):
        body = parts["requestbody"]
        return body if isinstance(body, (Mapping, list)) else (listed(body) or [body])[0]
    return next((one for one in _carried(parts) if _leads_to_one(one, is_alert, wraps)), None)


def _single(value: Any) -> Any:
    """Return a document with the innermost `data`, where the outer ones hold nothing else."""
    while isinstance(value, Mapping):
        outer = mapping(folded(value).get("data"))
        inner = folded(outer)
        if not mapping(inner.get("data")) or not set(inner) <= {"data", "schemaid"}:
            break
        if inner.get("schemaid"):
            value = outer
        else:
            value = {name: inner["data"] if fold(name) == "data" else held for name, held in value.items()}
    return value


def _carried(parts: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what may be carried, by the fields that carry."""
    for name in _LISTS:
        if isinstance(parts.get(name), list):
            yield parts[name]
    for name in _CARRIERS:
        yield mapping(parts.get(name))
    for name in _BINARY:
        if isinstance(parts.get(name), str):
            yield _of_base64(parts[name])


def _leads_to_one(carried: Any, is_alert: IsAlert, wraps: int) -> bool:
    return bool(carried) and any(is_alert(one) for one in unwrap(carried, is_alert, wraps + 1))


def _of_base64(text: str) -> Any:
    """Return the JSON that a text in base64 is, None where it is none."""
    if len(text) > decoding.MAX_INNER_CHARS:
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoding.decode(raw).value
