"""A few cells of the fault table, and what holds for all of them; `make fault-table` runs the whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment import World
from tests.faults import page
from tests.faults.cell import CONVERGED, Cell
from tests.faults.cells import cells
from tests.faults.rig import Result, Rig

DOCS = Path(__file__).resolve().parents[2] / "docs"
QUICK = [cell for cell in cells() if cell.quick]


@pytest.fixture(scope="module")
def rig(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    world.stack.faults.clear()
    base = tmp_path_factory.mktemp("faults")
    base.chmod(0o711)
    yield Rig(world, base)
    world.stack.faults.clear()


@pytest.mark.parametrize("cell", QUICK, ids=lambda cell: cell.title)
def test_a_struck_day0_ends_as_expected(rig: Rig, cell: Cell) -> None:
    result = rig.play(cell)
    assert result.wrong == [], result.ended


def test_a_cell_whose_fault_does_not_strike_is_not_as_expected(rig: Rig) -> None:
    strike = {"service": "key_vault", "operation": "secret.purge", "status": 503, "times": 1}
    result = rig.play(Cell("never asked", "Key Vault", "azure-busy", 0.01, [strike]))
    wrong = " ".join(result.wrong)
    assert "it ended converged, not azure-busy" in wrong
    assert "more than 0" in wrong
    assert "some never struck" in wrong


def test_every_expected_code_is_documented() -> None:
    known = (DOCS / "errors.md").read_text("utf-8")
    assert [c.title for c in cells() if c.ends != CONVERGED and f"| `{c.ends}` |" not in known] == []


def test_the_page_says_what_was_not_as_expected() -> None:
    cell = Cell("a fault", "somewhere", CONVERGED, 60)
    good, bad = Result(cell, CONVERGED, 1.25, []), Result(cell, "azure-busy", 2, ["it ended azure-busy"])
    shown = page.rendered([good, bad], 1.0, 2)
    assert "2 cells, 1 as expected" in shown
    assert "| a fault | somewhere | converged | 1.2 | 60 |" in shown
    assert "**not as expected**: azure-busy" in shown
    assert "- it ended azure-busy" in shown


def test_the_pages_rows_are_the_cells() -> None:
    rows = [
        line.split(" | ")
        for line in (DOCS / "fault-table.md").read_text("utf-8").splitlines()
        if " | " in line
    ]
    shown = [f"{row[1]}: {row[0].removeprefix('| ')}" for row in rows if row[0] not in ("| fault",)]
    assert shown == [cell.title for cell in cells()]
