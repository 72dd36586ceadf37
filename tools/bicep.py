"""Compile the template: bicep/main.json is the stand-in's, and Microsoft's CLI, where there is one, must say the same.

Every environment's parameter file is compiled too. An error or a warning of either compiler fails the run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local_stack.bicep.compare import differences
from local_stack.bicep.compilation import Compilation
from local_stack.bicep.emit import write
from local_stack.bicep.parameters import ParameterFile

ROOT = Path(__file__).resolve().parent.parent
CLI = "VIBEDATA_BICEP"  # where Microsoft's CLI is, if it is not `bicep` on PATH
MOST = 20


def main(root: Path = ROOT / "bicep") -> int:
    """Compile everything, write main.json; returns the exit code."""
    compilation = Compilation()
    template = compilation.build(root / "main.bicep")
    told = [str(each) for each in compilation.diagnostics]
    parameters = {file: _parameters(file, compilation, told) for file in environments(root)}
    if template is None or told:
        return _failed(sorted(set(told)))
    write(template, root / "main.json")
    if not compilation.types.known:
        print("bicep: without Azure's types (VIBEDATA_AZURE_TYPES) no resource's body was checked")
    print(f"bicep: main.json and {len(parameters)} parameter files, no errors, no warnings")
    cli = command()
    if not cli:
        print(f"bicep: Microsoft's CLI is not here (PATH, {CLI}): compiled by the stand-in alone")
        return 0
    return _held_against(cli, root, template, parameters)


def environments(root: Path) -> list[Path]:
    """Return the parameter files."""
    return sorted((root / "environments").glob("*.bicepparam"))


def command() -> str | None:
    """Return where Microsoft's CLI is, if anywhere."""
    return os.environ.get(CLI) or shutil.which("bicep")


def _parameters(file: Path, compilation: Compilation, told: list[str]) -> Any:
    source = ParameterFile(file, compilation, os.environ)
    made = source.build()
    told += map(str, source.diagnostics)
    return made


def _held_against(cli: str, root: Path, template: Any, parameters: dict[Path, Any]) -> int:
    """Compile the same with Microsoft's CLI and tell every difference."""
    wrong = _compared(cli, ["build", str(root / "main.bicep")], template, "main.json")
    for file, made in parameters.items():
        wrong += _compared(cli, ["build-params", str(file)], made, file.name)
    if not wrong:
        print(f"bicep: {cli} says the same")
    return _failed(wrong) if wrong else 0


def _compared(cli: str, words: list[str], ours: Any, name: str) -> list[str]:
    done = subprocess.run([cli, *words, "--stdout"], capture_output=True, text=True, check=False)
    said = [f"{cli}: {line}" for line in done.stderr.splitlines() if line.strip()]
    if done.returncode or said:
        return said or [f"{cli} {words[0]}: exit status {done.returncode}"]
    theirs = json.loads(done.stdout)
    if "parametersJson" in theirs:
        theirs = json.loads(theirs["parametersJson"])
    ours = json.loads(json.dumps(ours))
    return [f"{name} differs from {cli}'s: {each}" for each in list(differences(theirs, ours, "$"))[:MOST]]


def _failed(lines: Iterable[str]) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    print("bicep: failed, see above", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
