"""List poisoned alerts: the messages that the processor gave up and nobody has put back. Reads only."""

from __future__ import annotations

from vibedata.alerts import poison
from vibedata.ports import Summary
from vibedata.ports.alerts import PoisonedAlerts

VERB = "list_poisoned"


def run(*, poisoned: PoisonedAlerts, requeued_too: bool = False) -> Summary:
    """Return what waits for somebody, oldest first; with `requeued_too` everything that is kept."""
    kept = poisoned.kept()
    shown = [one for one in kept if one.waits or requeued_too]
    waiting = sum(one.waits for one in kept)
    told = f"{waiting} waiting, {len(kept) - waiting} requeued."
    return Summary(VERB, {}, told, {"poisoned": [poison.as_dict(one) for one in shown]})
