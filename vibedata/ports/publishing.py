"""What the publisher packs and pushes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from vibedata.bundle import Locked, Target, Wheel
from vibedata.release import Packed


@dataclass(frozen=True)
class Commit:
    """The state of the repository that is packed: its commit, and when it was last changed (UTC, to the second)."""

    id: str
    time: datetime


class ReleaseSources(Protocol):
    """What a release is made of. Every method raises BadInput (release-source-missing, release-source-refused)."""

    def commit(self) -> Commit:
        """Return the checked-out commit; where the sources differ from it, its time is that of the newest change.

        Raises BadInput (release-commit-unknown) when this is no git checkout.
        """

    def description(self) -> dict[str, Any]:
        """Return the release's description: the manifest's parts that people write."""

    def engine(self) -> dict[str, bytes]:
        """Return the engine's files by their path in the bundle."""

    def lock(self) -> str:
        """Return the lock of what the worker installs."""

    def runbook(self, verb: str) -> bytes:
        """Return a runbook's script."""

    def component(self, name: str) -> dict[str, bytes]:
        """Return the files of a component's artifact by their path inside."""


class Wheels(Protocol):
    """Where locked distributions come from."""

    def fetch(self, target: Target, locked: Sequence[Locked]) -> list[Wheel]:
        """Return the wheel of every locked distribution for that target, in the order given, checked by hash.

        Raises Transient (wheels-unavailable) and Failed (wheel-refused).
        """


class PackedRelease(Protocol):
    """The OCI image layout that a release is packed into; tags are unique within it. Raises BadInput (oci-…)."""

    def add_files(
        self, files: Mapping[str, bytes], *, artifact_type: str, layer_type: str, tag: str
    ) -> Packed:
        """Pack each file as a layer of its own under `tag`."""

    def add_tree(
        self, files: Mapping[str, bytes], *, artifact_type: str, layer_type: str, tag: str
    ) -> Packed:
        """Pack all files as one plain tar layer under `tag`."""

    def size(self) -> int:
        """Return how many blobs and manifests it holds."""

    def packed_tags(self) -> list[str]:
        """Return its tags."""

    def packed(self, reference: str) -> tuple[str, bytes]:
        """Return the OCI digest of a packed artifact with one layer, and that layer's bytes."""


@dataclass(frozen=True)
class Pushed:
    """What one push wrote."""

    blobs: int
    manifests: int
    tags: int


class Publication(Protocol):
    """A packed release on disk and the publisher's registry. Raises Blocked, Transient and Failed (oci-…)."""

    def packed_tags(self) -> list[str]:
        """Return the tags of the packed release."""

    def packed(self, reference: str) -> tuple[str, bytes]:
        """Return the OCI digest of a packed artifact with one layer, and that layer's bytes."""

    def published(self, repository: str, reference: str) -> tuple[str, bytes] | None:
        """Return the same of an artifact in the registry, or None when there is none."""

    def published_digest(self, repository: str, tag: str) -> str | None:
        """Return what a tag names in the registry, or None."""

    def push(self, digest: str, repository: str, tag: str) -> Pushed:
        """Copy a packed artifact into a repository of the registry and set its tag; what is there is not sent."""
