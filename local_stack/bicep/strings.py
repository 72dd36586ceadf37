"""The insides of strings: escapes, holes and ends."""

from __future__ import annotations

import re
from typing import NamedTuple

_PLAIN = re.compile(r"[^'\\$\r\n]+")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", "$": "$"}
_UNICODE = re.compile(r"\\u\{([0-9A-Fa-f]+)\}")
_BROKEN_UNICODE = re.compile(r"\\u\{?[0-9A-Fa-f]*")
_LARGEST = 0x10FFFF
_SURROGATE = re.compile("[\ud800-\udfff]")

Error = tuple["int | None", int, str, str]


class Piece(NamedTuple):
    """A part of a string up to a hole or the end. An error without a beginning concerns the whole token."""

    end: int
    value: str
    continues: bool
    errors: list[Error]


def string_piece(text: str, at: int) -> Piece:
    """Read a single-quoted string from behind its quote (or behind a hole's `}`)."""
    parts: list[str] = []
    errors: list[Error] = []
    while at < len(text):
        character = text[at]
        if match := _PLAIN.match(text, at):
            parts.append(match[0])
            at = match.end()
        elif character == "'":
            return Piece(at + 1, _paired(parts, at, errors), False, errors)
        elif text.startswith("${", at):
            return Piece(at + 2, _paired(parts, at, errors), True, errors)
        elif character == "$":
            parts.append(character)
            at += 1
        elif character == "\\":
            at = _escape(text, at, parts, errors)
        else:
            message = "The string at this location is not terminated due to an unexpected new line character."
            return Piece(at, "", False, [*errors, (None, at, "BCP004", message)])
    message = (
        "The string at this location is not terminated. Terminate the string with a single quote character."
    )
    return Piece(at, "", False, [*errors, (None, at, "BCP003", message)])


def _paired(parts: list[str], at: int, errors: list[Error]) -> str:
    """Join the parts; two escapes may be the halves of one character."""
    text = "".join(parts)
    if not _SURROGATE.search(text):
        return text
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        told = "Half of a surrogate pair is not supported by this stand-in for the Bicep compiler."
        errors.append((None, at, "VBC001", told))
        return ""


def _escape(text: str, at: int, parts: list[str], errors: list[Error]) -> int:
    following = text[at + 1 : at + 2]
    if not following:
        message = (
            "The string at this location is not terminated. Complete the escape sequence and "
            "terminate the string "
            "with a single unescaped quote character."
        )
        errors.append((None, at + 1, "BCP005", message))
        return at + 1
    if following == "u":
        return _unicode(text, at, parts, errors)
    if following not in _ESCAPES:
        known = '"\\$", "\\\'", "\\\\", "\\n", "\\r", "\\t", "\\u{...}"'
        message = (
            "The specified escape sequence is not recognized. Only the following escape sequences "
            f"are allowed: {known}."
        )
        errors.append((at, at + 2, "BCP006", message))
        return at + (1 if following in "\r\n" else 2)
    parts.append(_ESCAPES[following])
    return at + 2


def _unicode(text: str, at: int, parts: list[str], errors: list[Error]) -> int:
    match = _UNICODE.match(text, at)
    if match and len(match[1]) <= 8 and int(match[1], 16) <= _LARGEST:
        parts.append(chr(int(match[1], 16)))
        return match.end()
    broken = match or _BROKEN_UNICODE.match(text, at)
    end = broken.end() if broken else at + 2
    message = (
        "The unicode escape sequence is not valid. Valid unicode escape sequences range from "
        "\\u{0} to \\u{10FFFF}."
    )
    errors.append((at, end, "BCP133", message))
    return end


def multiline_piece(text: str, at: int, dollars: int) -> tuple[int, int, bool, bool]:
    """Read a `'''` string: where the piece ends, where its text ends, whether a hole follows, whether it is closed."""
    marks = re.compile(r"'{3,}|\$+\{" if dollars else r"'{3,}")
    while match := marks.search(text, at):
        if match[0][0] == "'":
            return match.end(), match.end() - 3, False, True
        if len(match[0]) - 1 >= dollars:
            return match.end(), match.end() - 1 - dollars, True, True
        at = match.end()
    return len(text), len(text), False, False


def multiline_value(text: str) -> str:
    """Drop the newline right behind the opening quotes."""
    return text[2:] if text.startswith("\r\n") else text[1:] if text.startswith(("\n", "\r")) else text
