"""What carries alerts on their way: lists, batches, answers of a list, webhooks of runbooks, events, workflows.

Azure itself wraps twice in one place: what `Test action group` sends has its `data` in another `data`. Nothing
here knows what an alert is; `judge` says. Every value is looked at once, and no more of them than an honest body
has: whoever may send could else have a megabyte of empty lists looked through for minutes. And whatever leads to
an alert is taken, not the first that does.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from vibedata.alerts import decoding
from vibedata.alerts.values import MAX_FIELDS, fold, folded

MAX_WRAPS = 4  # a list of lists of records is nobody's alert
LOOKS = 8  # for each alert that a body may hold: what carries it, and what is beside it

# Of batches, of Azure's lists of alerts, of Resource Graph's rows and of events, of a request, of a workflow's trigger.
_CARRIERS = ("records", "value", "data", "body", "outputs", "requestbody")
# Of a CloudEvent, of a workflow's body, of a message of Service Bus.
_BINARY = ("database64", "content", "contentdata")
_RUNBOOK = {"webhookname", "requestheader"}

_BEFORE = "\ufeff \t\r\n"  # a byte order mark survives where a file's text was put into a text
_JSON = ("{", "[", '"')


class Judged(Protocol):
    """What is said of a document."""

    @property
    def is_alert(self) -> bool:
        """Whether it is an alert."""


J = TypeVar("J", bound=Judged)
Fields = Mapping[str, Any]


@dataclass(frozen=True)
class NotRead:
    """Stands for what was not looked at, and says why."""

    code: str
    reason: str


@dataclass(frozen=True)
class _Carrier:
    """A field that may carry alerts; where it does for certain, what it carries is told of also when it is none."""

    name: str
    carried: Any
    is_certain: bool = False
    is_data: bool = False


def unwrap(value: Any, judge: Callable[[Any], J], at_most: int) -> list[tuple[Any, J]]:
    """Return the documents of a value with what is said of each: itself, or what it only carries.

    Where these are more than `at_most`, at least one more than that is there.
    """
    return _Unwrapping(judge, at_most).documents(value, 0)


class _Unwrapping(Generic[J]):
    """One body's; counts what was looked at."""

    def __init__(self, judge: Callable[[Any], J], at_most: int) -> None:
        self._judge = judge
        self._at_most = at_most
        self._looks = LOOKS * (at_most + 1)
        self._cut = 0  # how often something was left unread

    def documents(self, value: Any, wraps: int) -> list[tuple[Any, J]]:
        self._looks -= 1
        if self._looks < 0:
            self._cut += 1
            why = "more is in it than is looked at; the rest is not read"
            return [self._judged(NotRead("too-many", why))]
        value = _opened(value)
        if isinstance(value, Mapping):
            return self._of_object(*_single(value), wraps)
        if isinstance(value, list) and wraps < MAX_WRAPS:
            return self._of_list(value, wraps)
        self._cut += isinstance(value, NotRead) or (isinstance(value, list) and bool(value))
        return [self._judged(value)]

    def _judged(self, value: Any) -> tuple[Any, J]:
        return value, self._judge(value)

    def _of_list(self, items: list[Any], wraps: int) -> list[tuple[Any, J]]:
        found: list[tuple[Any, J]] = []
        for item in items:
            found += self.documents(item, wraps + 1)
            if len(found) > self._at_most or self._looks < 0:
                self._cut += 1
                break
        return found

    def _of_object(self, value: Fields, seen: Fields, wraps: int) -> list[tuple[Any, J]]:
        itself, carriers = (value, self._judge(seen)), _carriers(seen)
        is_alert = itself[1].is_alert
        if wraps >= MAX_WRAPS and not is_alert:
            self._cut += bool(carriers)
            return [itself]
        if is_alert and self._is_own([one.carried for one in carriers if one.is_data], seen):
            carriers = [one for one in carriers if not one.is_data]
        if wraps >= 2 * MAX_WRAPS and carriers:
            self._cut += 1
            return [self._judged(NotRead("too-deep", f"alerts in alerts, more than {2 * MAX_WRAPS} levels"))]
        found: list[tuple[Any, J]] = []
        unread: list[tuple[Any, J]] = []
        taken = set()
        for one in carriers:
            before = self._cut
            within = self.documents(one.carried, wraps + 1)
            if (one.is_certain and not is_alert) or self._leads(within, one, is_alert):
                found += within
                taken.add(one.name)
            elif self._cut > before:
                unread += within
                taken |= {one.name} if is_alert else set()
            if len(found) > self._at_most or self._looks < 0:
                break
        return [*self._rest(value, taken, is_alert), *found, *unread] if taken else [itself]

    def _is_own(self, data: list[Any], alert: Fields) -> bool:
        """Say whether the `data` of an alert is its own: it tells of it, or cannot be read."""
        return bool(data) and (not all(isinstance(one, Mapping) for one in data) or self._tells(alert))

    def _leads(self, within: list[tuple[Any, J]], carrier: _Carrier, of_an_alert: bool) -> bool:
        """Say whether a field leads to an alert; what is the `data` of one leads to none by being itself like one."""
        if of_an_alert and carrier.is_data and not folded(carrier.carried).get("schemaid"):
            within = [one for one in within if one[0] is not carrier.carried]
        return any(said.is_alert for _, said in within)

    def _rest(self, value: Fields, taken: set[str], is_alert: bool) -> Iterator[tuple[Any, J]]:
        """Yield what of an object must not be lost beside what was taken from it."""
        if is_alert and self._tells(value, taken):
            yield self._judged({name: held for name, held in value.items() if name not in taken})
        if len(value) > MAX_FIELDS:
            why = f"what carries it has more than {MAX_FIELDS} fields; the others were not looked at"
            yield self._judged(NotRead("too-many", why))

    def _tells(self, value: Fields, without: Collection[str] = ()) -> bool:
        """Say whether an object is an alert also without some fields and the name of a schema."""
        told = {n: held for n, held in islice(value.items(), MAX_FIELDS) if n not in without}
        return self._judge({n: held for n, held in told.items() if fold(n) != "schemaid"}).is_alert


def _carriers(value: Fields) -> list[_Carrier]:
    """Return the fields that may carry something."""
    found = []
    names = {fold(name) for name in islice(value, MAX_FIELDS)}
    for name, held in islice(value.items(), MAX_FIELDS):
        key = fold(name)
        carried = _opened(held) if key in _CARRIERS else _of_base64(held) if key in _BINARY else None
        is_list = isinstance(carried, list)
        if key == "requestbody" and names & _RUNBOOK:
            found.append(_Carrier(name, carried, is_certain=True))
        elif isinstance(carried, NotRead) or is_list or (carried and isinstance(carried, Mapping)):
            found.append(_Carrier(name, carried, key == "records" and is_list, key == "data" and not is_list))
    return found


def _single(value: Fields) -> tuple[Fields, Fields]:
    """Return a document with the innermost `data`, where the outer ones hold nothing else, and with that opened.

    A text is a long way to read, so it is read once; the document keeps it where it came as one.
    """
    name = _data_of(value)
    if name is None:
        return value, value
    data = _opened(value[name])
    is_moved = False
    while isinstance(data, Mapping) and 0 < len(data) <= 2:
        inner = _data_of(data)
        deeper = None if inner is None else _opened(data[inner])
        schema = folded(data).get("schemaid")
        if not deeper or not isinstance(deeper, Mapping) or not set(map(fold, data)) <= {"data", "schemaid"}:
            break
        if schema and _carries_more(value, name):
            break
        value, name, is_moved = (data, inner or "", False) if schema else (value, name, True)
        data = deeper
    seen = {**value, name: None if isinstance(data, str) else data}
    is_kept = not is_moved and not (isinstance(data, Mapping) and _is_long(value[name]))
    return value if is_kept else seen, seen


def _data_of(value: Fields) -> str | None:
    """Return the name of an object's `data` as it is spelled there."""
    fields = islice(value.items(), MAX_FIELDS)
    return next((name for name, held in fields if held is not None and fold(name) == "data"), None)


def _carries_more(value: Fields, data: str) -> bool:
    """Say whether a field beside `data` may carry something."""
    others = (fold(name) for name in value if name != data)
    return len(value) > MAX_FIELDS or any(name in _CARRIERS + _BINARY for name in others)


def _is_long(value: Any) -> bool:
    """Say whether a text is longer than what a field of an alert is read from."""
    return isinstance(value, str) and len(value) > decoding.MAX_INNER_CHARS


def _opened(value: Any) -> Any:
    """Return what a text holds as JSON; anything else as it is. A text in a text is twice as long, so they end."""
    while isinstance(value, str):
        told = value.lstrip(_BEFORE)
        if told[:1] not in _JSON:
            return value
        decoded = decoding.decode_text(told)
        if decoded.code == "too-deep":
            return NotRead(decoded.code, f"the JSON in a text: {decoded.problem}")
        if decoded.problem:
            return value
        value = decoded.value
    return value


def _of_base64(text: Any) -> Any:
    """Return the JSON that a text in base64 is, None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return _opened(decoding.decode(raw).value)
