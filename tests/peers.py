"""What tests use where it is present: a real peer, Azure's own types. Required in CI, optional for everybody else."""

from __future__ import annotations

import importlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, NoReturn

import pytest

from local_stack.arm.shapes import Shapes

ALERTS = "VIBEDATA_ALERT_PAYLOADS"
VECTORS = "VIBEDATA_FUNCTION_VECTORS"
_DATA = Path(__file__).parents[2] / "shared" / "data"
_BESIDE = _DATA / "alerts"


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


def library(name: str) -> Any:
    """Return another implementation that is installed as a Python library."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return absent(f"{name} is not installed (it is in the dev extra)")


def alert_payloads() -> Path:
    """Return the folder of payloads that Azure Monitor sent, read in place."""
    folder = Path(os.environ.get(ALERTS) or _BESIDE)
    return (
        folder if any(folder.glob("*.json")) else absent(f"no folder of alert payloads here (set {ALERTS})")
    )


def function_vectors() -> list[dict[str, Any]]:
    """Return expressions with what Resource Manager and its compiler made of them, read in place."""
    file = Path(os.environ.get(VECTORS) or _DATA / "arm_function_vectors.json")
    if not file.is_file():
        absent(f"no vectors of template functions here (set {VECTORS})")
    return list(json.loads(file.read_text("utf-8")))
