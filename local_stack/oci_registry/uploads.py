"""Uploads under way: bytes go to a file and through the hash as they come; a blob they become when it fits."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from local_stack.oci_registry.errors import OciProblem
from local_stack.oci_registry.names import checked_digest
from local_stack.oci_registry.state import Content

_RANGE = re.compile(r"(?:bytes )?([0-9]+)-([0-9]+)(?:/.*)?")


@dataclass
class Upload:
    """One upload: its repository, file, size so far and running hash."""

    repository: str
    file: Path
    size: int = 0
    hash: Any = field(default_factory=hashlib.sha256)


class Uploads:
    """The uploads of one registry, in memory: they do not outlive the process."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._open: dict[str, Upload] = {}

    def start(self, repository: str) -> str:
        """Begin an upload and return its id."""
        upload_id = str(uuid.uuid4())
        file = self._content.uploads / upload_id
        file.touch()
        self._open[upload_id] = Upload(repository, file)
        return upload_id

    def find(self, repository: str, upload_id: str) -> Upload:
        """Return an open upload. Raises OciProblem (BLOB_UPLOAD_UNKNOWN)."""
        upload = self._open.get(upload_id)
        if upload is None or upload.repository != repository:
            raise OciProblem("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        return upload

    async def append(self, upload: Upload, request: web.Request) -> None:
        """Add the request's body. Raises OciProblem (RANGE_INVALID, SIZE_INVALID)."""
        expected = _expected(request, upload.size)
        before = upload.size
        with upload.file.open("ab") as out:
            async for chunk in _chunks(request):
                out.write(chunk)
                upload.hash.update(chunk)
                upload.size += len(chunk)
        if expected is not None and upload.size - before != expected:
            raise OciProblem("SIZE_INVALID", "the body has another length than its Content-Range")

    def finish(self, upload_id: str, upload: Upload, digest: str) -> bool:
        """Turn an upload into a blob; say whether it is new there. Raises OciProblem (DIGEST_INVALID)."""
        checked_digest(digest)
        self._open.pop(upload_id, None)
        if "sha256:" + upload.hash.hexdigest() != digest:
            upload.file.unlink(missing_ok=True)
            raise OciProblem("DIGEST_INVALID", "provided digest did not match uploaded content")
        return self._content.add_blob(upload.repository, digest, upload.file)

    def cancel(self, upload_id: str) -> None:
        """Forget an upload and its bytes."""
        upload = self._open.pop(upload_id, None)
        if upload:
            upload.file.unlink(missing_ok=True)


def _expected(request: web.Request, offset: int) -> int | None:
    text = request.headers.get("Content-Range", "")
    if not text:
        return None
    match = _RANGE.fullmatch(text)
    if not match or int(match[1]) != offset or int(match[2]) < offset:
        raise OciProblem("RANGE_INVALID", f"chunks come in order; the next one starts at {offset}")
    return int(match[2]) - offset + 1


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    async for chunk in request.content.iter_chunked(1 << 18):
        yield chunk
