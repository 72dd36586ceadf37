"""List alerts: the incidents that are open, gravest first; more when asked. Reads only."""

from __future__ import annotations

from vibedata.alerts import incident_list
from vibedata.alerts.incident_list import Choice
from vibedata.ports import Summary
from vibedata.ports.alerts import Incidents

VERB = "list_alerts"


def run(*, incidents: Incidents, choice: Choice = Choice()) -> Summary:  # noqa: B008 - a frozen value
    """Return the incidents of a choice, as plain data. Raises Transient, Blocked."""
    listed = incidents.list(only_open=not choice.closed_too)
    found = incident_list.gravest_first(one for one in listed if choice.has(one))
    what = "incidents" if choice.closed_too else "open incidents"
    return Summary(
        VERB, {}, f"{len(found)} {what}.", {"incidents": [incident_list.as_dict(one) for one in found]}
    )
