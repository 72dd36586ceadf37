"""The list of alert instances as Alerts Management gives it: time range, filters, pages with a nextLink."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from aiohttp import web

from local_stack.core.arm_ids import is_under, subscription_of
from local_stack.logs.times import parse_time
from local_stack.monitor import errors
from local_stack.monitor.instances import Instance, Instances
from local_stack.monitor.payloads import listed_id, shown

KEPT = timedelta(days=30)
_RANGES = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7), "30d": KEPT}
_TIMES = {"lastmodifieddatetime": "changed", "startdatetime": "started"}
_SLACK = timedelta(minutes=1)  # a client's "30 days ago" was a moment ago
_FIELDS = ("severity", "alertState", "targetResource", "targetResourceType", "targetResourceGroup")


@dataclass(frozen=True)
class Bends:
    """What the stack's settings change: the largest page, Azure's lag, and which time a range is about."""

    page_size: int
    lag: float
    range_by: str


def page(
    request: web.Request, scope: str, instances: Instances, now: datetime, bends: Bends
) -> dict[str, Any]:
    """Return one page of the instances at `scope`. Raises WireError for a query that Azure would not take."""
    query = {key.lower(): value for key, value in request.query.items()}
    start, end = _range(query, now)
    by = _choice(query.get("sortby", "lastModifiedDateTime"), _TIMES, "sortBy")
    descending = _choice(query.get("sortorder", "desc"), {"asc": False, "desc": True}, "sortOrder")
    size = _size(query, bends.page_size)
    fits = _filter(query, scope)
    low, high = start.timestamp(), end.timestamp()
    found = instances.between(
        low if by == bends.range_by else 0.0,
        high if by == bends.range_by else float("inf"),
        by=by,
        descending=descending,
        behind=_behind(query.get("ctoken")),
    )
    wanted = (each for each in found if low <= getattr(each, bends.range_by) <= high and fits(each))
    rows = list(islice(wanted, size + 1))
    body: dict[str, Any] = {"value": [shown(each, bends.lag) for each in rows[:size]]}
    if len(rows) > size:
        body["nextLink"] = _next(request, (getattr(rows[size - 1], by), rows[size - 1].id))
    return body


def in_scope(instance: Instance, scope: str) -> bool:
    """Say whether an alert is listed at a scope: its subscription's, or one above its target."""
    if scope.strip("/").count("/") <= 1:
        return instance.subscription == subscription_of(scope).lower()
    return is_under(listed_id(instance), scope)


def _range(query: dict[str, str], now: datetime) -> tuple[datetime, datetime]:
    custom, named = query.get("customtimerange"), query.get("timerange")
    if custom and named:
        raise errors.bad_query("Either timeRange or customTimeRange can be used, not both.")
    if not custom:
        return now - _choice(named or "1d", _RANGES, "timeRange"), now + KEPT
    first, _, second = custom.partition("/")
    start, end = parse_time(first), parse_time(second)
    if start is None or end is None or start > end:
        raise errors.bad_query(f"customTimeRange '{custom}' is not <start-time>/<end-time> in ISO-8601.")
    if start < now - KEPT - _SLACK:
        raise errors.bad_query("customTimeRange must lie within 30 days of the time of the query.")
    return start, end


def _size(query: dict[str, str], most: int) -> int:
    try:
        size = int(query.get("pagecount", "25"))
    except ValueError:
        size = 0
    if not 1 <= size <= 250:
        raise errors.bad_query("pageCount must lie between 1 and 250.")
    return min(size, most)


def _filter(query: dict[str, str], scope: str) -> Callable[[Instance], bool]:
    tests: list[Callable[[Instance], bool]] = [lambda each: in_scope(each, scope)]
    wanted = {name: query[name.lower()].lower() for name in _FIELDS if name.lower() in query}
    for name, value in wanted.items():
        tests.append(lambda each, n=name, v=value: str(each.essentials.get(n)).lower() == v)  # type: ignore[misc]
    if "monitorservice" in query:
        service = query["monitorservice"].replace(" ", "").lower()
        tests.append(lambda each: each.essentials["monitorService"].replace(" ", "").lower() == service)
    if "monitorcondition" in query:
        resolved = _choice(query["monitorcondition"], {"fired": False, "resolved": True}, "monitorCondition")
        tests.append(lambda each: (each.resolved is not None) is resolved)
    if "alertrule" in query:
        rule = query["alertrule"].lower()
        tests.append(lambda each: rule in _rules(each))
    return lambda each: all(test(each) for test in tests)


def _rules(instance: Instance) -> tuple[str, str]:
    rule = str(instance.essentials["alertRule"]).lower()
    return rule, rule.rsplit("/", 1)[-1]


def _choice(given: str, known: dict[str, Any], name: str) -> Any:
    if given.lower() not in known:
        raise errors.bad_query(f"{name} '{given}' is not supported; {', '.join(known)} are.")
    return known[given.lower()]


def _behind(token: str | None) -> tuple[float, str] | None:
    if not token:
        return None
    try:
        when, alert_id = json.loads(urlsafe_b64decode(token))
        return float(when), str(alert_id)
    except (ValueError, TypeError) as error:
        raise errors.bad_query("The continuation token is not valid.") from error


def _next(request: web.Request, place: tuple[float, str]) -> str:
    token = urlsafe_b64encode(json.dumps(place).encode()).decode()
    query = {key: value for key, value in request.query.items() if key.lower() != "ctoken"}
    return str(request.url.with_scheme("https").with_query({**query, "ctoken": token}))
