"""However slowly the tables answer, or long they ask to wait, an invocation ends well before the host ends it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import pytest

from tests.builders.alert_world import ROWS, AlertWorld, alert, health, message_of
from tests.fakes.ticking import Ticking
from vibedata.alerts.message import Message
from vibedata.brief_patience import SECONDS
from vibedata.errors import Transient, VibedataError
from vibedata.flows import process_alert
from vibedata.registry import NETWORK_RETRY, Row

HANG = 15.0  # until a call of a table that hangs is given up
PORTS = ("claims", "registry", "incidents", "deliveries", "rows", "notices")


class Slow:
    """A port whose calls take long, and fail where `fails` says so of their name."""

    def __init__(
        self, port: Any, time: Ticking, seconds: float, fails: Callable[[str], VibedataError | None]
    ) -> None:
        self._port, self._time, self._seconds, self._fails = port, time, seconds, fails
        self.calls: list[str] = []
        self.began: list[tuple[float, str]] = []
        self.at_once: Collection[str] = ()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._port, name)

        def slowly(*given: Any, **named: Any) -> Any:
            self.calls.append(name)
            self.began.append((self._time.now, name))
            if name not in self.at_once:
                self._tick()
            if trouble := self._fails(name):
                raise trouble
            if name == "open_of":  # which reads each that it asks about
                components, lately = given
                return call(components, lambda found: (self._tick(), lately(found))[1])
            return call(*given, **named)

        return slowly

    def _tick(self) -> None:
        self._time.now += self._seconds


class Plant:
    """An instance whose ports are slow, or fail."""

    def __init__(self) -> None:
        self.world, self.time = AlertWorld(), Ticking()
        self.late: list[str] = []  # what began when it was too late
        self.at_once: Collection[str] = ()  # what takes no time

    def process(
        self,
        message: Message,
        seconds: float = 0.0,
        fails: Callable[[str], VibedataError | None] = lambda name: None,
        **more: Any,
    ) -> tuple[float, list[str], str]:
        """Process, and return the seconds that it took, the calls, and the code of its error."""
        ports = {name: Slow(getattr(self.world, name), self.time, seconds, fails) for name in PORTS}
        for port in ports.values():
            port.at_once = self.at_once
        began, code = self.time.now, ""
        told: dict[str, Any] = {"instance_id": "instance-1", "clock": self.time.clock, **more}
        told |= {"pause": self.time.sleep, "monotonic": self.time.monotonic}
        try:
            process_alert.run(message, **ports, **told)
        except VibedataError as error:
            code = error.code
        self.late = [name for port in ports.values() for at, name in port.began if at >= began + SECONDS]
        return self.time.now - began, [name for port in ports.values() for name in port.calls], code


@pytest.fixture
def plant() -> Plant:
    return Plant()


def failing(*names: str, retry_after: float | None = None) -> Callable[[str], VibedataError | None]:
    trouble = Transient("azure-busy", "503", hint="again", retry_after=retry_after)
    return lambda name: trouble if name in names else None


EACH = ["seen", "read", "mark", "write", "read_ledger", "write_ledger", "record", "deliver", "open"]


@pytest.mark.parametrize("asked", [60.0, 240.0])
@pytest.mark.parametrize("name", EACH)
def test_who_is_asked_to_wait_for_long_ends_at_once(plant: Plant, name: str, asked: float) -> None:
    took, calls, code = plant.process(message_of(alert()), 0.1, failing(name, retry_after=asked))
    assert (calls.count(name), code) == (1, "azure-busy")
    assert took < 5


@pytest.mark.parametrize("name", EACH)
def test_what_hangs_each_time_is_tried_four_times_and_not_sixteen(plant: Plant, name: str) -> None:
    took, calls, code = plant.process(message_of(alert()), 0.0, failing(name))
    assert code == "azure-busy"
    assert calls.count(name) == (1 if name in ("deliver", "open") else 4)
    assert took <= 6.0
    hung, _, _ = Plant().process(message_of(alert()), HANG, failing(name))
    assert hung < SECONDS + 4 * HANG


@pytest.mark.parametrize("seconds", [1.0, 5.0, 9.0, HANG, 28.0, 60.0])
def test_tables_that_drag_on_end_it_in_time_and_it_gets_there_in_the_end(
    plant: Plant, seconds: float
) -> None:
    message = message_of(alert())
    for _ in range(6):
        took, _, code = plant.process(message, seconds, is_retry=True)
        assert took < SECONDS + 5 * seconds
        assert code in ("", "alert-took-too-long")
        assert "deliver" not in plant.late
    if seconds <= HANG:
        assert (code, len(plant.world.event_ids())) == ("", 1)


def test_looks_for_another_message_fit(plant: Plant) -> None:
    message = message_of(alert())
    plant.process(message)
    plant.world.deliveries.done.clear()
    took, _, code = plant.process(message, 0.5)
    assert (took < SECONDS, code) == (True, "")
    plant.world.deliveries.done.clear()
    took, calls, code = plant.process(message, 9.0)
    assert (code, calls.count("deliver")) == ("alert-took-too-long", 0)
    assert took < SECONDS + 9.0


def test_an_end_of_very_many_is_found_in_pieces(plant: Plant) -> None:
    for number in range(1, 41):
        plant.process(message_of(health(number, "Unavailable", minute=number)))
    closing, times = message_of(health(100, "Available", minute=99)), 0
    while closing.delivery_key not in plant.world.deliveries.done:
        took, _, code = plant.process(closing, 1.5, is_retry=True)
        assert took < SECONDS + process_alert.TELLING_SECONDS
        times += 1
        assert times < 10, code
    assert times > 1
    assert [one.key for one in plant.world.incidents.list() if one.is_open] == []
    assert plant.world.notices.words().count("close") == 40 + 1


def test_telling_of_very_many_ends_too(plant: Plant) -> None:
    for number in range(1, 41):
        plant.process(message_of(health(number, "Unavailable", minute=number)))
    plant.at_once = {"read", "write", "mark", "read_cause", "write_cause", "seen", "record", "deliver"}
    took, calls, code = plant.process(message_of(health(100, "Available", minute=99)), 20.0)
    assert (code, calls.count("close") > 10) == ("alert-took-too-long", True)
    assert took < SECONDS + process_alert.TELLING_SECONDS + 20


def test_many_open_ones_above_it_end_the_look_in_time(plant: Plant) -> None:
    """None of those that are open explains it: they were told of long ago."""
    for number in range(1, 30):
        plant.process(message_of(alert(number, rule=f"r{number}")))
    api = str(ROWS[1].values["resourceId"])
    later = message_of(alert(50, target=api, minute=60 * 24 * 9))
    took, _, code = plant.process(later, 9.0)
    assert took <= SECONDS + 9
    assert code == "alert-took-too-long"


def test_the_registrys_numbers_are_kept_to(plant: Plant) -> None:
    plant.world.registry.rows.append(Row(NETWORK_RETRY, {"attempts": 1, "delaySeconds": 9}))
    _, calls, _ = plant.process(message_of(alert()), 0.0, failing("read_ledger"))
    assert (calls.count("read_ledger"), plant.time.slept) == (2, [9.0])
