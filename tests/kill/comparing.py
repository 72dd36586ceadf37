"""Compares two states: everything counts but what `ignored.json` names, each with its reason."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

IGNORED = Path(__file__).with_name("ignored.json")
SEPARATOR = " > "
MAX_SHOWN = 300
ABSENT = object()


def ignored() -> list[dict[str, str]]:
    """Return what is left out: `path` (a pattern over the flattened state), `what` and `why`."""
    rows: list[dict[str, str]] = json.loads(IGNORED.read_text("utf-8"))
    return rows


def differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Return where a state differs from the expected one, as lines a person can read."""
    left_out = re.compile("|".join(fnmatch.translate(row["path"]) for row in ignored()))
    return list(_lines(found, expected, "", left_out))


def _lines(one: Any, other: Any, path: str, left_out: re.Pattern[str]) -> Iterator[str]:
    if path and left_out.fullmatch(path):
        return
    if one is ABSENT:
        yield f"{path}: is missing; it should be {_shown(other)}"
    elif other is ABSENT:
        yield f"{path}: should not be there; it is {_shown(one)}"
    else:
        ours, theirs = _parts(one), _parts(other)
        if ours is not None and theirs is not None:
            for key in sorted({*ours, *theirs}):
                below = f"{path}{SEPARATOR}{key}" if path else key
                yield from _lines(ours.get(key, ABSENT), theirs.get(key, ABSENT), below, left_out)
        elif one != other:
            yield f"{path}: is {_shown(one)}, should be {_shown(other)}"


def _parts(value: Any) -> dict[str, Any] | None:
    """Return what a value is made of; JSON in a text is taken apart too."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if isinstance(value, Mapping):
        return {str(key): inner for key, inner in value.items()}
    if isinstance(value, list):
        return {str(number): inner for number, inner in enumerate(value)}
    return None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
