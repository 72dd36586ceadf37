"""Lists as ARM gives them: `$filter`, `$expand`, `$top`, pages with a nextLink."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from local_stack.core.context import Context
from local_stack.core.errors import WireError

PAGE_SIZE = "arm.page_size"
_DEFAULT_PAGE = 1000
_CLAUSE = re.compile(r"\s*(\w+)\s+(eq|ne)\s+'((?:[^']|'')*)'\s*", re.IGNORECASE)
_LISTED = ("id", "name", "type", "location", "tags", "kind", "sku", "plan", "identity", "managedBy", "zones")

Predicate = Callable[[dict[str, Any]], bool]


def page(ctx: Context, request: web.Request, items: Sequence[dict[str, Any]]) -> web.Response:
    """Answer one page of `items` (which have an id), with a nextLink when there are more."""
    size = _page_size(ctx, request)
    start = _start(request, items)
    shown = list(items[start : start + size])
    body: dict[str, Any] = {"value": shown}
    if start + size < len(items):
        token = urlsafe_b64encode(shown[-1]["id"].lower().encode()).decode()
        query = {key: value for key, value in request.query.items() if key != "$skiptoken"}
        link = request.url.with_host(request.url.host or "127.0.0.1").with_query(
            {**query, "$skiptoken": token}
        )
        body["nextLink"] = str(link)
    return web.json_response(body)


def predicate(text: str) -> Predicate:
    """Return a test of resources for an ARM `$filter`. Raises WireError for what ARM (or the stack) does not take."""
    tests: dict[str, list[tuple[str, str]]] = {}
    if not text.strip():
        return lambda _: True
    for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE):
        found = _CLAUSE.fullmatch(part)
        if not found or found[1].lower() not in _FIELDS:
            raise WireError(
                400, "InvalidFilterInQueryString", f"Invalid $filter '{text}' specified in the query string."
            )
        tests.setdefault(found[1].lower(), []).append((found[2].lower(), found[3].replace("''", "'")))
    return lambda resource: all(
        _FIELDS[field](resource, value) is (operator == "eq")
        for field, wanted in tests.items()
        for operator, value in wanted
    )


def listed(resource: dict[str, Any], times: dict[str, Any], expand: str) -> dict[str, Any]:
    """Return what a resource list shows: never `properties`; times and state only when `$expand` names them."""
    shown = {key: resource[key] for key in _LISTED if key in resource}
    wanted = {part.strip().lower() for part in expand.split(",")}
    for key, value in times.items():
        if key.lower() in wanted:
            shown[key] = value
    if "provisioningstate" in wanted:
        shown["provisioningState"] = resource["properties"].get("provisioningState")
    return shown


def _same(key: str) -> Callable[[dict[str, Any], str], bool]:
    return lambda resource, value: str(resource.get(key, "")).lower() == value.lower()


_FIELDS: dict[str, Callable[[dict[str, Any], str], bool]] = {
    "resourcetype": _same("type"),
    "name": _same("name"),
    "location": _same("location"),
    "resourcegroup": lambda resource, value: f"/resourcegroups/{value.lower()}/" in resource["id"].lower(),
    "tagname": lambda resource, value: value in (resource.get("tags") or {}),
    "tagvalue": lambda resource, value: value in (resource.get("tags") or {}).values(),
}


def _page_size(ctx: Context, request: web.Request) -> int:
    try:
        top = int(request.query.get("$top", str(_DEFAULT_PAGE)))
    except ValueError:
        top = 0
    if top < 1:
        raise WireError(
            400, "InvalidTopInQueryString", "The $top query parameter must be a positive integer."
        )
    return min(top, int(ctx.faults.setting(PAGE_SIZE, _DEFAULT_PAGE)))


def _start(request: web.Request, items: Sequence[dict[str, Any]]) -> int:
    token = request.query.get("$skiptoken")
    if not token:
        return 0
    try:
        last = urlsafe_b64decode(token).decode()
    except ValueError as error:
        raise WireError(400, "InvalidSkipToken", "The $skiptoken query parameter is not valid.") from error
    return sum(1 for item in items if item["id"].lower() <= last)
