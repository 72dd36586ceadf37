"""What the demo fires: one alert of each kind, about the instance that it runs on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from demo import alerts as demo_alerts
from demo.instance import Names
from vibedata import alerts
from vibedata.alerts import kinds
from vibedata.alerts.parsing import READERS

NAMES = Names("demo")
INSTANCE: Any = SimpleNamespace(
    names=NAMES, settings=SimpleNamespace(subscription_id="11111111-2222-4333-8444-555555555555")
)


def parsed(text: str) -> list[Any]:
    return [alerts.parse(body.document, body.shape) for body in alerts.read(text.encode())]


def test_there_is_one_of_each_kind() -> None:
    files = demo_alerts.one_of_each_kind()
    found = [alert.kind for file in files for alert in parsed(file.read_text("utf-8"))]
    assert sorted(found) == sorted({*READERS, kinds.UNKNOWN, "legacy"})


def test_each_is_about_the_instance_and_still_of_its_kind() -> None:
    for file in demo_alerts.one_of_each_kind():
        told = demo_alerts.about(file.read_text("utf-8"), INSTANCE)
        assert "x7k2" not in told
        assert demo_alerts.SUBSCRIPTION not in told
        before, after = parsed(file.read_text("utf-8")), parsed(told)
        assert [alert.kind for alert in before] == [alert.kind for alert in after]


def test_a_row_is_shown_with_what_became_of_its_notice() -> None:
    row = {"Severity": "Error", "Status": "Fired", "Component": "", "Details": {"kind": "metric"}}
    quiet = {**row, "Component": "api", "Details": {"kind": "log", "severity": "Sev1", "suppressed": True}}
    assert demo_alerts.shown([row, quiet]) == [
        ("log", "api", "Fired", "Sev1", "Error, notice suppressed"),
        ("metric", "-", "Fired", "-", "Error"),
    ]
