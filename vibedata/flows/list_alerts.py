"""List alerts: the incidents that are open, gravest first; more when asked, and what waits. Reads only."""

from __future__ import annotations

from typing import Any

from vibedata.alerts import incident_list
from vibedata.alerts.incident_list import Choice
from vibedata.errors import VibedataError
from vibedata.ports import Summary
from vibedata.ports.alerts import AlertBacklog, Incidents

VERB = "list_alerts"


def run(
    *,
    incidents: Incidents,
    backlog: AlertBacklog,
    choice: Choice = Choice(),  # noqa: B008 - a frozen value
) -> Summary:
    """Return the incidents of a choice and what waits on the queues, as plain data. Raises Transient, Blocked."""
    listed = incidents.list(only_open=not choice.closed_too)
    found = incident_list.gravest_first(one for one in listed if choice.has(one))
    what = ("" if choice.closed_too else "open ") + ("incident" if len(found) == 1 else "incidents")
    data = {"incidents": [incident_list.as_dict(one) for one in found], **_waiting(backlog)}
    return Summary(VERB, {}, f"{len(found)} {what}.", data)


def _waiting(backlog: AlertBacklog) -> dict[str, Any]:
    """Return what waits, by queue; what cannot be asked is said, and hides no incident."""
    try:
        return {"waiting": dict(backlog.waiting()), "waitingMissing": ""}
    except VibedataError as error:
        return {"waiting": None, "waitingMissing": f"{error.message} ({error.code})"}
