"""A packed release in memory: content by digest, tags on top, nothing twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from vibedata.errors import BadInput
from vibedata.manifest_parts import Content
from vibedata.release import Packed

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


class FakePackedRelease:
    """What the flow packs, as `tags` (digest by tag) and `blobs` (bytes by digest)."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.blobs: dict[str, bytes] = {}
        self.order: list[str] = []

    def add_files(
        self, files: Mapping[str, bytes], *, artifact_type: str, layer_type: str, tag: str
    ) -> Packed:
        layers = [self._blob(content) for _, content in sorted(files.items())]
        return self._artifact(artifact_type, layers, sorted(files), tag)

    def add_tree(
        self, files: Mapping[str, bytes], *, artifact_type: str, layer_type: str, tag: str
    ) -> Packed:
        listing = [[name, hashlib.sha256(content).hexdigest()] for name, content in sorted(files.items())]
        return self._artifact(artifact_type, [self._blob(json.dumps(listing).encode())], [], tag)

    def size(self) -> int:
        return len(self.blobs)

    def packed_tags(self) -> list[str]:
        return sorted(self.tags)

    def packed(self, reference: str) -> tuple[str, bytes]:
        if reference not in self.tags:
            raise BadInput("release-not-packed", f"no {reference}", hint="Pack it.")
        (layer,) = json.loads(self.blobs[self.tags[reference]])["layers"]
        return self.tags[reference], self.blobs[layer["digest"]]

    def _artifact(self, kind: str, layers: list[Content], names: list[str], tag: str) -> Packed:
        body = {"artifactType": kind, "names": names, "layers": [vars(layer) for layer in layers]}
        root = self._blob(json.dumps(body, sort_keys=True).encode())
        self.tags[tag] = root.digest
        self.order.append(tag)
        return Packed(root.digest, root.size, MANIFEST_TYPE, layers[0] if len(layers) == 1 else None)

    def _blob(self, content: bytes) -> Content:
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return Content(digest, len(content))
