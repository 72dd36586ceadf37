"""Records a message that the processor gave up: its bytes are kept, one row says why, and only then may it go.

Whatever the bytes are, nothing that they hold makes this fail. What can fail is the storage account and the operations
log: then whoever calls keeps the message, and tries again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from vibedata import operations
from vibedata.alerts import poison
from vibedata.alerts.poison import Diagnosis, Poisoned
from vibedata.alerts.putting_off import PutOff
from vibedata.errors import Failed
from vibedata.ports.alerts import AlertClaims, AlertRows, PoisonedAlerts

VERB = "record_poisoned"


@dataclass(frozen=True)
class PoisonRecorder:
    """Where poisoned messages and their rows go."""

    poisoned: PoisonedAlerts
    claims: AlertClaims
    rows: AlertRows
    clock: Callable[[], datetime]
    instance_id: str

    def record(self, raw: bytes, dequeue_count: int | None) -> Poisoned:
        """Keep a message and write its row; again, it writes the same. Raises Transient, Blocked."""
        raw, put_off = poison.lasting(raw)
        body, claimed, missing = self._body(raw)
        told = poison.diagnose(raw, body, missing, put_off)
        kept = self.poisoned.keep(raw, claimed=claimed, told=told, at=self.clock())
        self.rows.deliver([_row(kept, self.instance_id, dequeue_count, put_off)])
        return kept

    def _body(self, raw: bytes) -> tuple[bytes | None, bytes | None, Failed | None]:
        """Return the alert's body; the claimed one, where it is; and why it is not where it should be."""
        message = poison.message_of(raw)
        if message is None or message.claim is None:
            return (message.body if message else None), None, None
        try:
            body = self.claims.read(message.claim)
        except Failed as error:  # it is gone, or no longer what it was: the message is kept all the same
            return None, None, error
        return body, body, None


def _row(
    kept: Poisoned, instance_id: str, dequeue_count: int | None, put_off: PutOff | None
) -> operations.Row:
    """Return the row: each time that a message was given up is one event, however often it is recorded."""
    return operations.row(
        operations.Operation(operations.event_id(VERB, kept.name), VERB, instance_id),
        operations.Event(
            name="",
            status="Poisoned",
            at=kept.at,
            category="Alert",
            severity="Error",
            key=str(kept.times),
            error_code=kept.told.code,
            message=_sentence(kept.told),
            remedy=f"vibedata alerts poison show {kept.name[:12]}",
            details={
                "name": kept.name,
                "bytes": kept.size,
                "times": kept.times,
                "dequeueCount": dequeue_count,
                "putOff": put_off.as_dict() if put_off else None,
                "deliveryKey": kept.told.delivery_key,
                "alertId": kept.told.alert_id,
                "rule": kept.told.rule,
            },
        ),
    )


def _sentence(told: Diagnosis) -> str:
    """Return what was given up, and why; a message whose alert cannot be read has no name but its own."""
    if told.summary:
        return f"{told.summary} {told.reason}"
    return f"A message was given up: {told.reason.rstrip('.')}."
