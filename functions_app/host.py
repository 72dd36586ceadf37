"""What host.json asks of the host, where a function has to know it too: the file, and the setting that overrides it."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "host.json"
OVERRIDE = "azurefunctionsjobhost__extensions__queues__maxdequeuecount"
AZURES_OWN = 5


@functools.cache
def most_tries() -> int:
    """Return how often the host hands over a message of a queue before it is poison."""
    for name, value in os.environ.items():
        if name.lower() == OVERRIDE:
            return int(value)
    queues = json.loads(FILE.read_text("utf-8"))["extensions"]["queues"]
    return int(queues.get("maxDequeueCount", AZURES_OWN))
