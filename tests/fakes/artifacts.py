"""An OCI registry in memory: the Artifacts port to read it, and a few ways to fill and to spoil it."""

from __future__ import annotations

import json
from typing import Any

from tests.builders.release import IMAGE_MANIFEST, Packed, digest_of
from vibedata.errors import Blocked, Failed
from vibedata.ports import Descriptor


class FakeRegistry:
    """Manifests, tags and blobs; as a real one, it serves what it has, right or wrong."""

    def __init__(self) -> None:
        self.manifests: dict[tuple[str, str], bytes] = {}
        self.tags: dict[tuple[str, str], str] = {}
        self.blobs: dict[tuple[str, str], bytes] = {}
        self.read: list[str] = []

    def push(self, packed: Packed) -> None:
        """Store an artifact and set its tags."""
        for blob in packed.blobs:
            self.blobs[packed.repository, digest_of(blob)] = blob
        self.manifests[packed.repository, packed.digest] = packed.raw
        for tag in packed.tags:
            self.tags[packed.repository, tag] = packed.digest

    def copy_from(self, other: FakeRegistry, repository: str, digest: str) -> None:
        """Take over one manifest and its layers as they are."""
        self.manifests[repository, digest] = other.manifests[repository, digest]
        for layer in json.loads(other.manifests[repository, digest])["layers"]:
            self.blobs[repository, layer["digest"]] = other.blobs[repository, layer["digest"]]

    def digest_named(self, repository: str, reference: str) -> str | None:
        """Return the digest of a tag or digest that is there."""
        digest = self.tags.get((repository, reference), reference)
        return digest if (repository, digest) in self.manifests else None

    def state(self) -> dict[str, Any]:
        """Return everything that it holds, to compare before and after."""
        return {"manifests": dict(self.manifests), "tags": dict(self.tags), "blobs": dict(self.blobs)}

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        digest = self.digest_named(repository, reference)
        if digest is None:
            return None
        raw = self.manifests[repository, digest]
        if not raw.startswith(b"{"):
            raise Failed("artifact-malformed", f"{digest} is no manifest", hint="push it again")
        return Descriptor(digest, len(raw), IMAGE_MANIFEST)

    def manifest(self, repository: str, digest: str) -> bytes:
        return self._verified(self.manifests, repository, digest)

    def blob(self, repository: str, digest: str, size: int) -> bytes:
        data = self._verified(self.blobs, repository, digest)
        if len(data) != size:
            raise Failed("artifact-tampered", f"{digest} has another size", hint="tell the publisher")
        return data

    def check_blob(self, repository: str, digest: str, size: int) -> None:
        self.blob(repository, digest, size)

    def _verified(self, store: dict[tuple[str, str], bytes], repository: str, digest: str) -> bytes:
        if (repository, digest) not in store:
            raise Blocked("artifact-missing", f"no {repository}@{digest}", hint="import it")
        self.read.append(f"{repository}@{digest}")
        if digest_of(store[repository, digest]) != digest:
            raise Failed("artifact-tampered", f"{digest} has other bytes", hint="tell the publisher")
        return store[repository, digest]
