from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from vibedata import catalog, plan_picture, sequence
from vibedata.cli import main
from vibedata.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]
STEPS = sequence.steps()


def test_the_phases_are_rfc_60s_fifteen_in_order() -> None:
    assert [phase.number for phase in sequence.phases()] == list(range(1, 16))
    assert {step.phase for step in STEPS} == set(range(1, 16))


def test_mid_is_the_mean_and_every_row_has_a_source() -> None:
    for step in STEPS:
        low, mid, high = (step.minutes[one] for one in sequence.ESTIMATES)
        assert mid == (low + high) / 2, step.name
        assert step.source, step.name


def test_an_action_waits_for_the_gate_before_its_phase() -> None:
    for estimate in sequence.ESTIMATES:
        plan = sequence.plan(STEPS, estimate)
        for slot in plan.slots:
            if slot.step.is_action:
                assert slot.start >= plan.gates[slot.step.phase - 1], slot.step.name
        assert list(plan.gates.values()) == sorted(plan.gates.values()), "gates close in order"


def test_infrastructure_waits_for_nothing_but_what_it_needs() -> None:
    plan = sequence.plan(STEPS, "mid")
    ends = {slot.step.name: slot.end for slot in plan.slots}
    for slot in plan.slots:
        if not slot.step.is_action:
            assert slot.start == max((ends[name] for name in slot.step.needs), default=0)


def test_the_critical_path_has_no_gap_and_is_the_total() -> None:
    plan = sequence.plan(STEPS, "mid")
    slots = {slot.step.name: slot for slot in plan.slots}
    chain = [slots[name] for name in plan.critical]
    assert chain[0].start == 0
    assert chain[-1].end == plan.minutes
    assert all(one.end == later.start for one, later in pairwise(chain))
    assert sum(slot.end - slot.start for slot in chain) == plan.minutes


def test_the_mid_estimate_is_within_thirty_minutes() -> None:
    assert sequence.plan(STEPS, "mid").minutes <= 30  # NFR-1


def test_the_actions_that_are_ready_are_the_runbooks() -> None:
    assert [step.name for step in sequence.actions()] == [row.verb for row in catalog.RUNBOOKS]


def test_steps_that_wait_for_each_other_are_named() -> None:
    one, two, *_ = STEPS
    knot = (replace(one, needs=(two.name,)), replace(two, needs=(one.name,)))
    with pytest.raises(BadInput, match="wait for each other") as caught:
        sequence.plan(knot, "mid")
    assert caught.value.code == "sequence-invalid"


def test_a_need_that_is_no_step_is_named() -> None:
    with pytest.raises(BadInput, match="needs nothing-like-it"):
        sequence.waits((replace(STEPS[0], needs=("nothing-like-it",)),))


def test_the_command_tells_three_totals_and_draws(tmp_path, capsys) -> None:
    file = tmp_path / "plan.svg"
    assert main(["deploy", "plan", "--svg", str(file)]) == 0
    shown = capsys.readouterr().out
    totals = {one: sequence.plan(STEPS, one).minutes for one in sequence.ESTIMATES}
    assert f"Total minutes: low {totals['low']:g}, mid {totals['mid']:g}, high {totals['high']:g}" in shown
    picture = file.read_text("utf-8")
    assert picture.startswith("<svg")
    assert all(step.name in picture for step in STEPS)


def test_the_command_tells_a_machine_the_same(capsys) -> None:
    assert main(["deploy", "plan", "-o", "json", "--estimate", "high"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["totals"]["high"] == sequence.plan(STEPS, "high").minutes
    assert told["criticalPath"] == list(sequence.plan(STEPS, "high").critical)
    assert len(told["steps"]) == len(STEPS)


def test_an_estimate_that_is_none_is_refused(capsys) -> None:
    assert main(["deploy", "plan", "--estimate", "quick"]) == 2
    assert "low, mid, high" in capsys.readouterr().err


def test_the_picture_of_the_docs_is_current() -> None:
    drawn = plan_picture.svg(sequence.plan(STEPS, "mid"))
    assert (ROOT / "docs/phases.svg").read_text("utf-8") == drawn, "run `make contracts`"
    page = (ROOT / "docs/phases.md").read_text("utf-8")
    for one in sequence.ESTIMATES:
        assert f"| {one} | {sequence.plan(STEPS, one).minutes:g} |" in page
