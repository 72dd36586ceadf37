"""Show a poisoned alert: why it was given up, and the message itself; or a kept body by its blob. Reads only."""

from __future__ import annotations

from vibedata.alerts import kept, poison
from vibedata.ports import Summary
from vibedata.ports.alerts import KeptBodies, PoisonedAlerts

VERB = "show_poisoned"
KEPT_IN = tuple(f"{one}/" for one in kept.CONTAINERS)
GIVEN_UP = f"alerts-rejected/{poison.PREFIX}"
KNOWN = (
    *("name", "at", "code", "reason", "origin", "rule", "summary", "alertId", "deliveryKey"),
    *("bytes", "times", "requeuedAt"),
)


def run(wanted: str, *, poisoned: PoisonedAlerts, bodies: KeptBodies) -> Summary:
    """Return what is known of the one that `wanted`, its name or the first letters, means, with its bytes.

    A kept body, `alerts-rejected/sha256/…` or `alerts-claims/…`, was not given up: less is known of it. Raises
    BadInput (alert-poison-unknown, alert-poison-ambiguous, alert-body-unknown, alert-body-ambiguous,
    alert-body-too-large).
    """
    if wanted.startswith(GIVEN_UP):
        wanted = wanted.removeprefix(GIVEN_UP)
    elif wanted.startswith(KEPT_IN):
        return _kept(wanted, bodies)
    name = poison.chosen(poisoned.kept(), wanted).name
    one, raw, claimed = poisoned.read(name)
    body = claimed if claimed is not None else _body(raw)
    data = {**dict.fromkeys(KNOWN), **poison.as_dict(one), "message": _text(raw), "body": _text(body)}
    return Summary(VERB, {}, one.told.reason, data)


def _kept(wanted: str, bodies: KeptBodies) -> Summary:
    one, raw = bodies.read(wanted)
    text = _text(raw)
    data = {**dict.fromkeys(KNOWN), **kept.as_dict(one), "message": text, "body": text}
    return Summary(VERB, {}, one.reason, data)


def _body(raw: bytes) -> bytes:
    message = poison.message_of(raw)
    return (message.body or b"") if message else b""


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")
