"""What a runbook, its schedule and its jobs ought to be in Automation, and what a difference means (D4).

Automation may give a runbook back with other line ends or without a byte order mark; that is no drift. A
Python runbook's parameters arrive positional and their names are ignored, so there is exactly one.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vibedata.catalog import Runbook
from vibedata.envelope import NAMESPACE, Envelope
from vibedata.receipts import digest_of

KIND = "Python"
RUNTIME = "Python-3.10"  # the system environment: hybrid workers run no other
PARAMETER = "envelope"
DIGEST_TAG = "vibedata-digest"
PUBLISHED = "Published"

ENDED_WELL = frozenset({"Completed"})
ENDED_BADLY = frozenset({"Failed", "Stopped", "Suspended"})  # nothing resumes a suspended Python job

# Automation refuses a schedule that starts within 5 minutes; the rest is room for a slow call.
SCHEDULE_LEAD = timedelta(minutes=10)
MAX_LAST_LINE = 64 * 1024
SHORTEST_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class RunbookRecord:
    """A runbook as Automation holds it; `state` is New, Edit (published before or not) or Published."""

    name: str
    state: str
    kind: str
    runtime: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ScheduleRecord:
    """When Automation starts something: from `start` on, every `every` `unit`s (Azure's word: Hour)."""

    name: str
    unit: str
    every: int
    start: datetime
    enabled: bool = True


@dataclass(frozen=True)
class ScheduleLink:
    """Automation's jobSchedule: `schedule` starts `runbook` on `worker_group`; it cannot be updated."""

    link_id: str
    schedule: str
    runbook: str
    worker_group: str
    parameter: str


@dataclass(frozen=True)
class JobRecord:
    """An Automation job: `status` is Azure's word, `exception` what a failed one left behind."""

    name: str
    runbook: str
    status: str
    parameter: str = ""
    exception: str = ""


@dataclass(frozen=True)
class WantedRunbook:
    """A mandatory runbook as the release has it."""

    row: Runbook
    digest: str
    content: bytes

    @property
    def tags(self) -> dict[str, str]:
        """The tags by which a person sees which artifact the runbook came from."""
        return {DIGEST_TAG: self.digest}


def content_hash(content: bytes) -> str:
    """Return the SHA-256 of a runbook's text, whatever its line ends and byte order mark."""
    text = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return hashlib.sha256(text).hexdigest()


def runbook_steps(record: RunbookRecord | None, published: bytes | None, wanted: WantedRunbook) -> list[str]:
    """Return which of create and publish the runbook needs; none when it is as the release says."""
    steps = [] if record and _facts_match(record, wanted) else ["create"]
    if not (record and record.state == PUBLISHED and _same(published, wanted)):
        steps.append("publish")
    return steps


def differences(record: RunbookRecord | None, published: bytes | None, wanted: WantedRunbook) -> list[str]:
    """Return in words how a runbook that was just published differs from the release."""
    if record is None:
        return ["it is not there"]
    found = []
    if record.state != PUBLISHED:
        found.append(f"its state is {record.state}")
    if record.kind != KIND:
        found.append(f"its type is {record.kind}, not {KIND}")
    if record.runtime != RUNTIME:
        found.append(f"its runtime environment is {record.runtime or 'none'}, not {RUNTIME}")
    if not _same(published, wanted):
        found.append("its published content has another SHA-256")
    return found


def wanted_schedule(row: Runbook, now: datetime) -> ScheduleRecord | None:
    """Return the runbook's schedule with a start that Automation accepts now, or None when it has none."""
    if row.schedule is None:
        return None
    start = (now + SCHEDULE_LEAD).replace(second=0, microsecond=0)
    return ScheduleRecord(row.verb, row.schedule.unit, row.schedule.every, start)


def schedule_matches(found: ScheduleRecord | None, wanted: ScheduleRecord) -> bool:
    """Tell whether a schedule fires as often as wanted; when it began does not matter."""
    return found is not None and found.enabled and (found.unit, found.every) == (wanted.unit, wanted.every)


def wanted_link(row: Runbook, worker_group: str) -> ScheduleLink:
    """Return the link of a runbook to its schedule; without an operation id, for each firing is its own."""
    return ScheduleLink(
        link_id=str(uuid.uuid5(NAMESPACE, f"schedule-link/{row.verb}")),
        schedule=row.verb,
        runbook=row.verb,
        worker_group=worker_group,
        parameter=Envelope(row.verb).encode(),
    )


def schedule_digest(row: Runbook, worker_group: str) -> str:
    """Return the digest of a runbook's schedule and its link; when it began is no part of them."""
    link = wanted_link(row, worker_group)
    definition = {**vars(link), **(vars(row.schedule) if row.schedule else {})}
    return digest_of(definition)


def closing_document(text: str) -> dict[str, Any] | None:
    """Return the JSON object on the last line of a job's output or exception; None when there is none."""
    lines = text.strip().splitlines()
    if not lines or len(lines[-1]) > MAX_LAST_LINE:
        return None
    try:
        document = json.loads(lines[-1])
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def written_counts(result: Mapping[str, Any]) -> dict[str, int]:
    """Return the counts of a closing document, whatever else stands there."""
    written = result.get("written")
    if not isinstance(written, dict):
        return {}
    return {str(kind): count for kind, count in written.items() if isinstance(count, int)}


def _facts_match(record: RunbookRecord, wanted: WantedRunbook) -> bool:
    return (record.kind, record.runtime) == (KIND, RUNTIME) and record.tags.get(DIGEST_TAG) == wanted.digest


def _same(published: bytes | None, wanted: WantedRunbook) -> bool:
    return published is not None and content_hash(published) == content_hash(wanted.content)


def pace(waited: float, longest: float) -> float:
    """Return the seconds until the next look at a job that has been awaited for `waited` seconds.

    A seventh of the wait so far: what ends soon is seen soon, and what takes long is not asked for in vain.
    """
    return min(max(SHORTEST_LOOK_SECONDS, waited / 7), longest)
