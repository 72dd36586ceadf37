"""Keeps the worker's memory flat: glibc gives threads that allocate at once an arena each, eight for every processor.

A function here has a thread, and what a failed call held comes back to its own arena only, where one small object
that lives on keeps the rest: in a storm of alerts and failures a worker grew by half, with the same objects in it.
With two arenas it does not; the threads wait for the network far more than for each other. Arenas that are there
already stay. `MALLOC_ARENA_MAX` says the same, but only to a process that starts with it: Azure starts workers before
it knows whose they will be. Facts: mallopt(3) and malloc.h of glibc.
"""

from __future__ import annotations

import contextlib
import ctypes
import os

ARENAS = 2
_M_ARENA_MAX = -8


def keep_few() -> bool:
    """Have this process make no third arena; False: its C library is not glibc, or it was told a number."""
    if "MALLOC_ARENA_MAX" in os.environ:
        return False
    with contextlib.suppress(OSError, AttributeError, TypeError):
        libc = ctypes.CDLL(None)
        if hasattr(libc, "gnu_get_libc_version"):  # elsewhere the number may mean something else
            return bool(libc.mallopt(_M_ARENA_MAX, ARENAS))
    return False
