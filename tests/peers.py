"""What tests use where it is present: a real peer, Azure's own types. Required in CI, optional for everybody else."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

from local_stack.arm.shapes import Shapes


def absent(reason: str) -> NoReturn:
    """Skip the test and say why; in CI, where everything is to be there, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def command(name: str, package: str) -> str:
    """Return where a peer's command is."""
    return shutil.which(name) or absent(f"{name} is not installed (Debian: apt-get install {package})")


def azure_types() -> Shapes:
    """Return Azure's own types (D16), read in place."""
    shapes = Shapes()
    return shapes if shapes.known else absent("no folder of Azure's types here (set VIBEDATA_AZURE_TYPES)")
