"""Reads one section of host.json: bounds are kept, a wrong value is named with its path, unknown keys are warned of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from local_stack.functions_host.errors import HostError
from local_stack.functions_host.spans import seconds_of


class Section:
    """A JSON object at a path of host.json."""

    def __init__(self, document: object, path: str, warnings: list[str]) -> None:
        self._path = path
        self._warnings = warnings
        if not isinstance(document, dict):
            raise HostError(f"host.json: {path or 'the document'} must be an object, not {_kind(document)}.")
        self._values = {str(key): value for key, value in document.items()}
        self._asked: set[str] = set()

    def section(self, name: str) -> Section:
        """Return a section below; an empty one when it is absent."""
        return Section(self.get(name) or {}, self._at(name), self._warnings)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value as it is written; names are compared in any case, as .NET does."""
        self._asked.add(name.lower())
        return next((v for k, v in self._values.items() if k.lower() == name.lower()), default)

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number within bounds. Raises HostError."""
        value = self.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(name, value, f"a whole number from {low} to {high}")
        return value

    def span(self, name: str, default: float, low: float = 0.0) -> float:
        """Return a time span in seconds. Raises HostError."""
        value = self.get(name)
        if value is None:
            return default
        try:
            seconds = seconds_of(value)
        except ValueError:
            seconds = -1.0
        if seconds < low:
            raise self._wrong(name, value, f"a time span hh:mm:ss of at least {low:g} seconds")
        return seconds

    def choice(self, name: str, default: str, allowed: Collection[str]) -> str:
        """Return one of the allowed words, in their own case. Raises HostError."""
        value = self.get(name, default)
        found = next((word for word in allowed if word.lower() == str(value).lower()), None)
        if found is None:
            raise self._wrong(name, value, f"one of {', '.join(allowed)}")
        return found

    def pass_over(self, *names: str) -> None:
        """Take these keys for known, though they change nothing here."""
        self._asked.update(name.lower() for name in names)

    def warn_of_rest(self) -> None:
        """Warn of every key that nobody asked for."""
        for name in self._values:
            if name.lower() not in self._asked:
                self._warnings.append(
                    f"host.json: {self._at(name)} is not known to this host; it changes nothing."
                )

    def _wrong(self, name: str, value: object, wanted: str) -> HostError:
        return HostError(f"host.json: {self._at(name)} is {value!r}; it must be {wanted}.")

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name


def _kind(value: object) -> str:
    return type(value).__name__
