"""Held against the real compiler: folders with `main.bicep` beside the `main.json` that it made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_stack.azure_types import AzureTypes
from local_stack.bicep.compilation import Compilation
from local_stack.bicep.files import Unreadable

_MOST = 20


@dataclass
class Result:
    """What came of one folder: nothing in `refused` and `differences` means equal."""

    folder: Path
    refused: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    made_by: str = ""  # the compiler that made main.json, as it says itself


def pairs(folder: Path) -> list[Path]:
    """Return the folders below that hold a pair."""
    mains = [*folder.rglob("main.bicep")]
    return sorted(each.parent for each in mains if (each.parent / "main.json").exists())


def compare(folder: Path, types: AzureTypes) -> Result:
    """Compile one folder's main.bicep and hold it against its main.json."""
    result = Result(folder)
    compilation = Compilation(types)
    try:
        built = compilation.build(folder / "main.bicep")
    except Unreadable as problem:
        result.refused.append(f"{folder / 'main.bicep'}: {problem.code}: {problem.message}")
        return result
    if built is None:
        result.refused = [str(each) for each in compilation.diagnostics if each.is_error]
        return result
    wanted = json.loads((folder / "main.json").read_text("utf-8-sig"))
    result.made_by = _generator(wanted)
    result.differences = list(differences(wanted, json.loads(json.dumps(built)), "$"))
    return result


def _generator(template: Any) -> str:
    try:
        generator = template["metadata"]["_generator"]
        return f"{generator['name']} {generator['version']}"
    except (KeyError, TypeError):
        return "a compiler that it does not name"


def differences(wanted: Any, built: Any, path: str) -> Iterator[str]:
    """Yield where two templates differ, by JSON path; generator metadata is ignored."""
    if isinstance(wanted, dict) and isinstance(built, dict):
        for key in [*wanted, *(key for key in built if key not in wanted)]:
            if key == "_generator":
                continue
            if key not in built:
                yield f"{path}.{key}: missing, wanted {_short(wanted[key])}"
            elif key not in wanted:
                yield f"{path}.{key}: not wanted: {_short(built[key])}"
            else:
                yield from differences(wanted[key], built[key], f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(built, list):
        yield from _lists(wanted, built, path)
    elif wanted != built or isinstance(wanted, bool) != isinstance(built, bool):
        yield f"{path}: wanted {_short(wanted)}, built {_short(built)}"


def _lists(wanted: list[Any], built: list[Any], path: str) -> Iterator[str]:
    if path.endswith(".dependsOn"):
        wanted, built = _in_groups(wanted), _in_groups(built)
    if len(wanted) != len(built):
        yield f"{path}: wanted {len(wanted)} items, built {len(built)}"
    for number, (one, other) in enumerate(zip(wanted, built, strict=False)):
        yield from differences(one, other, f"{path}[{number}]")


def _in_groups(entries: list[Any]) -> list[Any]:
    """The compiler leaves the order of one loop's entries open; those that differ in the index alone are sorted."""
    found: list[Any] = []
    for entry in entries:
        at = len(found)
        while at and isinstance(entry, str) and _same_loop(found[at - 1], entry) and found[at - 1] > entry:
            at -= 1
        found.insert(at, entry)
    return found


def _same_loop(one: Any, other: str) -> bool:
    return (
        isinstance(one, str)
        and one.split(",")[0] == other.split(",")[0]
        and "[" in one[1:]
        and "[" in other[1:]
    )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:197] + "..."
