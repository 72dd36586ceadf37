"""A blob as a stream that can be believed: hashed as it passes, resumed where it broke off, its end held back.

The piece that completes a blob is given out only when size and digest are right. So whoever passes the stream on
(to a file, to another registry) never has the whole of a blob that is not what its descriptor says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO, Protocol

from oci.descriptor import Descriptor
from oci.errors import OciError
from oci.hashing import CHUNK, Verifier

_FRUITLESS = 4  # breaks in a row, each with fewer bytes since the one before than count as progress
_PROGRESS_BYTES = 1 << 18
_FIRST_PAUSE_SECONDS = 0.5
_LEAST_BYTES_A_SECOND = 32 * 1024  # a source that sends less, drop by drop, would hold its reader for ever
_PATIENCE_SECONDS = 300.0


class Stream(Protocol):
    """Bytes from somewhere on."""

    def read(self, size: int) -> bytes:
        """Return the next bytes, none at the end. Raises Broken."""

    def close(self) -> None:
        """Give up the rest."""


class Broken(Exception):
    """A stream ended before its end; `place` says where."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


class BlobReader:
    """Reads one blob. `open_at` opens it at an offset, at first and after each break."""

    def __init__(
        self,
        descriptor: Descriptor,
        open_at: Callable[[int], Stream],
        pause: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.descriptor = descriptor
        self._open_at = open_at
        self._pause = pause
        self._clock = clock
        self._until = clock() + _PATIENCE_SECONDS + descriptor.size / _LEAST_BYTES_A_SECOND
        self._verifier = Verifier(descriptor)
        self._stream: Stream | None = None
        self._done = False
        self._breaks, self._broke_at = 0, 0

    def read(self, size: int = CHUNK) -> bytes:
        """Return up to `size` bytes; none at the end, which is reached only by what is right.

        Raises OciError (oci-not-found, oci-digest-mismatch, oci-size-mismatch, oci-blob-truncated,
        oci-blob-interrupted).
        """
        if self._done:
            return b""
        left = self.descriptor.size - self._verifier.received
        self._refuse_drip()
        chunk = self._next(left + 1 if size < 0 else min(size, left + 1))  # one more would be one too many
        self._verifier.update(chunk)
        if not chunk or self._verifier.received == self.descriptor.size:
            self._verifier.finish()
            self._done = True
            self.close()
        return chunk

    def close(self) -> None:
        """Give up the rest."""
        stream, self._stream = self._stream, None
        if stream:
            stream.close()

    def _refuse_drip(self) -> None:
        if self._clock() > self._until:
            what = f"{self.descriptor.digest}: {self._verifier.received} bytes came in all the time there was"
            raise OciError("oci-blob-interrupted", what, "see what slows the registry down; run it again")

    def _next(self, size: int) -> bytes:
        while True:
            try:
                if self._stream is None:
                    self._stream = self._open_at(self._verifier.received)
                return self._stream.read(size)
            except Broken as broken:
                self.close()
                self._count(broken)

    def _count(self, broken: Broken) -> None:
        received = self._verifier.received
        self._breaks = 1 if received - self._broke_at >= _PROGRESS_BYTES else self._breaks + 1
        self._broke_at = received
        if self._breaks >= _FRUITLESS:
            what = f"{broken.place} broke off after {received} bytes"
            raise OciError("oci-blob-interrupted", what, "run it again") from broken
        self._pause(_FIRST_PAUSE_SECONDS * 2 ** (self._breaks - 1))

    def __enter__(self) -> BlobReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def pour(reader: BlobReader, into: BinaryIO) -> None:
    """Write the whole of a blob; trust what was written only when this returns. Raises OciError."""
    with reader:
        while chunk := reader.read():
            into.write(chunk)
