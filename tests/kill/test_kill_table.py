"""The kill table in small, and that its page tells of the flows as they are now. `make kill-table` runs all of it."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import pytest

from tests.kill import comparing, page, pool
from tests.kill.cells import Cell, boundaries
from tests.kill.running import Result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "kill-table.md"
# One of each kind: a bundle half unpacked, imports under way in parallel, a pointer written and not receipted, a draft
# without its publication, a job whose starter is gone, rows half written, a job killed before its rows were sent.
TELLING = (
    "07 bootstrap/install before os.rename",
    "07 import_artifacts/import-by-digest inside: change * answered",
    "07 import_artifacts/record-release inside: change * answered",
    "08 publish_runbooks/publish-runbook:run_health inside: change 2 answered",
    "14 start_job/start-job:bootstrap_registry inside: change 1 answered",
    "14 bootstrap_registry/write-rows inside: change 1 answered",
    "15 run_health/(verb) after its row Succeeded",
)


class Ran:
    """What one run of the telling cells gave."""

    def __init__(self, base: Path) -> None:
        self.every: list[Cell] = []
        self.chosen: list[Cell] = []
        self.results: list[Result] = list(pool.run(base, 1, self._pick, self._take, quick=True))

    def _pick(self, every: list[Cell]) -> list[Cell]:
        named = [[cell for cell in every if fnmatch.fnmatch(cell.name, name)] for name in TELLING]
        return [cells[-1] for cells in named if cells]

    def _take(self, every: list[Cell], chosen: list[Cell]) -> None:
        self.every, self.chosen = every, chosen


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return Ran(tmp_path_factory.mktemp("kill"))


@pytest.mark.timeout(900)
def test_a_killed_day0_converges(ran: Ran) -> None:
    assert len(ran.chosen) == len(TELLING), "a telling cell is gone: choose another"
    assert len(ran.results) == len(TELLING)
    assert {r.cell.name: r.differences for r in ran.results if not r.converged} == {}


def test_the_page_has_every_boundary_of_today(ran: Ran) -> None:
    documented = page.documented_boundaries(PAGE.read_text("utf-8"))
    assert documented == boundaries(ran.every), "run `make kill-table`: the flows have other boundaries now"


def test_the_page_shows_what_the_comparison_leaves_out() -> None:
    text = PAGE.read_text("utf-8")
    assert [
        row for row in comparing.ignored() if f"`{row['path']}`" not in text or row["why"] not in text
    ] == []
