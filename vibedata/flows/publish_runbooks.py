"""Publish the release's runbooks to the Automation account and schedule them (RFC-60 phase 8, PRD-19 FR-7a).

Everything comes from Blob, under its digest. Each step looks before it writes, so a run that was killed
anywhere is finished by the next one, and a run over a finished one writes nothing. What the account holds
beyond the release is reported and left alone: it may be the customer's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vibedata import automation, catalog, retry
from vibedata.automation import RunbookRecord, WantedRunbook
from vibedata.errors import Failed
from vibedata.holding import Hold, holding
from vibedata.importing import ARTIFACTS
from vibedata.manifest import Manifest
from vibedata.ports import ArtifactBlobs, Leases, Receipts, ReleasePointer, ReleaseTrust, Runbooks, Summary
from vibedata.recorder import Recorder
from vibedata.release_proof import imported_release

VERB = "publish_runbooks"


def publish_runbooks(
    *,
    runbooks: Runbooks,
    blobs: ArtifactBlobs,
    releases: ReleasePointer,
    release_trust: ReleaseTrust,
    leases: Leases,
    receipts: Receipts,
    worker_group: str,
    propagation_seconds: float,
    network: Callable[[], retry.Policy | None] = retry.unknown,
    pause: Callable[[float], None],
    recorder: Recorder,
    clock: Callable[[], datetime],
    dry_run: bool = False,
) -> Summary:
    """Make the account's runbooks, schedules and their links what the imported release says.

    `network` is the component registry's retry policy; without it the manifest's counts. Waits up to
    `propagation_seconds` for a role that has not spread yet. Raises Blocked (lease-held, release-not-imported,
    release-unsigned, release-sign*, blob-missing, role-missing), BadInput (manifest-invalid), Failed (runbook-drift,
    blob-tampered, lease-lost), Transient.
    """
    patience = retry.Patience(network(), retry.propagation(propagation_seconds), pause, clock)
    publisher = _Publisher(runbooks, worker_group, clock, dry_run)
    with holding(leases, receipts, recorder, patience) as hold:
        with recorder.step("read-release") as step:
            release, document = imported_release(releases, blobs, release_trust, hold.patience)
            recorder.of_release(release.digest)
            policy = document.network_retry_policies
            patience = hold.until_told(policy.attempts, policy.delay_seconds)
            wanted = patience.call(lambda: _wanted(document, blobs))
            present = {record.name for record in patience.call(runbooks.all)}
            step.message = f"Release {release.version} has {len(wanted)} mandatory runbooks."
        written = _publish_all(publisher, wanted, hold, recorder)
        settled = {} if dry_run else {"receipts": hold.settle()}
    unknown = sorted(present - {one.row.verb for one in wanted})
    if unknown:
        note = f"The account also has {', '.join(unknown)}; it was left alone."
        recorder.event("unknown-runbooks", "Observed", message=note, details={"names": unknown})
    data = {"release": release.digest, "version": release.version, "unknown": unknown, **settled}
    if dry_run:
        return Summary(VERB, {}, _told("To do", written, unknown), data, planned=dict(written))
    return Summary(VERB, dict(written), _told("Published", written, unknown), data)


def _publish_all(
    publisher: _Publisher, wanted: Sequence[WantedRunbook], hold: Hold, recorder: Recorder
) -> Counter[str]:
    """Publish and schedule one runbook after the other; what is as the release says is noted for its receipt."""
    written: Counter[str] = Counter(runbooks=0, schedules=0, schedule_links=0)
    for one in wanted:
        hold.check()
        with recorder.step("publish-runbook", component=one.row.verb) as step:
            done = hold.patience.call(lambda one=one: publisher.publish(one))  # type: ignore[misc]
            written["runbooks"] += bool(done)
            step.details["steps"] = done
        if not publisher.dry_run:
            hold.note(f"runbook/{one.row.verb}", one.digest)
        with recorder.step("schedule-runbook", component=one.row.verb):
            written.update(hold.patience.call(lambda one=one: publisher.schedule(one.row)))  # type: ignore[misc]
        if one.row.schedule and not publisher.dry_run:
            digest = automation.schedule_digest(one.row, publisher.worker_group)
            hold.note(f"schedule/{one.row.verb}", digest)
    return written


@dataclass(frozen=True)
class _Publisher:
    """Brings one runbook at a time to what the release says; looks again whenever it is called again."""

    runbooks: Runbooks
    worker_group: str
    clock: Callable[[], datetime]
    dry_run: bool

    def publish(self, wanted: WantedRunbook) -> list[str]:
        """Return which steps were needed."""
        name = wanted.row.verb
        record = self.runbooks.get(name)
        steps = automation.runbook_steps(record, self._content(record), wanted)
        if self.dry_run or not steps:
            return steps
        if "create" in steps:
            self.runbooks.create(
                name,
                kind=automation.KIND,
                runtime=automation.RUNTIME,
                description=wanted.row.summary,
                tags=wanted.tags,
            )
        if "publish" in steps:
            self.runbooks.replace_draft(name, wanted.content)
            self.runbooks.publish(name)
        self._read_back(wanted)
        return steps

    def schedule(self, row: catalog.Runbook) -> Mapping[str, int]:
        """Return how many schedules and links were written."""
        wanted = automation.wanted_schedule(row, self.clock())
        if wanted is None:
            return {}
        stale = self._put_schedule(wanted)
        return {"schedules": int(stale), "schedule_links": int(self._put_link(row) or stale)}

    def _put_schedule(self, wanted: automation.ScheduleRecord) -> bool:
        found = self.runbooks.schedule(wanted.name)
        if automation.schedule_matches(found, wanted):
            return False
        if not self.dry_run:
            if found:
                self.runbooks.delete_schedule(wanted.name)
            self.runbooks.put_schedule(wanted)
        return True

    def _put_link(self, row: catalog.Runbook) -> bool:
        wanted = automation.wanted_link(row, self.worker_group)
        found = self.runbooks.link(wanted.link_id)
        if found == wanted:
            return False
        if not self.dry_run:
            if found:
                self.runbooks.delete_link(wanted.link_id)
            self.runbooks.put_link(wanted)
        return True

    def _content(self, record: RunbookRecord | None) -> bytes | None:
        return self.runbooks.published(record.name) if record else None

    def _read_back(self, wanted: WantedRunbook) -> None:
        name = wanted.row.verb
        record = self.runbooks.get(name)
        found = automation.differences(record, self._content(record), wanted)
        if found:
            raise Failed(
                "runbook-drift",
                f"Runbook {name} was published, and then {'; '.join(found)}.",
                hint="Run again. If it stays, see in the activity log who else writes this runbook.",
                detail={"runbook": name, "differences": found, "digest": wanted.digest},
            )


def _wanted(document: Manifest, blobs: ArtifactBlobs) -> list[WantedRunbook]:
    digests = {runbook.name: runbook.content.digest for runbook in document.runbooks}
    return [
        WantedRunbook(row, digests[row.verb], blobs.get(ARTIFACTS, digests[row.verb]))
        for row in catalog.RUNBOOKS
    ]


def _told(done: str, written: Mapping[str, int], unknown: Sequence[str]) -> str:
    counts = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in written.items() if count)
    left = f" Left alone: {', '.join(unknown)}." if unknown else ""
    return (f"{done}: {counts}." if counts else "Nothing to do.") + left
