"""Tokens of the app's managed identities, from App Service's identity endpoint; one kept per identity and audience."""

from __future__ import annotations

import asyncio
import time

import aiohttp

from local_stack.functions_host.options import Identity

_API_VERSION = "2019-08-01"
_EARLY_SECONDS = 300.0


class Refused(Exception):
    """The identity endpoint gave no token."""


class Tokens:
    """Asks once per identity and audience, and again before the token ends."""

    def __init__(self, session: aiohttp.ClientSession, identity: Identity) -> None:
        self._session = session
        self._identity = identity
        self._kept: dict[tuple[str, str], tuple[str, float]] = {}
        self._asking = asyncio.Lock()

    async def get(self, audience: str, client_id: str) -> str:
        """Return a token. Raises Refused."""
        kept = self._current(audience, client_id)
        if kept:
            return kept
        async with self._asking:
            return self._current(audience, client_id) or await self._ask(audience, client_id)

    def forget(self, audience: str, client_id: str) -> None:
        """Ask again next time: a service refused the one that is kept."""
        self._kept.pop((audience, client_id), None)

    def _current(self, audience: str, client_id: str) -> str | None:
        token, renew = self._kept.get((audience, client_id), ("", 0.0))
        return token if time.time() < renew else None

    async def _ask(self, audience: str, client_id: str) -> str:
        if not self._identity.endpoint:
            raise Refused(
                "this app has no managed identity: IDENTITY_ENDPOINT and IDENTITY_HEADER are not set"
            )
        query = {"resource": audience, "api-version": _API_VERSION}
        if client_id:
            query["client_id"] = client_id
        headers = {"X-IDENTITY-HEADER": self._identity.header}
        try:
            async with self._session.get(self._identity.endpoint, params=query, headers=headers) as reply:
                answer = await reply.json(content_type=None)
        except (aiohttp.ClientError, ValueError, asyncio.TimeoutError) as error:
            raise Refused(f"the identity endpoint does not answer: {type(error).__name__}") from error
        if not isinstance(answer, dict) or "access_token" not in answer:
            told = answer.get("error_description") if isinstance(answer, dict) else ""
            raise Refused(f"the identity endpoint gives no token for {audience}: {reply.status} {told}")
        token, ends = str(answer["access_token"]), float(answer["expires_on"])
        lives = ends - time.time()
        self._kept[(audience, client_id)] = (token, ends - min(_EARLY_SECONDS, lives / 2))
        return token
