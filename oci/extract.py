"""Unpack an archive as if an enemy had written it: all of it lands, under its target, or nothing does.

A reader of our own, because the standard one stops silently at a broken header, and follows links on the
Pythons that workers have. Understood are regular files, directories, and pax
headers that only rename or date them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from oci.archive import BLOCK
from oci.archive_names import Names
from oci.errors import OciError

_PAX_LIMIT = 64 * 1024
_HARMLESS_PAX = frozenset({"path", "mtime", "atime", "ctime", "uid", "gid", "uname", "gname", "comment"})


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold: entries, bytes in all, characters of a name."""

    entries: int = 50_000
    bytes: int = 4 * 1024**3
    name: int = 255

    @property
    def tar_overhead(self) -> int:
        """How many bytes of a tar may be none of its files': headers, long names, padding, and its end."""
        return (4 * self.entries + 20) * BLOCK


@dataclass(frozen=True)
class Extracted:
    """What was unpacked: files and their bytes."""

    files: int
    bytes: int


@dataclass(frozen=True)
class _Member:
    name: str
    kind: bytes
    size: int
    executable: bool


def extract(archive: Path, target: Path, limits: Limits | None = None) -> Extracted:
    """Unpack a plain tar into `target`, which may not exist yet; nothing is left behind on failure.

    Raises OciError (oci-target-exists, oci-archive-*).
    """
    if os.path.lexists(target):
        raise OciError("oci-target-exists", f"{target.name} is there already", "name a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    try:
        with archive.open("rb") as file:
            extracted = _unpack(file, staging, limits or Limits())
        for folder, _, _ in os.walk(staging):
            Path(folder).chmod(0o755)
        staging.rename(target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return extracted


def _unpack(file: BinaryIO, root: Path, limits: Limits) -> Extracted:
    names, files, total = Names(limits.name), 0, 0
    for count, member in enumerate(_members(file), start=1):
        total += member.size
        if count > limits.entries:
            raise _refused("oci-archive-too-many", f"more than {limits.entries} entries")
        if total > limits.bytes:
            raise _refused("oci-archive-too-large", f"more than {limits.bytes} bytes unpacked")
        inside = names.accept(member.name, directory=member.kind == b"5")
        if member.kind == b"5":
            root.joinpath(inside).mkdir(parents=True, exist_ok=True)
            continue
        files += 1
        _write(file, root / inside, member)
    return Extracted(files, total)


def _write(file: BinaryIO, path: Path, member: _Member) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o755 if member.executable else 0o644
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as out:
        os.fchmod(out.fileno(), mode)
        left = member.size
        while left:
            chunk = file.read(min(left, 1 << 20))
            if not chunk:
                raise _refused("oci-archive-invalid", f"{member.name!r:.120} ends early")
            left -= out.write(chunk)
    _read(file, -member.size % BLOCK)


def _members(file: BinaryIO) -> Iterator[_Member]:
    renamed: str | None = None
    while any(block := _read(file, BLOCK)):
        member = _member(block)
        if member.kind in (b"x", b"g"):
            renamed = _pax_path(file, member) or renamed
            continue
        yield _Member(renamed or member.name, member.kind, member.size, member.executable)
        renamed = None
    if renamed is not None or any(_read(file, BLOCK)):
        raise _refused("oci-archive-invalid", "it does not end in two empty blocks")
    while rest := file.read(1 << 20):
        if any(rest):  # a reader that goes on at empty blocks would find more in it than we do
            raise _refused("oci-archive-invalid", "something follows its end")


def _member(block: bytes) -> _Member:
    if sum(block[:148]) + 8 * 32 + sum(block[156:]) != _octal(block[148:156]):
        raise _refused("oci-archive-invalid", "a header's checksum is wrong")
    base, prefix = _text(block[:100]), _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    name = f"{prefix}/{base}" if prefix else base
    kind = block[156:157].replace(b"\0", b"0").replace(b"7", b"0")
    size = _octal(block[124:136])
    _check_kind(kind, name, size)
    return _Member(name, kind, size, bool(_octal(block[100:108]) & 0o100))


def _check_kind(kind: bytes, name: str, size: int) -> None:
    if kind in (b"1", b"2"):
        raise _refused("oci-archive-link", f"{name!r:.120} is a link")
    if kind in (b"3", b"4", b"6"):
        raise _refused("oci-archive-special", f"{name!r:.120} is a device or a pipe")
    if kind == b"S":
        raise _refused("oci-archive-sparse", f"{name!r:.120} is sparse")
    if kind in (b"L", b"K"):
        raise _refused("oci-archive-name", "a name is longer than a tar header holds")
    if kind not in (b"0", b"5", b"x", b"g") or (kind == b"5" and size):
        raise _refused("oci-archive-invalid", f"{name!r:.120} is of an unknown kind")


def _pax_path(file: BinaryIO, member: _Member) -> str | None:
    if member.size > _PAX_LIMIT:
        raise _refused("oci-archive-name", "a pax header is larger than any name needs")
    data = _read(file, member.size)
    _read(file, -member.size % BLOCK)
    found = dict(_pax_records(data))
    for key in found:
        if key.startswith("GNU.sparse"):
            raise _refused("oci-archive-sparse", "a pax header makes a file sparse")
        if key == "linkpath":
            raise _refused("oci-archive-link", "a pax header makes a link")
        if key not in _HARMLESS_PAX or (member.kind == b"g" and key == "path"):
            raise _refused("oci-archive-invalid", f"pax header {key!r:.60} is not understood")
    return found.get("path")


def _pax_records(data: bytes) -> Iterator[tuple[str, str]]:
    while data:
        length, _, rest = data.partition(b" ")
        end = int(length) if length.isdigit() and len(length) < 6 else 0
        record = data[len(length) + 1 : end]
        key, equals, value = record.partition(b"=")
        if not rest or end > len(data) or not equals or not record.endswith(b"\n"):
            raise _refused("oci-archive-invalid", "a pax header is malformed")
        yield _decode(key), _decode(value[:-1])
        data = data[end:]


def _read(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise _refused("oci-archive-invalid", "it ends early")
    return data


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    if any(byte not in b"01234567" for byte in digits):
        raise _refused("oci-archive-invalid", "a header's number is malformed")
    return int(digits or b"0", 8)


def _text(field: bytes) -> str:
    return _decode(field.partition(b"\0")[0])


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused("oci-archive-name", "a name is not UTF-8") from error


def _refused(code: str, what: str) -> OciError:
    return OciError(code, f"archive refused: {what}", "do not unpack it; ask its publisher for a clean one")
