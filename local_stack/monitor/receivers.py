"""Calls receivers over the wire, as whoever Azure Monitor is to them.

Event Hubs: once, as the group's managed identity; Azure documents no retries. Webhooks: again after 5, 20, 5, 40 and 5
seconds of the stack's clock, but only on 408, 429, 503, 504 and when nobody answers; when all failed, nobody calls that
address for 15 minutes.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp

from local_stack.core.arm_ids import subscription_of
from local_stack.core.context import Context
from local_stack.core.principals import Principal

MONITOR_APP = ("AZNS AAD Webhook", "461e8683-5575-4561-ac7f-899cc907d62a")
MONITOR_ROLE = "ActionGroupsSecureWebhook"
HUB_AUDIENCE = "https://eventhubs.azure.net"
GAPS = (5.0, 20.0, 5.0, 40.0, 5.0)
PAUSE = timedelta(minutes=15)
RETRIED = (408, 429, 503, 504)
_SECONDS = 10.0
_LIVES = 3000.0  # tokens live an hour
_WORDS = 500

Result = dict[str, Any]


class Receivers:
    """Delivers payloads; keeps connections, tokens, and the retries under way."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._session: aiohttp.ClientSession | None = None
        self._tokens: dict[tuple[str, str], tuple[float, str]] = {}
        self._namespaces = ctx.store.collection("event_hub", "names")  # by name; they are unique in the stack
        self._paused = ctx.store.collection("monitor", "paused")  # address → until
        self._retrying: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """End retries and connections: what was not delivered yet is lost, as it is in Azure."""
        for task in list(self._retrying):
            task.cancel()
        await asyncio.gather(*self._retrying, return_exceptions=True)
        if self._session:
            await self._session.close()
            self._session = None

    async def deliver(self, group: dict[str, Any], payload: bytes) -> list[Result]:
        """Call every receiver of the group at once; return what each answered to the first call."""
        properties = group["properties"]
        calls = [
            *(self._hub(group, each, payload) for each in properties.get("eventHubReceivers") or []),
            *(self._webhook(each, payload) for each in properties.get("webhookReceivers") or []),
        ]
        called = await asyncio.gather(*calls)
        others = [
            {
                "name": each["name"],
                "type": kind,
                "status": 0,
                "detail": "The local stack calls no such receiver.",
            }
            for kind, rows in properties.items()
            if kind.endswith("Receivers") and kind not in ("eventHubReceivers", "webhookReceivers")
            for each in rows
        ]
        return [*called, *others]

    async def _hub(self, group: dict[str, Any], receiver: dict[str, Any], payload: bytes) -> Result:
        named = {"name": receiver["name"], "type": "eventHub"}
        place = self._namespace(str(receiver["subscriptionId"]), str(receiver["eventHubNameSpace"]))
        if place is None:
            return {**named, "status": 404, "detail": "The namespace does not exist in that subscription."}
        caller = self._identity(group, str(receiver.get("managedIdentity") or "None"))
        url = f"{place['properties']['serviceBusEndpoint']}/{receiver['eventHubName']}/messages"
        headers = {"Authorization": f"Bearer {self._token(caller, HUB_AUDIENCE)}"}
        status, words = await self._post(url, payload, headers)
        return {**named, "status": status, "detail": words}

    def _namespace(self, subscription: str, name: str) -> dict[str, Any] | None:
        namespace_id = self._namespaces.get(name.lower(), "")
        mine = subscription_of(namespace_id).lower() == subscription.lower()
        return self._ctx.resources.get(namespace_id) if namespace_id and mine else None

    def _identity(self, group: dict[str, Any], wanted: str) -> Principal:
        """Return who the group is to a receiver: its identity, or, named none, Azure Monitor itself."""
        principals = self._ctx.principals
        found = None
        if wanted.lower() == "systemassigned":
            found = principals.of_resource(group["id"])
        elif wanted.lower() != "none":
            found = (
                principals.of_resource(wanted) or principals.by_oid(wanted) or principals.by_client_id(wanted)
            )
        return found or principals.first_party(*MONITOR_APP)

    async def _webhook(self, receiver: dict[str, Any], payload: bytes) -> Result:
        url, named = str(receiver["serviceUri"]), {"name": receiver["name"], "type": "webhook"}
        now = self._ctx.clock.now().timestamp()
        if self._paused.get(url, 0.0) > now:
            return {**named, "status": 0, "detail": "Not called: its earlier failures pause it."}
        status, words = await self._attempt(receiver, payload)
        result = {**named, "status": status, "detail": words}
        if _again(status):
            task = asyncio.create_task(self._retry(receiver, payload))
            self._retrying.add(task)
            task.add_done_callback(self._retrying.discard)
            result["retrying"] = True
        return result

    async def _retry(self, receiver: dict[str, Any], payload: bytes) -> None:
        for gap in GAPS:
            await self._ctx.clock.sleep(gap)
            status, _ = await self._attempt(receiver, payload)
            if not _again(status):
                return
        until = self._ctx.clock.now() + PAUSE
        self._paused[str(receiver["serviceUri"])] = until.timestamp()

    async def _attempt(self, receiver: dict[str, Any], payload: bytes) -> tuple[int, str]:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        caller = self._ctx.principals.first_party(*MONITOR_APP)
        if receiver.get("useAadAuth"):
            token = self._token(caller, str(receiver["identifierUri"]), (MONITOR_ROLE,))
            headers["Authorization"] = f"Bearer {token}"
        url = str(receiver["serviceUri"])
        status, words = await self._post(url, payload, headers)
        self._ctx.writes.append(
            self._ctx.clock.now(),
            "monitor",
            "webhook.call",
            "POST",
            url.partition("?")[0],  # what follows may be a key
            status,
            caller.name,
            {"receiver": receiver["name"]},
        )
        return status, words

    async def _post(self, url: str, payload: bytes, headers: dict[str, str]) -> tuple[int, str]:
        """Return the status (0: nobody answered) and the first words of a refusal."""
        try:
            async with self._client().post(url, data=payload, headers=headers) as reply:
                words = await reply.content.read(_WORDS) if reply.status >= 400 else b""
                return reply.status, words.decode("utf-8", "replace")
        except (aiohttp.ClientError, TimeoutError, asyncio.TimeoutError, OSError) as error:
            return 0, f"{type(error).__name__}: {error}"[:_WORDS]

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(ssl=self._ctx.tls.client_context(), limit=64)
            timeout = aiohttp.ClientTimeout(total=_SECONDS)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=timeout, headers={"User-Agent": "IcMBroadcaster/1.0"}
            )
        return self._session

    def _token(self, caller: Principal, audience: str, roles: tuple[str, ...] = ()) -> str:
        now = self._ctx.wall()
        made, token = self._tokens.get((caller.oid, audience), (float("-inf"), ""))
        if not 0 <= now - made < min(_LIVES, self._ctx.token_seconds(_LIVES) / 2):
            token = self._ctx.tokens.mint(caller, audience, roles=roles)
            self._tokens[caller.oid, audience] = (now, token)
        return token


def _again(status: int) -> bool:
    return status == 0 or status in RETRIED
