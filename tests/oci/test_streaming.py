"""A blob's stream in small: what is given out when it breaks, lies, or ends too soon or too late."""

from __future__ import annotations

import io
import os

import pytest

from oci.descriptor import Descriptor
from oci.errors import OciError
from oci.retrying import _said
from oci.streaming import BlobReader, Broken, pour

CHUNK = 1 << 18
CONTENT = os.urandom(5 * CHUNK + 7)


class Flaky:
    """Content that breaks off `lengths` bytes after each opening, and then goes on to its end."""

    def __init__(self, content: bytes, *lengths: int) -> None:
        self.content = content
        self.lengths = list(lengths)
        self.offsets: list[int] = []

    def __call__(self, offset: int) -> _Part:
        self.offsets.append(offset)
        length = self.lengths.pop(0) if self.lengths else None
        return _Part(self.content[offset:], length)


class _Part:
    def __init__(self, content: bytes, breaks_after: int | None) -> None:
        self._file = io.BytesIO(content if breaks_after is None else content[:breaks_after])
        self._breaks = breaks_after is not None

    def read(self, size: int) -> bytes:
        chunk = self._file.read(size)
        if not chunk and self._breaks:
            raise Broken("there")
        return chunk

    def close(self) -> None:
        self._file.close()


def read(served: Flaky, content: bytes = CONTENT) -> tuple[bytes, list[float], str]:
    """Return what a reader gave out, how long it paused, and the code that it ended with."""
    pauses: list[float] = []
    into, code = io.BytesIO(), ""
    try:
        pour(BlobReader(Descriptor.of("a/b", content), served, pauses.append), into)
    except OciError as error:
        code = error.code
    return into.getvalue(), pauses, code


def test_it_goes_on_where_it_broke_off() -> None:
    served = Flaky(CONTENT, CHUNK + 1, 2 * CHUNK)
    assert read(served) == (CONTENT, [0.5, 0.5], "")
    assert served.offsets == [0, CHUNK + 1, 3 * CHUNK + 1]


def test_breaks_without_progress_end_it_after_ever_longer_pauses() -> None:
    served = Flaky(CONTENT, 10, *[0] * 9)
    given, pauses, code = read(served)
    assert (given, pauses, code) == (CONTENT[:10], [0.5, 1.0, 2.0], "oci-blob-interrupted")


def test_a_source_that_gives_a_byte_at_a_time_is_given_up() -> None:
    served = Flaky(CONTENT, *[1] * 1000)
    assert read(served)[2] == "oci-blob-interrupted"
    assert len(served.offsets) == 4


@pytest.mark.parametrize(
    ("served", "code"),
    [
        (CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]), "oci-digest-mismatch"),
        (bytes([CONTENT[0] ^ 1]) + CONTENT[1:], "oci-digest-mismatch"),
        (CONTENT[:-1], "oci-blob-truncated"),
        (CONTENT + b"x", "oci-size-mismatch"),
        (b"", "oci-blob-truncated"),
    ],
    ids=["last byte", "first byte", "short", "long", "nothing"],
)
def test_the_piece_that_would_complete_a_wrong_blob_is_held_back(served: bytes, code: str) -> None:
    given, _, ended = read(Flaky(served))
    assert ended == code
    assert len(given) < len(CONTENT)


def test_an_empty_blob_is_read() -> None:
    assert read(Flaky(b""), b"") == (b"", [], "")
    assert read(Flaky(b"x"), b"")[2] == "oci-size-mismatch"


def test_the_end_is_told_again() -> None:
    reader = BlobReader(Descriptor.of("a/b", b"ab"), Flaky(b"ab"), lambda _: None)
    assert [reader.read(1), reader.read(1), reader.read(1), reader.read(1)] == [b"a", b"b", b"", b""]


def test_a_source_that_drips_is_given_up_in_time() -> None:
    now = [0.0]
    content = b"x" * (64 * 1024)

    class Dripping(_Part):
        def read(self, size: int) -> bytes:
            now[0] += 60.0
            return super().read(min(size, 1024))

    source = Dripping(content, None)
    reader = BlobReader(Descriptor.of("a/b", content), lambda _: source, lambda _: None, lambda: now[0])
    with pytest.raises(OciError, match="oci-blob-interrupted"):
        pour(reader, io.BytesIO())
    assert now[0] < 400


def test_what_a_server_repeats_of_our_token_is_not_told() -> None:
    class Told:
        content = b"no: Bearer abcdefghijkl, eyJhbGciOi.eyJzdWIi.c2ln is refused"

    assert _said(Told()) == "no: …, … is refused"  # type: ignore[arg-type]
