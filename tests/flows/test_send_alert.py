"""Sending alerts by hand: a file goes as it is, or as many alerts as were asked for, each of its own."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from itertools import count as counter
from typing import Any

import pytest

from tests.fakes.alert_sender import FakeAlertSender
from vibedata import alerts
from vibedata.errors import BadInput, Transient
from vibedata.flows import send_alert

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
ALERT = {
    "schemaId": "azureMonitorCommonAlertSchema",
    "data": {
        "essentials": {
            "alertId": "/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/1",
            "monitorCondition": "Fired",
            "firedDateTime": "2020-01-01T00:00:00Z",
        }
    },
}
RAW = json.dumps(ALERT, indent=3).encode()


def send(sender: FakeAlertSender, *files: tuple[str, bytes], count: int | None = None, **more: Any) -> Any:
    numbers = counter()
    return send_alert.run(
        files, count=count, sender=sender, clock=lambda: NOW, new_id=lambda: f"id-{next(numbers)}", **more
    )


def test_a_file_goes_as_it_is_byte_for_byte() -> None:
    sender = FakeAlertSender()
    done = send(sender, ("a.json", RAW), ("b.json", b"no alert at all"))
    assert sender.bodies == [RAW, b"no alert at all"] or sender.bodies == [b"no alert at all", RAW]
    assert (done.written, done.data["sent"]) == ({"alerts": 2}, 2)
    assert [each["file"] for each in done.data["files"]] == ["a.json", "b.json"]
    assert [bool(each["noAlert"]) for each in done.data["files"]] == [False, True]


def test_a_count_makes_so_many_deliveries_of_each_file() -> None:
    sender, seen = FakeAlertSender(), []
    done = send(sender, ("a.json", RAW), ("b.json", RAW), count=30, beat=seen.append)
    keys = {
        alerts.delivery_key(each.document, each.shape) for raw in sender.bodies for each in alerts.read(raw)
    }
    assert (len(keys), done.data["sent"], seen[-1]) == (60, 60, 60)
    assert {each["sent"] for each in done.data["files"]} == {30}


def test_one_file_that_cannot_be_repeated_stops_all_before_anything_is_sent() -> None:
    sender = FakeAlertSender()
    with pytest.raises(BadInput) as caught:
        send(sender, ("a.json", RAW), ("b.json", b"{}"), count=2)
    assert caught.value.code == "alert-not-repeatable"
    assert "b.json" in caught.value.message
    assert sender.bodies == []


def test_trouble_on_the_way_is_told() -> None:
    trouble = Transient("azure-busy", "busy", hint="wait")
    with pytest.raises(Transient) as caught:
        send(FakeAlertSender(trouble, after=3), ("a.json", RAW), count=10)
    assert caught.value is trouble
