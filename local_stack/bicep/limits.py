"""How deep the compiler may go: as deep as its parser lets a text nest, on every Python."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_FRAMES = 12_000


@contextmanager
def deep_enough() -> Iterator[None]:
    """Let Python recurse as far as the deepest accepted text needs."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
