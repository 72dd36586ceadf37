"""Another alert of a payload is another delivery, and the same in everything else."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from vibedata import alerts
from vibedata.alerts import sending
from vibedata.alerts.times import parse
from vibedata.errors import BadInput

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)
SAMPLES = sorted((Path(__file__).parents[2] / "data" / "alerts").glob("*.json"))


def another(raw: bytes, new_id: str = "one", now: datetime = NOW) -> bytes:
    return sending.another(raw, name="alert.json", new_id=new_id, now=now)


def keys(raw: bytes) -> list[str]:
    return [alerts.delivery_key(body.document, body.shape) for body in alerts.read(raw)]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_each_kind_becomes_a_delivery_of_its_own_of_the_same_kind(sample: Path) -> None:
    raw = sample.read_bytes()
    made = [another(raw, f"id-{number}", NOW + timedelta(microseconds=number)) for number in range(3)]
    assert len({key for each in (raw, *made) for key in keys(each)}) == 4
    kinds = {
        alerts.parse(body.document, body.shape).kind for each in (raw, *made) for body in alerts.read(each)
    }
    assert len(kinds) == 1


def test_nothing_but_ids_and_times_changes() -> None:
    told = common()
    fresh = json.loads(another(json.dumps(told).encode()))
    expected = copy.deepcopy(told)
    for name in ("alertId", "firedDateTime", "resolvedDateTime"):
        expected["data"]["essentials"][name] = fresh["data"]["essentials"][name]
        assert fresh["data"]["essentials"][name] != told["data"]["essentials"][name]
    assert fresh == expected


def test_the_id_keeps_its_form() -> None:
    fresh = json.loads(another(json.dumps(common()).encode()))["data"]["essentials"]["alertId"]
    assert fresh.startswith("/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/")
    assert [len(part) for part in fresh.rsplit("/", 1)[1].split("-")] == [8, 4, 4, 4, 12]
    bare = json.loads(another(json.dumps(common(alertId="a" * 64)).encode()))["data"]["essentials"]["alertId"]
    assert len(bare) == 64
    assert "/" not in bare


def test_an_incident_lasts_as_long_as_it_did_and_ends_now() -> None:
    fresh = json.loads(another(json.dumps(common()).encode()))["data"]["essentials"]
    began, ended = parse(fresh["firedDateTime"]), parse(fresh["resolvedDateTime"])
    assert began is not None
    assert ended == NOW
    assert ended - began == timedelta(minutes=10)


def test_every_alert_of_an_array_is_another() -> None:
    for document in ([common(), common()], {"records": [common(), common()]}):
        assert len(set(keys(another(json.dumps(document).encode())))) == 2


def test_without_an_id_the_time_makes_the_difference() -> None:
    raw = json.dumps(common(alertId=None)).encode()
    made = [another(raw, str(n), NOW + timedelta(microseconds=n)) for n in range(2)]
    assert len({*keys(made[0]), *keys(made[1])}) == 2


@pytest.mark.parametrize("raw", [b"no json", b"", b"\xff\xfe"])
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        another(raw)
    assert caught.value.code == "alert-unrecognised"


@pytest.mark.parametrize("document", [{}, 7, [1], {"data": {"context": {"timestamp": 3}}}])
def test_what_has_neither_id_nor_time_is_refused(document: Any) -> None:
    with pytest.raises(BadInput) as caught:
        another(json.dumps(document).encode())
    assert caught.value.code == "alert-not-repeatable"


def common(**changes: Any) -> dict[str, Any]:
    essentials = {
        "alertId": "/subscriptions/s/providers/Microsoft.AlertsManagement/alerts/1",
        "alertRule": "r",
        "monitorCondition": "Resolved",
        "firedDateTime": "2020-01-01T00:00:00.1234567Z",
        "resolvedDateTime": "2020-01-01T00:10:00.1234567Z",
        **changes,
    }
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {"essentials": essentials, "alertContext": {"a": 1}},
    }
