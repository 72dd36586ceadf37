"""Which names an archive may use: relative, clean, and each one once, on any file system."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from oci.errors import OciError

_MAX_DEPTH = 64


@dataclass
class _Seen:
    spelling: str
    folder: bool
    declared: bool


class Names:
    """The names seen so far in one archive, and the folders that they imply."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._seen: dict[str, _Seen] = {}

    def accept(self, name: str, *, directory: bool) -> PurePosixPath:
        """Return the path inside the target.

        Raises OciError (oci-archive-escape, oci-archive-name, oci-archive-duplicate, oci-archive-collision).
        """
        parts = self._clean(name)
        if not directory and (not parts or name.endswith("/")):
            raise _refused("oci-archive-name", "a file has no name, or a folder's")
        for depth in range(1, len(parts)):
            self._record("/".join(parts[:depth]), folder=True, declared=False)
        self._record("/".join(parts), folder=directory, declared=True)
        return PurePosixPath(*parts)

    def _clean(self, name: str) -> list[str]:
        if len(name.encode(errors="replace")) > self._longest or name.count("/") > _MAX_DEPTH:
            raise _refused("oci-archive-name", f"{name[:60]!r}… is too long or too deep")
        if not name.isprintable() or "\\" in name:
            raise _refused("oci-archive-name", f"{name!r:.120} has characters that do not travel")
        if name.startswith("/"):
            raise _refused("oci-archive-escape", f"{name!r:.120} is absolute")
        parts = name.removeprefix("./").removesuffix("/").split("/")
        if parts in ([""], ["."]):
            return []
        if ".." in parts:
            raise _refused("oci-archive-escape", f"{name!r:.120} climbs out")
        if "" in parts or "." in parts:
            raise _refused("oci-archive-name", f"{name!r:.120} is spelt twice over")
        return parts

    def _record(self, path: str, *, folder: bool, declared: bool) -> None:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
        before = self._seen.setdefault(key, _Seen(path, folder, declared=False))
        if before.spelling != path:
            raise _refused("oci-archive-collision", f"{path!r:.120} and {before.spelling!r:.120}")
        if before.folder != folder:
            raise _refused("oci-archive-collision", f"{path!r:.120} is a file and a folder")
        if declared and before.declared:
            raise _refused("oci-archive-duplicate", f"{path!r:.120} comes twice")
        before.declared = before.declared or declared


def _refused(code: str, what: str) -> OciError:
    return OciError(code, f"archive refused: {what}", "do not unpack it; ask its publisher for a clean one")
