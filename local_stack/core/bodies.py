"""Reads a request's JSON object, whose refusal each service words as its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from local_stack.core.errors import WireError


async def json_object(request: web.Request, refuse: Callable[[str], WireError]) -> dict[str, Any]:
    """Return the body, {} for none. Raises the WireError that `refuse` makes of the reason."""
    try:
        body = json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError) as error:
        raise refuse(f"the request body is no JSON: {error}") from None
    if not isinstance(body, dict):
        raise refuse("the request body must be a JSON object")
    return body
