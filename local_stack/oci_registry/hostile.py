"""Lies on request, so that clients can be shown a bad registry: settings of the stack's faults.

By digest, `oci_registry.<what>.<digest>`: `blob` (other bytes, see `_SERVED`), `header` (another
Docker-Content-Digest), `type` (another Content-Type), `redirect` (an address that has the content, it says).
By themselves, `oci_registry.<what>`: `token_for` (tokens are good for this repository only), `token_reply` (`endless`
or `gzip`), `token_redirect`, `realm`, `upload_place`, `next_page` (addresses elsewhere). An empty word takes a
lie back; a word that ends in `@<registry>` is told by that registry only.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from local_stack.core.faults import Faults
from local_stack.oci_registry.errors import OciProblem

BINARY = "application/octet-stream"
_PIECE = bytes(1 << 16)
_ENDLESS_BYTES = 1 << 30  # more than any client may take; an end, in case one does
_BOMB_BYTES = 1 << 28


class Hostile:
    """What one registry says in place of the truth."""

    def __init__(self, faults: Faults, registry: str) -> None:
        self._faults = faults
        self._registry = registry.lower()

    def word(self, what: str, digest: str = "") -> str:
        """Return the lie that is set, or an empty word."""
        name = ".".join(part for part in ("oci_registry", what, digest) if part)
        word, _, only = self._faults.text(name).partition("@")
        return word if only in ("", self._registry) else ""

    def header(self, digest: str) -> str:
        """Return the Docker-Content-Digest to claim."""
        return self.word("header", digest) or digest

    def check_there(self, digest: str) -> None:
        """Deny content that is there. Raises OciProblem (BLOB_UNKNOWN)."""
        if self.word("blob", digest) == "missing":
            raise OciProblem("BLOB_UNKNOWN", "blob unknown to registry", {"digest": digest})

    def granted(self, access: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return what a token is good for."""
        other = self.word("token_for")
        return [{**grant, "name": other} for grant in access] if other else access

    async def token_reply(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        """Answer with a token, or with what no token is."""
        place, how = self.word("token_redirect"), self.word("token_reply")
        if place:
            return web.Response(status=307, headers={"Location": place})
        if how == "endless":
            return await _endless(request, b"", "application/json")
        return _bomb() if how == "gzip" else web.json_response(body)

    async def serve(
        self, request: web.Request, digest: str, file: Path, kind: str = BINARY, **headers: str
    ) -> web.StreamResponse | None:
        """Answer for content that is to be lied about; None: tell the truth."""
        place, how = self.word("redirect", digest), self.word("blob", digest)
        if place:
            return web.Response(status=307, headers={"Location": place})
        if how not in _SERVED or (how == "cut" and "Range" in request.headers):
            return None
        return await _SERVED[how](request, file.read_bytes(), kind, headers)


_Serve = Callable[[web.Request, bytes, str, dict[str, str]], Awaitable[web.StreamResponse]]


def _changed(change: Callable[[bytes], bytes], **more: str) -> _Serve:
    """Serve other bytes, as if they were whole."""

    async def serve(_: web.Request, raw: bytes, kind: str, headers: dict[str, str]) -> web.StreamResponse:
        return web.Response(body=change(raw), content_type=kind, headers={**headers, **more})

    return serve


async def _cut(request: web.Request, raw: bytes, kind: str, headers: dict[str, str]) -> web.StreamResponse:
    """Announce all, send half, close."""
    announced = {"Content-Length": str(len(raw)), "Content-Type": kind, **headers}
    response = web.StreamResponse(headers=announced)
    await response.prepare(request)
    await response.write(raw[: len(raw) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _smuggle(
    request: web.Request, raw: bytes, kind: str, headers: dict[str, str]
) -> web.StreamResponse:
    """Announce half, send all: what is too much looks like the answer to the next request."""
    half = raw[: len(raw) // 2]
    response = web.Response(body=half, content_type=kind, headers=headers)
    await response.prepare(request)
    await response.write_eof()
    if request.transport is not None:
        request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(raw), raw))
    return response


async def _endless(
    request: web.Request, raw: bytes, kind: str, headers: dict[str, str] | None = None
) -> web.StreamResponse:
    """Send it, and never stop."""
    response = web.StreamResponse(headers={"Content-Type": kind, **(headers or {})})
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(raw)
    for _ in range(_ENDLESS_BYTES // len(_PIECE)):
        await response.write(_PIECE)
    return response


def _bomb() -> web.Response:
    packer = zlib.compressobj(wbits=31)  # gzip's form
    packed = b"".join(packer.compress(_PIECE) for _ in range(_BOMB_BYTES // len(_PIECE))) + packer.flush()
    return web.Response(body=packed, content_type="application/json", headers={"Content-Encoding": "gzip"})


async def _served_endless(
    request: web.Request, raw: bytes, kind: str, headers: dict[str, str]
) -> web.StreamResponse:
    return await _endless(request, raw, kind, headers)


def _flipped(raw: bytes) -> bytes:
    middle = len(raw) // 2
    return raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]


_SERVED: dict[str, _Serve] = {
    "flip": _changed(_flipped),
    "short": _changed(lambda raw: raw[: len(raw) // 2]),
    "extra": _changed(lambda raw: raw + b"\0"),
    "gzip": _changed(gzip.compress, **{"Content-Encoding": "gzip"}),
    "truncate": _cut,
    "cut": _cut,
    "smuggle": _smuggle,
    "endless": _served_endless,
}
