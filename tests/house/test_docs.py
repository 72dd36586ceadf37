"""Docs are held to the code: every error code, setting, column and verb is where a reader looks for it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tools.docs import settings_page
from vibedata import catalog

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"BadInput", "Blocked", "Transient", "Failed", "OciError", "Stop"}


def raised_codes() -> set[str]:
    """Return the literal first argument of every error that `vibedata`, `oci` and the runbooks build."""
    found = set()
    for folder in ("vibedata", "oci", "runbooks"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and _is_error(node.func) and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.Constant) and isinstance(first.value, str):
                        found.add(first.value)
    return found


def _is_error(func: ast.expr) -> bool:
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    return name in KINDS or (name.endswith("Error") and name.startswith(("Oci", "Vibedata")))


def documented_codes() -> set[str]:
    return set(
        re.findall(r"^\| `([a-z0-9-]+)` \|", (ROOT / "docs/errors.md").read_text("utf-8"), re.MULTILINE)
    )


def test_every_error_code_is_documented() -> None:
    codes = {code for code in raised_codes() if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+|unexpected", code)}
    assert codes, "no error codes found: the test looks in the wrong place"
    assert codes - documented_codes() == set()


def test_no_documented_code_is_gone() -> None:
    text = "\n".join(
        path.read_text("utf-8")
        for folder in ("vibedata", "oci", "runbooks", "bicep/scripts")
        for path in (ROOT / folder).rglob("*.py")
    )
    assert {code for code in documented_codes() if f'"{code}"' not in text} == set()


def test_settings_page_is_current() -> None:
    assert (ROOT / "docs/settings.md").read_text("utf-8") == settings_page()


@pytest.mark.parametrize("verb", [row.verb for row in catalog.RUNBOOKS])
def test_a_verb_has_one_name_everywhere(verb: str) -> None:
    from vibedata.cli import command_names

    assert (ROOT / f"runbooks/{verb}.py").is_file()
    assert (ROOT / f"vibedata/flows/{verb}.py").is_file()
    assert (ROOT / f"tests/flows/test_{verb}.py").is_file()
    assert re.search(rf"^## .*`{verb}`", (ROOT / "docs/runbooks.md").read_text("utf-8"), re.MULTILINE)
    assert verb.replace("_", "-") in command_names()


def test_contract_copies_are_byte_equal() -> None:
    contracts = ROOT / "vibedata/contracts"
    assert (ROOT / "manifest.schema.json").read_bytes() == (contracts / "manifest.schema.json").read_bytes()
    for name in ("sequence.json", "rbac.json", "operations_columns.json", "alert_rules.json"):
        assert (ROOT / "bicep" / name).read_bytes() == (contracts / name).read_bytes()
