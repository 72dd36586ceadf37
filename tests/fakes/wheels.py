"""Wheels that are always there: one module per distribution, telling its version and interpreter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vibedata.bundle import Locked, Target, Wheel


class FakeWheels:
    """`extra` adds files to a distribution by its name."""

    def __init__(self, extra: Mapping[str, Mapping[str, bytes]] | None = None) -> None:
        self.extra = dict(extra or {})
        self.asked: list[tuple[str, str, str]] = []

    def fetch(self, target: Target, locked: Sequence[Locked]) -> list[Wheel]:
        self.asked += [(target.name, row.name, row.version) for row in locked]
        return [self._wheel(target, row) for row in locked]

    def _wheel(self, target: Target, row: Locked) -> Wheel:
        module = f"version = {row.version!r}  # {target.python}\n".encode()
        return Wheel(row.name, row.version, {f"{row.name}.py": module, **self.extra.get(row.name, {})})
