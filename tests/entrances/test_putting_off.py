"""Outages of hours, in the host's own tries: `process_alert` over fakes, hours in a moment, and every alert one row."""

from __future__ import annotations

import contextlib
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from azure.functions.queue import QueueMessage

from functions_app import host, processing
from tests.builders.alert_world import AlertWorld, alert, message_of
from tests.entrances.test_function_app import SETTINGS
from tests.fakes.alert_processing import FakeDeliveries, FakeOutages, FakeRegistry, Killed
from tests.fakes.alert_queue import FakeAlertQueue, busy
from vibedata.alert_settings import AlertSettings
from vibedata.alerts.message import Message, decode, encode
from vibedata.alerts.putting_off import LASTS, PutOff
from vibedata.errors import Blocked, Transient, VibedataError
from vibedata.flows import put_off_alert
from vibedata.registry import Row
from vibedata.wiring.functions import FunctionWires

MOST = 10
VISIBILITY = timedelta(seconds=30)
LEASE = timedelta(minutes=10)  # of a message whose worker has died
NO_ROLE = Blocked("role-missing", "no role", hint="assign it")


class Deliveries(FakeDeliveries):
    """Deliveries whose table may be down."""

    trouble: VibedataError | None = None

    def seen(self, key: str) -> bool:
        if self.trouble:
            raise self.trouble.with_traceback(None)  # else it grows with each try
        return super().seen(key)


class Registry(FakeRegistry):
    """A registry that may be down."""

    trouble: VibedataError | None = None

    def read(self, prefix: str = "") -> list[Row]:
        if self.trouble:
            raise self.trouble.with_traceback(None)  # else it grows with each try
        return super().read(prefix)


class MortalQueue(FakeAlertQueue):
    """A queue whose sender dies once it has sent, as often as told."""

    deaths = 0

    def send(self, message: Message, *, after: float = 0.0) -> None:
        super().send(message, after=after)
        if self.deaths:
            self.deaths -= 1
            raise Killed


@dataclass
class Waiting:
    """A message on the queue: when it is seen, and how often it was taken."""

    at: datetime
    raw: bytes
    taken: int = 0


@dataclass
class Plant:
    """The function, its fakes, and a host that hands messages over as Azure's does."""

    world: AlertWorld = field(default_factory=AlertWorld)
    queue: MortalQueue = field(default_factory=MortalQueue)
    outages: FakeOutages = field(default_factory=FakeOutages)
    poison: list[bytes] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    calls: int = 0

    def __post_init__(self) -> None:
        self.deliveries, self.registry = Deliveries(self.world.dying), Registry(self.world.registry.rows)
        self.world.deliveries, self.world.registry, self.world.claims = (
            self.deliveries,
            self.registry,
            self.queue.claims,
        )
        app = func.FunctionApp()
        app.register_functions(processing.blueprint(lambda: self))  # type: ignore[arg-type,return-value]
        found = {one.get_function_name(): one.get_user_function() for one in app.get_functions()}
        self._process: Callable[[Any], None] = found["process_alert"]

    def clock(self) -> datetime:
        return self.world.now

    def process_alert(self) -> dict[str, Any]:
        names = ("claims", "registry", "incidents", "deliveries", "rows", "notices")
        ports = {name: getattr(self.world, name) for name in names}
        return {**ports, "clock": self.clock, "instance_id": "i", "pause": self.world.slept.append}

    def put_off_alert(self) -> dict[str, Any]:
        return {"queue": self.queue, "outages": self.outages, "clock": self.clock, "first_seconds": 60.0}

    def put(self, count: int) -> None:
        self.waiting += [Waiting(self.world.now, encode(message_of(alert(n)))) for n in range(count)]

    def run(self, until: timedelta) -> None:
        """Hand over whatever is seen until then."""
        end = self.world.now + until
        while self.waiting and min(one.at for one in self.waiting) <= end:
            one = min(self.waiting, key=lambda waiting: waiting.at)
            self.waiting.remove(one)
            self.world.now = max(self.world.now, one.at)
            self._hand_over(one)
            sent = [(0.0, raw) for raw in self.queue.sent] + self.queue.hidden
            self.waiting += [Waiting(self.world.now + timedelta(seconds=after), raw) for after, raw in sent]
            self.queue.sent, self.queue.hidden = [], []
        self.world.now = end

    def _hand_over(self, one: Waiting) -> None:
        one.taken += 1
        if one.taken > MOST:
            self.poison.append(one.raw)
            return
        self.calls += 1
        try:
            self._process(QueueMessage(id="1", body=one.raw, dequeue_count=one.taken))
        except Killed:
            self.waiting.append(Waiting(self.world.now + LEASE, one.raw, one.taken))
        except Exception:  # as the host: whatever it is
            if one.taken >= MOST:
                self.poison.append(one.raw)
            else:
                self.waiting.append(Waiting(self.world.now + VISIBILITY, one.raw, one.taken))

    def assert_each_is_one_row(self, count: int) -> None:
        assert (self.poison, self.waiting) == ([], [])
        assert len(self.world.rows.alerts()) == len(self.world.event_ids()) == count
        assert len(self.deliveries.done) == count


@pytest.fixture
def plant() -> Plant:
    return Plant()


@pytest.mark.parametrize("where", ["deliveries", "registry"])
@pytest.mark.parametrize("trouble", [busy(), NO_ROLE])
def test_an_outage_of_hours_poisons_nothing(plant: Plant, where: str, trouble: VibedataError) -> None:
    getattr(plant, where).trouble = trouble
    plant.put(10)
    plant.run(timedelta(hours=5))
    assert (plant.poison, plant.world.rows.rows) == ([], [])
    assert set(plant.outages.told) == {trouble.code}
    assert len({one.at for one in plant.waiting}) == 10, "they do not return all at once"
    assert plant.calls < 10 * (8 + 2 * 60), "twice each ten minutes, and no more"
    getattr(plant, where).trouble = None
    plant.run(timedelta(minutes=16))
    plant.assert_each_is_one_row(10)
    assert {row["Details"]["receivedAt"] for row in plant.world.rows.alerts()} == {
        message_of(alert()).received_at.isoformat()
    }
    assert all(row["Details"]["putOff"]["times"] > 20 for row in plant.world.rows.alerts())


def test_a_day_of_it_is_the_end(plant: Plant) -> None:
    plant.deliveries.trouble = busy()
    plant.put(3)
    plant.run(LASTS)
    assert plant.poison == []
    plant.run(timedelta(minutes=30))
    assert (len(plant.poison), plant.waiting) == (3, [])
    told = [decode(raw).put_off for raw in plant.poison]
    assert all(one and one.times > 100 for one in told)


def test_who_dies_after_sending_leaves_a_second_message_and_one_row(plant: Plant) -> None:
    plant.deliveries.trouble = busy()
    plant.queue.deaths = 5
    plant.put(5)
    plant.run(timedelta(minutes=6))
    assert plant.queue.deaths == 0
    assert len(plant.waiting) == 10
    plant.deliveries.trouble = None
    plant.run(timedelta(minutes=30))
    plant.assert_each_is_one_row(5)
    assert plant.world.slept.count(1.0) == 0, "none waits for another message that is long gone"


def test_a_queue_that_is_down_with_the_rest_leaves_it_as_it_was(
    plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    plant.deliveries.trouble, plant.queue.trouble = NO_ROLE, busy()
    plant.put(1)
    plant.run(timedelta(minutes=3))
    assert not [one for one in caplog.messages if "put off" in one], "not before it is due"
    plant.run(timedelta(minutes=10))
    assert (len(plant.poison), plant.calls, plant.outages.told) == (1, MOST, [])
    assert decode(plant.poison[0]) == message_of(alert(0))
    assert "could not be put off (azure-busy: 503): role-missing: no role" in caplog.text
    assert "process_alert failed: role-missing" in caplog.text


def test_a_log_that_is_down_with_the_rest_does_not_matter(plant: Plant) -> None:
    plant.deliveries.trouble, plant.outages.trouble = busy(), busy()
    plant.put(2)
    plant.run(timedelta(hours=1))
    plant.deliveries.trouble = None
    plant.run(timedelta(minutes=16))
    plant.assert_each_is_one_row(2)


def test_what_ends_its_worker_each_time_is_poison_as_ever(plant: Plant) -> None:
    plant.put(1)

    def die(key: str) -> bool:
        raise Killed

    plant.deliveries.seen = die  # type: ignore[method-assign]
    plant.run(timedelta(hours=3))
    assert (len(plant.poison), plant.calls, plant.outages.told) == (1, MOST, [])


@pytest.mark.parametrize("body", [b'{"hello": "world"}', b"no json"])
def test_what_no_repetition_mends_is_never_put_off(plant: Plant, body: bytes) -> None:
    plant.waiting.append(Waiting(plant.world.now, encode(Message("a" * 64, "queue", plant.world.now, body))))
    plant.run(timedelta(minutes=10))
    assert (len(plant.poison), plant.calls) == (1, MOST)
    assert decode(plant.poison[0]).put_off is None


@pytest.mark.parametrize(
    "mark",
    [
        lambda now: {"put_off": PutOff(now, 1)},
        lambda _: {"requeued": True},
        lambda _: {"origin": "replayed"},
    ],
)
def test_what_was_taken_before_does_not_look_for_another_message(
    plant: Plant, mark: Callable[[datetime], dict[str, Any]]
) -> None:
    """What is in the incident already was written by itself, before it was put off, or given up."""
    plant.put(1)
    raw = plant.waiting[0].raw
    plant.run(timedelta())
    plant.deliveries.done.clear()
    again = decode(raw)
    before = {**vars(again), **mark(plant.world.now)}
    plant.waiting.append(Waiting(plant.world.now, encode(Message(**before))))
    plant.run(timedelta())
    assert plant.world.slept == []
    assert len(plant.world.event_ids()) == 1


@pytest.mark.parametrize("asked", [60.0, 240.0])
def test_who_asks_to_wait_for_long_is_asked_again_only_then(plant: Plant, asked: float) -> None:
    plant.deliveries.trouble = Transient("azure-busy", "503", hint="again", retry_after=asked)
    plant.put(3)
    plant.run(timedelta())
    assert (plant.calls, plant.world.slept) == (3, [])
    assert all((one.at - plant.world.now).total_seconds() >= asked for one in plant.waiting)
    plant.run(timedelta(hours=2))
    assert (plant.poison, plant.world.slept) == ([], [])
    plant.deliveries.trouble = None
    plant.run(timedelta(minutes=30))
    plant.assert_each_is_one_row(3)


@pytest.mark.parametrize("asked", [0.0, 240.0])
def test_what_cannot_be_acknowledged_leaves_few_copies(plant: Plant, asked: float) -> None:
    plant.deliveries.trouble = Transient("azure-busy", "503", hint="again", retry_after=asked)
    plant.put(1)
    raw, sent = plant.waiting.pop().raw, 0
    for tries in range(1, MOST + 1):  # whether it is acknowledged or not, the host hands it over again
        with contextlib.suppress(VibedataError):
            plant._process(QueueMessage(id="1", body=raw, dequeue_count=tries))
        sent = len(plant.queue.hidden)
    assert sent == (3 if asked else 2)


def test_the_log_says_what_was_put_off_why_and_until_when(
    plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    plant.deliveries.trouble = NO_ROLE
    plant.put(1)
    plant.run(timedelta(minutes=4))
    (line,) = [one for one in caplog.messages if "put off" in one]
    assert "is put off for " in line
    assert "(number 1 since 2026-03-04T05:09:37+00:00): role-missing: no role What to do: assign it" in line


# how often the host tries


def test_what_wiring_gives_the_flow_is_what_it_asks_for() -> None:
    ports = FunctionWires(AlertSettings(**SETTINGS)).put_off_alert()
    required = {
        name
        for name, one in inspect.signature(put_off_alert.run).parameters.items()
        if one.default is inspect.Parameter.empty
    }
    assert required - set(ports) == {"message", "why", "tries", "most"}
    assert set(ports) <= required
    assert ports["first_seconds"] == 60


@pytest.fixture
def forgotten() -> Any:
    host.most_tries.cache_clear()
    yield
    host.most_tries.cache_clear()


@pytest.mark.usefixtures("forgotten")
def test_it_is_as_host_json_says_unless_a_setting_does(monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(Path("host.json").read_text("utf-8"))
    assert host.most_tries() == document["extensions"]["queues"]["maxDequeueCount"] == MOST
    host.most_tries.cache_clear()
    monkeypatch.setenv("AzureFunctionsJobHost__extensions__queues__maxDequeueCount", "2")
    assert host.most_tries() == 2
