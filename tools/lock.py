"""Lock what the worker and the Function app run and what the project is developed with, for every Python and platform.

`uv` resolves for all of them at once in one file with markers (`uv pip compile --universal`); nothing of the machine
that locks gets into it.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST = "3.10"
LOCKS = {
    "requirements-worker.txt": (("worker",), "What the hybrid worker runs"),
    "requirements.txt": (("functions",), "What the Function app installs"),
    "requirements-dev.txt": (
        ("worker", "functions", "dev"),
        "The project with tests, linters and the local stack",
    ),
    "requirements-security.txt": (("security",), "The scanner of `make check-security`"),
}


def main() -> int:
    """Write both locks; returns the exit code."""
    uv = [sys.executable, "-m", "uv"] if importlib.util.find_spec("uv") else [shutil.which("uv") or ""]
    if not uv[0]:
        print("uv is missing: install it (pip install uv), then run this again.", file=sys.stderr)
        return 3
    for name, (extras, title) in LOCKS.items():
        text = resolved(uv, extras)
        header = f"# {title}: locked with hashes for CPython {OLDEST} and newer; made by `make lock`.\n"
        (ROOT / name).write_text(header + text, "utf-8")
        print(f"{name}: {text.count('==')} distributions")
    return 0


def resolved(uv: list[str], extras: tuple[str, ...]) -> str:
    """Return the locked lines: versions, markers and hashes, and nothing of indexes or paths."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, "lock.txt")
        command = [*uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-header"]
        command += ["--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
        command += ["--python-version", OLDEST, "--output-file", str(out), "pyproject.toml"]
        command += [word for extra in extras for word in ("--extra", extra)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return out.read_text("utf-8")


if __name__ == "__main__":
    sys.exit(main())
