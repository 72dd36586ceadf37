"""Pack this repository's release, sign it and push it, once for the worker's target of this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oci.layout import Layout
from vibedata import manifest, release_commands
from vibedata.manifest import Manifest
from vibedata.wiring import publisher

KEY_FILE = "release-key.pem"


@dataclass(frozen=True)
class Release:
    """A packed and signed release: where it lies, its manifest, the bundle for this machine (repository, digest).

    `release_keys` are the public keys under which it is signed, for instances to pin.
    """

    directory: Path
    version: str
    digest: str
    manifest: Manifest
    bundle: tuple[str, str]
    release_keys: tuple[str, ...]


def pack(directory: Path, progress: Callable[[str], None] = lambda _: None) -> Release:
    """Pack the release with the bundle that this machine's Python runs; sign it with the key beside `directory`.

    The key is made when there is none; it stays with whoever packs, and no instance ever sees it.
    """
    key = directory.parent / KEY_FILE
    target = release_commands.this_target()
    data = publisher.pack_release(directory, [target], progress).data
    version = str(data["version"])
    found = manifest.parse(read_manifest(directory, version))
    artifact = found.bundles[target]
    if not key.exists():
        publisher.make_key(key, "")
    publisher.sign_release(directory, version, key)
    return Release(
        directory,
        version,
        str(data["release"]),
        found,
        (artifact.repository, artifact.digest),
        (publisher.public_key(key),),
    )


def read_manifest(directory: Path, version: str) -> bytes:
    """Return the release manifest's bytes from a packed release."""
    layout = Layout.open(directory)
    layer = layout.get_manifest(version).layers[0]
    return (directory / "blobs" / "sha256" / layer.digest.removeprefix("sha256:")).read_bytes()


def push(found: Release, registry: str, progress: Callable[[str], None] = lambda _: None) -> None:
    """Push it to the publisher's registry, under its version and as `latest`."""
    publisher.push_release(found.directory, registry, found.version, progress)
