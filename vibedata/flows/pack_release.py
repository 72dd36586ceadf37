"""Packs this repository's release: bundles, runbooks and components as OCI artifacts, and their manifest.

Everything goes into one OCI image layout. The same commit gives the same digests on any machine, on any day:
what is not in the repository (serial, times) comes from the commit or is given. Its own tag comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from vibedata import __version__, bundle, manifest, release
from vibedata.catalog import RUNBOOKS
from vibedata.ports import PackedRelease, ReleaseSources, Summary, Wheels
from vibedata.release import Packed

NO_ARTIFACT = "azure-resource"


def pack_release(
    *,
    sources: ReleaseSources,
    wheels: Wheels,
    packed: PackedRelease,
    targets: Sequence[str] = (bundle.WORKER_TARGET,),
    version: str | None = None,
    channel: str | None = None,
    serial: int | None = None,
    created_at: datetime | None = None,
    expires: datetime | None = None,
    commit: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Pack a release; `data` has version, serial, and the digests of `release`, `manifest` and `bundles`.

    What is not given is derived: `serial` (seconds since 1970) and `created_at` from the commit, `expires`
    from the description's validDays, `version` from the description and the contents, as a draft.

    Raises BadInput (release-commit-unknown, release-source-missing, release-source-refused, lock-unreadable,
    release-description, bundle-target-unknown, bundle-conflict, manifest-invalid), Transient
    (wheels-unavailable), Failed (wheel-refused).
    """
    before = packed.size()
    description = release.checked(sources.description())
    engine, scripts = sources.engine(), {row.verb: sources.runbook(row.verb) for row in RUNBOOKS}
    contents = _component_files(sources, description)
    identity = _identity(sources, description, version, channel, (serial, created_at, expires, commit))
    if version is None:
        parts = (engine, scripts, {"lock": sources.lock().encode()}, *contents.values())
        identity = release.draft(identity, parts)
    bundles = {name: _bundle(sources, wheels, packed, name, engine, identity, progress) for name in targets}
    runbooks = {verb: _runbook(packed, verb, script, identity) for verb, script in scripts.items()}
    components = {name: _component(packed, name, files, identity) for name, files in contents.items()}
    raw = release.document(identity, __version__, description, components, runbooks, bundles)
    checked = manifest.parse(raw)
    root = packed.add_files(
        {release.MANIFEST_FILE: raw},
        artifact_type=release.RELEASE_TYPE,
        layer_type=release.RELEASE_LAYER,
        tag=identity.version,
    )
    progress(f"release {identity.version}: {root.digest}")
    return Summary(
        verb="pack_release",
        written={"blobs": packed.size() - before},
        message=f"Release {identity.version} ({identity.channel}, serial {identity.serial}) is packed.",
        data={
            "version": identity.version,
            "serial": identity.serial,
            "release": root.digest,
            "manifest": checked.digest,
            "bundles": {name: found.digest for name, found in bundles.items()},
        },
    )


def _identity(
    sources: ReleaseSources,
    description: Mapping[str, Any],
    version: str | None,
    channel: str | None,
    given: tuple[int | None, datetime | None, datetime | None, str | None],
) -> release.Identity:
    serial, created_at, expires, commit = given
    if serial is None or created_at is None or commit is None:
        found = sources.commit()
        created_at, commit = created_at or found.time, commit or found.id
        serial = int(found.time.timestamp()) if serial is None else serial
    return release.Identity(
        version=version or str(description["version"]),
        channel=channel or str(description["channel"]),
        serial=serial,
        created_at=created_at,
        expires=expires or release.expiry(created_at, description["validDays"]),
        commit=commit,
    )


def _component_files(sources: ReleaseSources, description: Mapping[str, Any]) -> dict[str, dict[str, bytes]]:
    shipped = [part["name"] for part in description["components"] if part.get("kind") != NO_ARTIFACT]
    return {name: sources.component(name) for name in shipped}


def _bundle(
    sources: ReleaseSources,
    wheels: Wheels,
    packed: PackedRelease,
    name: str,
    engine: Mapping[str, bytes],
    identity: release.Identity,
    progress: Callable[[str], None],
) -> Packed:
    target = bundle.target(name)
    locked = bundle.locked(sources.lock(), target)
    progress(f"bundle {name}: {len(locked)} wheels, fetched where the cache lacks them")
    found = wheels.fetch(target, locked)
    files = bundle.files_of(target, found, engine, __version__)
    done = packed.add_tree(
        files,
        artifact_type=release.BUNDLE_TYPE,
        layer_type=release.BUNDLE_LAYER,
        tag=f"bundle-{release.bundle_tag(identity.version, name)}",
    )
    progress(f"bundle {name}: {len(files)} files of {len(found)} distributions, {done.digest}")
    return done


def _runbook(packed: PackedRelease, verb: str, script: bytes, identity: release.Identity) -> Packed:
    return packed.add_files(
        {f"{verb}.py": script},
        artifact_type=release.RUNBOOK_TYPE,
        layer_type=release.RUNBOOK_LAYER,
        tag=f"runbook-{verb}-{identity.version}",
    )


def _component(
    packed: PackedRelease, name: str, files: Mapping[str, bytes], identity: release.Identity
) -> Packed:
    return packed.add_files(
        files,
        artifact_type=release.COMPONENT_TYPE,
        layer_type=release.COMPONENT_LAYER,
        tag=f"component-{name}-{identity.version}",
    )
