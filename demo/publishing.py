"""Pack this repository's release and push it, once for the worker's target of this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oci.layout import Layout
from vibedata import manifest, release_commands
from vibedata.manifest import Manifest
from vibedata.wiring import publisher


@dataclass(frozen=True)
class Release:
    """A packed release: where it lies, its manifest, and the bundle for this machine (repository, digest)."""

    directory: Path
    version: str
    digest: str
    manifest: Manifest
    bundle: tuple[str, str]


def pack(directory: Path, progress: Callable[[str], None] = lambda _: None) -> Release:
    """Pack the release with the bundle that this machine's Python runs."""
    target = release_commands.this_target()
    data = publisher.pack_release(directory, [target], progress).data
    raw = read_manifest(directory, str(data["version"]))
    found = manifest.parse(raw)
    artifact = found.bundles[target]
    return Release(
        directory, str(data["version"]), str(data["release"]), found, (artifact.repository, artifact.digest)
    )


def read_manifest(directory: Path, version: str) -> bytes:
    """Return the release manifest's bytes from a packed release."""
    layout = Layout.open(directory)
    layer = layout.get_manifest(version).layers[0]
    return (directory / "blobs" / "sha256" / layer.digest.removeprefix("sha256:")).read_bytes()


def push(found: Release, registry: str, progress: Callable[[str], None] = lambda _: None) -> None:
    """Push it to the publisher's registry, under its version and as `latest`."""
    publisher.push_release(found.directory, registry, found.version, progress)
