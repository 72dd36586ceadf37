"""The body of an upload: at once where it is small, else piece by piece as the source gives it.

A source that fails ends the body early but in good form: so the registry answers, says where the upload stands, and
lets it be cancelled. It becomes a blob only by a further request, which then is not made.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import BinaryIO

from oci.descriptor import Descriptor
from oci.errors import OciError
from oci.hashing import CHUNK
from oci.stores import Content, open_content
from oci.streaming import BlobReader

SMALL_BYTES = 1 << 20


class SourceFailed(Exception):
    """What was to be sent could not be read: a failure that a new upload would not mend."""

    def __init__(self, error: OciError) -> None:
        super().__init__(error)
        self.error = error


class Unfinished(Exception):
    """An upload that came to nothing: where it stands, and why."""

    def __init__(self, place: str, why: BaseException) -> None:
        super().__init__(place)
        self.place = place
        self.why = why


class Body:
    """What is sent; `start` gives it anew for each attempt."""

    def __init__(self, content: Content, descriptor: Descriptor) -> None:
        self._content = content
        self._failure: OciError | None = None
        self._begun: Generator[bytes, None, None] | None = None
        self.is_small = descriptor.size <= SMALL_BYTES

    def start(self) -> Iterator[bytes] | bytes:
        """Return the body from its first byte. Raises SourceFailed, for a small one."""
        self.close()
        self._failure = None
        pieces = self._begun = self._pieces()
        if not self.is_small:
            return pieces
        whole = b"".join(pieces)
        self.check()
        return whole

    def close(self) -> None:
        """Let go of the source, also when the request ended before the body did."""
        if self._begun:
            self._begun.close()

    def check(self) -> None:
        """Raise SourceFailed if the body ended because its source failed."""
        if self._failure:
            raise SourceFailed(self._failure)

    def _pieces(self) -> Generator[bytes, None, None]:
        source: BinaryIO | BlobReader | None = None
        try:
            source = open_content(self._content)
            while chunk := source.read(CHUNK):
                yield chunk
        except OciError as error:
            self._failure = error
        finally:
            if source:
                source.close()
