"""Errors that say who acts next.

    VibedataError            code, message, hint, detail
    ├── BadInput   (exit 2)  what was given is wrong
    ├── Blocked    (exit 3)  someone must act; retrying cannot help
    ├── Transient  (exit 4)  try again, maybe after a delay
    └── Failed     (exit 5)  tried and did not work; state is recorded, so a rerun continues

The first argument is a stable code, always written as a literal: docs/errors.md lists every one, and a house
test compares. Only `entry.py` and `cli.py` look at the kind.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from vibedata import redact


class VibedataError(Exception):
    """What went wrong (`message`), its stable `code`, what to do next (`hint`), and facts for a machine (`detail`)."""

    exit_code = 1
    kind = "Error"

    def __init__(
        self, code: str, message: str, *, hint: str, detail: Mapping[str, Any] | None = None
    ) -> None:
        self.code = code
        self.message = message.encode(
            "utf-8", "backslashreplace"
        ).decode()  # JSON may hold half a surrogate pair
        super().__init__(self.message)
        self.hint = hint
        self.detail = dict(detail or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.message} → {self.hint}"

    def as_dict(self) -> dict[str, Any]:
        """Return the error as plain JSON data without credentials, the shape `--output json` and jobs share."""
        document: dict[str, Any] = redact.data(
            {
                "kind": self.kind,
                "code": self.code,
                "message": self.message,
                "hint": self.hint,
                "detail": self.detail,
            }
        )
        return document


class BadInput(VibedataError):
    """What was given is wrong; giving it again gives this error again."""

    exit_code = 2
    kind = "BadInput"


class Blocked(VibedataError):
    """Someone must act first (a role, a resource, a person); retrying cannot help."""

    exit_code = 3
    kind = "Blocked"


class Transient(VibedataError):
    """Try again; `retry_after` is the least delay in seconds that the other side asked for."""

    exit_code = 4
    kind = "Transient"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str,
        detail: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, message, hint=hint, detail=detail)
        self.retry_after = retry_after


class Failed(VibedataError):
    """Tried and did not work; what was done is recorded, so running again continues from there."""

    exit_code = 5
    kind = "Failed"


def expected(error: Exception) -> VibedataError:
    """Return the error itself when it is ours, else a Failed that says where it came from."""
    if isinstance(error, VibedataError):
        return error
    frames = [
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return Failed(
        "unexpected",
        f"{type(error).__name__}: {str(error)[:400]}",
        hint="Run again; if it stays, send this error, or the row's OperationId, to the publisher.",
        detail={"frames": frames[-8:]},
    )
