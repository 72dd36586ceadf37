"""How incidents, causes and ledgers become properties of a table entity, and back.

What must be compared or queried is a property of its own; lists are JSON, bounded so that they fit the 64 KiB of a
property. What is damaged reads as empty: the next delivery puts its part back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from vibedata.alerts import times
from vibedata.alerts.cause import Cause, Opening
from vibedata.alerts.incident import Facts, Incident, Step
from vibedata.alerts.model import Condition
from vibedata.alerts.noise import Ledger, Noticed

MAX_VERDICT_CHARS = 300
MAX_PROPERTY_BYTES = 64 * 1024  # in UTF-16
_BEGINNING = datetime(1970, 1, 1, tzinfo=timezone.utc)

_NOBODY = Step("", "Unknown", _BEGINNING, "", _BEGINNING, "")

Properties = dict[str, Any]


def of_incident(incident: Incident) -> Properties:
    """Return an incident's properties."""
    facts = incident.facts
    return {
        "Key": incident.key,
        "State": incident.state,
        "FirstAt": _text(incident.first_at),
        "OpenedAt": _text(incident.opened_at),
        "ClosedAt": _text(incident.closed_at),
        "Kind": facts.kind,
        "Rule": facts.rule,
        "Component": facts.component,
        "Severity": facts.severity,
        "Fingerprint": facts.fingerprint,
        "Correlation": facts.correlation,
        "Summary": facts.summary,
        "Resolves": facts.resolves,
        "ToldByJson": _json([_of_step(incident.told_by)]),
        "StepsJson": _newest([_of_step(step) for step in incident.steps]),
    }


def incident(properties: Mapping[str, Any]) -> Incident:
    """Return the incident that an entity holds."""
    steps = _steps(properties.get("StepsJson"))
    told = next(iter(_steps(properties.get("ToldByJson"))), None) or (steps[-1] if steps else _NOBODY)
    facts = Facts(
        kind=_str(properties, "Kind"),
        rule=_str(properties, "Rule"),
        component=_str(properties, "Component"),
        severity=_str(properties, "Severity"),
        fingerprint=_str(properties, "Fingerprint"),
        correlation=_str(properties, "Correlation"),
        summary=_str(properties, "Summary"),
        resolves=properties.get("Resolves") is not False,
    )
    return Incident(
        key=_str(properties, "Key"),
        first_at=times.parse(properties.get("FirstAt")) or told.at,
        opened_at=times.parse(properties.get("OpenedAt")),
        closed_at=times.parse(properties.get("ClosedAt")),
        facts=facts,
        told_by=told,
        steps=steps,
    )


def of_cause(cause: Cause) -> Properties:
    """Return a cause's properties."""
    return {
        "Key": cause.key,
        "OpeningsJson": _newest(
            [[_text(one.at), one.incident, *([True] if one.ended else [])] for one in cause.openings]
        ),
        "ClosingsJson": _newest([_of_step(step) for step in cause.closings]),
    }


def cause(key: str, properties: Mapping[str, Any]) -> Cause:
    """Return the cause that an entity holds."""
    rows = _rows(properties.get("OpeningsJson"), 2, 3)
    openings = tuple(
        Opening(times.parse(at) or _BEGINNING, str(name), ended == [True]) for at, name, *ended in rows
    )
    return Cause(key, openings, _steps(properties.get("ClosingsJson")))


def of_ledger(ledger: Ledger) -> Properties:
    """Return a ledger's properties."""
    notices = [[_text(one.at), one.delivery, one.incident, one.fingerprint] for one in ledger.notices]
    return {"Key": ledger.rule, "NoticesJson": _newest(notices)}


def ledger(rule: str, properties: Mapping[str, Any]) -> Ledger:
    """Return the ledger that an entity holds."""
    rows = _rows(properties.get("NoticesJson"), 4)
    return Ledger(rule, tuple(Noticed(times.parse(at) or _BEGINNING, *map(str, rest)) for at, *rest in rows))


def _of_step(step: Step) -> list[Any]:
    return [
        step.delivery,
        step.condition,
        _text(step.at),
        step.said,
        _text(step.said_at),
        step.event_id,
        step.verdict[:MAX_VERDICT_CHARS],
        step.reconciled,
    ]


def _steps(text: Any) -> tuple[Step, ...]:
    return tuple(map(_step, _rows(text, 8)))


def _step(told: list[Any]) -> Step:
    delivery, condition, at, said, said_at, event_id, verdict, reconciled = told
    known: Condition = condition if condition in ("Fired", "Resolved") else "Unknown"
    when = times.parse(at) or _BEGINNING
    return Step(
        delivery=str(delivery),
        condition=known,
        at=when,
        said=str(said),
        said_at=times.parse(said_at) or when,
        event_id=str(event_id),
        verdict=str(verdict),
        reconciled=reconciled is True,
    )


def _text(at: datetime | None) -> str:
    return at.astimezone(timezone.utc).isoformat() if at else ""


def _str(properties: Mapping[str, Any], name: str) -> str:
    return str(properties.get(name) or "")


def _newest(rows: list[list[Any]]) -> str:
    """Return rows as JSON, as many of the last ones as fit a property: ids and rules may be long, or not ASCII."""
    told = _json(rows)
    while _size(told) > MAX_PROPERTY_BYTES:
        rows = rows[1 + len(rows) // 8 :]
        told = _json(rows)
    return told


def _size(text: str) -> int:
    """Return the bytes that a table counts."""
    return len(text) * 2 if text.isascii() else len(text.encode("utf-16-le", "replace"))


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _rows(text: Any, *lengths: int) -> list[list[Any]]:
    """Return the lists of these lengths that a property holds."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return []
    return (
        [one for one in found if isinstance(one, list) and len(one) in lengths]
        if isinstance(found, list)
        else []
    )
