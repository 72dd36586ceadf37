"""Holds what a soak left behind against its ledger: exactly one row for each logical event, and nothing beside."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from tests.soak.findings import Findings, LoggedRow
from tests.soak.ledger import Ledger, delivery_key
from tests.soak.rig import Rig
from tests.soak.stores import check_left, check_memory, check_tables
from tests.soak.trouble import Kill
from tests.soak.watch import PROCESS, Invocations, Sample

SUCCESS = 300


def check(
    rig: Rig,
    ledger: Ledger,
    invocations: Invocations,
    kills: Sequence[Kill],
    samples: Sequence[Sample],
) -> Findings:
    """Return what is to be said of a drained run."""
    found = Findings()
    rows = list(alert_rows(rig))
    _rows(found, rows, ledger)
    _duplicates(found, rows, rig, invocations, kills)
    check_tables(found, rows, rig, ledger)
    check_left(found, rig)
    check_memory(found, samples)
    return found


def alert_rows(rig: Rig) -> Iterator[LoggedRow]:
    """Yield every row of an alert of this instance that arrived, the same as often as it did."""
    instance = rig.instance.settings.instance_id
    with sqlite3.connect(f"file:{rig.stack / 'stack.db'}?mode=ro", uri=True) as database:
        for (text,) in database.execute("SELECT row FROM log_rows ORDER BY seq"):
            row = json.loads(text)
            if row.get("InstanceId") != instance:
                continue
            details = row.get("Details")
            details = json.loads(details) if isinstance(details, str) else details or {}
            if row.get("Category") == "Alert" and details.get("deliveryKey") and details.get("origin"):
                yield LoggedRow(row["EventId"], row["TimeGenerated"], details)


def _rows(found: Findings, rows: Sequence[LoggedRow], ledger: Ledger) -> None:
    folded = _folded(rows)
    by_event: dict[int, list[LoggedRow]] = defaultdict(list)
    strays = []
    for row in folded:
        if row.number in ledger.events:
            by_event[row.number].append(row)
        else:
            strays.append((row.event_id, row.details.get("alertId")))
    missing = [number for number in ledger.events if number not in by_event]
    doubled = [number for number, several in by_event.items() if len(several) > 1]
    other = [number for number, (row, *_) in by_event.items() if not _tells_of(row, ledger.events[number])]
    found.facts |= {
        "alerts fired": ledger.deliveries.total(),
        "logical events": len(ledger.events),
        "rows": len(rows),
        "rows, folded": len(folded),
    }
    found.expect(
        not missing, f"{len(missing)} logical events have no row", [ledger.events[n] for n in missing]
    )
    found.expect(
        not doubled, f"{len(doubled)} logical events have several rows", [ledger.events[n] for n in doubled]
    )
    found.expect(not strays, f"{len(strays)} rows tell of no logical event", strays)
    found.expect(
        not other,
        f"{len(other)} rows tell of another event than their mark",
        [ledger.events[n] for n in other],
    )


def _folded(rows: Sequence[LoggedRow]) -> list[LoggedRow]:
    """Return one row for each EventId: `arg_max(TimeGenerated, *) by EventId`."""
    newest: dict[str, LoggedRow] = {}
    for row in rows:
        if row.event_id not in newest or row.time >= newest[row.event_id].time:
            newest[row.event_id] = row
    return list(newest.values())


def _tells_of(row: LoggedRow, event: tuple[str, ...]) -> bool:
    """Say whether a row's own words are the event's: its alert, its time, and the key that follows from both."""
    if event[0] == "legacy":
        return True
    told = {row.details.get("firedAt"), row.details.get("resolvedAt")}
    at = datetime.strptime(event[2][:26], "%Y-%m-%dT%H:%M:%S.%f").isoformat()
    return (
        str(row.details.get("alertId")).lower() == event[0]
        and row.details["deliveryKey"] == delivery_key(event)
        and any(str(one).startswith(at) for one in told)
    )


def _duplicates(
    found: Findings,
    rows: Sequence[LoggedRow],
    rig: Rig,
    invocations: Invocations,
    kills: Sequence[Kill],
) -> None:
    delivered = [row for row in rows if not row.is_reconciled]
    doubled = len(delivered) - len({row.event_id for row in delivered})
    in_flight = invocations.in_flight(PROCESS, {kill.pid for kill in kills})
    lost = _rows_of_lost_answers(rig)
    found.facts |= {
        "raw duplicates": doubled,
        "in flight at kills": in_flight,
        "rows of lost answers": lost,
        "kills": len(kills),
        "invocations failed": dict(invocations.failed),
        "reconciled rows": len(rows) - len(delivered),
    }
    found.expect(
        doubled <= in_flight + lost,
        f"{doubled} raw duplicates are more than {in_flight} messages in flight at kills + {lost} rows of "
        "requests whose answer was lost",
    )


def _rows_of_lost_answers(rig: Rig) -> int:
    """Return how many rows the ingestion API took whose senders never heard of it."""
    lost = 0
    with sqlite3.connect(f"file:{rig.stack / 'stack.db'}?mode=ro", uri=True) as database:
        asked = "SELECT status, detail FROM writes WHERE service='logs' AND operation='logs.ingest' AND path LIKE ?"
        rule = f"%{rig.instance.settings.dcr_immutable_id}%"
        for status, text in database.execute(asked, (rule,)):
            detail = json.loads(text)
            if detail.get("rows") and (status >= SUCCESS or "lostStatus" in detail):
                lost += detail["rows"]
    return lost
