"""Discover the deployed resources and write the component registry (RFC-60 phase 14, PRD-19 FR-9).

Manifest and inventory say which rows there shall be, the table which there are; only the difference is
written. The same run rebuilds a damaged registry. A writer that comes between is seen by its ETag: read
again, compare again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from vibedata import discovery, manifest, retry
from vibedata.discovery import Matches
from vibedata.errors import Blocked, Transient
from vibedata.manifest import Component, Manifest
from vibedata.ports import ArtifactBlobs, ComponentRegistry, Inventory, ReleasePointer, ReleaseRecord, Summary
from vibedata.recorder import Recorder
from vibedata.registry import Change, Row, difference

VERB = "bootstrap_registry"
MANIFESTS = "manifests"
MAX_TURNS = 5
READERS = 8

T = TypeVar("T")


def bootstrap_registry(
    *,
    registry: ComponentRegistry,
    inventory: Inventory,
    blobs: ArtifactBlobs,
    releases: ReleasePointer,
    recorder: Recorder,
    clock: Callable[[], datetime],
    propagation_seconds: float = 0.0,
    pause: Callable[[float], None] = time.sleep,
    name_suffix: str = "",
    dry_run: bool = False,
) -> Summary:
    """Make the registry say what the imported release and Azure say; return the difference that was written.

    `name_suffix` is the instance's own (D11). Waits up to `propagation_seconds` for a role that has not
    spread. Raises Blocked (release-not-imported, component-ambiguous; component-missing once the rest is
    registered), Transient (registry-changed), BadInput (manifest-invalid, registry-row-too-large).
    """
    patience = _Patience(propagation_seconds, pause, clock)
    with recorder.step("read-release"):
        record, release = patience.read(lambda: _read_release(releases, blobs))
        recorder.of_release(record.digest)
    with recorder.step("discover") as step:
        matches = patience.read(lambda: _discover(release, inventory, name_suffix))
        step.details = {"found": len(matches.found), "missing": [c.name for c in matches.missing]}
    wanted = discovery.rows(release, _release_values(record), matches)
    with recorder.step("write-rows") as step:
        changes = patience.write(lambda: _write(registry, wanted, clock, dry_run))
        step.details = {"changes": dict(_counted(changes))}
    _report(recorder, matches)
    _refuse_missing(matches, dry_run)
    return _summary(record, matches, changes, dry_run)


@dataclass(frozen=True)
class _Patience:
    propagation_seconds: float
    pause: Callable[[float], None]
    clock: Callable[[], datetime]

    def read(self, work: Callable[[], T]) -> T:
        return self._call(work, (retry.network(), retry.propagation(self.propagation_seconds)))

    def write(self, work: Callable[[], T]) -> T:
        """Wait for roles only: a row that somebody changed is read again by the writer itself."""
        return self._call(work, (retry.propagation(self.propagation_seconds),))

    def _call(self, work: Callable[[], T], policies: Sequence[retry.Policy]) -> T:
        return retry.call_with_retry(work, policies, sleep=self.pause, now=self.clock)


def _read_release(releases: ReleasePointer, blobs: ArtifactBlobs) -> tuple[ReleaseRecord, Manifest]:
    record = releases.get()
    if record is None:
        raise Blocked(
            "release-not-imported",
            "No release has been imported into this instance.",
            hint="Run `vibedata import-artifacts` (phase 7) first.",
        )
    return record, manifest.parse(blobs.get(MANIFESTS, record.manifest_digest))


def _discover(release: Manifest, inventory: Inventory, suffix: str) -> Matches:
    listed = inventory.resources()
    by_listing = discovery.match(release.components, listed, suffix)
    with ThreadPoolExecutor(READERS) as pool:
        read = pool.map(lambda resource: inventory.resource(resource.id), by_listing.resources())
        full = {resource.key: resource for resource in read if resource}
    gone = {r.key for r in by_listing.resources()} - set(full)
    listed = [full.get(resource.key, resource) for resource in listed if resource.key not in gone]
    return discovery.match(release.components, listed, suffix)


def _release_values(record: ReleaseRecord) -> dict[str, Any]:
    return {
        "digest": record.digest,
        "manifestDigest": record.manifest_digest,
        "version": record.version,
        "channel": record.channel,
        "serial": record.serial,
    }


def _write(
    registry: ComponentRegistry, wanted: Sequence[Row], clock: Callable[[], datetime], dry_run: bool
) -> list[Change]:
    for turn in range(1, MAX_TURNS + 1):
        changes = difference(wanted, registry.read(), clock())
        try:
            if not dry_run:
                registry.write(changes)
            return changes
        except Transient as error:
            if error.code != "registry-changed" or turn == MAX_TURNS:
                raise
    raise AssertionError("the last turn returns or raises")


def _report(recorder: Recorder, matches: Matches) -> None:
    for component in matches.missing:
        to_do = discovery.to_do_for_missing(component)
        severity = "Error" if component.required else "Warning"
        recorder.event(
            "component-not-found",
            "Missing",
            component=component.name,
            severity=severity,
            message=to_do["remedy"],
            details=to_do,
        )
    for resource in matches.unmatched:
        if not discovery.is_infrastructure(resource):
            to_do = discovery.to_do_for_unmatched(resource)
            recorder.event(
                "resource-not-recognised",
                "Observed",
                message=to_do["remedy"],
                details=to_do,
                key=resource.key,
            )


def _refuse_missing(matches: Matches, dry_run: bool) -> None:
    missing = [component for component in matches.missing if component.required]
    if not missing:
        return
    first = discovery.to_do_for_missing(missing[0])
    names = ", ".join(component.name for component in missing)
    rest = "the rest would be registered" if dry_run else "the rest is registered"
    raise Blocked(
        "component-missing",
        f"No resource is {names}, which the release requires; {rest}.",
        hint=first["remedy"],
        detail={"missing": [discovery.to_do_for_missing(component) for component in missing]},
    )


def _counted(changes: Sequence[Change]) -> Counter[str]:
    return Counter(change.row.key.partition(":")[0] for change in changes)


def _summary(record: ReleaseRecord, matches: Matches, changes: Sequence[Change], dry_run: bool) -> Summary:
    unmatched = [discovery.to_do_for_unmatched(resource) for resource in matches.unmatched]
    data: Mapping[str, Any] = {
        "release": record.digest,
        "version": record.version,
        "difference": [change.as_dict() for change in changes],
        "components": {name: resource.id for name, resource in sorted(matches.found.items())},
        "missing": _to_do(matches.missing),
        "unmatched": unmatched,
        "dryRun": dry_run,
    }
    rows = f"{len(changes)} row{'s' * (len(changes) != 1)}"
    strangers = sum(not item["infrastructure"] for item in unmatched)
    message = (
        f"{len(matches.found)} components found, {len(matches.missing)} not; "
        f"{strangers} resources not recognised; {rows} {'would be ' * dry_run}written."
    )
    kinds = Counter({"component": 0, "resource": 0, "release": 0, "policy": 0, "health": 0})
    kinds.update(_counted(changes))
    return Summary(VERB, {} if dry_run else dict(kinds), message, data)


def _to_do(missing: Sequence[Component]) -> list[dict[str, Any]]:
    return [discovery.to_do_for_missing(component) for component in missing]
