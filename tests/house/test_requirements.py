"""docs/requirements.md has every row of RFC-60 and PRD-19, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/requirements.md"
STATES = ("proved here", "not yet", "unproven")
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")

# How many actions each of RFC-60's phases has, and how many boxes PRD-19's acceptance criteria.
ACTIONS = (2, 2, 1, 1, 3, 6, 3, 3, 3, 2, 2, 1, 4, 3, 1)
BOXES = 37
REQUIRED = [
    *(f"RFC-60 {phase}.{each}" for phase, count in enumerate(ACTIONS, 1) for each in range(1, count + 1)),
    *(f"FR-{number}" for number in [*range(1, 8), "7a", *range(8, 17)]),
    *(f"NFR-{number}" for number in range(1, 12)),
    *(f"AC-{number}" for number in range(1, BOXES + 1)),
]


def rows() -> list[list[str]]:
    """Return the page's rows: id, what is asked, state, by what."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0] != "id"]


@lru_cache(maxsize=256)
def defined_in(file: str) -> frozenset[str]:
    """Return the tests that a file defines."""
    path = ROOT / file
    tree = ast.parse(path.read_text("utf-8")) if path.is_file() else ast.Module([], [])
    found = [
        node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    return frozenset(name for name in found if name.startswith("test_"))


def test_every_requirement_has_its_row_in_order() -> None:
    assert [row[0] for row in rows()] == REQUIRED


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_row_says_how_sure_it_is_and_by_what(row: list[str]) -> None:
    _, asked, state, by = row
    named = NODE.findall(by)
    told = re.sub(r"[,.\s]", "", NODE.sub("", by))
    assert asked
    assert state in STATES
    assert named if state == "proved here" else told, "no test, and no word of what is missing"
    assert len(named) == by.count("::"), "a test is named in another way than `file::name`"


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_the_named_tests_are_there(row: list[str]) -> None:
    gone = [f"{file}::{name}" for file, name in NODE.findall(row[3]) if name not in defined_in(file)]
    assert not gone


def test_whatever_is_unproven_says_what_to_do_in_azure() -> None:
    for row in rows():
        if row[2] == "unproven":
            assert re.search(r"[A-Z][a-z]+ .{15,}", NODE.sub("", row[3])) or "The same" in row[3], row[0]
