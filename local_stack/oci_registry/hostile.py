"""Lies on request, so that clients can be shown a bad registry: settings of the stack's faults, by digest.

`oci_registry.blob.<digest>`: `flip` alters a byte, `short` ends early as if whole, `truncate` announces all,
sends half and cuts, `cut` does so only for requests without Range. `oci_registry.header.<digest>`: another
Docker-Content-Digest. An empty word takes a lie back.
"""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from local_stack.core.faults import Faults


class Hostile:
    """What to serve in place of the truth."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def header(self, digest: str) -> str:
        """Return the Docker-Content-Digest to claim."""
        return self._faults.text(f"oci_registry.header.{digest}") or digest

    def altered(self, digest: str, raw: bytes) -> bytes:
        """Return the bytes to serve for a manifest."""
        how = self._faults.text(f"oci_registry.blob.{digest}")
        if how == "flip":
            return _flipped(raw)
        return raw[: len(raw) // 2] if how else raw

    async def serve(self, request: web.Request, digest: str, file: Path) -> web.StreamResponse | None:
        """Answer for a blob that is to be lied about; None: tell the truth."""
        how = self._faults.text(f"oci_registry.blob.{digest}")
        if not how or (how == "cut" and "Range" in request.headers):
            return None
        raw = file.read_bytes()
        if how == "flip":
            return web.Response(body=_flipped(raw), content_type="application/octet-stream")
        half = raw[: len(raw) // 2]
        if how == "short":
            return web.Response(body=half, content_type="application/octet-stream")
        return await _cut(request, half, len(raw))


async def _cut(request: web.Request, part: bytes, announced: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(announced)})
    await response.prepare(request)
    await response.write(part)
    if request.transport is not None:
        request.transport.close()
    return response


def _flipped(raw: bytes) -> bytes:
    middle = len(raw) // 2
    return raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :]
