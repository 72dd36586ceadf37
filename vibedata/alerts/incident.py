"""What an incident is: the deliveries of one alertId, put together so that their order does not matter.

Every change is a merge: the latest opening, the latest closing, the earliest time, the newest facts and a bounded set
of steps. To merge a delivery again changes nothing, so a process may die after any write and start over. An incident
is open while its latest opening is later than its latest closing.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vibedata.alerts.model import LEGACY, Alert, Condition
from vibedata.envelope import NAMESPACE

TOLERANCE = timedelta(minutes=5)  # between the times of the Alerts Management API and those of a delivery
MAX_STEPS = 32  # of an incident: the newest stay

# Events of which each is an alert of its own: another alert, of the same cause, tells that they are over.
CLOSED_BY_CORRELATION = frozenset((LEGACY, "service-health", "resource-health", "activity-security"))
# What nobody ever resolves: it tells that something happened, and there is nothing that could end.
NEVER_RESOLVED = frozenset(
    (
        *("activity-administrative", "activity-policy", "activity-autoscale", "activity-recommendation"),
        *("activity-log", "budget"),
    )
)


@dataclass(frozen=True)
class Step:
    """One delivery in an incident; `verdict` is what was decided about its notice, once and for all.

    `condition` at `at` is what we concluded; `said` at `said_at` is Azure's word, by which the list of alert instances
    is compared: of a service incident that is over, Azure says that it fired.
    """

    delivery: str
    condition: Condition
    at: datetime
    said: str
    said_at: datetime
    event_id: str
    verdict: str = ""
    reconciled: bool = False

    @property
    def order(self) -> tuple[datetime, str]:
        """What the steps of an incident are sorted by."""
        return self.at, self.delivery

    @property
    def is_carried(self) -> bool:
        """Whether it is another incident's, or was taken for one, and has ended this one."""
        return not self.said


@dataclass(frozen=True)
class Facts:
    """What the newest delivery says of the incident."""

    kind: str
    rule: str
    component: str
    severity: str
    fingerprint: str
    correlation: str
    summary: str
    resolves: bool = True


@dataclass(frozen=True)
class Incident:
    """Everything known of one alertId. Times are UTC."""

    key: str
    first_at: datetime
    opened_at: datetime | None
    closed_at: datetime | None
    facts: Facts
    told_by: Step  # the delivery that the facts are of
    steps: tuple[Step, ...]

    @property
    def is_open(self) -> bool:
        """Whether it fired and has not ended since."""
        return self.opened_at is not None and (self.closed_at is None or self.opened_at > self.closed_at)

    @property
    def state(self) -> str:
        """Open or Closed."""
        return "Open" if self.is_open else "Closed"

    @property
    def reconciled(self) -> tuple[Step, ...]:
        """The steps that no delivery told, but the list of alert instances: condition, at and event_id."""
        return tuple(step for step in self.steps if step.reconciled)

    def step(self, delivery: str) -> Step | None:
        """Return a delivery's step, while it is among the newest."""
        return next((step for step in self.steps if step.delivery == delivery), None)


def step_of(alert: Alert, delivery: str, event_id: str, received_at: datetime, *, reconciled: bool) -> Step:
    """Return what a delivery is to its incident; one that tells no time happened when it was received."""
    by_content = alert.closes == "correlation" and alert.kind != LEGACY
    said: Condition = "Fired" if by_content else alert.condition
    said_at = (alert.fired_at if said == "Fired" else alert.at) or alert.at or received_at
    at = alert.at or received_at
    if by_content:
        # Openings are of the moment at which the alert fired, minutes after its event and often after what it tells
        # of was mitigated: what closes them is compared by the same clock.
        at = said_at
    elif alert.condition == "Resolved" and alert.fired_at:
        at = max(at, alert.fired_at)  # it ends that firing, whatever Azure's clocks say
    return Step(
        delivery=delivery,
        condition=alert.condition,
        at=at,
        said=said,
        said_at=said_at,
        event_id=event_id,
        reconciled=reconciled,
    )


def facts_of(alert: Alert, component: str) -> Facts:
    """Return what a delivery says of its incident."""
    return Facts(
        kind=alert.kind,
        rule=alert.rule,
        component=component,
        severity=alert.operations_severity,
        fingerprint=alert.fingerprint,
        correlation=alert.correlation_key,
        summary=alert.summary[:1024],
        resolves=alert.kind not in NEVER_RESOLVED,
    )


def begun(key: str, step: Step, facts: Facts) -> Incident:
    """Return the incident that a delivery is the first of."""
    opened, closed = _times(step)
    return Incident(key, step.at, opened, closed, facts, step, (step,))


def merge(known: Incident, step: Step, facts: Facts | None = None) -> Incident:
    """Return the incident with a delivery in it; the one that is known, where it has it already.

    Without facts the delivery is one of another incident, which ends this one too. It may turn out to be one of this.
    """
    held = known.step(step.delivery)
    if held and not (held.is_carried and facts):
        return known
    opened, closed = _times(step)
    newer = facts is not None and _tells_more(step, known.told_by)
    return Incident(
        key=known.key,
        first_at=min(known.first_at, step.at),
        opened_at=_later(known.opened_at, opened),
        closed_at=_later(known.closed_at, closed),
        facts=facts if facts and newer else known.facts,
        told_by=step if newer else known.told_by,
        steps=tuple(sorted((*(one for one in known.steps if one != held), step), key=lambda one: one.order))[
            -MAX_STEPS:
        ],
    )


def carried(closing: Step) -> Step:
    """Return what a closing is to another incident, which it ends: none of its own deliveries, none that is listed."""
    return replace(closing, said="", reconciled=False)


def decided(incident: Incident, delivery: str, verdict: str) -> Incident:
    """Return the incident with what was decided about the notice of a delivery."""
    steps = tuple(
        replace(step, verdict=verdict) if step.delivery == delivery else step for step in incident.steps
    )
    told = incident.told_by
    return replace(
        incident,
        steps=steps,
        told_by=replace(told, verdict=verdict) if told.delivery == delivery else told,
    )


def reconciled_step(
    incident: Incident | None, condition: str, at: datetime, *, timeless: bool = False
) -> Step | None:
    """Return the reconciled step that stands for a delivery; None when there is none.

    A reconciled row stands for one delivery: what another one has taken is not given again. `timeless`: it is of a
    Resolved alert that has lost its time, and bears that of the start.
    """
    steps = incident.steps if incident else ()
    taken = {step.event_id for step in steps if not step.reconciled}
    waiting = [step for step in steps if step.reconciled and step.event_id not in taken]
    free = [step for step in waiting if _same(step, condition, at)]
    if not free and timeless:
        free = [step for step in waiting if step.said == condition and step.said_at >= at]
    return min(free, key=lambda step: (abs(step.said_at - at), step.delivery), default=None)


def is_known(incident: Incident | None, condition: str, at: datetime) -> bool:
    """Say whether a delivery, real or reconciled, has told of this condition at about that time."""
    return any(_same(step, condition, at) for step in (incident.steps if incident else ()))


def is_delivered(incident: Incident | None, condition: str, at: datetime) -> bool:
    """Say whether a real delivery has told of this condition at about that time."""
    steps = incident.steps if incident else ()
    return any(not step.reconciled and _same(step, condition, at) for step in steps)


def operation_id(key: str) -> str:
    """Return the OperationId that all rows of an incident share."""
    return str(uuid.uuid5(NAMESPACE, f"incident/{key}"))


def _same(step: Step, condition: str, at: datetime) -> bool:
    return step.said == condition and abs(step.said_at - at) <= TOLERANCE


def _times(step: Step) -> tuple[datetime | None, datetime | None]:
    """Return when a step opens and when it closes; what does not say what it is opens: better one too many."""
    return (None, step.at) if step.condition == "Resolved" else (step.at, None)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at), default=None)


def _tells_more(step: Step, known: Step) -> bool:
    """Say whether a step's facts stand: a real delivery's before a reconciled one's, then the newer's."""
    return (not step.reconciled, step.order) > (not known.reconciled, known.order)
