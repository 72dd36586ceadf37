"""docs/hostile-inputs.md is held to the code: every code is explained, every test is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.oci.hostile import CASES

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(
    r"^\|(.*)\| (?P<reader>[^|]+) \| `(?P<code>[a-z0-9-]+)` \| `(?P<test>[^`]+)` \|$", re.MULTILINE
)
PAGE = (ROOT / "docs/hostile-inputs.md").read_text("utf-8")


def rows() -> list[re.Match[str]]:
    return list(ROW.finditer(PAGE))


def defined_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_row_is_understood() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("|") and "`tests/" in line]
    assert len(rows()) == len(lines) > 70


@pytest.mark.parametrize("file", sorted({row["test"].partition("::")[0] for row in rows()}))
def test_every_test_that_the_table_names_is_there(file: str) -> None:
    named = {row["test"].partition("::")[2] for row in rows() if row["test"].startswith(file + "::")}
    assert named - defined_in(file) == set()


def test_every_code_of_the_table_is_explained_and_tested() -> None:
    explained = re.findall(
        r"^\| `([a-z0-9-]+)` \|", (ROOT / "docs/errors.md").read_text("utf-8"), re.MULTILINE
    )
    assert {row["code"] for row in rows()} - set(explained) == set()
    for row in rows():
        file, shared = row["test"].partition("::")[0], ROOT / "tests/oci/hostile.py"
        text = (ROOT / file).read_text("utf-8") + (
            shared.read_text("utf-8") if "archive" in row["code"] else ""
        )
        assert f'"{row["code"]}"' in text, f"{file} never says {row['code']}"


def test_the_other_tests_that_the_page_names_are_there() -> None:
    for file, name in re.findall(r"`(tests/[a-z_/]+\.py)(?:::(\w+))?`", PAGE):
        assert not name or name in defined_in(file), f"{file}::{name}"


def test_every_code_that_refuses_an_archive_has_a_row() -> None:
    assert {code for code, _ in CASES.values()} <= {row["code"] for row in rows()}
