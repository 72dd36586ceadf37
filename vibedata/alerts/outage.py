"""The row of an hour in which alerts could not be processed for one reason, and were put off."""

from __future__ import annotations

from datetime import datetime

from vibedata import operations
from vibedata.alerts.putting_off import LASTS
from vibedata.errors import VibedataError

VERB = "put_off_alert"
CATEGORY = "Alert"


def hour_of(now: datetime) -> datetime:
    """Return the beginning of the hour of the clock."""
    return now.replace(minute=0, second=0, microsecond=0)


def outage_row(why: VibedataError, instance_id: str, now: datetime) -> operations.Row:
    """Return the row; its EventId follows from the reason and the hour."""
    hours = int(LASTS.total_seconds() // 3600)
    event = operations.Event(
        name="",
        status="PutOff",
        at=now,
        category=CATEGORY,
        severity="Warning",
        key=f"{why.code}/{hour_of(now).isoformat()}",
        error_code=why.code,
        message=f"Alerts cannot be processed: {why.message} They are put off, and tried again every few minutes; "
        f"one that has waited for {hours} hours is given up.",
        remedy=why.hint,
        details={"hour": hour_of(now).isoformat(), "kind": why.kind},
    )
    operation = operations.Operation(operations.event_id(VERB, instance_id, why.code), VERB, instance_id)
    return operations.row(operation, event)
