"""Reads a release manifest's bytes: bounds them, refuses what JSON readers disagree about, remembers lines.

Two readers that take the same bytes for different documents are how a signed file is made to lie, so
duplicate keys, NaN and Infinity, and broken Unicode are refused here, before anything looks at the meaning.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from vibedata.errors import BadInput

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 16
MAX_DIGITS = 20
_MAX_TOLD = 20
_MAX_POINTER_CHARS = 200

_STRING = (
    r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)'  # an unclosed one runs to the end, so that nothing is scanned twice
)
_TOKEN = re.compile(rf"{_STRING}|[\[\]{{}}:,]|[^\s\[\]{{}}:,\"]+", re.DOTALL)

Path = Sequence["str | int"]


@dataclass
class _Place:
    """Where a value begins in the text, and where its members do."""

    offset: int
    members: dict[str | int, _Place] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A JSON document that remembers on which line each of its values begins."""

    document: Any
    _root: _Place
    _newlines: list[int]

    def line(self, path: Path) -> int:
        """Return the line (from 1) of the value at `path`, or of its nearest parent that exists."""
        place = self._root
        for part in path:
            if part not in place.members:
                break
            place = place.members[part]
        return bisect_right(self._newlines, place.offset) + 1


def pointer(path: Path) -> str:
    """Return the JSON pointer (RFC 6901) of `path`; the whole document is the empty pointer."""
    text = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return text if len(text) <= _MAX_POINTER_CHARS else text[:_MAX_POINTER_CHARS] + "…"


def read(raw: bytes) -> Source:
    """Parse the manifest's bytes.

    Raises BadInput (manifest-too-large, manifest-not-utf8, manifest-too-deep, manifest-not-json,
    manifest-number-refused, manifest-duplicate-key).
    """
    if len(raw) > MAX_BYTES:
        raise BadInput(
            "manifest-too-large",
            f"The manifest has {len(raw)} bytes; {MAX_BYTES} are allowed.",
            hint="A manifest names artifacts by digest; leave their content out of it.",
        )
    text = _text(raw)
    _refuse_depth(text)
    document = _document(text)
    root, twice = _places(text)
    if twice:
        raise BadInput(
            "manifest-duplicate-key",
            f"{twice[0]} is given twice; readers differ in which of the two they take.",
            hint="Keep one of the two.",
            detail={"pointers": twice},
        )
    return Source(document, root, [match.start() for match in re.finditer("\n", text)])


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(f"{error.reason} at byte {error.start}") from error


def _not_utf8(why: str) -> BadInput:
    return BadInput(
        "manifest-not-utf8",
        f"The manifest is no UTF-8 text: {why}.",
        hint="Save it as UTF-8 without a byte order mark.",
    )


def _refuse_depth(text: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.group(), 0)
        if depth > MAX_DEPTH:
            raise BadInput(
                "manifest-too-deep",
                f"The manifest nests deeper than {MAX_DEPTH} levels.",
                hint="Compare it with manifest.schema.json: nothing in it nests like this.",
                detail={"line": text.count("\n", 0, token.start()) + 1},
            )


def _document(text: str) -> Any:
    try:
        document = json.loads(text, parse_constant=_refuse_number, parse_float=_float, parse_int=_int)
        if "\\u" in text:
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        raise BadInput(
            "manifest-not-json",
            f"The manifest is no JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            hint="Mend the text there; a byte order mark, comments and trailing commas are no JSON either.",
            detail={"line": error.lineno, "column": error.colno},
        ) from error
    except UnicodeEncodeError as error:
        raise _not_utf8("it escapes half a surrogate pair") from error
    return document


def _float(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse_number(text)


def _int(text: str) -> int:
    return int(text) if len(text) <= MAX_DIGITS else _refuse_number(text)


def _refuse_number(text: str) -> NoReturn:
    raise BadInput(
        "manifest-number-refused",
        f"{text[:MAX_DIGITS]} is no number that every JSON reader takes for the same.",
        hint=f"Write a whole number of at most {MAX_DIGITS} digits; NaN and Infinity are no JSON.",
    )


def _places(text: str) -> tuple[_Place, list[str]]:
    """Return where each value of `text`, which is valid JSON, begins, and the pointers that occur twice."""
    top = _Place(0)
    open_places: list[_Place] = [top]
    path: list[str | int | None] = [0]  # per open container: the member that comes next; None: its key does
    twice: list[str] = []
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark in "]}":
            open_places.pop()
            path.pop()
        elif mark == ",":
            place = path[-1]
            path[-1] = place + 1 if isinstance(place, int) else None
        elif path[-1] is None:
            key: str = json.loads(mark)
            path[-1] = key
            if key in open_places[-1].members and len(twice) < _MAX_TOLD:
                twice.append(pointer([str(part) for part in path[1:]]))
        elif mark != ":":
            here = open_places[-1].members[path[-1]] = _Place(token.start())
            if mark in "[{":
                open_places.append(here)
                path.append(0 if mark == "[" else None)
    return top.members[0], twice
