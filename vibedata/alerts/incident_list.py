"""How a person names incidents and what they see of them: short ids, choices, plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vibedata.alerts.incident import Incident, Step, operation_id
from vibedata.errors import BadInput

SHORT_CHARS = 8
MAX_TOLD = 5
SEVERITIES = ("Error", "Warning", "Information")
_NAMED = re.compile(r"[\w.:-]{1,256}")


@dataclass(frozen=True)
class Choice:
    """Which incidents are asked for; what is empty does not choose."""

    closed_too: bool = False
    since: datetime | None = None
    component: str = ""
    severity: str = ""

    def has(self, incident: Incident) -> bool:
        """Say whether an incident is among them; `since` goes by its newest delivery."""
        facts = incident.facts
        return (
            (self.closed_too or incident.is_open)
            and (self.since is None or last_at(incident) >= self.since)
            and self.component.lower() in ("", facts.component.lower())
            and self.severity.lower() in ("", facts.severity.lower())
        )


def last_at(incident: Incident) -> datetime:
    """Return when its newest delivery happened."""
    return max((step.at for step in incident.steps), default=incident.first_at)


def name_of(key: str) -> str:
    """Return the last part of an alertId, by which people tell alerts apart."""
    return key.rstrip("/").rsplit("/", 1)[-1]


def short(key: str) -> str:
    """Return the first letters of its name: enough to show it."""
    return name_of(key).removeprefix("delivery:")[:SHORT_CHARS]


def gravest_first(incidents: Iterable[Incident]) -> list[Incident]:
    """Return open ones before closed ones, grave ones before others, and of these the newest first."""

    def order(one: Incident) -> tuple[bool, int, float, str]:
        severity = one.facts.severity
        rank = SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
        return not one.is_open, rank, -last_at(one).timestamp(), one.key

    return sorted(incidents, key=order)


def chosen(incidents: Iterable[Incident], wanted: str) -> Incident:
    """Return the incident that a name, or the first letters of one, means.

    Raises BadInput (alert-unknown, alert-ambiguous).
    """
    told = wanted.strip().lower()
    found = [one for one in incidents if _means(told, one.key)]
    exact = [one for one in found if told in (one.key, name_of(one.key))]
    if len(exact) == 1 or len(found) == 1:
        return (exact or found)[0]
    if not found:
        raise BadInput(
            "alert-unknown",
            f"No incident is called {wanted[:100]!r}.",
            hint="`vibedata alerts list --all` shows them; give an alertId, or the first letters of its last part.",
        )
    names = [one.key for one in found[:MAX_TOLD]]
    raise BadInput(
        "alert-ambiguous",
        f"{wanted[:100]!r} begins the names of {len(found)} incidents: {', '.join(names)}.",
        hint="Give more letters, or the whole alertId.",
        detail={"names": names},
    )


def as_dict(incident: Incident) -> dict[str, Any]:
    """Return an incident as plain data, without its steps."""
    facts = incident.facts
    return {
        "id": short(incident.key),
        "alertId": incident.key,
        "state": incident.state,
        "severity": facts.severity,
        "component": facts.component,
        "rule": facts.rule,
        "kind": facts.kind,
        "summary": facts.summary,
        "firstAt": _iso(incident.first_at),
        "lastAt": _iso(last_at(incident)),
        "openedAt": _iso(incident.opened_at),
        "closedAt": _iso(incident.closed_at),
        "deliveries": len(incident.steps),
        "reconciled": bool(incident.reconciled),
        "operationId": operation_id(incident.key),
    }


def step_as_dict(step: Step) -> dict[str, Any]:
    """Return a delivery of an incident as plain data."""
    return {
        "deliveryKey": step.delivery,
        "condition": step.condition,
        "at": _iso(step.at),
        "eventId": step.event_id,
        "verdict": step.verdict,
        "reconciled": step.reconciled,
    }


def _means(told: str, key: str) -> bool:
    if "/" in told:
        return told == key
    return bool(_NAMED.fullmatch(told)) and name_of(key).removeprefix("delivery:").startswith(told)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
