"""ArtifactBlobs in memory."""

from __future__ import annotations

import hashlib

from vibedata.errors import BadInput, Blocked, Failed


class FakeArtifactBlobs:
    """Holds bytes by container and digest; `written` lists what was stored, in order."""

    def __init__(self, containers: tuple[str, ...] = ("manifests", "artifacts")) -> None:
        self.content: dict[str, dict[str, bytes]] = {container: {} for container in containers}
        self.written: list[tuple[str, str]] = []

    def has(self, container: str, digest: str) -> bool:
        return digest in self.content.get(container, {})

    def put(self, container: str, digest: str, data: bytes) -> bool:
        if _digest(data) != digest:
            raise BadInput("blob-digest-mismatch", digest, hint="give the right bytes")
        if container not in self.content:
            raise Blocked("blob-container-missing", container, hint="make it")
        there = self.content[container].get(digest)
        if there is not None and there != data:
            raise BadInput("blob-conflict", digest, hint="find out who")
        if there is None:
            self.content[container][digest] = data
            self.written.append((container, digest))
        return there is None

    def get(self, container: str, digest: str) -> bytes:
        if digest not in self.content.get(container, {}):
            raise Blocked("blob-missing", digest, hint="import it")
        data = self.content[container][digest]
        if _digest(data) != digest:
            raise Failed("blob-tampered", digest, hint="delete it")
        return data

    def tamper(self, container: str, digest: str, data: bytes) -> None:
        """Put other bytes under a digest, as an intruder would."""
        self.content[container][digest] = data


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
