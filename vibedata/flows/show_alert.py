"""Show an alert: its incident, each delivery, what the operations log says of it, and where to look further.

Reads only.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from vibedata.alerts import incident_list
from vibedata.alerts.incident import Incident, operation_id
from vibedata.errors import VibedataError
from vibedata.ports import OperationsReader, Summary
from vibedata.ports.alerts import Incidents

VERB = "show_alert"
BEFORE = timedelta(days=2)  # a row may be older than the incident's first time: Azure's clock and ours differ


def run(wanted: str, *, incidents: Incidents, reader: OperationsReader) -> Summary:
    """Return what is known of the incident that `wanted` names. Raises BadInput, Transient, Blocked."""
    incident = _incident(wanted, incidents)
    rows, why = _rows(incident, reader)
    data = {
        "incident": incident_list.as_dict(incident),
        "deliveries": [incident_list.step_as_dict(step) for step in incident.steps],
        "rows": rows,
        "rowsMissing": why,
        "links": _links(rows),
    }
    return Summary(VERB, {}, f"{incident.state}: {incident.facts.summary}", data)


def _incident(wanted: str, incidents: Incidents) -> Incident:
    found = incidents.read(wanted.strip().lower()) if "/" in wanted else None
    return found[0] if found else incident_list.chosen(incidents.list(), wanted)


def _rows(incident: Incident, reader: OperationsReader) -> tuple[list[dict[str, Any]], str]:
    """Return the incident's rows of the log, or why there are none: the incident is worth showing without them."""
    try:
        return reader.rows(since=incident.first_at - BEFORE, operation_id=operation_id(incident.key)), ""
    except VibedataError as error:
        return [], str(error)


def _links(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    found: dict[str, str] = {}
    for row in rows:
        details = row.get("Details")
        links = details.get("links") if isinstance(details, Mapping) else None
        for link in links if isinstance(links, list) else []:
            if isinstance(link, Mapping):
                found[str(link.get("url", ""))] = str(link.get("name", ""))
    return [{"name": name, "url": url} for url, name in found.items() if url.startswith("https://")]
