"""Reads fields from a payload that promises nothing: any may be absent, null, of another type or another case.

`alertRuleID` and `alertRuleId` are the same field, and so is `AlertRuleId`: names are compared without case and
without spaces. Every field that is asked for counts as placed; `rest` notes the others, so that what the suite
does not understand of an alert is seen and not silently dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from vibedata.alerts import quantities, times
from vibedata.alerts.model import (
    MAX_ITEMS,
    MAX_LINK_CHARS,
    MAX_NAME_CHARS,
    MAX_PAIRS,
    MAX_TEXT_CHARS,
    MAX_UNPLACED,
    Unplaced,
)
from vibedata.alerts.values import MAX_FIELDS, clean, fold, listed, mapping, scalar, shown

MAX_KEYS = MAX_FIELDS


class Notes:
    """What could not be placed, at most MAX_UNPLACED."""

    def __init__(self) -> None:
        self._found: dict[str, Unplaced] = {}

    def add(self, path: str, why: str, *, always: bool = False) -> None:
        """Note a field once; `always` also where there are too many already."""
        path = path.lstrip(".")
        if always or len(self._found) < MAX_UNPLACED:
            self._found.setdefault(path, Unplaced(clean(path, MAX_NAME_CHARS), clean(why, MAX_NAME_CHARS)))

    def found(self) -> tuple[Unplaced, ...]:
        """Return what was noted, in the order it was."""
        return tuple(self._found.values())


class Fields:
    """One object of the payload; `path` is its place, for the notes."""

    def __init__(self, value: Any, path: str, notes: Notes) -> None:
        self.path = path
        self.notes = notes
        self.whole = mapping(value)
        self._asked: set[str] = set()
        self._known: dict[str, tuple[str, Any]] = {}
        for position, (name, held) in enumerate(self.whole.items()):
            if position >= MAX_KEYS:
                notes.add(path, f"more than {MAX_KEYS} fields; the others were not looked at")
                break
            key = fold(name)
            if key not in self._known or self._known[key][1] is None:
                self._known[key] = (name, held)
        if value not in (None, "") and not self.whole and value != {}:
            notes.add(path, f"{shown(value)} is no object")

    def __bool__(self) -> bool:
        return bool(self._known)

    def has(self, *names: str) -> bool:
        """Say whether one of the fields is there and not null."""
        return any(self._known.get(fold(name), ("", None))[1] is not None for name in names)

    def raw(self, *names: str) -> Any:
        """Return the first of the named fields that is there, as it is."""
        found = None
        for key in map(fold, names):
            self._asked.add(key)
            if found is None:
                found = self._known.get(key, ("", None))[1]
        return found

    def text(self, *names: str, limit: int = MAX_NAME_CHARS) -> str:
        """Return a field as text; "" where it is absent or no scalar."""
        value = self.raw(*names)
        told = scalar(value, limit)
        if told is None:
            self._unfit(names, value, "text")
        return told or ""

    def number(self, *names: str) -> int | float | None:
        """Return a field as a number, also where it is a text that is one."""
        value = self.raw(*names)
        found = quantities.number(value)
        if found is None and value not in (None, ""):
            self._unfit(names, value, "number")
        return found

    def time(self, *names: str) -> datetime | None:
        """Return a field as a time in UTC."""
        value = self.raw(*names)
        found = times.parse(value)
        if found is None and value not in (None, ""):
            self._unfit(names, value, "time")
        return found

    def link(self, *names: str) -> str:
        """Return a field as an https address; "" where it is none, or too long to be kept whole."""
        value = self.raw(*names)
        told = clean(value, MAX_LINK_CHARS + 1) if isinstance(value, str) else ""
        if (
            told.lower().startswith("https://")
            and len(told) <= MAX_LINK_CHARS
            and not set(told) & set(' <>"\n')
        ):
            return told
        if value not in (None, ""):
            self._unfit(names, value, f"https address of at most {MAX_LINK_CHARS} characters")
        return ""

    def object(self, *names: str) -> Fields:
        """Return a field as an object, also where it is one written as a JSON string."""
        return Fields(self.raw(*names), f"{self.path}.{self._name(names)}", self.notes)

    def items(self, *names: str) -> list[Any]:
        """Return a field as a list, also where it is one written as a string, or a single value."""
        value = self.raw(*names)
        found = listed(value)
        if len(found) > MAX_ITEMS:
            self.notes.add(
                f"{self.path}.{self._name(names)}", f"{len(found)} items; the first {MAX_ITEMS} were read"
            )
        return found[:MAX_ITEMS]

    def texts(self, *names: str, limit: int = MAX_NAME_CHARS) -> tuple[str, ...]:
        """Return a list of texts; what is none is noted."""
        told = []
        for position, item in enumerate(self.items(*names)):
            one = scalar(item, limit)
            if one:
                told.append(one)
            elif one is None:
                self.notes.add(f"{self.path}.{self._name(names)}[{position}]", f"{shown(item)} is no text")
        return tuple(dict.fromkeys(told))

    def pairs(self, *names: str) -> dict[str, str]:
        """Return a field as names and texts: an object, or a list of {name, value}."""
        value = self.raw(*names)
        path = f"{self.path}.{self._name(names)}"
        found = dict(_pairs(value, path, self.notes))
        if len(found) > MAX_PAIRS:
            self.notes.add(path, f"{len(found)} names; the first {MAX_PAIRS} were read")
        return dict(list(found.items())[:MAX_PAIRS])

    def children(self, *names: str) -> Iterator[Fields]:
        """Yield the objects of a list."""
        for position, item in enumerate(self.items(*names)):
            yield Fields(item, f"{self.path}.{self._name(names)}[{position}]", self.notes)

    def ignore(self, *names: str) -> None:
        """Count fields as placed that are understood and not needed."""
        self._asked.update(map(fold, names))

    def rest(self, why: str = "unknown field") -> None:
        """Note every field that nobody asked for."""
        for key, (name, value) in self._known.items():
            if key not in self._asked and value is not None:
                self.notes.add(f"{self.path}.{name}", why)

    def _unfit(self, names: tuple[str, ...], value: Any, wanted: str) -> None:
        self.notes.add(f"{self.path}.{self._name(names)}", f"{shown(value)} is no {wanted}")

    def _name(self, names: tuple[str, ...]) -> str:
        """Return the name that is there, as it is spelled there."""
        return next((self._known[key][0] for key in map(fold, names) if key in self._known), names[0])


def _pairs(value: Any, path: str, notes: Notes) -> Iterator[tuple[str, str]]:
    whole = mapping(value)
    if whole and {fold(name) for name in whole} != {"name", "value"}:
        for name, held in list(whole.items())[:MAX_KEYS]:
            yield from _pair(name, held, f"{path}.{name}", notes)
        return
    for position, item in enumerate(listed(value)[:MAX_ITEMS]):
        known = {fold(name): held for name, held in mapping(item).items()}
        if known.get("name") is None:
            notes.add(f"{path}[{position}]", f"{shown(item)} is no name and value")
        else:
            yield from _pair(known["name"], known.get("value"), f"{path}[{position}]", notes)


def _pair(name: Any, held: Any, path: str, notes: Notes) -> Iterator[tuple[str, str]]:
    told, value = scalar(name), scalar(held, MAX_TEXT_CHARS)
    if told and value is not None:
        yield told, value
    else:
        notes.add(path, f"{shown(held if told else name)} is no text")
