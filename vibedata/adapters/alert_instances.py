"""AlertInstances over Azure's Alerts Management REST API.

What its time filters go by, an alert's start or its last change, is not documented. So the filter asks for all that
Azure keeps, sorted by the last change, newest first, and pages are read until one holds nothing that is new. Where
those are too many, what changed first is asked for: the alerts of before, as far as they changed since, and those of
since, oldest change first. Whichever of its times the filter goes by, an alert is in one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.rest import Rest
from vibedata.alerts.reconciling import KEPT, AlertInstance, instance_of, sharing
from vibedata.errors import Failed
from vibedata.retry import Patience

API_VERSION = "2023-07-12-preview"
ALERTS = "/providers/Microsoft.AlertsManagement/alerts"
PAGE_SIZE = 250  # the most that a page holds
MAX_PAGES = 100  # of a run: it holds them all, some 17 MB
MAX_PAGES_BEFORE = 400  # looked through for alerts of before that have changed since
SKEW = timedelta(minutes=1)  # by which Azure's 30 days may begin later than ours
NEEDS = "inventory"  # its row in contracts/rbac.json: Reader may read alerts too
QUERY = {
    "api-version": API_VERSION,
    "sortBy": "lastModifiedDateTime",
    "pageCount": str(PAGE_SIZE),
}


class AlertsManagement:
    """The alerts at one scope: a resource group, or a subscription."""

    def __init__(self, rest: Rest, scope: str, patience: Patience, *, max_pages: int = MAX_PAGES) -> None:
        self._max_pages, self._max_pages_before = max_pages, max(max_pages, MAX_PAGES_BEFORE)
        self._rest = rest
        self._scope = scope.rstrip("/")
        self._patience = patience

    def changed(self, since: datetime) -> Iterator[AlertInstance]:
        """See `ports.AlertInstances.changed`."""
        fresh = self._newest({"timeRange": "30d"}, since, self._max_pages)
        texts: dict[str, str] = {}
        return (sharing(one, texts) for one in fresh)

    def changed_first(self, since: datetime, until: datetime) -> tuple[list[AlertInstance], datetime]:
        """See `ports.AlertInstances.changed_first`."""
        start = until - KEPT + SKEW
        since = max(since, start)
        first: list[AlertInstance] = []
        texts: dict[str, str] = {}
        reached = until
        query = {**_between(since, until), "sortOrder": "asc"}
        for number, page in enumerate(self._pages(query, self._max_pages), 1):
            first += [sharing(one, texts) for one in page if one.changed_at >= since]
            if number == self._max_pages and first:
                reached = first[-1].changed_at
                break
        earlier = _between(start, since)
        before = self._newest(earlier, since, self._max_pages_before) if since > start else iter(())
        told = [sharing(one, texts) for one in before if one.changed_at <= reached]
        return [*told, *(one for one in first if one.changed_at <= reached)], reached

    def _newest(self, query: Mapping[str, str], since: datetime, at_most: int) -> Iterator[AlertInstance]:
        for page in self._pages({**query, "sortOrder": "desc"}, at_most):
            fresh = [one for one in page if one.changed_at >= since]
            yield from fresh
            if page and not fresh:
                return

    def _pages(self, query: Mapping[str, str], at_most: int) -> Iterator[list[AlertInstance]]:
        answer = self._get(f"{self._scope}{ALERTS}", **QUERY, **query)
        for _ in range(at_most):
            listed = (instance_of(item) for item in answer.get("value") or [])
            yield [found for found in listed if found]
            if not answer.get("nextLink"):
                return
            answer = self._get(self._next(str(answer["nextLink"])))
        raise Failed(
            "alert-instances-endless",
            f"The list of alerts at {self._scope} has more than {at_most} pages.",
            hint="Find the rule that fires so often (Azure portal, Monitor, Alerts), then let it run again.",
        )

    def _next(self, link: str) -> str:
        """Return a next page's path: it is asked of our own endpoint, so a token goes to nobody else."""
        found = urlsplit(link)
        if not found.path.lower().endswith(ALERTS.lower()):
            raise Failed(
                "alert-instances-strange",
                f"The next page of the alerts at {self._scope} would be {found.path[:200]!r}: no list of alerts.",
                hint="Run again; if it stays, check what answers at the setting arm_endpoint.",
            )
        return f"{found.path}?{found.query}"

    def _get(self, path: str, **params: str) -> dict[str, Any]:
        def ask() -> Any:
            with azure_errors(f"list the alerts at {self._scope}", needs=NEEDS):
                return self._rest.get(path, **params)

        answer = self._patience.call(ask)
        return answer if isinstance(answer, dict) else {}


def _between(start: datetime, end: datetime) -> dict[str, str]:
    first, last = (at.astimezone(timezone.utc).isoformat().replace("+00:00", "Z") for at in (start, end))
    return {"customTimeRange": f"{first}/{last}"}
