"""Show a poisoned alert: why it was given up, and the message itself. Reads only."""

from __future__ import annotations

from vibedata.alerts import poison
from vibedata.ports import Summary
from vibedata.ports.alerts import PoisonedAlerts

VERB = "show_poisoned"


def run(wanted: str, *, poisoned: PoisonedAlerts) -> Summary:
    """Return what is known of the one that `wanted`, its name or the first letters, means, with its bytes.

    Raises BadInput (alert-poison-unknown, alert-poison-ambiguous).
    """
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
