"""Contract files: data that several parts agree on, each in one place (D10)."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any


@cache
def load(name: str) -> Any:
    """Return the contract file `name` (e.g. `rbac.json`) as parsed JSON; do not change what it returns."""
    return json.loads(text(name))


def text(name: str) -> str:
    """Return the contract file's exact text."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")
