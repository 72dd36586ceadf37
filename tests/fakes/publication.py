"""A packed release and a registry, both in memory; the registry can break off after some writes."""

from __future__ import annotations

import json

from tests.fakes.packed_release import FakePackedRelease
from vibedata.errors import BadInput, Transient
from vibedata.ports import Pushed

Registry = dict[str, dict[str, str]]


class FakePublication:
    """`registry` maps repository and tag to a digest; `breaks_after` writes it stops for good."""

    def __init__(
        self,
        release: FakePackedRelease,
        registry: FakeRegistry | None = None,
        breaks_after: int | None = None,
    ) -> None:
        self.release = release
        self.registry = registry if registry is not None else FakeRegistry()
        self.left = breaks_after

    def packed_tags(self) -> list[str]:
        return sorted(self.release.tags)

    def packed(self, reference: str) -> tuple[str, bytes]:
        digest = self.release.tags.get(reference)
        if digest is None:
            raise BadInput("release-not-packed", f"no {reference}", hint="Pack it.")
        return digest, _only_layer(self.release.blobs, digest)

    def published(self, repository: str, reference: str) -> tuple[str, bytes] | None:
        digest = self.registry.tags.get(repository, {}).get(reference)
        return (digest, _only_layer(self.registry.blobs, digest)) if digest else None

    def published_digest(self, repository: str, tag: str) -> str | None:
        return self.registry.tags.get(repository, {}).get(tag)

    def push(self, digest: str, repository: str, tag: str) -> Pushed:
        blobs = [layer["digest"] for layer in json.loads(self.release.blobs[digest])["layers"]]
        sent = sum(self._store(blob) for blob in blobs)
        manifests = self._store(digest)
        tags = self.registry.tags.setdefault(repository, {})
        changed = tags.get(tag) != digest
        if changed:
            self._spend()
            tags[tag] = digest
            self.registry.writes.append(f"{repository}:{tag}")
        return Pushed(sent, manifests, int(changed))

    def _store(self, digest: str) -> int:
        if digest in self.registry.blobs:
            return 0
        self._spend()
        self.registry.blobs[digest] = self.release.blobs[digest]
        self.registry.writes.append(digest)
        return 1

    def _spend(self) -> None:
        if self.left is not None:
            if self.left == 0:
                raise Transient("publisher-registry-busy", "gone", hint="Push again.")
            self.left -= 1


class FakeRegistry:
    """What is in the registry, and every write in order."""

    def __init__(self) -> None:
        self.tags: Registry = {}
        self.blobs: dict[str, bytes] = {}
        self.writes: list[str] = []

    def complete(self, digest: str) -> bool:
        """Say whether an artifact is there with its layers."""
        body = self.blobs.get(digest)
        return body is not None and all(layer["digest"] in self.blobs for layer in json.loads(body)["layers"])


def _only_layer(blobs: dict[str, bytes], digest: str) -> bytes:
    (layer,) = json.loads(blobs[digest])["layers"]
    return blobs[layer["digest"]]
