"""What lies in a folder that a stack or a worker still writes to: temporary files come and go meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def files(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder that is no link."""
    for above, _, names in os.walk(folder):
        for path in (Path(above) / name for name in names):
            if path.is_file() and not path.is_symlink():
                yield path


def content(path: Path) -> bytes:
    """Return what a file holds; nothing where it has gone since it was listed."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
