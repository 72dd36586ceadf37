"""docs/bicep.md lists what is found: every code of the types and every rule of the linter."""

from __future__ import annotations

import re
from pathlib import Path

from local_stack.bicep.diagnose import TYPE_CODES
from local_stack.bicep.linter.checker import RULES, UNCHECKED_RULE
from local_stack.bicep.types.symbols import UNCHECKED

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs" / "bicep.md").read_text("utf-8")


def _codes() -> set[str]:
    texts = [file.read_text("utf-8") for file in (_ROOT / "local_stack" / "bicep" / "types").glob("*.py")]
    return {code for text in texts for code in re.findall(r'"(BCP\d{3})"', text)}


def test_every_code_of_the_types_is_on_the_page_and_counted_by_diagnose() -> None:
    assert _codes() == TYPE_CODES
    assert [code for code in sorted({*_codes(), UNCHECKED, UNCHECKED_RULE}) if code not in _PAGE] == []


def test_every_rule_is_on_the_page_with_its_level() -> None:
    rows = {
        name: line.rpartition("| ")[2].rstrip(" |")
        for line in _PAGE.partition("### By the linter")[2].partition("\n#")[0].splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([a-z-]+)`", line)
    }
    assert rows == {each.name: (each.level or "off").lower() for each in RULES}
