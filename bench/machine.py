"""Where figures come from: a ratio travels between machines better than seconds do, but not always."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    """Return the cores, the memory and the interpreter that a run had."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    cores = len(os.sched_getaffinity(0))
    runs_on = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cores} cores ({_model()}), {pages / 2**30:.0f} GiB, Linux {_kernel()}, {runs_on}"


def load() -> float:
    """Return how many processes wanted to run during the last minute."""
    return os.getloadavg()[0]


def _kernel() -> str:
    return ".".join(platform.release().split(".")[:2])


def _model() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.machine()
