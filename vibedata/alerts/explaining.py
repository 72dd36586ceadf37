"""What the processor would make of a payload, and why: plain data for `vibedata alerts explain`, and its text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from vibedata.alerts.concern import Concern, concerned
from vibedata.alerts.criteria import text_of
from vibedata.alerts.model import Alert, comparable
from vibedata.alerts.parsing import parse
from vibedata.alerts.shapes import Body
from vibedata.registry import Row

NO_REGISTRY = "no registry given (--registry FILE)"


def explain(name: str, bodies: Sequence[Body], rows: Iterable[Row] | None) -> list[dict[str, Any]]:
    """Return an object per alert of a file; the alerts of a file that holds several are numbered."""
    known = list(rows) if rows is not None else None
    many = len(bodies) > 1
    return [
        _entry(f"{name}#{number}" if many else name, body, known)
        for number, body in enumerate(bodies, start=1)
    ]


def lines(entry: Mapping[str, Any], alert: Alert | None) -> Iterator[str]:
    """Yield what people read of one alert."""
    yield f"{entry['file']}: {entry['kind']}"
    if alert is None:
        yield f"  no alert: {entry['why']}"
        return
    yield f"  {alert.summary}"
    for title, value in _rows(entry, alert):
        if value:
            yield f"  {title:<12} {value}"
    for metric in alert.metrics:
        yield f"  {'metric':<12} {_pairs(metric.as_dict())}"
    for link in alert.links:
        yield f"  {'link':<12} {link.name}: {link.url}"
    for one in alert.unplaced:
        yield f"  {'not placed':<12} {one.field}: {one.why}"


def normalised(alert: Alert) -> dict[str, Any]:
    """Return the alert as it was understood; target ids as they are compared."""
    return {
        "alertId": alert.alert_id or None,
        "rule": alert.rule or None,
        "condition": alert.condition,
        "severity": alert.severity,
        "service": alert.service or None,
        "firedAt": _text(alert.fired_at),
        "resolvedAt": _text(alert.resolved_at),
        "targets": [comparable(target) for target in alert.targets],
        "metrics": [metric.as_dict() for metric in alert.metrics],
    }


def _entry(name: str, body: Body, rows: Sequence[Row] | None) -> dict[str, Any]:
    alert = parse(body.document, body.shape)
    if alert is None:
        return {
            "file": name,
            "kind": "none",
            "essentials": None,
            "normalised": None,
            "component": None,
            "why": f"{body.shape.code}: {body.shape.reason}",
            "unplaced": [],
        }
    concern = Concern(None, NO_REGISTRY) if rows is None else concerned(alert, rows)
    return {
        "file": name,
        "kind": alert.kind,
        "essentials": dict(alert.essentials) if alert.essentials else None,
        "normalised": normalised(alert),
        "component": concern.component,
        "why": concern.why,
        "unplaced": [one.as_dict() for one in alert.unplaced],
    }


def _rows(entry: Mapping[str, Any], alert: Alert) -> Iterator[tuple[str, str]]:
    yield "schema", alert.schema
    yield "condition", alert.condition + (f", closes by {alert.closes}" if alert.closes else "")
    yield "severity", f"{alert.severity or 'none'}, {alert.operations_severity} in the operations table"
    yield "service", alert.service
    yield "fired", _text(alert.fired_at) or ""
    yield "resolved", _text(alert.resolved_at) or ""
    yield "targets", ", ".join(alert.targets)
    yield "component", f"{entry['component'] or 'none'}: {entry['why']}"
    yield "delivery", alert.delivery_key
    yield "incident", alert.incident_key
    yield "correlation", alert.correlation_key
    yield "fingerprint", alert.fingerprint


def _pairs(metric: Mapping[str, Any]) -> str:
    told = {name: value for name, value in metric.items() if value not in (None, {}, "")}
    dimensions = told.pop("dimensions", {})
    if dimensions:
        told["dimensions"] = " ".join(f"{name}={value}" for name, value in dimensions.items())
    numbers = (int, float)
    return ", ".join(
        f"{name} {text_of(value) if isinstance(value, numbers) else value}" for name, value in told.items()
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
