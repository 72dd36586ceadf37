"""AlertInstances over Azure's Alerts Management REST API.

What its time filters go by, an alert's start or its last change, is not documented. So the filter asks for all that
Azure keeps, sorted by the last change, newest first, and pages are read until one holds nothing that is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.rest import Rest
from vibedata.alerts.reconciling import AlertInstance, instance_of
from vibedata.errors import Failed
from vibedata.retry import Patience

API_VERSION = "2023-07-12-preview"
ALERTS = "/providers/Microsoft.AlertsManagement/alerts"
PAGE_SIZE = 250  # the most that a page holds
MAX_PAGES = 400
NEEDS = "inventory"  # its row in contracts/rbac.json: Reader may read alerts too
QUERY = {
    "api-version": API_VERSION,
    "timeRange": "30d",
    "sortBy": "lastModifiedDateTime",
    "sortOrder": "desc",
    "pageCount": str(PAGE_SIZE),
}


class AlertsManagement:
    """The alerts at one scope: a resource group, or a subscription."""

    def __init__(self, rest: Rest, scope: str, patience: Patience) -> None:
        self._rest = rest
        self._scope = scope.rstrip("/")
        self._patience = patience

    def changed(self, since: datetime) -> Iterator[AlertInstance]:
        """See `ports.AlertInstances.changed`."""
        for listed in self._pages():
            page = [found for item in listed if (found := instance_of(item))]
            fresh = [one for one in page if one.changed_at >= since]
            yield from fresh
            if page and not fresh:
                return

    def _pages(self) -> Iterator[list[Any]]:
        answer = self._get(f"{self._scope}{ALERTS}", **QUERY)
        for _ in range(MAX_PAGES):
            yield answer.get("value") or []
            if not answer.get("nextLink"):
                return
            answer = self._get(self._next(str(answer["nextLink"])))
        raise Failed(
            "alert-instances-endless",
            f"The list of alerts at {self._scope} has more than {MAX_PAGES} pages; nothing was taken as read.",
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
