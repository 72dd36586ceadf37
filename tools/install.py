"""Install the locked Python packages into this interpreter's environment, and say how far it is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements-dev.txt"
EVERY = 15  # packages from one line of progress to the next
PIP = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]


def main() -> int:
    """Install the lock, then the project itself; returns the exit code."""
    total = len(re.findall(r"^[a-z0-9][^=\s]*==", LOCK.read_text("utf-8"), re.MULTILINE | re.IGNORECASE))
    code = _run([*PIP, "--require-hashes", "-r", str(LOCK)], total)
    return code or _run([*PIP, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], 0)


def _run(command: list[str], total: int) -> int:
    seen, kept = 0, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        for line in child.stdout or ():
            kept = [*kept[-30:], line]
            if line.startswith("Collecting"):
                seen += 1
                if seen % EVERY == 0:
                    print(f"setup: {seen} of about {total} Python packages", flush=True)
            elif total and line.startswith("Installing collected"):
                print("setup: unpacking them", flush=True)
    if child.returncode:
        print(
            "".join(kept),
            "setup: pip failed; see above. Is the package index reachable?",
            sep="",
            file=sys.stderr,
        )
    return child.returncode


if __name__ == "__main__":
    sys.exit(main())
