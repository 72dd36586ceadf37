"""The intake is down: alerts fire, reconciliation brings them, a message is given up and put back, and a person looks.

Over the local stack, as `vibedata-uami`: the action group fires into a hub that nobody reads.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from demo import alerting
from demo.instance import Instance
from local_stack.threaded import ThreadedStack
from tests.environment import deployer
from tests.local_stack.firing import alert, resolved
from vibedata import cli
from vibedata.adapters.rest import arm
from vibedata.alert_settings import AlertSettings
from vibedata.alerts.message import Message, decode
from vibedata.flows import process_alert, receive_alert, reconcile_alerts, record_poisoned
from vibedata.wiring.functions import FunctionWires


class Plant:
    """An instance, its Function app's wires, and hands to fire and to take messages."""

    def __init__(self, stack: ThreadedStack, instance: Instance) -> None:
        self.stack, self.instance = stack, instance
        self.offset = timedelta()
        told = alerting.host_settings(instance.settings, stack.addresses.url("identity"))
        environ = {name: value for name, value in told.items() if name.startswith("VIBEDATA_")}
        given = {name.removeprefix("VIBEDATA_").lower(): value for name, value in environ.items()}
        known = AlertSettings.__dataclass_fields__
        self.wires = FunctionWires(
            AlertSettings(**{name: value for name, value in given.items() if name in known}), self.now
        )
        self._firing = arm(stack.addresses.url("arm"), deployer(stack))
        self._queue = QueueClient(
            instance.settings.queue_endpoint, "alerts", credential=self.wires.credential()
        )

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self.offset

    def fire(self, *, ended: bool = False) -> str:
        """Fire an alert at the action group, and end it; return its incident's key."""
        subscription = self.instance.settings.subscription_id
        web = f"{self.instance.ids['resourceGroup']}/providers/Microsoft.Web/sites/app-web"
        told = alert(subscription, web)
        for document in (told, resolved(told)) if ended else (told,):
            path = f"{self.instance.ids['actionGroup']}/deliver"
            self._firing.call("POST", path, params={"api-version": "2024-10-01-preview"}, body=document)
        return str(told["data"]["essentials"]["alertId"]).lower()

    def reconcile(self) -> reconcile_alerts.Reconciled:
        return reconcile_alerts.run(**self.wires.reconcile_alerts())

    def take(self) -> list[bytes]:
        """Take what is on the queue, as the Functions host hands it over."""
        found = list(self._queue.receive_messages(max_messages=32))
        for one in found:
            self._queue.delete_message(one)
        return [base64.b64decode(one.content) for one in found]

    def process(self) -> list[Message]:
        messages = [decode(raw) for raw in self.take()]
        for message in messages:
            process_alert.run(message, **self.wires.process_alert())
        return messages


@pytest.fixture
def plant(
    instance: Instance,
    stack: ThreadedStack,
    metadata_url: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Plant]:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", metadata_url(instance.deployment.vm_id))
    monkeypatch.setenv("VIBEDATA_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    values = {name: getattr(instance.settings, name) for name in instance.settings.__dataclass_fields__}
    (tmp_path / "home" / "settings.json").write_text(json.dumps(values), "utf-8")
    yield Plant(stack, instance)


@pytest.fixture
def vibedata(plant: Plant, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Return what runs a command and gives its JSON document; `expected` is its exit code."""

    def run(*words: str, expected: int = 0) -> Any:
        capsys.readouterr()
        assert cli.main([*words, "--output", "json"]) == expected
        return json.loads(capsys.readouterr().out)

    return run


def test_what_the_intake_lost_is_found_processed_and_shown(
    plant: Plant, vibedata: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    open_one, closed_one = plant.fire(), plant.fire(ended=True)
    assert plant.reconcile().young == 3, "a delivery may still be on its way"
    plant.offset = timedelta(minutes=20)
    done = plant.reconcile()
    assert len(done.enqueued) == 3
    assert {message.origin for message in plant.process()} == {"reconciled"}
    before = plant.stack.writes.last
    assert plant.reconcile().enqueued == (), "the second run writes nothing"
    written = {one.operation for one in plant.stack.writes.since(before) if one.status < 300}
    assert not [one for one in written if one.startswith(("queue.", "logs."))], written

    found = {one["alertId"]: one for one in vibedata("alerts", "list", "--all")["incidents"]}
    assert {key: found[key]["state"] for key in found} == {open_one: "Open", closed_one: "Closed"}
    assert all(one["reconciled"] for one in found.values())
    listed = vibedata("alerts", "list")
    assert [one["alertId"] for one in listed["incidents"]] == [open_one]
    assert listed["waiting"] == {"alerts": 0, "alerts-poison": 0}

    shown = vibedata("alerts", "show", closed_one.rsplit("/", 1)[-1][:13])
    assert [step["condition"] for step in shown["deliveries"]] == ["Fired", "Resolved"]
    alert_rows = [row for row in shown["rows"] if row["Operation"] == "process_alert/metric"]
    assert sorted(row["Status"] for row in alert_rows) == ["Fired", "Resolved"]
    assert all(row["Details"]["reconciled"] for row in alert_rows)

    assert cli.main(["alerts", "list", "--all"]) == 0
    text = capsys.readouterr().out
    assert "2 incidents." in text
    assert text.endswith("0 messages wait in the queue alerts, 0 in alerts-poison.\n")
    assert "vd-cpu" in text
    assert cli.main(["alerts", "show", closed_one]) == 0
    assert "Rows in the operations log" in capsys.readouterr().out


def test_a_message_that_was_given_up_is_shown_and_put_back_once(
    plant: Plant, vibedata: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    plant.fire()
    plant.offset = timedelta(minutes=20)
    plant.reconcile()
    (raw,) = plant.take()
    kept = record_poisoned.run(raw, **plant.wires.record_poisoned())
    record_poisoned.run(b"no json", **plant.wires.record_poisoned())

    listed = vibedata("alerts", "poison", "list")["poisoned"]
    assert {one["code"] for one in listed} == {"processing-failed", "message-unreadable"}
    shown = vibedata("alerts", "poison", "show", kept.name[:12])
    assert json.loads(shown["body"])["data"]["essentials"]["alertRule"] == "vd-cpu"
    assert cli.main(["alerts", "poison", "list"]) == 0
    assert "2 waiting, 0 requeued." in capsys.readouterr().out
    assert cli.main(["alerts", "poison", "show", kept.name]) == 0
    assert "vd-cpu" in capsys.readouterr().out

    done = vibedata("alerts", "poison", "requeue", "--all")
    assert (done["requeued"], len(done["stay"])) == ([kept.name], 1)
    again = vibedata("alerts", "poison", "requeue", kept.name)
    assert (again["requeued"], again["requeuedBefore"]) == ([], [kept.name])
    (back,) = plant.take()  # once
    assert decode(back) == replace(decode(raw), requeued=True)
    assert record_poisoned.run(back, **plant.wires.record_poisoned()).times == 2, "it is known by what it was"
    assert vibedata("alerts", "poison", "requeue", kept.name)["requeued"] == [kept.name]
    assert plant.take() == [back]
    assert [one["name"] for one in vibedata("alerts", "poison", "list", "--all")["poisoned"]].count(
        kept.name
    ) == 1

    replayed = vibedata("alerts", "replay", f"alerts-rejected/poison/{kept.name}")
    assert len(replayed["enqueued"]) == 1
    assert [message.origin for message in plant.process()] == ["replayed"]
    seen = vibedata("alerts", "replay", f"alerts-rejected/poison/{kept.name}")
    assert (seen["enqueued"], len(seen["seen"])) == ([], 1)
    assert plant.take() == []


def test_what_was_no_alert_is_listed_shown_and_replayed_once_mended(
    plant: Plant,
    vibedata: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = []
    for text in ("hello", "[]"):
        done = receive_alert.run(text.encode(), origin="eventhub", **plant.wires.receive_alert())
        names += [f"alerts-rejected/{one.kept}" for one in done.rejected]
    listed = vibedata("alerts", "poison", "list", "--rejected")
    found = {one["name"]: one for one in listed["rejected"]}
    assert listed["count"] >= 2
    assert (found[names[0]]["code"], found[names[0]]["origin"]) == ("not-json", "eventhub")
    assert cli.main(["alerts", "poison", "list", "--rejected"]) == 0
    text = capsys.readouterr().out
    assert names[0][: len("alerts-rejected/sha256/") + 12] in text
    shown = vibedata("alerts", "poison", "show", names[0][: len("alerts-rejected/sha256/") + 12])
    assert (shown["name"], shown["body"], shown["code"]) == (names[0], "hello", "not-json")
    assert shown["reason"] == found[names[0]]["reason"]
    assert vibedata("alerts", "poison", "list", "--rejected", "--all", expected=2)["error"]["code"] == "usage"

    mended = json.dumps(
        alert(plant.instance.settings.subscription_id, f"{plant.instance.ids['resourceGroup']}/x")
    ).encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=BytesIO(mended)))
    replayed = vibedata("alerts", "replay", "-")
    assert (replayed["source"], len(replayed["enqueued"])) == ("-", 1)


def test_what_is_not_there_is_said(vibedata: Callable[..., Any]) -> None:
    for words, code in (
        (["show", "nobody"], "alert-unknown"),
        (["replay", "alerts-rejected/nothing"], "alert-body-unknown"),
        (["replay", "/no/such/file"], "alert-body-unknown"),
        (["poison", "show", "0" * 12], "alert-poison-unknown"),
        (["poison", "show", "alerts-claims/../x"], "alert-body-unknown"),
        (["poison", "show", "alerts-rejected/poison/../../x"], "alert-poison-unknown"),
        (["poison", "requeue", "0" * 12, "--force"], "usage"),
        (["poison", "requeue"], "usage"),
        (["poison", "requeue", "0" * 12, "--all"], "usage"),
        (["list", "--since", "yesterday"], "since-invalid"),
    ):
        assert vibedata("alerts", *words, expected=2)["error"]["code"] == code, words
