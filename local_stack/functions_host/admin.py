"""The host's own addresses below /admin, as far as people and tests need them. The caller has shown the master key."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from local_stack.functions_host.channel import Closed

if TYPE_CHECKING:
    from local_stack.functions_host.host import Host

log = logging.getLogger("local_stack.functions_host")
Answer = tuple[int, Any]
_FUNCTIONS = "/admin/functions"


async def answer(host: Host, method: str, path: str, body: str) -> Answer:
    """Return the status and the JSON of an answer."""
    place = path.rstrip("/")
    lower = place.lower()
    if method == "GET" and lower == "/admin/host/status":
        return 200, {"state": "Running", "version": "local", "workers": [slot.pid for slot in host.slots]}
    if method == "GET" and lower == "/admin/host/metrics":  # not Azure's
        return 200, await host.metrics()
    if method == "GET" and lower == _FUNCTIONS:
        return 200, host.functions
    if method == "POST" and lower.startswith(_FUNCTIONS + "/"):
        return _start(host, unquote(place[len(_FUNCTIONS) + 1 :]), body)
    return 404, None


def _start(host: Host, name: str, body: str) -> Answer:
    found = next((each for each in host.functions if each["name"].lower() == name.lower()), None)
    if found is None:
        return 404, None
    if found["kind"] == "httpTrigger":
        return 400, {"message": f"{found['name']} is called at its own address."}
    try:
        document = json.loads(body) if body.strip() else {}
    except ValueError:
        return 400, {"message": 'The body must be {"input": "…"}.'}
    given = document.get("input") if isinstance(document, dict) else None
    host.spawn(_fired(host, found["name"], given if isinstance(given, str) else json.dumps(given or "")))
    return 202, None


async def _fired(host: Host, name: str, given: str) -> None:
    try:
        await host.fire(name, given)
    except Closed:
        log.error("The worker that ran %s is gone", name)
    except asyncio.CancelledError:
        return
