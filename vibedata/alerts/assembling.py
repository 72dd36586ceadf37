"""Puts an alert together: what every schema says somewhere, and what its kind's reader found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vibedata import redact
from vibedata.alerts import keys
from vibedata.alerts.criteria import short
from vibedata.alerts.fields import Fields, Notes
from vibedata.alerts.model import (
    COMMON_SCHEMA,
    MAX_TEXT_CHARS,
    Alert,
    Closes,
    Condition,
    Findings,
    Link,
    ResourceId,
    Severity,
    comparable,
    graver,
)
from vibedata.alerts.values import clean, fold

SEVERITIES: dict[str, Severity] = {
    "Sev0": "Error",
    "Sev1": "Error",
    "Sev2": "Warning",
    "Sev3": "Information",
    "Sev4": "Information",
}
_WORDS = {
    "critical": "Sev0",
    "error": "Sev1",
    "warning": "Sev2",
    "informational": "Sev3",
    "information": "Sev3",
    "info": "Sev3",
    "verbose": "Sev4",
}
_CONDITIONS: dict[str, Condition] = {
    "fired": "Fired",
    "activated": "Fired",
    "active": "Fired",
    "resolved": "Resolved",
    "deactivated": "Resolved",
}


@dataclass(frozen=True)
class Essence:
    """What is said of every alert, whatever its kind and schema."""

    kind: str
    schema: str
    service: str
    delivery_key: str
    alert_id: str = ""
    rule: str = ""
    rule_id: str = ""
    origin: str = ""
    word: str = ""
    severity: str | None = None
    signal: str = ""
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    targets: tuple[str, ...] = ()
    configuration_items: tuple[str, ...] = ()
    description: str = ""
    links: tuple[Link, ...] = ()
    custom_properties: Mapping[str, str] = field(default_factory=dict)
    essentials: Mapping[str, Any] | None = None


def assemble(given: Essence, found: Findings, notes: Notes) -> Alert:
    """Return the alert."""
    condition, closes = _condition(given, found)
    rule = given.rule or found.rule or given.rule_id.rstrip("/").rpartition("/")[2]
    identity = given.rule_id or rule
    resolved = given.resolved_at
    if condition == "Resolved" and resolved is None:
        resolved = found.at or given.fired_at
    return Alert(
        kind=given.kind,
        schema=given.schema,
        alert_id=given.alert_id,
        rule=rule,
        rule_id=given.rule_id,
        condition=condition,
        severity=given.severity,
        operations_severity=_operations_severity(given, found, condition),
        service=given.service,
        signal=given.signal,
        fired_at=given.fired_at or (found.at if condition != "Resolved" else None),
        resolved_at=resolved,
        targets=given.targets,
        configuration_items=given.configuration_items,
        metrics=found.metrics,
        resources=_resources(given, found),
        description=given.description,
        summary=_summary(given, found, rule, condition),
        links=tuple(dict.fromkeys((*given.links, *found.links))),
        custom_properties=given.custom_properties,
        details={name: value for name, value in found.details.items() if value not in (None, "", [], {})},
        delivery_key=given.delivery_key,
        incident_key=keys.incident_key(given.alert_id, given.delivery_key),
        correlation_key=keys.correlation_key(given.kind, given.origin, identity, given.targets, found.series),
        fingerprint=keys.fingerprint(given.kind, identity, given.targets, found.metrics, found.series),
        closes=closes,
        essentials=given.essentials,
        unplaced=notes.found(),
    )


def severity_of(place: Fields, *names: str) -> str | None:
    """Return Sev0 to Sev4, however it is written; None where there is none."""
    told = place.text(*names)
    plain = fold(told).removeprefix("severity").removeprefix("sev") if told else ""
    if plain in ("0", "1", "2", "3", "4"):
        return f"Sev{plain}"
    if told and fold(told) not in _WORDS:
        place.notes.add(f"{place.path}.{names[0]}", f"{told!r} is no severity of Azure Monitor")
    return _WORDS.get(fold(told)) if told else None


def condition_word(word: str) -> Condition | None:
    """Return the condition that a word stands for, in whatever schema it is said."""
    return _CONDITIONS.get(fold(word)) if word else None


def _condition(given: Essence, found: Findings) -> tuple[Condition, Closes]:
    said = condition_word(given.word)
    opened_by: Closes = "incident" if given.alert_id else "correlation"  # legacy alerts have no alertId
    if said == "Resolved":
        return "Resolved", opened_by
    if found.condition == "Resolved":
        return "Resolved", "correlation"  # the event closes, the alert that tells of it is another one
    if said or found.condition:
        return said or found.condition or "Unknown", ""
    return ("Resolved", opened_by) if given.resolved_at else ("Unknown", "")


def _operations_severity(given: Essence, found: Findings, condition: Condition) -> Severity:
    if condition == "Resolved":
        return "Information"
    known = SEVERITIES.get(given.severity or "")
    if known is None:  # nobody said that it is harmless, but of an event of the activity log
        known = "Information" if given.signal == "Activity Log" else "Warning"
    return graver(known, found.severity) or known


def _resources(given: Essence, found: Findings) -> tuple[ResourceId, ...]:
    """Return every resource named, most telling first: a dimension, what the kind names, the targets."""
    named = (*found.resources, *(ResourceId(target, "the alert's target") for target in given.targets))
    return tuple({comparable(one.id): one for one in reversed(named)}.values())[::-1]


def _summary(given: Essence, found: Findings, rule: str, condition: Condition) -> str:
    verb = {"Fired": "fired", "Resolved": "resolved", "Unknown": "sent an alert"}[condition]
    schema = given.schema if given.schema != COMMON_SCHEMA else ""
    who = rule or given.service or schema or "An alert"
    about = (found.about,) if found.about else given.configuration_items or given.targets
    where = ", ".join(short(one) for one in about[:3])
    told = f"{who} {verb}{f' ({given.severity})' if given.severity else ''}{f' for {where}' if where else ''}"
    more = found.headline or given.description
    sentence = f"{told}: {more}" if more else f"{told}."
    # One line, whatever a rule is called; and it goes where no row is, into the table of incidents.
    return clean(redact.text(" ".join(sentence.split())), MAX_TEXT_CHARS)
