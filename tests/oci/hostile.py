"""Archives that nobody should unpack, by the code that refuses each."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable

from oci.archive import BLOCK, Entry, header, write_tar

END = bytes(2 * BLOCK)


def archive(*members: tuple[str, dict[str, object]], pax: bool = False) -> bytes:
    """Return a tar whose members have the given TarInfo attributes."""
    out = io.BytesIO()
    style = tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT
    with tarfile.open(fileobj=out, mode="w:", format=style) as tar:
        for name, facts in members:
            info = tarfile.TarInfo(name)
            content = facts.pop("content", b"")
            for key, value in facts.items():
                setattr(info, key, value)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def good() -> bytes:
    out = io.BytesIO()
    write_tar([Entry("a", b"x" * 600), Entry("b/c", b"y", True)], out)
    return out.getvalue()


def broken_checksum() -> bytes:
    return good()[:10] + b"z" + good()[11:]


def sparse_pax() -> bytes:
    facts = {"pax_headers": {"GNU.sparse.major": "1", "GNU.sparse.name": "x"}}
    return archive(("x", facts), pax=True)


def file(name: str) -> tuple[str, dict[str, object]]:
    return name, {"content": b"x"}


CASES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "parent": ("oci-archive-escape", lambda: archive(file("../x"))),
    "parent inside": ("oci-archive-escape", lambda: archive(file("a/../../x"))),
    "harmless looking parent": ("oci-archive-escape", lambda: archive(file("a/../x"))),
    "absolute": ("oci-archive-escape", lambda: archive(file("/etc/x"))),
    "parent by pax": (
        "oci-archive-escape",
        lambda: archive(("x", {"pax_headers": {"path": "../y"}, "content": b"x"}), pax=True),
    ),
    "symbolic link": (
        "oci-archive-link",
        lambda: archive(("x", {"type": tarfile.SYMTYPE, "linkname": "/etc"})),
    ),
    "hard link": (
        "oci-archive-link",
        lambda: archive(file("a"), ("x", {"type": tarfile.LNKTYPE, "linkname": "a"})),
    ),
    "character device": ("oci-archive-special", lambda: archive(("x", {"type": tarfile.CHRTYPE}))),
    "block device": ("oci-archive-special", lambda: archive(("x", {"type": tarfile.BLKTYPE}))),
    "pipe": ("oci-archive-special", lambda: archive(("x", {"type": tarfile.FIFOTYPE}))),
    "sparse": ("oci-archive-sparse", lambda: archive(("x", {"type": tarfile.GNUTYPE_SPARSE}))),
    "sparse by pax": ("oci-archive-sparse", sparse_pax),
    "long name": ("oci-archive-name", lambda: archive(file("x" * 300))),
    "long name by pax": ("oci-archive-name", lambda: archive(file("x" * 300), pax=True)),
    "deep name": ("oci-archive-name", lambda: archive(file("d/" * 70 + "x"))),
    "control character": ("oci-archive-name", lambda: archive(file("a\x1b[2Jb"))),
    "backslash": ("oci-archive-name", lambda: archive(file("..\\x"))),
    "dot in the middle": ("oci-archive-name", lambda: archive(file("a/./x"))),
    "no utf-8": ("oci-archive-name", lambda: archive(file("a\udcff"))),
    "twice": ("oci-archive-duplicate", lambda: archive(file("a"), file("a"))),
    "twice in disguise": ("oci-archive-duplicate", lambda: archive(file("a"), file("./a"))),
    "case": ("oci-archive-collision", lambda: archive(file("Readme"), file("README"))),
    "case of a folder": ("oci-archive-collision", lambda: archive(file("Lib/a"), file("lib/b"))),
    "composed and decomposed": ("oci-archive-collision", lambda: archive(file("\u00e9"), file("e\u0301"))),
    "file as folder": ("oci-archive-collision", lambda: archive(file("a"), file("a/b"))),
    "folder as file": ("oci-archive-collision", lambda: archive(file("a/b"), file("a"))),
    "unknown kind": ("oci-archive-invalid", lambda: archive(("x", {"type": b"V"}))),
    "checksum": ("oci-archive-invalid", broken_checksum),
    "cut in content": ("oci-archive-invalid", lambda: good()[: BLOCK + 100]),
    "cut before its end": ("oci-archive-invalid", lambda: good()[: -2 * BLOCK]),
    "one empty block": ("oci-archive-invalid", lambda: good()[:-BLOCK]),
    "empty": ("oci-archive-invalid", lambda: b""),
    "no archive": ("oci-archive-invalid", lambda: b"PK\x03\x04" * 1000),
    "size beyond the file": ("oci-archive-invalid", lambda: header("x", 10_000_000, False) + END),
    "negative size": (
        "oci-archive-invalid",
        lambda: header("x", 0, False)[:124] + b"-0000000001\0" + header("x", 0, False)[136:] + END,
    ),
}
