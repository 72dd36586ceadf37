"""Whatever is done to an alert: nothing raises, no delivery is lost, nothing grows without bound or takes for ever.

`make fuzz` runs the same properties for longer.
"""

from __future__ import annotations

import base64
import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.alerts.mutations import Mutant, mutants
from tests.unit.alerts.samples import document, parsed, raw
from tests.unit.alerts.test_concern import REGISTRY
from vibedata import alerts
from vibedata.alerts import Alert, explaining
from vibedata.alerts.parsing import READER_FAILED

FEW = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
WITHOUT_SCHEMA_ID = (
    *(
        "legacy-log-fired",
        "legacy-classic-metric-fired",
        "legacy-classic-webtest-fired",
        "legacy-autoscale-fired",
    ),
)
KEYED = frozenset(
    (
        "essentials",
        "alertid",
        "monitorcondition",
        "fireddatetime",
        "resolveddatetime",
        "eventdataid",
        "schemaid",
    )
)
SECONDS = 5


def check_any(mutant: Mutant) -> None:
    """Nothing raises, and every body is an alert with a key or says why it is none."""
    bodies = alerts.read(mutant.raw)
    assert bodies
    for body in bodies:
        alert = alerts.parse(body.document, body.shape)
        assert (alert is None) == (not body.shape.is_alert)
        assert body.shape.reason if alert is None else check_alert(alert, body)
    if mutant.is_too_deep:
        assert bodies[0].shape.code == "too-deep"


def check_alert(alert: Alert, body: alerts.Body) -> bool:
    """An alert has its keys, is bounded, and can be written down."""
    assert len(alert.delivery_key) == 64
    assert alert.delivery_key == alerts.delivery_key(body.document, body.shape)
    assert alert.incident_key and alert.correlation_key and len(alert.fingerprint) == 64
    assert not [one for one in alert.unplaced if READER_FAILED in one.why]
    assert len(alert.summary) <= 4096 and alert.summary
    told = explaining.normalised(alert)
    text = json.dumps(
        [told, dict(alert.details), dict(alert.custom_properties)], allow_nan=False, ensure_ascii=False
    )
    assert len(text.encode()) < 2 * 1024 * 1024
    assert alerts.concerned(alert, REGISTRY).why
    return True


def check_kept(mutant: Mutant) -> None:
    """Changes below the top of a sample that tells its schema leave an alert."""
    if mutant.is_too_deep or mutant.name in WITHOUT_SCHEMA_ID:
        return
    (body, *_) = alerts.read(mutant.raw)
    assert body.shape.is_alert, mutant.done


def check_same_delivery(mutant: Mutant) -> None:
    """Changes anywhere else leave the key of the delivery."""
    if mutant.is_too_deep or mutant.name.startswith("legacy"):
        return
    (body,) = alerts.read(mutant.raw)
    assert alerts.delivery_key(body.document, body.shape) == parsed(mutant.name).delivery_key


@FEW
@given(mutants())
def test_no_change_makes_it_raise(mutant: Mutant) -> None:
    check_any(mutant)


@FEW
@given(mutants(below="data"))
def test_no_change_loses_a_delivery(mutant: Mutant) -> None:
    check_kept(mutant)


@FEW
@given(mutants(below="data.alertContext.", keep=KEYED))
def test_a_change_elsewhere_keeps_the_delivery_key(mutant: Mutant) -> None:
    check_same_delivery(mutant)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["data", "essentials", "alertContext", "context", "status", "alertId", "records", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@FEW
@given(JSON)
def test_any_json_is_an_alert_or_says_why_not(value: Any) -> None:
    check_any(Mutant("any", (), json.dumps(value).encode(), 0))


@FEW
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: text.encode(errors="replace")))
def test_any_bytes_are_an_alert_or_say_why_not(given_bytes: bytes) -> None:
    check_any(Mutant("bytes", (), given_bytes, 0))


@pytest.mark.parametrize("cut", range(0, 2000, 37))
def test_a_body_that_was_cut_off_says_why(cut: int) -> None:
    check_any(Mutant("cut", (), raw("metric-static-fired")[:cut], 0))


def huge(**changes: Any) -> bytes:
    changed = document("log-v2-fired")
    for path, value in changes.items():
        part, _, name = path.partition("__")
        changed["data"][part][name] = value
    return json.dumps(changed).encode()


MANY = 40_000
NAMED = [{"name": str(n), "value": n} for n in range(20_000)]
HOSTILE = {
    "brackets": b"[" * 1_000_000,
    "brackets in a text": json.dumps({"data": {"essentials": {"alertId": "[{" * 400_000}}}).encode(),
    "quotes": b'"' * 1_000_000,
    "escapes": b'{"a": "' + b"\\\\" * 400_000,
    "quotes in a text without an end": b"[" + b"[]," * 120 + b'"' + b'\\"' * 30_000 + b"\\",
    "the same within": huge(essentials__alertTargetIDs="[" + "[]," * 120 + '"' + '\\"' * 30_000 + "\\"),
    "targets": huge(essentials__alertTargetIDs=[f"/subscriptions/{n}" for n in range(MANY)]),
    "a deep id": huge(essentials__alertTargetIDs=["/a" * 400_000]),
    "fields": huge(essentials__more={str(n): n for n in range(MANY)}),
    "names": json.dumps({"data": {"essentials": {"alertId": "x", **{f"A{n}": n for n in range(MANY)}}}}).encode(),
    "dimensions": huge(alertContext__condition={"allOf": [{"dimensions": NAMED}]}),
    "criteria": huge(alertContext__condition={"allOf": [{"metricName": "m"}] * MANY}),
    "JSON in JSON": huge(alertContext__condition=json.dumps(json.dumps(json.dumps({"allOf": "[" * 100_000})))),
    "a list in quotes": huge(alertContext__condition={"allOf": [{"targetResourceTypes": "['" * 200_000}]}),
    "tags": json.dumps(
        document("service-health-active")
        | {"data": {"alertContext": {"eventSource": 2, "properties": {"communication": "<" * 900_000}}}}
    ).encode(),
    "spaces": huge(essentials__description=" " * 900_000),
    "small alerts": b"[" + b",".join([b'{"smartdetectorid":1}'] * 47_000) + b"]",
    "records": json.dumps({"records": [{"data": {"essentials": {"alertId": str(n)}}} for n in range(5_000)]}).encode(),
}  # fmt: skip


def tight(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def nested(value: Any, *names: str, times: int = 90) -> Any:
    for number in range(times):
        value = {names[number % len(names)]: value}
    return value


def in_base64(value: Any) -> str:
    return base64.b64encode(tight(value)).decode()


CARRIERS = ("records", "value", "data", "body", "outputs", "RequestBody")
WIDE = {f"f{n}": n for n in range(60_000)}
FIELDS = {f"{n:x}": 1 for n in range(498)}
DENSE = json.dumps([[]] * 80_000, separators=(",", ":"))
CARRYING = {
    "a value of nothings": tight({"value": [{}] * 340_000}),
    "a value of texts": tight({"value": ['{"a":1}'] * 80_000}),
    "a value of empty lists": tight({"value": [[]] * 340_000}),
    "a value of lists in texts": tight({"value": ["[]"] * 200_000}),
    "a value of values": tight({"value": [{"value": [{"value": [{}] * 80}] * 80}] * 20}),
    "names that are long": tight({"value": [{f"{n}.{m}" + "X" * 190: 1 for m in range(480)} for n in range(10)]}),
    "whole numbers": tight([[1] * 20_000] * 25),
    "a value of many fields": tight({"value": [FIELDS] * 250}),
    "alerts of many fields": tight([{"smartdetectorid": 1, **FIELDS} for _ in range(240)]),
    "alerts of many fields that carry": tight([{"smartdetectorid": 1, "data": {"x": 1}, "body": [{}], **FIELDS}] * 240),
    "texts": tight(['{"a":1}'] * 80_000),
    "a text of texts": tight(json.dumps(['{"a":1}'] * 40_000)),
    "empty lists": tight([[]] * 340_000),
    "many fields before deep data": tight({**WIDE, **nested({"x": 1}, "data")}),
    "many fields behind deep data": tight({**nested({"x": 1}, "data"), **WIDE}),
    "many fields at each of a few depths": tight(
        {**(half := {f"f{n}": n for n in range(15_000)}), "data": {**half, "data": {**half, "data": {**half, "x": 1}}}}
    ),
    "many names of one data": tight({"." * n + "data": {"data": {"data": 1}} for n in range(1, 1_000)}),
    "two fields at each depth": tight({**WIDE, **nested({"x": 1}, "data", "body")}),
    "all carriers in all carriers": tight(
        {name: {inner: {last: [{}] * 300 for last in CARRIERS} for inner in CARRIERS} for name in CARRIERS}
    ),
    "a long text of brackets": tight({"value": "[" + "[]," * 340_000 + "[]]"}),
    "texts of brackets": tight(dict.fromkeys(CARRIERS[:4], DENSE)),
    "data that is a text of brackets": tight({"data": "[" + "[]," * 340_000 + "[]]"}),
    "alerts with texts of brackets": tight([{"smartdetectorid": 1, "data": f'{{"a":{DENSE}}}'}] * 4),
    "alerts with broken texts of brackets": tight([{"smartdetectorid": 1, "data": f'{{"a":{DENSE}'}] * 4),
    "texts of brackets in data in data": tight({"data": {"data": json.dumps({"data": json.dumps({"a": DENSE})})}}),
    "base64 of brackets": tight({"$content": in_base64([[]] * 250_000)}),
    "base64 in base64": tight({"$content": in_base64({"$content": in_base64([[]] * 160_000)})}),
    "JSON in JSON in JSON": tight(json.dumps(json.dumps(json.dumps(["[{}]"] * 20_000)))),
    **{
        f"many fields beside {name}": tight({**WIDE, **nested([{}] * 20_000, name, "data")}) for name in CARRIERS
    },
    **{
        f"deep in {name}, then wide": tight({name: nested([{**WIDE}], "data", name, times=40)})
        for name in CARRIERS
    },
}  # fmt: skip
HOSTILE |= CARRYING
READ_SECONDS = 1.8  # 64 bodies are a batch, which has 10 minutes


def test_long_names_of_fields_leave_nothing_behind() -> None:
    tracemalloc.start()
    try:
        for number in range(10):
            alerts.read(json.dumps({f"{number}{'x' * 1_000_000}": 1}).encode())
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.thorough
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_body_takes_no_time(case: str) -> None:
    assert len(HOSTILE[case]) <= alerts.MAX_BYTES
    began = time.thread_time()
    check_any(Mutant(case, (), HOSTILE[case], 0))
    assert time.thread_time() - began < SECONDS


@pytest.mark.thorough
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_body_is_read_at_once(case: str) -> None:
    began = time.thread_time()
    assert list(alerts.read_to_send(HOSTILE[case]))
    assert time.thread_time() - began < READ_SECONDS
