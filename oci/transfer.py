"""One artifact on its way: its manifests are read, its blobs are sent by whoever is free, its manifests go last.

Whoever sends the last blob also writes the manifests, so that no thread ever waits for another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from oci.closure import closure
from oci.descriptor import Descriptor, is_digest, sha256
from oci.errors import OciError
from oci.manifest import EMPTY_CONFIG_BYTES, Manifest
from oci.stores import Content, Store
from oci.workers import Workers

Progress = Callable[[Descriptor, bool], None]
"""Called once a blob is done: what it was, and whether its bytes were sent."""

_EMPTY = sha256(EMPTY_CONFIG_BYTES)


@dataclass(frozen=True)
class Order:
    """What to copy: `reference` of `source`, to `target`, there under `tag`."""

    source: Store
    reference: str
    target: Store
    tag: str | None = None


@dataclass
class Copied:
    """What a copy did: the artifact's descriptor, and how much was written or found there."""

    root: Descriptor
    manifests_written: int = 0
    manifests_present: int = 0
    blobs_written: int = 0
    blobs_present: int = 0
    bytes_written: int = 0
    tags_written: list[str] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """How many things were written in all."""
        return self.manifests_written + self.blobs_written + len(self.tags_written)


class Shared:
    """What the artifacts of one run share: the threads, and each blob on the same way only once.

    Of a blob that comes from elsewhere, or is described otherwise, one may fail where the other does not.
    """

    def __init__(self, workers: Workers, progress: Progress | None) -> None:
        self.workers = workers
        self._progress = progress
        self._lock = threading.Lock()
        self._blobs: dict[tuple[str, str, str, int], _Blob] = {}

    def bring(self, artifact: Artifact, descriptor: Descriptor) -> None:
        """Have a blob brought to the artifact's target, which is told when it is there."""
        order = artifact.order
        key = (order.source.label, order.target.label, descriptor.digest, descriptor.size)
        with self._lock:
            fresh = key not in self._blobs
            blob = self._blobs.setdefault(key, _Blob(self, order, descriptor))
        blob.tell(artifact)  # before it is sent, so that it is told what came of that
        if fresh:
            self.workers.add(blob.send)

    def report(self, descriptor: Descriptor, sent: bool) -> None:
        """Pass on that a blob is done."""
        if self._progress:
            with self._lock:
                self._progress(descriptor, sent)


class _Blob:
    """One blob on its way to one target, and the artifacts that wait for it."""

    def __init__(self, shared: Shared, order: Order, descriptor: Descriptor) -> None:
        self._shared = shared
        self._order = order
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._waiting: list[Artifact] = []
        self._ended: OciError | bool | None = None

    def tell(self, artifact: Artifact) -> None:
        """Have the artifact told how it ended, now or later."""
        with self._lock:
            if self._ended is None:
                self._waiting.append(artifact)
                return
        artifact.arrived(self._descriptor, self._ended if isinstance(self._ended, OciError) else False)

    def send(self) -> None:
        """Send it unless it is there; the first who waits is told of it, the others find it there."""
        ended: OciError | bool
        try:
            ended = self._sent()
            self._shared.report(self._descriptor, ended)
        except OciError as error:
            ended = error
        with self._lock:
            self._ended, waiting = ended, self._waiting
        for place, artifact in enumerate(waiting):
            artifact.arrived(self._descriptor, ended if isinstance(ended, OciError) or not place else False)

    def _sent(self) -> bool:
        blob, order = self._descriptor, self._order
        content: Content = lambda: order.source.open_blob(blob)  # noqa: E731
        if blob.digest == _EMPTY:
            content = EMPTY_CONFIG_BYTES
        return order.target.push_blob(blob, content, order.target.beside(order.source))


class Artifact:
    """One order and how far it is; `outcome` is there when the workers are done."""

    def __init__(self, order: Order, shared: Shared) -> None:
        self.order = order
        self.outcome: Copied | OciError | None = None
        self._shared = shared
        self._lock = threading.Lock()
        self._left = 0
        self._error: OciError | None = None

    def start(self) -> None:
        """Read the manifests and have the blobs brought that the target's missing ones name."""
        try:
            self._manifests = closure(self.order.source, self.order.reference)
            target, self._copied = self.order.target, Copied(self._manifests[-1].descriptor)
            self._missing = [one for one in self._manifests if not target.has_manifest(one.descriptor.digest)]
        except OciError as error:
            self.outcome = error
            return
        self._copied.manifests_present = len(self._manifests) - len(self._missing)
        blobs = {blob.digest: blob for manifest in self._missing for blob in manifest.blobs}
        self._left = len(blobs)
        for blob in blobs.values():
            self._shared.bring(self, blob)
        if not blobs:
            self._finish()

    def arrived(self, blob: Descriptor, ended: OciError | bool) -> None:
        """Take note that a blob is in the target, or why it is not; the last one ends the artifact."""
        with self._lock:
            self._left -= 1
            is_last = self._left == 0
            if isinstance(ended, OciError):
                self._error = self._error or ended
            else:
                self._copied.blobs_written += ended
                self._copied.blobs_present += not ended
                self._copied.bytes_written += blob.size if ended else 0
        if is_last:
            self._finish()

    def _finish(self) -> None:
        try:
            if not self._error:
                self._write()
        except OciError as error:
            self._error = error
        self.outcome = self._error or self._copied

    def _write(self) -> None:
        root, tag = self._manifests[-1], self.order.tag
        tag = None if tag is None or is_digest(tag) else tag
        for manifest in self._missing:
            self._put(manifest, tag if manifest is root else None)
            self._copied.manifests_written += 1
        if tag and root not in self._missing and not self._names(tag, root):
            self._put(root, tag)

    def _put(self, manifest: Manifest, tag: str | None) -> None:
        self.order.target.push_manifest(manifest.raw, manifest.descriptor.media_type, tag)
        if tag:
            self._copied.tags_written.append(tag)

    def _names(self, tag: str, root: Manifest) -> bool:
        try:
            return self.order.target.resolve(tag).digest == root.descriptor.digest
        except OciError as error:
            if error.code != "oci-not-found":
                raise
            return False
