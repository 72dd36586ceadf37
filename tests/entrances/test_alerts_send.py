"""`vibedata alerts send`: what it sends, what it says, and what it will not take."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from demo.instance import Instance
from local_stack.threaded import ThreadedStack
from tests.local_stack.firing import alert
from vibedata.cli import main


@pytest.fixture
def pointed(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """An instance that this process's command line is pointed at."""
    for name, value in asdict(instance.settings).items():
        shown = ",".join(value) if isinstance(value, list) else str(value)
        monkeypatch.setenv(f"VIBEDATA_{name.upper()}", shown)
    return instance


@pytest.fixture
def payload(pointed: Instance, tmp_path: Path) -> Path:
    told = alert(pointed.settings.subscription_id, f"{pointed.ids['resourceGroup']}/x")
    file = tmp_path / "alert.json"
    file.write_text(json.dumps(told), "utf-8")
    return file


def test_a_count_fires_so_many_alerts_at_the_action_group(
    payload: Path, stack: ThreadedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stack.writes.last
    assert main(["alerts", "send", str(payload), "--count", "3", "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["through"], told["sent"]) == ("actiongroup", 3)
    assert told["files"][0]["answer"]["receivers"][0]["status"] == 201
    fired = [one for one in stack.writes.since(before, service="monitor") if one.operation == "alert.deliver"]
    assert len({one.detail["alerts"][0] for one in fired}) == 3


def test_people_read_how_many_went_where(payload: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alerts", "send", str(payload)]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        f"{payload}: 1 sent, receiver alerts answered 201",
        "1 sent through actiongroup.",
    ]


def test_what_is_no_alert_is_said_with_where_to_look(
    payload: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = payload.with_name("odd.json")
    odd.write_text('{"hello": 1}', "utf-8")
    assert main(["alerts", "send", str(odd), str(payload)]) == 0
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first.endswith("and is kept: `vibedata alerts poison list --rejected` shows it")
    assert "it is no alert" in first
    assert "no alert" not in second


def test_a_hub_that_was_busy_is_told_and_ends_with_failed(
    payload: Path, stack: ThreadedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.faults.add("event_hub", "events.send", status=503, times=1)
    assert main(["alerts", "send", str(payload), "-o", "json"]) == 5
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "alert-not-delivered"
    assert error["detail"]["receivers"][0]["status"] == 503


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nowhere.json"], "file-unreadable"),
        (["{file}", "--count", "0"], "usage"),
        (["{file}", "--through", "pigeon"], "usage"),
        ([], "usage"),
    ],
)
def test_wrong_words_are_refused(
    words: list[str], code: str, payload: Path, capsys: pytest.CaptureFixture[Any]
) -> None:
    given = [word.format(file=payload) for word in words]
    assert main(["alerts", "send", *given, "--output=json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_a_payload_that_cannot_be_repeated_is_named(
    pointed: Instance, tmp_path: Path, stack: ThreadedStack, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "odd.json"
    file.write_text("{}", "utf-8")
    before = stack.writes.last
    assert main(["alerts", "send", str(file), "--count", "2", "-o", "json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], str(file) in error["message"]) == ("alert-not-repeatable", True)
    assert stack.writes.since(before, service="monitor") == []
