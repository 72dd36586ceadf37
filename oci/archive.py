"""Plain tar, byte for byte ours: a library's writer may change between versions, and a digest may not.

Only regular files are written (parents are implied), owner 0/0, mtime 0, mode 0644 or 0755, sorted by UTF-8
name, ended by two empty blocks.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from oci.errors import OciError

BLOCK = 512
MAX_FILE_BYTES = 8 * 1024**3 - 1  # eleven octal digits


@dataclass(frozen=True)
class Entry:
    """A file to pack: its name inside, where its bytes are, and whether it may be run."""

    name: str
    source: Path | bytes
    executable: bool = False


def entries_of(directory: Path) -> list[Entry]:
    """List the files under a directory. Raises OciError (oci-pack-input) for links and special files."""
    found = []
    for folder, folders, names in os.walk(directory, onerror=_unreadable):
        for name in [*folders, *names]:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                inside = path.relative_to(directory).as_posix()
                found.append(Entry(inside, path, bool(mode & stat.S_IXUSR)))
            elif not stat.S_ISDIR(mode):
                raise _refused(f"{path} is a link or a special file")
    return found


def write_tar(entries: Iterable[Entry], out: BinaryIO) -> int:
    """Write the archive and return its size in bytes. Raises OciError (oci-pack-input)."""
    ordered = sorted(entries, key=lambda entry: entry.name.encode())
    _check_names(ordered)
    written = sum(_write_entry(entry, out) for entry in ordered)
    return written + out.write(bytes(2 * BLOCK))


def _write_entry(entry: Entry, out: BinaryIO) -> int:
    size = len(entry.source) if isinstance(entry.source, bytes) else entry.source.stat().st_size
    total = out.write(header(entry.name, size, entry.executable))
    copied = 0
    for chunk in _chunks(entry.source):
        copied += out.write(chunk)
    if copied != size:
        raise _refused(f"{entry.name} changed while it was read")
    return total + copied + out.write(bytes(-size % BLOCK))


def header(name: str, size: int, executable: bool) -> bytes:
    """Return one ustar header block. Raises OciError (oci-pack-input) for what does not fit."""
    if size > MAX_FILE_BYTES:
        raise _refused(f"{name} has {size} bytes; 8 GiB is the limit")
    prefix, base = _split(name.encode())
    fields = [
        base.ljust(100, b"\0"),
        b"0000755\0" if executable else b"0000644\0",
        b"0000000\0" * 2,
        b"%011o\0" % size,
        b"00000000000\0",
        b" " * 8,
        b"0",
        bytes(100),
        b"ustar\x0000",
        bytes(64),
        b"0000000\0" * 2,
        prefix.ljust(155, b"\0"),
        bytes(12),
    ]
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _split(name: bytes) -> tuple[bytes, bytes]:
    if len(name) <= 100:
        return b"", name
    for at in range(min(155, len(name) - 2), 0, -1):
        if name[at : at + 1] == b"/" and len(name) - at - 1 <= 100:
            return name[:at], name[at + 1 :]
    raise _refused(f"the name {name[:60].decode(errors='replace')}… is too long for ustar")


def _check_names(entries: list[Entry]) -> None:
    seen: set[str] = set()
    for entry in entries:
        parts = entry.name.split("/")
        if entry.name.startswith("/") or any(part in ("", ".", "..") for part in parts):
            raise _refused(f"{entry.name!r} is no clean relative name")
        if not entry.name.isprintable() or "\\" in entry.name:
            raise _refused(f"{entry.name!r} has characters that do not travel")
        if entry.name.casefold() in seen:
            raise _refused(f"{entry.name!r} collides with a name that differs only in case")
        seen.add(entry.name.casefold())


def _chunks(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while chunk := file.read(1 << 20):
            yield chunk


def _unreadable(error: OSError) -> None:
    raise _refused(f"{error.filename}: {error.strerror}") from error


def _refused(what: str) -> OciError:
    return OciError("oci-pack-input", what, "pack regular files with portable names only")
