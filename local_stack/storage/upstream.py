"""Calls to Azurite: one pool of kept-alive connections, and the token that Azurite likes.

Azurite never checks a token's signature, so the front's is unsigned; it verified the caller's own before.
"""

from __future__ import annotations

import asyncio
import json
import time
import xml.etree.ElementTree as xml
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator

import aiohttp
from yarl import URL

from local_stack.core.context import Context
from local_stack.core.errors import StackError, WireError
from local_stack.storage.azurite import SERVICES, Azurite

_TOKEN_SECONDS = 3600
_READY_SECONDS = 30.0
_BLOB_VERSION = {"x-ms-version": "2021-12-02"}
_TABLE_HEADERS = {"x-ms-version": "2019-02-02", "Accept": "application/json;odata=nometadata"}
_DEFAULT_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class Upstream:
    """The front's side of the connection to Azurite."""

    def __init__(self, ctx: Context, azurite: Azurite) -> None:
        self._ctx = ctx
        self._azurite = azurite
        self._session: aiohttp.ClientSession | None = None
        self._token = ""
        self._token_ends = 0.0

    async def start(self) -> None:
        """Open the pool."""
        connector = aiohttp.TCPConnector(ssl=self._ctx.tls.client_context(), limit=200, keepalive_timeout=300)
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
            skip_auto_headers=_DEFAULT_HEADERS,
        )

    async def stop(self) -> None:
        """Close the pool."""
        if self._session:
            await self._session.close()

    async def send(
        self,
        service: str,
        method: str,
        raw_path: str,
        headers: dict[str, str],
        body: bytes | AsyncIterator[bytes] | None = None,
    ) -> aiohttp.ClientResponse:
        """Send one request with Azurite's token. Raises WireError (503) while Azurite is down."""
        if not self._azurite.ready.is_set():
            await self._await_azurite()
        if self._session is None:
            raise StackError("the front is not started")
        url = URL(self._azurite.url(service) + raw_path, encoded=True)
        try:
            return await self._session.request(
                method, url, headers={**headers, "Authorization": self._authorization()}, data=body,
                allow_redirects=False,
            )  # fmt: skip
        except aiohttp.ClientError as error:
            raise WireError(503, "ServerBusy", f"Azurite did not answer: {error}.") from error

    async def await_account(self, name: str) -> None:
        """Return once all three services of Azurite know the account. Raises StackError."""
        for service, path in (
            ("blob", f"/{name}?comp=list"),
            ("queue", f"/{name}?comp=list"),
            ("table", f"/{name}/Tables"),
        ):
            for _ in range(100):
                if (await self._status(service, "GET", path)) == 200:
                    break
                await asyncio.sleep(0.05)
            else:
                raise StackError(f"Azurite does not take up the account {name}")

    async def ensure(self, service: str, account: str, name: str) -> None:
        """Create a container, queue or table unless it is there. Raises WireError for a refused name."""
        if service == "table":
            headers = {**_TABLE_HEADERS, "Content-Type": "application/json"}
            reply = await self.send(
                "table", "POST", f"/{account}/Tables", headers, json.dumps({"TableName": name}).encode()
            )
        else:
            path = f"/{account}/{name}" + ("?restype=container" if service == "blob" else "")
            reply = await self.send(service, "PUT", path, _BLOB_VERSION)
        text = await reply.text()
        if reply.status not in (201, 204, 409):
            raise WireError(
                400, "InvalidResourceName", f"The {service} name '{name}' was refused: {text[:300]}"
            )

    async def remove(self, service: str, account: str, name: str) -> None:
        """Delete a container, queue or table; one that is not there is no error."""
        if service == "table":
            await self._status("table", "DELETE", f"/{account}/Tables('{name}')")
        else:
            suffix = "?restype=container" if service == "blob" else ""
            await self._status(service, "DELETE", f"/{account}/{name}{suffix}")

    async def purge(self, account: str) -> None:
        """Delete all that an account holds, so that a new account of that name starts empty."""
        for service in SERVICES:
            for name in await self._names(service, account):
                await self.remove(service, account, name)

    async def _names(self, service: str, account: str) -> list[str]:
        if service == "table":
            reply = await self.send("table", "GET", f"/{account}/Tables", _TABLE_HEADERS)
            return [row["TableName"] for row in (await reply.json(content_type=None)).get("value", [])]
        reply = await self.send(service, "GET", f"/{account}?comp=list", _BLOB_VERSION)
        found = xml.fromstring(await reply.text())  # noqa: S314 - Azurite's own answer
        return [str(each.text) for tag in ("Container", "Queue") for each in found.findall(f".//{tag}/Name")]

    async def _status(self, service: str, method: str, path: str) -> int:
        headers = _TABLE_HEADERS if service == "table" else _BLOB_VERSION
        reply = await self.send(service, method, path, headers)
        await reply.read()
        return reply.status

    async def _await_azurite(self) -> None:
        try:
            await asyncio.wait_for(self._azurite.ready.wait(), _READY_SECONDS)
        except asyncio.TimeoutError as error:
            raise WireError(503, "ServerBusy", "Azurite is down; see the stack's log.") from error

    def _authorization(self) -> str:
        if time.time() > self._token_ends - 60:
            self._token_ends = time.time() + _TOKEN_SECONDS
            self._token = f"Bearer {_unsigned(self._ctx.principals.tenant_id)}"
        return self._token


def _unsigned(tenant_id: str) -> str:
    now = int(time.time())
    claims = {
        "aud": "https://storage.azure.com",
        "iss": f"https://sts.windows.net/{tenant_id}/",
        "iat": now - 5,
        "nbf": now - 5,
        "exp": now + _TOKEN_SECONDS,
        "oid": "00000000-0000-0000-0000-000000000000",
        "tid": tenant_id,
    }
    return f"{_base64({'alg': 'none', 'typ': 'JWT'})}.{_base64(claims)}."


def _base64(part: dict[str, object]) -> str:
    return urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
