"""From bytes to JSON documents, bounded: size, depth and length of numbers are looked at before anything else.

Nothing here raises. What is no JSON, or nests as no alert does, is a refusal with a reason: intake keeps such a
body for a person to look at, and goes on. Where readers of JSON differ (a field given twice, NaN, broken
Unicode) the tolerant way is taken: an alert that is odd is still an alert.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

MAX_BYTES = 1024 * 1024  # an Event Hubs event holds no more; the common schema promises at most 256 KiB
MAX_INNER_CHARS = 256 * 1024  # of a field that is JSON as a text; what only carries alerts may be longer
MAX_DEPTH = 100
MAX_DIGITS = 20

# A text that nobody closes is one to the end, also where the end is a backslash: were it none, each quote in it would
# be tried for a beginning, and a megabyte of them take hours.
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # one down, one up: as signed bytes
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))


@dataclass(frozen=True)
class Decoded:
    """A JSON value, or why there is none: `code` for machines, `problem` for people, both "" when all is well."""

    value: Any = None
    code: str = ""
    problem: str = ""


def decode(raw: bytes) -> Decoded:
    """Return the JSON value that a body holds, or why it holds none."""
    if len(raw) > MAX_BYTES:
        return Decoded(code="too-large", problem=f"more than the {MAX_BYTES} bytes that an alert may have")
    return decode_text(_text(raw))


def decode_text(text: str) -> Decoded:
    """Return the JSON value of a text, or why it is none."""
    if not text.strip():
        return Decoded(code="empty", problem="nothing in it")
    if _is_too_deep(text):
        return Decoded(code="too-deep", problem=f"it nests deeper than {MAX_DEPTH} levels")
    try:
        value = json.loads(text, strict=False, parse_constant=str, parse_float=_float, parse_int=_int)
    except json.JSONDecodeError as error:
        return Decoded(
            code="not-json", problem=f"no JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        )
    return Decoded(value)


def inner(text: str) -> Any:
    """Return the JSON value that a field holds as text, None where it is none."""
    return decode_text(text).value if len(text) <= MAX_INNER_CHARS else None


def _text(raw: bytes) -> str:
    return raw.decode(json.detect_encoding(raw), errors="replace")


def _is_too_deep(text: str) -> bool:
    if (
        text.count("[") + text.count("{") <= MAX_DEPTH
    ):  # brackets in texts count too, so this errs to the safe side
        return False
    brackets = _STRING.sub("", text).encode("ascii", errors="replace").translate(_STEPS, _NO_BRACKETS)
    return max(accumulate(memoryview(brackets).cast("b")), default=0) > MAX_DEPTH


def _int(text: str) -> int | str:
    return int(text) if len(text) <= MAX_DIGITS else text


def _float(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text
