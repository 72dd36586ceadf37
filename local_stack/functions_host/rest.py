"""Plain REST with an identity's token, over kept-alive connections: what the extensions' SDK clients do in Azure."""

from __future__ import annotations

import asyncio
import random
import ssl
from dataclasses import dataclass
from email.utils import formatdate

import aiohttp
from yarl import URL

from local_stack.functions_host.connections import Connection
from local_stack.functions_host.options import Identity
from local_stack.functions_host.tokens import Refused, Tokens

_TRIES = 4
_FIRST_WAIT, _LONGEST_WAIT = 0.4, 30.0
_AGAIN = frozenset((408, 429, 500, 502, 503, 504))
_UNAUTHORIZED = 401
_CONNECTIONS = 100


class Unreachable(Exception):
    """A service did not answer, or answered with an error that was tried often enough."""


@dataclass(frozen=True)
class Reply:
    """An answer that was read whole."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """Storage's error code."""
        return self.headers.get("x-ms-error-code", "")


class Rest:
    """One pool of connections for everything that a process of the host asks."""

    def __init__(self, identity: Identity, ca_file: str) -> None:
        context = ssl.create_default_context(cafile=ca_file or None)
        connector = aiohttp.TCPConnector(ssl=context, limit=_CONNECTIONS, keepalive_timeout=60)
        self._session = aiohttp.ClientSession(connector=connector)
        self._tokens = Tokens(self._session, identity)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def send(
        self,
        to: Connection,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        seconds: float = 30.0,
        tries: int = _TRIES,
    ) -> Reply:
        """Send until there is an answer that trying again would not change. `path` is encoded. Raises Unreachable."""
        wait = _FIRST_WAIT
        refreshed = False
        for left in range(tries - 1, -1, -1):
            told: float | None = None
            try:
                reply = await self._once(to, method, path, headers or {}, body, seconds)
            except (aiohttp.ClientError, OSError, asyncio.TimeoutError, Refused) as error:
                if not left:
                    raise Unreachable(
                        f"{method} {to.url}{_shown(path)}: {type(error).__name__} {error}"
                    ) from error
            else:
                if reply.status == _UNAUTHORIZED and not refreshed:
                    refreshed, told = True, 0.0
                    self._tokens.forget(to.audience, to.client_id)
                elif reply.status not in _AGAIN or not left:
                    return reply
                else:
                    told = _retry_after(reply)
            await asyncio.sleep(wait * random.uniform(0.8, 1.2) if told is None else told)  # noqa: S311 - jitter
            wait = min(2 * wait, _LONGEST_WAIT)
        raise Unreachable(f"{method} {to.url}{_shown(path)}: refused with 401")

    async def _once(
        self,
        to: Connection,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None,
        seconds: float,
    ) -> Reply:
        token = await self._tokens.get(to.audience, to.client_id)
        all_headers = {"Authorization": f"Bearer {token}", "x-ms-date": formatdate(usegmt=True), **headers}
        async with self._session.request(
            method,
            URL(to.url + path, encoded=True),
            headers=all_headers,
            data=body,
            timeout=aiohttp.ClientTimeout(total=seconds),
            allow_redirects=False,
        ) as reply:
            content = await reply.read()
            return Reply(reply.status, {k.lower(): v for k, v in reply.headers.items()}, content)


def _retry_after(reply: Reply) -> float | None:
    told = reply.headers.get("retry-after", "")
    return min(float(told), _LONGEST_WAIT) if told.isdigit() else None


def _shown(path: str) -> str:
    return path.partition("?")[0]
