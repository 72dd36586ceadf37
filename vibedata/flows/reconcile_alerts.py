"""Reconcile alerts: enqueue what Azure knows to have fired or ended, and no delivery has told us.

The timer's safety net: whatever of the intake was down, Azure keeps its alerts for 30 days. Each run looks at what
changed since the watermark (and a little before), leaves alone what is so young that its delivery may be on its way,
and moves the watermark only over what it has dealt with. A run that dies is run again; what it had enqueued is
enqueued again under the same delivery key, which the processor knows. What was enqueued is noted: while processing
stands still, nothing comes of it, and each run would enqueue it once more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from vibedata import operations, retry
from vibedata.alerts import reconciling
from vibedata.alerts.enqueued_lately import EnqueuedLately
from vibedata.alerts.incident import Incident
from vibedata.alerts.reconciling import WATERMARK, AlertInstance, Event
from vibedata.errors import Failed
from vibedata.parallel import in_parallel
from vibedata.ports.alerts import AlertInstances, AlertQueue, AlertRows, Incidents, Watermarks

VERB = "reconcile_alerts"
STRIDE = 100  # instances after which a run that dies does not begin again before them
AT_ONCE = 16  # reads of incidents
MAX_TOLD = 20
REMEDY = (
    "Look why the intake missed them, or why processing stands still (rows `put_off_alert`): "
    'docs/alerts.md, "An alert is missing".'
)


@dataclass(frozen=True)
class Reconciled:
    """What a run did: delivery keys that it enqueued, instances that it looked at, events that are still too young.

    `again`: how many of them an earlier run had enqueued, and nothing has come of that. `behind`: there were more than
    it could look at; the watermark is where the next goes on.
    """

    enqueued: tuple[str, ...] = ()
    looked_at: int = 0
    young: int = 0
    watermark: datetime | None = None
    gap: timedelta = timedelta()
    behind: bool = False
    again: int = 0


def run(
    *,
    instances: AlertInstances,
    incidents: Incidents,
    queue: AlertQueue,
    watermarks: Watermarks,
    rows: AlertRows,
    clock: Callable[[], datetime],
    instance_id: str,
    pause: Callable[[float], None] = time.sleep,
) -> Reconciled:
    """Enqueue the alerts that no delivery told of, and say so in a row. Raises Transient, Blocked, Failed."""
    now = clock()
    patience = retry.Patience(None, retry.propagation(0.0), pause, clock)
    mark = patience.call(lambda: watermarks.read(WATERMARK))
    lately = EnqueuedLately.of(patience.call(lambda: watermarks.noted(WATERMARK)))
    listed, until = _listed(instances, mark, now)
    found = sorted(listed, key=lambda one: (one.changed_at, one.listed_id))
    if reconciling.gap(mark, now):  # before anything moves the watermark: nobody could tell of it any more
        rows.deliver([_gap_row(mark, now, instance_id)])
    enqueued: list[tuple[Event, str]] = []
    young = 0
    for start in range(0, len(found), STRIDE):
        some = found[start : start + STRIDE]
        due = [event for one in some for event in reconciling.events(one) if reconciling.is_due(event, now)]
        young += sum(1 for one in some for _ in reconciling.events(one)) - len(due)
        sent = _enqueue(_missing(due, incidents, patience), lately, queue, now)
        enqueued += sent
        if sent:  # another of its moment may follow: only what is before it is done
            _advance(watermarks, some[-1].changed_at - timedelta(microseconds=1), now)
    keys = tuple(key for _, key in enqueued)
    done = Reconciled(
        keys,
        len(found),
        young,
        min(until, reconciling.horizon(now)),
        reconciling.gap(mark, now),
        until < now,
        sum(lately.knows(key) for key in keys),
    )
    if enqueued or done.behind:
        rows.deliver([_row(done, [event for event, _ in enqueued], mark, now, instance_id)])
    if enqueued:  # after its row: else who dies before that leaves none
        watermarks.note(WATERMARK, lately.plus(keys, now).as_text())
    _advance(watermarks, until - timedelta(microseconds=1) if done.behind else now, now)
    return done


def _listed(
    instances: AlertInstances, mark: datetime | None, now: datetime
) -> tuple[Sequence[AlertInstance], datetime]:
    """Return what changed and up to when that is all: of more than a run can read, what changed first."""
    try:
        return list(instances.changed(reconciling.look_from(mark, now))), now
    except Failed as error:
        if error.code != "alert-instances-endless":
            raise
    return instances.changed_first(reconciling.go_on_from(mark, now), now)


def _missing(due: list[Event], incidents: Incidents, patience: retry.Patience) -> list[Event]:
    """Return the events that no delivery told of; an incident is read once for all events of its alert."""

    def known(instance: AlertInstance) -> list[Incident | None]:
        found = [patience.call(partial(incidents.read, key)) for key in instance.keys]
        return [one[0] if one else None for one in found]

    asked = list(dict.fromkeys(event.instance for event in due))
    told = dict(zip(asked, in_parallel(known, asked, at_once=AT_ONCE), strict=True))
    return [event for event in due if all(reconciling.is_missing(event, one) for one in told[event.instance])]


def _enqueue(
    missing: list[Event], lately: EnqueuedLately, queue: AlertQueue, now: datetime
) -> list[tuple[Event, str]]:
    sent = []
    for event in missing:
        message = reconciling.message(event, now)
        if not lately.has(message.delivery_key, now):
            queue.send(message)
            sent.append((event, message.delivery_key))
    return sent


def _advance(watermarks: Watermarks, moment: datetime, now: datetime) -> None:
    watermarks.advance(WATERMARK, min(moment, reconciling.horizon(now)))


def _row(
    done: Reconciled, enqueued: list[Event], mark: datetime | None, now: datetime, instance_id: str
) -> operations.Row:
    """Return the row of a run that found something: the same findings give the same EventId."""
    alerts = (
        "1 alert that no delivery told of was"
        if len(enqueued) == 1
        else f"{len(enqueued)} alerts that no delivery told of were"
    )
    told = f"{alerts} enqueued from Azure's own list."
    if done.again:
        told += f" {done.again} of them had been enqueued before, and nothing has come of that yet."
    if done.behind:
        told += f" More changed than one run reads: the next goes on from {done.watermark}."
    details = {
        "enqueued": len(done.enqueued),
        "again": done.again,
        "instances": done.looked_at,
        "since": mark.isoformat() if mark else None,
        "events": [_told(event) for event in enqueued[:MAX_TOLD]],
    }
    findings = operations.event_id(VERB, *sorted(done.enqueued), str(done.watermark) if done.behind else "")
    return _event(findings, "Reconciled", "Warning", told, details, now, instance_id)


def _gap_row(mark: datetime | None, now: datetime, instance_id: str) -> operations.Row:
    """Return the row of what can no longer be looked at; of one watermark it is one event, however often told."""
    since = mark.isoformat() if mark else None
    lost = reconciling.gap(mark, now)
    told = f"Nobody had reconciled for so long that {lost} can no longer be looked at."
    details = {"since": since, "lookedFrom": reconciling.look_from(mark, now).isoformat()}
    findings = operations.event_id(VERB, "gap", since or "")
    return _event(findings, "Incomplete", "Error", told, details, now, instance_id)


def _event(
    findings: str, status: str, severity: str, message: str, details: Any, now: datetime, instance_id: str
) -> operations.Row:
    return operations.row(
        operations.Operation(findings, VERB, instance_id),
        operations.Event(
            name="",
            status=status,
            at=now,
            category="Alert",
            severity=severity,
            message=message,
            remedy=REMEDY,
            details=details,
        ),
    )


def _told(event: Event) -> dict[str, str]:
    name = reconciling.rule_name(event.instance.rule)
    return {
        "alertId": event.instance.alert_id,
        "condition": event.condition,
        "at": event.at.isoformat(),
        "rule": name,
    }
