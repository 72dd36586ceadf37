"""Holds the findings in a file against those that Microsoft's compiler had in it, written below each line.

The compiler's own samples keep them so: `main.diagnostics.bicep` beside `main.bicep`, each finding as a comment
`//@[from:to) [CODE (Level)] message`. Only codes that the stand-in knows by its types and its linter are counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from local_stack.azure_types import AzureTypes
from local_stack.bicep.compilation import Compilation
from local_stack.bicep.diagnostics import Diagnostic
from local_stack.bicep.files import Unreadable
from local_stack.bicep.linter.checker import RULES

EXPECTED = "main.diagnostics.bicep"
TYPE_CODES = frozenset(
    f"BCP{number:03}"
    for number in (
        32, 33, 34, 35, 36, 37, 40, 44, 45, 46, 48, 49, 52, 53, 55, 62, 67, 70, 73, 74, 75, 76, 77, 78, 81, 83, 88, 89,
        99, 120, 134, 135, 137, 139, 164, 165, 168, 169, 170, 173, 174, 176, 177, 178, 179, 181, 182, 187, 225, 245,
        311, 318, 321, 327, 328, 329, 330, 331, 332, 333, 334, 335, 339, 416, 422,
    )
)  # fmt: skip
CODES = TYPE_CODES | {each.name for each in RULES}
_LINE = re.compile(r"//@\[(\d+):(\d+)\) \[([\w-]+) \((\w+)\)\] (.*)")


class Finding(NamedTuple):
    """One finding by its place; lines and columns count from 1."""

    line: int
    column: int
    level: str
    code: str


class Difference(NamedTuple):
    """What one folder's findings have too few and too many of, and how many are the same."""

    equal: Counter[Finding]
    missing: Counter[Finding]
    extra: Counter[Finding]


def expected(text: str) -> Counter[Finding]:
    """Return the findings that stand below the lines of a text."""
    found: Counter[Finding] = Counter()
    line = 0
    for each in text.replace("\r\n", "\n").split("\n"):
        match = _LINE.match(each)
        if match is None:
            line += 1
        elif match[3] in CODES:
            found[Finding(line, int(match[1]) + 1, match[4], match[3])] += 1
    return found


def difference(folder: Path, types: AzureTypes) -> Difference:
    """Compile a folder's main.bicep and hold its findings against those beside it."""
    wanted = expected((folder / EXPECTED).read_text("utf-8-sig"))
    main = (folder / "main.bicep").resolve()
    compilation = Compilation(types)
    try:
        compilation.build(main)
    except Unreadable:
        return Difference(Counter(), wanted, Counter())
    given = Counter(
        _finding(each) for each in compilation.diagnostics if each.path == str(main) and each.code in CODES
    )
    return Difference(wanted & given, wanted - given, given - wanted)


def folders(root: Path) -> Iterator[Path]:
    """Yield the folders below that hold expected findings."""
    for file in sorted(root.rglob(EXPECTED)):
        if (file.parent / "main.bicep").is_file():
            yield file.parent


def report(root: Path, types: AzureTypes) -> list[str]:
    """Return one line for every difference and one for every code with its counts."""
    lines: list[str] = []
    counts: dict[str, Counter[str]] = {}
    for folder in folders(root):
        found = difference(folder, types)
        for name, findings in zip(Difference._fields, found, strict=True):
            for each, count in sorted(findings.items()):
                counts.setdefault(each.code, Counter())[name] += count
                if name != "equal":
                    lines.append(
                        f"{folder.name}/main.bicep({each.line},{each.column}): {name} {each.level} {each.code}"
                    )
    for code, of in sorted(counts.items()):
        lines.append(f"{code}: {of['equal']} equal, {of['missing']} missing, {of['extra']} extra")
    return lines


def _finding(each: Diagnostic) -> Finding:
    return Finding(each.line, each.column, each.level, each.code)
