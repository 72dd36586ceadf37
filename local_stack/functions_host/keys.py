"""The app's keys: one master key, and one for its functions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Keys:
    """Made at the first start; in no repr."""

    master: str = field(default_factory=lambda: secrets.token_urlsafe(40), repr=False)
    function: str = field(default_factory=lambda: secrets.token_urlsafe(40), repr=False)
