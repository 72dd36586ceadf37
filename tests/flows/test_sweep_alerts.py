from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders.alert_world import AlertWorld, alert
from tests.flows.test_process_alert import different
from vibedata.alerts.delivery import KEPT, KEPT_CLAIMED, KEPT_OPEN, KEPT_REJECTED, partitions
from vibedata.flows import sweep_alerts
from vibedata.flows.sweep_alerts import SHARES, Swept


@pytest.fixture
def world() -> AlertWorld:
    return AlertWorld()


def sweep(world: AlertWorld, *, everything: bool = False) -> Swept:
    return sweep_alerts.run(
        deliveries=world.deliveries,
        incidents=world.incidents,
        claims=world.claims,
        rejected=world.rejected,
        rows=world.rows,
        clock=lambda: world.now,
        instance_id="instance-1",
        everything=everything,
    )


def wait(world: AlertWorld, later: timedelta) -> None:
    """Let time pass, up to a run that counts old windows too."""
    world.now = (world.now + later).replace(minute=1)


def limit_rows(world: AlertWorld) -> list[dict]:
    return [row for row in world.rows.rows if row["Operation"] == "process_alert/limit"]


def test_what_has_been_kept_long_enough_goes(world: AlertWorld) -> None:
    world.process(alert(1))
    world.process(alert(2, "Resolved"))
    world.now += KEPT + timedelta(days=1)
    swept = sweep(world, everything=True)
    assert (swept.deliveries, swept.incidents) == (2, 2)  # one is open; the rule's ledger went with the other
    assert [incident.is_open for incident in world.incidents.list()] == [True]
    assert sweep(world, everything=True) == Swept(0, 0, 0, 0, 0, 0)
    world.now += KEPT_OPEN
    assert sweep(world, everything=True).incidents == 1  # nobody will close it any more
    assert not list(world.incidents.list())


def test_a_claimed_body_outlives_the_message_that_waits_for_months(world: AlertWorld) -> None:
    claim = world.claims.store("0" * 64, b"large")
    world.now += timedelta(days=399)
    assert sweep(world, everything=True).claims == 0
    assert world.claims.read(claim) == b"large"


def test_what_was_no_alert_is_kept_for_whoever_looks_into_it_and_not_for_ever(world: AlertWorld) -> None:
    world.rejected.keep(b"hello", code="not-json", reason="no JSON", received_at=world.now, origin="http")
    world.now += KEPT_REJECTED - timedelta(days=1)
    assert sweep(world, everything=True).rejected == 0
    world.now += timedelta(days=2)
    assert sweep(world, everything=True).rejected == 1
    assert not world.rejected.kept


def test_in_a_round_of_runs_every_partition_has_its_turn(world: AlertWorld) -> None:
    for number in range(200):
        world.process(alert(number, "Resolved", target="/somewhere/else"))
    world.now += KEPT + timedelta(days=1)
    gone = []
    for _ in range(SHARES):
        gone.append(sweep(world).deliveries)
        world.now += sweep_alerts.EVERY
    assert sum(gone) == 200
    assert max(gone) < 40  # a run is short


def test_shares_are_equal_and_complete() -> None:
    shares = [partitions(share, SHARES) for share in range(SHARES)]
    assert {len(share) for share in shares} == {8}
    assert len({partition for share in shares for partition in share}) == 256


def test_an_ended_window_is_summed_up_under_the_same_event(world: AlertWorld) -> None:
    for number in range(15):
        world.process(different(number))
    (first,) = limit_rows(world)
    assert first["Details"]["final"] is False
    assert sweep(world).summed_up == 0  # the window is running
    world.now += timedelta(hours=2)
    assert sweep(world).summed_up == 1
    last = limit_rows(world)[-1]
    assert last["EventId"] == first["EventId"]
    assert last["TimeGenerated"] > first["TimeGenerated"]
    assert last["Details"]["suppressed"] == 5
    assert "5 more were suppressed" in last["Message"]


def test_a_window_is_summed_up_again_when_more_of_it_came_late(world: AlertWorld) -> None:
    for number in range(12):
        world.process(different(number))
    world.now += timedelta(hours=2)
    assert sweep(world).summed_up == 1
    assert sweep(world).summed_up == 0
    world.process(different(13))
    assert sweep(world).summed_up == 1
    assert limit_rows(world)[-1]["Details"]["suppressed"] == 3


def test_a_window_is_forgotten_after_a_day(world: AlertWorld) -> None:
    for number in range(12):
        world.process(different(number))
    wait(world, timedelta(days=2))
    assert sweep(world).summed_up == 1
    assert sweep(world).summed_up == 0
    assert not world.incidents.windows


def test_an_old_window_in_which_a_backlog_is_still_counted_is_not_forgotten(world: AlertWorld) -> None:
    wait(world, timedelta(days=3))
    told = []
    for start in (0, 12, 14):
        for number in range(start, start + 12):
            world.process(different(number))
        sweep(world)
        told.append(limit_rows(world)[-1]["Details"]["suppressed"])
    assert told == [2, 14, 16]


def test_a_sweep_that_dies_while_it_forgets_does_not_tell_of_fewer(world: AlertWorld) -> None:
    for number in range(15):
        world.process(different(number))
    wait(world, timedelta(days=2))
    sweep(world)
    (counted,) = world.incidents.limited_keys.values()
    counted.pop()
    assert sweep(world).summed_up == 0
    assert not world.incidents.windows


def test_an_old_window_is_counted_once_an_hour_and_a_young_one_in_each_run(world: AlertWorld) -> None:
    for number in range(15):
        world.process(different(number))
    wait(world, timedelta(hours=1))
    counts = []
    for _ in range(4):
        before = world.incidents.counts
        for _ in range(12):
            world.now += sweep_alerts.EVERY
            sweep(world)
        counts.append(world.incidents.counts - before)
    young, old = counts[0], counts[2:]
    assert young == 11  # from ten minutes after its end on
    assert old == [1, 1]


def test_claims_are_looked_through_once_in_a_round(world: AlertWorld) -> None:
    world.claims.store("a" * 64, b"{}")
    world.now += KEPT_CLAIMED + timedelta(days=1)
    gone = []
    for _ in range(SHARES):
        gone.append(sweep(world).claims)
        world.now += sweep_alerts.EVERY
    assert sum(gone) == 1


def test_spooled_rows_are_delivered(world: AlertWorld) -> None:
    world.rows.spooled = 3
    assert sweep(world).drained == 3


def test_claims_that_nobody_can_ask_for_go(world: AlertWorld) -> None:
    world.claims.store("a" * 64, b"{}")
    world.now += KEPT_CLAIMED + timedelta(days=1)
    assert sweep(world, everything=True).claims == 1
