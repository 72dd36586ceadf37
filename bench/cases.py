"""Which cases there are: each module of this folder that has `CASES`; imported only to be measured or listed."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import bench
from bench.measure import Case

FRAME = {"__main__", "cases", "figures", "machine", "measure"}


def all_cases() -> list[Case]:
    """Return every case, module by module."""
    names = sorted(info.name for info in pkgutil.iter_modules(bench.__path__) if info.name not in FRAME)
    modules = [import_module(f"bench.{name}") for name in names]
    return [case for module in modules for case in getattr(module, "CASES", ())]
