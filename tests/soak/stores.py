"""The checker's other half: tables, queues and blobs after a soak, and memory while it ran."""

from __future__ import annotations

from collections.abc import Sequence

from tests.soak.findings import Findings, LoggedRow
from tests.soak.ledger import Ledger, delivery_key, incident_key
from tests.soak.rig import Rig
from tests.soak.watch import Sample

GROWTH, GROWTH_MB = 1.2, 10.0
LONG_SAMPLES = 600


def check_tables(found: Findings, rows: Sequence[LoggedRow], rig: Rig, ledger: Ledger) -> None:
    """Deliveries are those that have rows, under the same EventIds; incidents are those of the alerts."""
    deliveries = {
        entity["Key"]: entity
        for entity in rig.table("alertdeliveries").list_entities()
        if entity.get("Origin") != "reconciled"
    }
    told = {row.details["deliveryKey"]: row.event_id for row in rows if not row.is_reconciled}
    keys = {key for event in ledger.events.values() if (key := delivery_key(event))}
    legacy = sum(event[0] == "legacy" for event in ledger.events.values())
    found.facts["deliveries"] = len(deliveries)
    missing, extra = set(told) - set(deliveries), set(deliveries) - set(told)
    other = [key for key in set(told) & set(deliveries) if told[key] != deliveries[key]["EventId"]]
    found.expect(not missing, f"{len(missing)} rows have no delivery", sorted(missing))
    found.expect(not extra, f"{len(extra)} deliveries have no row", sorted(extra))
    found.expect(not other, f"{len(other)} deliveries name another EventId than their row", other)
    unknown = keys - set(deliveries)
    found.expect(not unknown, f"{len(unknown)} logical events have no delivery", sorted(unknown))
    found.expect(
        len(deliveries) == len(keys) + legacy, f"{len(deliveries)} deliveries, {len(keys)} + {legacy} events"
    )
    _incidents(found, rig, ledger, {entity["Incident"] for entity in deliveries.values()})


def _incidents(found: Findings, rig: Rig, ledger: Ledger, named: set[str]) -> None:
    states = {
        str(entity["Key"] if "Key" in entity else entity["IncidentKey"]): str(entity["State"])
        for entity in rig.table("alertincidents").list_entities()
        if entity.get("StepsJson")
    }
    alerts = {incident_key(event) for event in ledger.events.values() if event[0] != "legacy"}
    found.facts["incidents"] = len(states)
    missing, extra = named - set(states), set(states) - named
    found.expect(not missing, f"{len(missing)} deliveries have no incident", sorted(missing))
    found.expect(not extra, f"{len(extra)} incidents have no delivery", sorted(extra))
    found.expect(alerts <= named, f"{len(alerts - named)} alerts have no incident", sorted(alerts - named))
    last: dict[str, tuple[str, str]] = {}
    for event in (e for e in ledger.events.values() if e[0] != "legacy"):
        alert, (_, condition, when, *_) = incident_key(event), event
        last[alert] = max(last.get(alert, ("", "")), (when, condition))
    wrong = [
        alert
        for alert, (_, condition) in last.items()
        if condition == "Resolved" and states.get(alert) == "Open"
    ]
    found.expect(not wrong, f"{len(wrong)} incidents are open though their alert was resolved last", wrong)


def check_left(found: Findings, rig: Rig) -> None:
    """Nothing waits, nothing was given up, nothing was rejected."""
    for name in ("alerts", "alerts-poison"):
        count = int(rig.queue(name).get_queue_properties().approximate_message_count or 0)
        found.facts[f"left in {name}"] = count
        found.expect(not count, f"{count} messages are left in {name}")
    with rig.blobs() as blobs:
        for container, prefix in (("alerts-rejected", ""), ("operations-spool", "")):
            names = [blob.name for blob in blobs.get_container_client(container).list_blobs(prefix)]
            found.expect(not names, f"{len(names)} blobs are left in {container}", names)


def check_memory(found: Findings, samples: Sequence[Sample]) -> None:
    """Compare the first and the last third, of the largest worker and of the host: usual size, and nearly the most."""
    third = len(samples) // 3
    if not third:
        return
    for name in ("worker_mb", "host_mb"):
        values = [getattr(sample, name) for sample in samples if getattr(sample, name)]
        for what, share in (("median", 0.5), ("95th percentile", 0.95)):
            first, last = _quantile(values[:third], share), _quantile(values[-third:], share)
            found.facts[f"{name}, {what} of the first and the last third"] = f"{first:.0f}, {last:.0f}"
            if share == 0.5 or len(samples) >= LONG_SAMPLES:  # in a short run the most is its warm-up
                found.expect(
                    last <= GROWTH * first + GROWTH_MB, f"{name}: {what} grew from {first:.0f} to {last:.0f}"
                )


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * len(values))] if values else 0.0
