"""docs/phases.md tells what the template makes today."""

from __future__ import annotations

from tests.bicep.deployed import resources
from tests.bicep.phases_page import EVERYWHERE, PAGE, REASONS, page, section
from vibedata import sequence


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make contracts`"


def test_every_phase_says_why_and_what_it_costs() -> None:
    assert set(REASONS) == {phase.number for phase in sequence.phases()}
    assert all(reason.billed or reason.cost == "free" for reason in REASONS.values())


def test_every_kind_of_resource_is_somewhere_on_the_page() -> None:
    made = section()
    for kind in {resource.type for resource in resources()} - set(EVERYWHERE):
        assert f"`{kind.removeprefix('Microsoft.')}`" in made, kind
