"""Discover the deployed resources and write the component registry (RFC-60 phase 14, PRD-19 FR-9).

Manifest and inventory say which rows there shall be, the table which there are; only the difference is
written. The same run rebuilds a damaged registry. A writer that comes between is seen by its ETag: read
again, compare again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from vibedata import discovery, retry
from vibedata.discovery import Matches, Resource
from vibedata.errors import Blocked
from vibedata.holding import Hold, holding
from vibedata.manifest import Component, Manifest
from vibedata.parallel import Ahead, in_parallel
from vibedata.ports import (
    ArtifactBlobs,
    ComponentRegistry,
    Inventory,
    Leases,
    Receipts,
    ReleasePointer,
    ReleaseRecord,
    ReleaseTrust,
    Summary,
)
from vibedata.receipts import digest_of
from vibedata.recorder import Recorder
from vibedata.registry import Change, Row, difference
from vibedata.release_proof import imported_release

VERB = "bootstrap_registry"
READERS = 4  # each shakes hands with Azure, which takes longer than a read or two
FRESH_SECONDS = 2.0  # after a longer wait for the lease, its last holder may have listed later than we did
SUBJECT = "component-registry"


def bootstrap_registry(
    *,
    registry: ComponentRegistry,
    inventory: Inventory,
    blobs: ArtifactBlobs,
    releases: ReleasePointer,
    release_trust: ReleaseTrust,
    leases: Leases,
    receipts: Receipts,
    recorder: Recorder,
    clock: Callable[[], datetime],
    propagation_seconds: float = 0.0,
    network: Callable[[], retry.Policy | None] = retry.unknown,
    pause: Callable[[float], None] = time.sleep,
    name_suffix: str = "",
    dry_run: bool = False,
) -> Summary:
    """Make the registry say what the imported release and Azure say; return the difference that was written.

    `name_suffix` is the instance's own (D11); `network` the registry's retry policy, until there is one the
    manifest's. Waits up to `propagation_seconds` for a role that has not spread. Raises Blocked (lease-held,
    release-not-imported, release-unsigned, release-sign*, component-ambiguous; component-missing once the rest is
    registered), Failed (lease-lost), Transient (registry-changed), BadInput (manifest-invalid,
    registry-row-too-large).
    """
    began = clock()
    early = Ahead(inventory.resources)  # the longest read, which neither release nor lease is needed for
    patience = retry.Patience(network(), retry.propagation(propagation_seconds), pause, clock)
    with holding(leases, receipts, recorder, patience) as hold:
        is_fresh = (clock() - began).total_seconds() < FRESH_SECONDS
        listing = early if is_fresh else Ahead(inventory.resources)
        stored = Ahead(registry.read)
        with recorder.step("read-release"):
            record, release = imported_release(releases, blobs, release_trust, hold.patience)
            recorder.of_release(record.digest)
        policy = release.network_retry_policies
        patience = hold.until_told(policy.attempts, policy.delay_seconds)
        with recorder.step("discover") as step:
            matches = patience.call(lambda: _discover(release, inventory, listing, name_suffix, hold))
            step.details = {"found": len(matches.found), "missing": [c.name for c in matches.missing]}
        wanted = discovery.rows(release, _release_values(record), matches)
        with recorder.step("write-rows") as step:
            changes = patience.call(
                lambda: _write(registry, wanted, stored, clock, None if dry_run else hold)
            )
            step.details = {"changes": dict(_counted(changes))}
        settled = {} if dry_run else {"receipts": _settle(hold, wanted)}
    _report(recorder, matches)
    _refuse_missing(matches, dry_run)
    return _summary(record, matches, changes, dry_run, settled)


def _settle(hold: Hold, rows: Sequence[Row]) -> dict[str, Any]:
    hold.note(SUBJECT, digest_of({row.key: row.values for row in rows}))
    return hold.settle()


def _discover(
    release: Manifest, inventory: Inventory, listing: Callable[[], list[Resource]], suffix: str, hold: Hold
) -> Matches:
    listed = listing()
    by_listing = discovery.match(release.components, listed, suffix)
    read = in_parallel(
        lambda one: inventory.resource(one.id), by_listing.resources(), at_once=READERS, beat=hold.check
    )
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
    registry: ComponentRegistry,
    wanted: Sequence[Row],
    stored: Callable[[], list[Row]],
    clock: Callable[[], datetime],
    hold: Hold | None,
) -> list[Change]:
    """Write the difference to what is there now, unless nobody holds; a writer that comes between: ask again."""
    changes = difference(wanted, stored(), clock())
    if hold:
        hold.check()
        registry.write(changes, fence=hold.fence)
    return changes


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


def _summary(
    record: ReleaseRecord,
    matches: Matches,
    changes: Sequence[Change],
    dry_run: bool,
    settled: Mapping[str, Any],
) -> Summary:
    unmatched = [discovery.to_do_for_unmatched(resource) for resource in matches.unmatched]
    data: Mapping[str, Any] = {
        "release": record.digest,
        "version": record.version,
        "difference": [change.as_dict() for change in changes],
        "components": {name: resource.id for name, resource in sorted(matches.found.items())},
        "missing": _to_do(matches.missing),
        "unmatched": unmatched,
        "dryRun": dry_run,
        **settled,
    }
    rows = f"{len(changes)} row{'s' * (len(changes) != 1)}"
    strangers = sum(not item["infrastructure"] for item in unmatched)
    message = (
        f"{len(matches.found)} components found, {len(matches.missing)} not; "
        f"{strangers} resources not recognised; {rows} {'would be ' * dry_run}written."
    )
    kinds = Counter({"component": 0, "resource": 0, "release": 0, "policy": 0, "health": 0})
    kinds.update(_counted(changes))
    done, planned = ({}, dict(kinds)) if dry_run else (dict(kinds), {})
    return Summary(VERB, done, message, data, planned)


def _to_do(missing: Sequence[Component]) -> list[dict[str, Any]]:
    return [discovery.to_do_for_missing(component) for component in missing]
