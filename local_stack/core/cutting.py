"""Cuts a connection in the middle of an answer's body, as a proxy or a balancer that goes away does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any

from aiohttp import web

_ARRIVE_SECONDS = 0.05  # what was sent before a reset is read before it


def cut(request: web.Request) -> web.Response:
    """Reset the connection: the peer sees no orderly end. The answer returned reaches nobody."""
    if request.transport is not None:
        raw = request.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # zero linger makes it a reset
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response(status=500)


def cut_body(request: web.Request, after: int) -> None:
    """Have the answer to this request cut once `after` bytes of its body have gone out."""
    request._payload_writer = _Cutter(request, request._payload_writer, after)  # type: ignore[assignment]


def by_hand(response: web.StreamResponse) -> web.StreamResponse:
    """Have a file answered through the writer: the kernel's own copying would pass it by."""
    if isinstance(response, web.FileResponse):
        response.__class__ = _ByHand
    return response


class _ByHand(web.FileResponse):
    async def _sendfile(self, request: Any, fobj: Any, offset: int, count: int) -> Any:
        writer = await web.StreamResponse.prepare(self, request)
        return await self._sendfile_fallback(writer, fobj, offset, count)  # type: ignore[arg-type]


class _Cutter:
    """The writer of one answer, with an end before its end."""

    def __init__(self, request: web.Request, writer: Any, left: int) -> None:
        self.__dict__.update(_request=request, _writer=writer, _left=left)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._writer, name, value)

    async def write(self, chunk: Any, **options: Any) -> None:
        """Write what is left of the body to write, then cut. Raises ConnectionResetError."""
        data = bytes(chunk)
        if len(data) < self._left:
            self.__dict__["_left"] -= len(data)
            await self._writer.write(data, **options)
            return
        if self._left:
            await self._writer.write(data[: self._left])
        else:
            self._writer.send_headers()
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()
        await asyncio.sleep(_ARRIVE_SECONDS)
        cut(self._request)
        raise ConnectionResetError("cut by a fault")

    async def write_eof(self, chunk: bytes = b"") -> None:
        """End the answer, unless the last piece is beyond the place to cut."""
        if chunk:
            await self.write(chunk)
        await self._writer.write_eof()
