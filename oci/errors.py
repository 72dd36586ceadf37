"""The one error of this package. Its codes are stable, begin with `oci-`, and stand in docs/errors.md."""

from __future__ import annotations

_TRANSIENT = frozenset({"oci-throttled", "oci-unavailable", "oci-blob-interrupted"})
_BLOCKED = frozenset({"oci-unauthorized", "oci-denied"})
_BAD_INPUT = frozenset(
    {
        "oci-usage",
        "oci-bad-reference",
        "oci-bad-repository",
        "oci-bad-digest",
        "oci-pack-input",
        "oci-target-exists",
    }
)


class OciError(Exception):
    """What went wrong, under a stable `code`, and what to do (`hint`); `retry_after` is in seconds."""

    def __init__(self, code: str, message: str, hint: str, retry_after: float | None = None) -> None:
        self.code = code
        self.message = encodable(message)
        super().__init__(self.message)
        self.hint = hint
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.code}: {self.message} → {self.hint}"

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed later with nothing changed."""
        return self.code in _TRANSIENT

    @property
    def exit_code(self) -> int:
        """2 what was given is wrong, 3 someone must act, 4 try again, 5 tried and refused."""
        if self.code in _BAD_INPUT:
            return 2
        if self.code in _BLOCKED:
            return 3
        return 4 if self.transient else 5


def encodable(text: str) -> str:
    """Return a text as every stream can write it: JSON may hold half a surrogate pair, UTF-8 may not."""
    return text.encode("utf-8", "backslashreplace").decode()
