"""What the host did, one JSON object per line, for soaks and measurements. A line is written in one call, so that
several workers share the file and a killed one leaves no half line behind another's.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any


class EventLog:
    """Appends to a file; without a path it does nothing."""

    def __init__(self, path: Path | None) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o644) if path else None
        self._worker = os.getpid()

    def write(self, event: str, **facts: Any) -> None:
        """Append one event; times in seconds of the epoch, durations in seconds."""
        if self._file is not None:
            line = {"time": round(time.time(), 6), "event": event, "worker": self._worker, **facts}
            os.write(self._file, json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
