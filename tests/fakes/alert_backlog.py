"""AlertBacklog in memory."""

from __future__ import annotations

from vibedata.errors import VibedataError


class FakeAlertBacklog:
    """Holds so many messages; raises `trouble` instead."""

    def __init__(self, alerts: int = 0, poison: int = 0, trouble: VibedataError | None = None) -> None:
        self.counts = {"alerts": alerts, "alerts-poison": poison}
        self.trouble = trouble

    def waiting(self) -> dict[str, int]:
        if self.trouble:
            raise self.trouble
        return dict(self.counts)
