"""Messages that the processor gave up: what is kept of them, and why they were given up.

The host copies a message to `alerts-poison` without a word of what went wrong. What follows from the bytes can be
found again (they hold no alert, their body is gone); for the rest the Function app's own log is named.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from vibedata import alerts
from vibedata.alerts.message import Message, decode, encode
from vibedata.alerts.putting_off import PutOff
from vibedata.alerts.shapes import read
from vibedata.alerts.values import clean
from vibedata.errors import BadInput, VibedataError

PREFIX = "poison/"
FAILED = "processing-failed"  # the message is good: what failed may be mended
MAX_REASON_CHARS = 300
_NAME = re.compile(r"[0-9a-f]{64}")
GAVE_UP = (
    "The message can be read, and the processor failed on it every time: see the Function app's exceptions."
)


@dataclass(frozen=True)
class Diagnosis:
    """Why a message was given up (`code`, `reason`), and what alert it holds, as far as it can be read."""

    code: str
    reason: str
    delivery_key: str = ""
    alert_id: str = ""
    rule: str = ""
    summary: str = ""


@dataclass(frozen=True)
class Poisoned:
    """One message that is kept: under which name, since when, how many times, and whether it was put back."""

    name: str
    at: datetime
    told: Diagnosis
    size: int
    times: int = 1
    requeued_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether nobody has put it back yet."""
        return self.requeued_at is None


@dataclass(frozen=True)
class Stranded:
    """A message on `alerts-poison` that nobody takes any more; `receipt` is what it is deleted by."""

    raw: bytes
    dequeue_count: int
    receipt: tuple[str, str]


def name_of(raw: bytes) -> str:
    """Return the name of a message: the digest of its bytes, 64 hexadecimal digits."""
    return hashlib.sha256(raw).hexdigest()


def is_name(name: str) -> bool:
    """Say whether a name is one that `name_of` makes."""
    return bool(_NAME.fullmatch(name))


def unknown(name: str) -> BadInput:
    """Return the error for a name under which nothing is kept."""
    return BadInput(
        "alert-poison-unknown",
        f"No poisoned alert is called {clean(name, 80)!r}.",
        hint="`vibedata alerts poison list --all` shows their names; the first letters of one are enough.",
    )


def chosen(kept: Iterable[Poisoned], wanted: str) -> Poisoned:
    """Return the one that a name, or the first letters of one, means.

    Raises BadInput (alert-poison-unknown, alert-poison-ambiguous).
    """
    told = wanted.strip().lower().removeprefix(PREFIX)
    found = [one for one in kept if told and one.name.startswith(told)]
    if not found:
        raise unknown(wanted)
    if len(found) > 1:
        raise BadInput(
            "alert-poison-ambiguous",
            f"{wanted[:80]!r} begins the names of {len(found)} poisoned alerts.",
            hint="Give more letters.",
        )
    return found[0]


def as_dict(one: Poisoned) -> dict[str, Any]:
    """Return what is known of one as plain data."""
    return {
        "name": one.name,
        "at": one.at.isoformat(),
        "code": one.told.code,
        "reason": one.told.reason,
        "rule": one.told.rule,
        "summary": one.told.summary,
        "alertId": one.told.alert_id,
        "deliveryKey": one.told.delivery_key,
        "bytes": one.size,
        "times": one.times,
        "requeuedAt": one.requeued_at.isoformat() if one.requeued_at else None,
    }


def message_of(raw: bytes) -> Message | None:
    """Return the message of the bytes, None where they are none."""
    try:
        return decode(raw)
    except BadInput:
        return None


def lasting(raw: bytes) -> tuple[bytes, PutOff | None]:
    """Return a message's bytes as they were before it was put off or put back, and since when it was put off.

    So it has one name whenever it is given up, and begins anew when it is put back.
    """
    message = message_of(raw)
    if message is None or (message.put_off is None and not message.requeued):
        return raw, None
    return encode(replace(message, put_off=None, requeued=False)), message.put_off


def diagnose(
    raw: bytes, body: bytes | None, missing: VibedataError | None = None, put_off: PutOff | None = None
) -> Diagnosis:
    """Return why a message was given up; `body` is the alert's, `missing` why a claimed one could not be read."""
    try:
        message = decode(raw)
    except BadInput as error:
        return Diagnosis(error.code, _short(error.message))
    if missing is not None:
        return Diagnosis(missing.code, _short(missing.message), message.delivery_key)
    return diagnose_body(message, body or b"", put_off)


def diagnose_body(message: Message, body: bytes, put_off: PutOff | None = None) -> Diagnosis:
    """Return why a message was given up that can be read, and whose body is this."""
    found = read(body)
    alert = alerts.parse(found[0].document, found[0].shape) if len(found) == 1 else None
    if alert is None:
        why = found[0].shape.reason if len(found) == 1 else f"{len(found)} alerts in one"
        return Diagnosis(found[0].shape.code or "several-alerts", _short(why), message.delivery_key)
    return Diagnosis(
        FAILED,
        _gave_up(put_off),
        message.delivery_key,
        alert.alert_id,
        _short(alert.rule),
        _short(alert.summary),
    )


def _gave_up(put_off: PutOff | None) -> str:
    if put_off is None:
        return GAVE_UP
    return (
        f"{GAVE_UP} It was put off {put_off.times} times since {put_off.since.isoformat(timespec='seconds')}."
    )


def _short(text: str) -> str:
    return clean(text, MAX_REASON_CHARS)
