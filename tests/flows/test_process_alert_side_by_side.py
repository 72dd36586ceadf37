"""Two messages of one delivery at the same time: the second finds the first in the incident, and waits for it."""

from __future__ import annotations

from typing import Any

from tests.builders.alert_world import AlertWorld, alert, message_of
from vibedata.alerts.delivery import Delivery
from vibedata.flows import process_alert
from vibedata.flows.process_alert import LOOKS, Processed


def begun(world: AlertWorld) -> Any:
    """Return the message of a delivery that is in its incident and has no delivery row yet."""
    message = message_of(alert())
    world.process(message)
    world.deliveries.done.clear()
    return message


def process(world: AlertWorld, message: Any, pause: Any, *, is_retry: bool = False) -> Processed:
    return process_alert.run(
        message,
        claims=world.claims,
        registry=world.registry,
        incidents=world.incidents,
        deliveries=world.deliveries,
        rows=world.rows,
        notices=world.notices,
        clock=lambda: world.now,
        instance_id="instance-1",
        pause=pause,
        is_retry=is_retry,
    )


def test_a_second_message_writes_nothing_when_the_first_ends_well() -> None:
    world = AlertWorld()
    message = begun(world)
    before = len(world.rows.alerts())

    def others_turn(_: float) -> None:
        world.deliveries.record(Delivery(message.delivery_key, "e", "i", "eventhub", world.now))

    assert process(world, message, others_turn).outcome == "seen"
    assert len(world.rows.alerts()) == before


def test_a_second_message_takes_over_when_the_first_has_died() -> None:
    world = AlertWorld()
    message = begun(world)
    slept: list[float] = []
    assert process(world, message, slept.append).outcome == "written"
    assert slept == list(LOOKS)
    assert len(world.event_ids()) == 1


def test_a_message_that_comes_back_does_not_wait_for_itself() -> None:
    world = AlertWorld()
    message = begun(world)
    slept: list[float] = []
    assert process(world, message, slept.append, is_retry=True).outcome == "written"
    assert slept == []
