"""Process an alert: one message of the queue becomes a row of the operations log, an incident, and maybe a notice.

The order is what makes it repeatable (D12). The incident is written first, and keeps what was decided; then the row,
then the notice, both under ids that follow from the delivery; the delivery itself last. A process that dies in
between leaves a message that is processed again, to the same end: at most a row is sent twice, under the same EventId.
Two messages of one delivery that are processed side by side meet at the incident: the second waits for the first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from vibedata import alerts
from vibedata.alerts import alert_rows, incident, noise
from vibedata.alerts.concern import Concern
from vibedata.alerts.delivery import Delivery
from vibedata.alerts.incident import Incident
from vibedata.alerts.message import Message
from vibedata.alerts.model import Alert
from vibedata.alerts.noise import Limits, Notice
from vibedata.brief_patience import BriefPatience
from vibedata.deciding import Decided, Decider
from vibedata.errors import BadInput
from vibedata.ports.alerts import AlertClaims, AlertRows, Deliveries, Incidents, Notices, RegistryRows
from vibedata.registry import Row, retry_policy

LIMITS = Limits()
# Pauses between looks for the delivery of another message, in seconds: in all longer than an upload may take.
# Then whoever had that message is taken for dead.
LOOKS = (*(0.25,) * 4, *(1.0,) * 49)
TELLING_SECONDS = 180.0  # that telling of others' ends may take longer: it would begin anew each time


@dataclass(frozen=True)
class Processed:
    """What became of a message: `written`, `seen` before, or `reconciled` (its alert has a row already)."""

    delivery_key: str
    outcome: Literal["written", "seen", "reconciled"]
    event_id: str = ""
    incident: str = ""
    verdict: str = ""


def run(
    message: Message,
    *,
    claims: AlertClaims,
    registry: RegistryRows,
    incidents: Incidents,
    deliveries: Deliveries,
    rows: AlertRows,
    notices: Notices,
    clock: Callable[[], datetime],
    instance_id: str,
    limits: Limits = LIMITS,
    pause: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
    is_retry: bool = False,
) -> Processed:
    """Process a message. Raises Transient and Blocked (it stays on the queue); BadInput, Failed (it is poison).

    `is_retry`: this very message was taken before, so what is known of its delivery is its own doing.
    """
    patience = BriefPatience(pause, monotonic)
    if patience.call(lambda: deliveries.seen(message.delivery_key)):
        return Processed(message.delivery_key, "seen")
    alert = _alert(message, claims, patience)
    known = patience.call(registry.read)
    concern = alerts.concerned(alert, known)
    decided = _decide(message, alert, concern, known, incidents, limits, patience)
    if decided.was_known and not is_retry and _is_recorded_soon(message.delivery_key, deliveries, patience):
        return Processed(message.delivery_key, "seen")
    now = clock()
    if decided.has_row:
        told = alert_rows.Told(
            message, concern, decided.incident, decided.verdict, decided.event_id, _at(alert, message)
        )
        made = [alert_rows.alert_row(alert, told, instance_id, now)]
        if decided.limited and incidents.count_limited(decided.limited, message.delivery_key):
            made.append(alert_rows.limit_row(decided.limited, None, limits.notices, instance_id, now))
        patience.check()
        rows.deliver(made)
    _tell(notices, alert, decided, message.delivery_key, patience)
    done = Delivery(message.delivery_key, decided.event_id, alert.incident_key, message.origin, now)
    patience.finish(lambda: deliveries.record(done))
    outcome: Literal["written", "reconciled"] = "written" if decided.has_row else "reconciled"
    return Processed(
        message.delivery_key, outcome, decided.event_id, alert.incident_key, decided.verdict.word
    )


def _is_recorded_soon(key: str, deliveries: Deliveries, patience: BriefPatience) -> bool:
    """Say whether the other message of this delivery, which was faster, ends well while we look."""
    for pause in LOOKS:
        patience.sleep(pause)
        if patience.call(lambda: deliveries.seen(key)):
            return True
    return False


def _alert(message: Message, claims: AlertClaims, patience: BriefPatience) -> Alert:
    """Return the alert of a message. Raises BadInput (message-no-alert), Failed (alert-claim-missing)."""
    body = message.body
    if body is None:
        body = patience.call(lambda: claims.read(message.claim or ""))
    found = alerts.read(body)
    alert = alerts.parse(found[0].document, found[0].shape) if len(found) == 1 else None
    if alert is None:
        why = found[0].shape.reason if len(found) == 1 else f"{len(found)} things in one message"
        raise BadInput(
            "message-no-alert",
            f"What this message carries is no alert: {why}.",
            hint="Intake lets none through: look at it with `vibedata alerts poison show`.",
            detail={"deliveryKey": message.delivery_key, "origin": message.origin},
        )
    return alert


def _decide(
    message: Message,
    alert: Alert,
    concern: Concern,
    known: Sequence[Row],
    incidents: Incidents,
    limits: Limits,
    patience: BriefPatience,
) -> Decided:
    policy = retry_policy(known)
    if policy:
        patience.told(policy.attempts, policy.delay_seconds)
    key = message.delivery_key
    reconciled = message.origin == "reconciled"
    step = incident.step_of(alert, key, alerts.event_id(key), message.received_at, reconciled=reconciled)
    facts = incident.facts_of(alert, concern.component or "")
    return Decider(alert, step, facts, incidents, known, limits, patience).decide()


def _tell(notices: Notices, alert: Alert, decided: Decided, delivery: str, patience: BriefPatience) -> None:
    """Open or close the notice of the incident, and close those of the others that have ended with it."""
    link = alert.links[0].url if alert.links else ""

    def notice(of: Incident, at: datetime | None, by: str = delivery) -> Notice:
        facts, severity = of.facts, alert.operations_severity
        when = at or of.first_at
        return Notice(of.key, by, facts.component, facts.rule, severity, when, alert.summary, link)

    if decided.verdict.word == noise.OPEN:
        notices.open(notice(decided.incident, decided.incident.opened_at))
    elif decided.verdict.word == noise.CLOSE:
        notices.close(notice(decided.incident, decided.incident.closed_at))
    for other in decided.ended:  # one that has opened again since has ended all the same
        patience.check(-TELLING_SECONDS)
        notices.close(notice(other.incident, other.incident.closed_at, other.delivery))


def _at(alert: Alert, message: Message) -> datetime:
    """Return when it happened; a resolution without a time of its own is of the moment it came, not of the start."""
    timeless = alert.closes == "incident" and alert.resolved_at == alert.fired_at
    return (None if timeless else alert.at) or message.received_at
