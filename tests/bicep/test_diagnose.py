"""The comparison with what Microsoft's compiler found: equal, missing and extra are told apart by their places."""

from __future__ import annotations

from pathlib import Path

from local_stack.bicep.diagnose import Finding, difference, expected, report
from tests.bicep.things import catalogue

_MAIN = "param p int = 'x'\nvar v = 1\n"
_EXPECTED = (
    "param p int = 'x'\n"
    '//@[014:017) [BCP033 (Error)] Expected a value of type "int" but the provided value is of type '
    "\"'x'\". (bicep) |x|\n"
    '//@[006:007) [no-unused-params (Warning)] Parameter "p" is declared but never used. (bicep) |p|\n'
    "//@[000:001) [BCP999 (Error)] Something that the stand-in has no eye for. (bicep) |p|\n"
    "var v = 1\n"
)


def test_the_findings_below_a_line_are_of_that_line() -> None:
    assert expected(_EXPECTED) == {
        Finding(1, 15, "Error", "BCP033"): 1,
        Finding(1, 7, "Warning", "no-unused-params"): 1,
    }


def test_what_is_equal_missing_and_extra_is_counted(tmp_path: Path) -> None:
    (tmp_path / "types").mkdir()
    (tmp_path / "main.bicep").write_text(_MAIN)
    (tmp_path / "main.diagnostics.bicep").write_text(_EXPECTED.replace("[014", "[013"))
    types = catalogue(tmp_path / "types")
    found = difference(tmp_path, types)
    assert list(found.equal) == [Finding(1, 7, "Warning", "no-unused-params")]
    assert list(found.missing) == [Finding(1, 14, "Error", "BCP033")]
    assert list(found.extra) == [
        Finding(1, 15, "Error", "BCP033"),
        Finding(2, 5, "Warning", "no-unused-vars"),
    ]
    assert "BCP033: 0 equal, 1 missing, 1 extra" in report(tmp_path, types)
