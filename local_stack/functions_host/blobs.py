"""The blobs in which the host keeps its own state: checkpoints and timers."""

from __future__ import annotations

from urllib.parse import quote

from local_stack.functions_host.connections import Connection
from local_stack.functions_host.rest import Reply, Rest, Unreachable

_HEADERS = {"x-ms-version": "2021-12-02"}
_OK, _CREATED, _NOT_FOUND = 200, 201, 404
_META = "x-ms-meta-"


class Blobs:
    """One container of the host's storage account; it is made when it is first written to."""

    def __init__(self, rest: Rest, service: Connection, container: str) -> None:
        self._rest = rest
        self._to = service
        self._container = f"/{container}"

    async def read(self, name: str) -> bytes | None:
        """Return a blob's content, None when there is none. Raises Unreachable."""
        reply = await self._send("GET", name)
        return None if reply.status == _NOT_FOUND else self._required(reply, _OK, name).body

    async def metadata(self, name: str) -> dict[str, str] | None:
        """Return a blob's metadata with lower-case names, None when there is no blob. Raises Unreachable."""
        reply = await self._send("HEAD", name)
        if reply.status == _NOT_FOUND:
            return None
        self._required(reply, _OK, name)
        return {k.removeprefix(_META): v for k, v in reply.headers.items() if k.startswith(_META)}

    async def write(self, name: str, content: bytes, metadata: dict[str, str] | None = None) -> None:
        """Write a blob, whatever it was before. Raises Unreachable."""
        told = {_META + key: value for key, value in (metadata or {}).items()}
        headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream", **told}
        reply = await self._send("PUT", name, headers, content)
        if reply.status == _NOT_FOUND:
            await self._rest.send(self._to, "PUT", f"{self._container}?restype=container", headers=_HEADERS)
            reply = await self._send("PUT", name, headers, content)
        self._required(reply, _CREATED, name)

    async def _send(
        self, method: str, name: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Reply:
        path = f"{self._container}/{quote(name)}"
        return await self._rest.send(
            self._to, method, path, headers={**_HEADERS, **(headers or {})}, body=body
        )

    def _required(self, reply: Reply, status: int, name: str) -> Reply:
        if reply.status != status:
            raise Unreachable(f"blob {self._container}/{name}: {reply.status} {reply.code}")
        return reply
