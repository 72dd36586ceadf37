"""Show a poisoned alert: why it was given up, and the message itself; or a kept body by its blob. Reads only."""

from __future__ import annotations

from vibedata.alerts import poison
from vibedata.ports import Summary
from vibedata.ports.alerts import KeptBodies, PoisonedAlerts

VERB = "show_poisoned"
KEPT_IN = ("alerts-claims/", "alerts-rejected/")
KNOWN = (
    *("name", "at", "code", "reason", "rule", "summary", "alertId", "deliveryKey"),
    *("bytes", "times", "requeuedAt"),
)


def run(wanted: str, *, poisoned: PoisonedAlerts, bodies: KeptBodies) -> Summary:
    """Return what is known of the one that `wanted`, its name or the first letters, means, with its bytes.

    A kept body, `alerts-rejected/…` or `alerts-claims/…`, was not given up: only its bytes are known here.
    Raises BadInput (alert-poison-unknown, alert-poison-ambiguous, alert-body-unknown, alert-body-too-large).
    """
    if wanted.startswith(KEPT_IN):
        text = _text(bodies.read(wanted))
        return Summary(VERB, {}, "", {**dict.fromkeys(KNOWN), "name": wanted, "message": text, "body": text})
    name = poison.chosen(poisoned.kept(), wanted).name
    one, raw, claimed = poisoned.read(name)
    body = claimed if claimed is not None else _body(raw)
    data = {**poison.as_dict(one), "message": _text(raw), "body": _text(body)}
    return Summary(VERB, {}, one.told.reason, data)


def _body(raw: bytes) -> bytes:
    message = poison.message_of(raw)
    return (message.body or b"") if message else b""


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")
