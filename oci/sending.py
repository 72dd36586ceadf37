"""A body of known length, so that a blob goes out in one piece without lying in memory."""

from __future__ import annotations

from typing import BinaryIO

from oci.descriptor import Descriptor
from oci.stores import Content, open_content


class Body:
    """What is sent; `start` gives it anew for each attempt."""

    def __init__(self, content: Content, descriptor: Descriptor) -> None:
        self._content = content
        self._size = descriptor.size

    def start(self) -> _Reader | bytes:
        """Return the body from its first byte; an empty one as bytes, which HTTP needs to send a length."""
        return _Reader(open_content(self._content), self._size) if self._size else b""


class _Reader:
    """A file with a length: what the HTTP client needs to announce it."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        self._source = source
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> _Reader:
        return self

    def __next__(self) -> bytes:
        if chunk := self.read(1 << 18):
            return chunk
        raise StopIteration

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(size)
        if not chunk:
            self._source.close()
        return chunk
