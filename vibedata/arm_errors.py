"""Unwraps Azure Resource Manager's errors: the reason lies under wrappers, in details or as JSON inside a message.

Old answers escape the inner error into the text of the outer one, once per level; new ones nest it. Both are read, to a
bounded depth and width, for what is read was written by any resource provider.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vibedata import contracts

MAX_DEPTH = 16
MAX_ERRORS = 200
MAX_TEXT_CHARS = 64 * 1024
MAX_CODE_CHARS = 128
INNER = ("error", "innererror", "innerError", "statusMessage")


@dataclass(frozen=True)
class ArmError:
    """One error: Azure's code and words, what it is about, and what to do next (empty where nobody has said)."""

    code: str
    message: str
    target: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class _Found:
    error: ArmError
    depth: int


def deepest(status: Any) -> ArmError | None:
    """Return the deepest error that has a remedy; without one the deepest that is no wrapper, else the deepest.

    `status` is an operation's `statusMessage`, a deployment's `error`, or the JSON text of either.
    """
    found: list[_Found] = []
    for one in _errors(status, 0):
        found.append(one)
        if len(found) >= MAX_ERRORS:
            break
    return max(found, key=_telling).error if found else None  # of equals, the first


def remedy(code: str) -> str:
    """Return what to do about one of Azure's codes, in whatever case; empty when nobody has said."""
    return _remedies().get(code.lower(), "")


def is_wrapper(code: str) -> bool:
    """Say whether a code only says that there is another one."""
    return code.lower() in {one.lower() for one in contracts.load("arm_remedies.json")["wrappers"]}


def _telling(found: _Found) -> tuple[bool, bool, int]:
    return bool(found.error.remedy), not is_wrapper(found.error.code), found.depth


def _errors(value: Any, depth: int) -> Iterator[_Found]:
    """Yield every error in `value`, outer ones first."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, str):
        value = _document(value)
    if isinstance(value, list):
        for item in value:
            yield from _errors(item, depth + 1)
    elif isinstance(value, Mapping):
        yield from _of_mapping(value, depth)


def _of_mapping(value: Mapping[str, Any], depth: int) -> Iterator[_Found]:
    code, message = value.get("code"), value.get("message")
    inner = _document(message) if isinstance(message, str) else None
    if isinstance(code, str) and code:
        yield _Found(_error(code, "" if inner else message, value.get("target")), depth)
    yield from _errors(inner, depth + 1)
    for key in INNER:
        yield from _errors(value.get(key), depth + 1)
    yield from _errors(value.get("details"), depth)


def _error(code: str, message: Any, target: Any) -> ArmError:
    return ArmError(
        code[:MAX_CODE_CHARS],
        message.strip()[:MAX_TEXT_CHARS] if isinstance(message, str) else "",
        target[:MAX_TEXT_CHARS] if isinstance(target, str) else "",
        remedy(code),
    )


def _document(text: str) -> Any:
    """Return the JSON object or list that a text is, or None."""
    text = text.strip()
    if not text.startswith(("{", "[")) or len(text) > MAX_TEXT_CHARS:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _remedies() -> dict[str, str]:
    return {code.lower(): words for code, words in contracts.load("arm_remedies.json")["remedies"].items()}
