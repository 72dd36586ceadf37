"""Single values of a payload, tolerantly: texts cleaned and bounded, lists and objects also where a text holds them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from vibedata.alerts import decoding
from vibedata.alerts.model import MAX_ID_CHARS, MAX_NAME_CHARS

MAX_SHOWN_CHARS = 80
MAX_FIELDS = 500  # of an object; an alert's has a few dozen, and each is looked at many times


def fold(name: str) -> str:
    """Return a field's name as names are compared."""
    return _fold(name[:MAX_NAME_CHARS])  # cut first, for the cache keeps what it is given


@lru_cache(maxsize=4096)
def _fold(name: str) -> str:
    return "".join(mark for mark in name.lower() if mark.isalnum()) or name


def folded(place: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first MAX_FIELDS fields by the names that are compared; of two the first that is not null stands."""
    found: dict[str, Any] = {}
    for name, value in islice(place.items(), MAX_FIELDS):
        key = fold(name)
        if found.get(key) is None:
            found[key] = value
    return found


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object, also one written as a JSON string; else an empty one."""
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        value = decoding.inner(value)
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Any]:
    """Return a list, also one written as a string (JSON's or Python's quotes); a single value is a list of one."""
    if isinstance(value, str):
        told = value.strip()
        if told[:1] == "[":
            found = decoding.inner(told)
            if found is None and "'" in told:
                found = decoding.inner(told.replace("'", '"'))
            return found if isinstance(found, list) else [value]
        return [value] if told else []
    if value is None or value == {}:
        return []
    return value if isinstance(value, list) else [value]


def scalar(value: Any, limit: int = MAX_NAME_CHARS) -> str | None:
    """Return a scalar as text, None for what is no scalar."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value, limit)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:limit] if isinstance(value, (int, float)) else None


def clean(text: str, limit: int) -> str:
    """Return text without control characters and half surrogate pairs, at most `limit` characters.

    Only what may be longer than an id keeps its lines: a name of several would look like lines of ours.
    """
    if len(text) <= limit and text.isprintable():  # a surrogate is not printable
        return text.strip()
    told = text[: limit * 2].encode(errors="replace").decode()
    kept = "\n\t" if limit > MAX_ID_CHARS else ""
    told = "".join(mark if mark.isprintable() or mark in kept else " " for mark in told).strip()
    return told if len(told) <= limit else told[: limit - 1] + "…"


def shown(value: Any) -> str:
    """Return a value as a note shows it."""
    if isinstance(value, (Mapping, list)):
        return f"{'an object' if isinstance(value, Mapping) else 'a list'} of {len(value)}"
    return repr(value if not isinstance(value, str) else clean(value, MAX_SHOWN_CHARS))[: MAX_SHOWN_CHARS + 2]
