"""Open a layout's files as if an enemy had put them there: regular ones, and nothing that blocks or never ends."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from oci.errors import OciError


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to be read. Raises FileNotFoundError, OciError (oci-layout-invalid)."""
    try:
        # Without O_NONBLOCK, who opens a pipe waits for its writer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise invalid_layout(f"{path} can't be read") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise invalid_layout(f"{path} is no regular file")
    return os.fdopen(handle, "rb")


def read_regular(path: Path, limit: int) -> bytes:
    """Return a regular file's first `limit` bytes. Raises FileNotFoundError, OciError (oci-layout-invalid)."""
    with open_regular(path) as file:
        return file.read(limit)


def invalid_layout(what: str) -> OciError:
    """Return the error of a folder that is no layout."""
    return OciError("oci-layout-invalid", what, "name a folder that `pack` or `copy` wrote")
