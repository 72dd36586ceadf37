"""AlertSender in memory: takes what is sent, or refuses it as told."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from vibedata.errors import VibedataError


class FakeAlertSender:
    """Keeps bodies; raises `trouble` once so many were taken."""

    def __init__(self, trouble: VibedataError | None = None, after: int = 0) -> None:
        self.bodies: list[bytes] = []
        self._trouble, self._after = trouble, after
        self._lock = threading.Lock()

    def send(self, body: bytes) -> Mapping[str, Any]:
        with self._lock:
            if self._trouble and len(self.bodies) >= self._after:
                raise self._trouble
            self.bodies.append(body)
            return {"status": 201, "number": len(self.bodies)}
