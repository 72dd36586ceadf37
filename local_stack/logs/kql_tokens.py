"""Cuts a query into words, and reads the literals among them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from local_stack.logs.errors import syntax_error
from local_stack.logs.times import MAX_SECONDS, parse_time

_SPANS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
      | (?P<string>h?@"[^"\n]*"|h?@'[^'\n]*'|h?"(?:[^"\\\n]|\\["'\\ntr])*"|h?'(?:[^'\\\n]|\\["'\\ntr])*')
      | (?P<datetime>datetime\s*\(\s*[^)"']*\))
      | (?P<span>\d+(?:\.\d+)?(?:ms|d|h|m|s)\b)
      | (?P<number>\d{1,18}(?:\.\d{1,18})?(?!\w|\.\d))
      | (?P<word>!?[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>==|!=|=~|!~|>=|<=|\.\.|[|(),=<>*+.-])""",
    re.VERBOSE,
)


def tokens(text: str) -> list[tuple[str, str]]:
    """Return (kind, text) of each word. Raises QueryError."""
    found, position = [], 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if not token:
            raise syntax_error(f"Query could not be parsed at '{text[position : position + 20]}'.")
        position = token.end()
        if token.lastgroup != "space":
            found.append((str(token.lastgroup), token.group()))
    return found


def unquoted(text: str) -> str:
    """Return what a string literal means; `@` takes backslashes as they are."""
    body = text.lstrip("h")
    if body.startswith("@"):
        return body[2:-1]
    return re.sub(
        r"\\(.)", lambda escape: {"n": "\n", "t": "\t", "r": "\r"}.get(escape[1], escape[1]), body[1:-1]
    )


def span(text: str) -> timedelta:
    """Return what `1h`, `30m`, `1.5d` means. Raises QueryError."""
    number = text.rstrip("dhms")
    seconds = float(number) * _SPANS[text[len(number) :]]
    if seconds > MAX_SECONDS:
        raise syntax_error(f"Query could not be parsed at '{text}': the timespan is too long.")
    return timedelta(seconds=seconds)


def moment(text: str) -> datetime:
    """Return what `datetime(2026-01-31)` means. Raises QueryError."""
    inner = text[text.index("(") + 1 : -1].strip()
    found = parse_time(inner)
    if found is None:
        raise syntax_error(f"Query could not be parsed at '{text}': no date and time.")
    return found
