"""Builds what whoever looks into the receipts needs."""

from __future__ import annotations

from collections.abc import Sequence

from vibedata.ports import Summary
from vibedata.settings import Settings
from vibedata.wiring.engine import Wires, utc_now


def verify_receipts(settings: Settings, heads: Sequence[str], *, with_log: bool, since: str) -> Summary:
    """Verify the instance's chain, against `heads` and, if asked, the operations log; see `flows.verify_receipts`."""
    from vibedata.flows.read_logs import start_of
    from vibedata.flows.verify_receipts import verify_receipts as flow

    wires = Wires.from_settings(settings)
    start = start_of(since, utc_now())
    log = wires.operations_reader() if with_log else None
    return flow(
        receipts=wires.receipts(), instance_id=settings.instance_id, heads=heads, log=log, since=start
    )


def list_receipts(settings: Settings, *, subject: str, operation_id: str | None, last: int | None) -> Summary:
    """List the instance's receipts; see `flows.list_receipts`."""
    from vibedata.flows.list_receipts import list_receipts as flow

    receipts = Wires.from_settings(settings).receipts()
    return flow(receipts=receipts, subject=subject, operation_id=operation_id, last=last)
