"""Carries one request to Azurite and its answer back; what is large is streamed, never held."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import ClientError, ClientResponse, web

from local_stack.core.errors import WireError
from local_stack.storage.upstream import Upstream

_HOLD = 256 * 1024
_NOT_FORWARDED = frozenset(
    (
        "connection",
        "keep-alive",
        "transfer-encoding",
        "te",
        "upgrade",
        "authorization",
        "expect",
        "proxy-connection",
    )
)


async def forward(
    upstream: Upstream, service: str, request: web.Request, body: bytes | None = None
) -> web.StreamResponse:
    """Send the request on (with `body`, if it was read already) and answer with what Azurite answers."""
    headers = {key: value for key, value in request.headers.items() if key.lower() not in _NOT_FORWARDED}
    content: bytes | AsyncIterator[bytes] | None = body
    if body is None and request.can_read_body:
        held = request.content_length is not None and request.content_length <= _HOLD
        content = await request.content.read() if held else _chunks(request)
    reply = await upstream.send(service, request.method, request.raw_path, headers, content)
    async with reply:
        return await _answer(request, reply)


async def _answer(request: web.Request, reply: ClientResponse) -> web.StreamResponse:
    kept = [(key, value) for key, value in reply.headers.items() if key.lower() not in _NOT_FORWARDED]
    if request.method == "HEAD":
        response = web.StreamResponse(status=reply.status, reason=reply.reason)
        response.headers.extend(kept)
        await response.prepare(request)
        await response.write_eof()
        return response
    # What changes something is held whole: its log entry must stand before the client has its answer.
    large = reply.content_length is None or reply.content_length > _HOLD
    if request.method == "GET" and large:
        return await _streamed(request, reply, kept)
    without_length = [(key, value) for key, value in kept if key.lower() != "content-length"]
    try:
        body = await reply.read()
    except ClientError as error:
        raise WireError(503, "ServerBusy", f"Azurite broke off its answer: {error}.") from error
    held = web.Response(body=body, status=reply.status, reason=reply.reason)
    if "Content-Type" not in reply.headers:
        held.headers.popall("Content-Type", None)
    held.headers.extend(without_length)
    return held


async def _streamed(
    request: web.Request, reply: ClientResponse, headers: list[tuple[str, str]]
) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, reason=reply.reason)
    response.headers.extend(headers)
    await response.prepare(request)
    async for chunk in reply.content.iter_any():
        await response.write(chunk)
    await response.write_eof()
    return response


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    async for chunk in request.content.iter_any():
        yield chunk
