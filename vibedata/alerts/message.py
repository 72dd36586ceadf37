"""What travels on the queue `alerts`: one alert in an envelope that carries what intake knew of it.

    {"schema": "vibedata.alert-message/1", "deliveryKey": …, "origin": …, "receivedAt": …, "body": "…", "claim": null}

`body` is the alert's own JSON document as a text: as it came where a body holds one alert, written anew where it
holds several. `putOff` is there too once it was put off: `{"since": …, "times": …}`; and `"requeued": true` once it
was given up and put back. A storage queue holds 65,536 bytes of base64; an envelope that would exceed them carries
`claim` instead, the name of the blob in `alerts-claims` that holds the body (a claim check). A bare alert that
somebody put on the queue by hand is understood as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal, get_args

from vibedata.alerts import decoding, times
from vibedata.alerts.keys import delivery_key
from vibedata.alerts.putting_off import MAX_TIMES, PutOff
from vibedata.alerts.shapes import read
from vibedata.alerts.values import clean
from vibedata.errors import BadInput

SCHEMA = "vibedata.alert-message/1"
MAX_ENCODED_BYTES = 65536  # of base64: what a storage queue takes
MAX_SHOWN_CHARS = 120
UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=timezone.utc)

Origin = Literal["eventhub", "http", "reconciled", "replayed", "queue"]

_ORIGINS: dict[Any, Origin] = {name: name for name in get_args(Origin)}
_KEY = re.compile(r"[0-9a-f]{64}")
_CLAIM = re.compile(r"[0-9a-f]{64}/[0-9a-f]{64}")


@dataclass(frozen=True)
class Message:
    """One alert on its way: its JSON document (`body`), or the blob that holds it (`claim`); always one of both."""

    delivery_key: str
    origin: Origin
    received_at: datetime
    body: bytes | None = None
    claim: str | None = None
    put_off: PutOff | None = None
    requeued: bool = False

    @property
    def came_before(self) -> bool:
        """Whether it is known to have been taken before: what its incident tells is most likely its own doing."""
        return self.put_off is not None or self.requeued or self.origin == "replayed"


def encode(message: Message) -> bytes:
    """Return the envelope as JSON, before base64."""
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "deliveryKey": message.delivery_key,
        "origin": message.origin,
        "receivedAt": message.received_at.astimezone(timezone.utc).isoformat(),
        "body": None,
        "claim": message.claim,
    }
    if message.put_off:
        told["putOff"] = message.put_off.as_dict()
    if message.requeued:
        told["requeued"] = True
    if message.body is None:
        return json.dumps(told, separators=(",", ":")).encode()
    try:
        told["body"] = message.body.decode()
        return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeDecodeError:  # not UTF-8: each such byte as half a surrogate pair, which decode turns back
        told["body"] = message.body.decode(errors="surrogateescape")
        return json.dumps(told, separators=(",", ":")).encode()


def fits(encoded: bytes) -> bool:
    """Say whether an envelope may be put on a storage queue: its base64 has at most 65,536 bytes."""
    return 4 * -(-len(encoded) // 3) <= MAX_ENCODED_BYTES


def decode(raw: bytes, *, arrived: datetime = UNKNOWN_TIME) -> Message:
    """Return the message of a queue's bytes; `arrived` is when, for a bare alert, which does not tell itself.

    Raises BadInput (message-unreadable).
    """
    found = decoding.decode(raw)
    if found.problem:
        raise _unreadable(found.problem)
    told = found.value
    if isinstance(told, Mapping) and told.get("schema") == SCHEMA:
        return _of_envelope(told)
    return _of_bare_alert(raw, arrived)


def claim_name(delivery_key: str, body: bytes) -> str:
    """Return the name of the blob for a body: it follows from both, so storing it again changes nothing."""
    return f"{delivery_key}/{hashlib.sha256(body).hexdigest()}"


def is_claim(name: str) -> bool:
    """Say whether a name is one that `claim_name` makes: no other is ever read."""
    return bool(_CLAIM.fullmatch(name))


def _of_envelope(told: Mapping[str, Any]) -> Message:
    key, received = told.get("deliveryKey"), times.parse(told.get("receivedAt"))
    origin = _ORIGINS.get(str(told.get("origin")))
    body, claim = told.get("body"), told.get("claim")
    put_off, requeued = _put_off(told.get("putOff")), told.get("requeued") is True
    if not (isinstance(key, str) and _KEY.fullmatch(key)):
        raise _unreadable(f"its deliveryKey is {_shown(key)}")
    if origin is None:
        raise _unreadable(f"its origin is {_shown(told.get('origin'))}")
    if received is None:
        raise _unreadable(f"its receivedAt is {_shown(told.get('receivedAt'))}")
    if isinstance(body, str) and claim is None:
        return Message(key, origin, received, _bytes(body), None, put_off, requeued)
    if body is None and isinstance(claim, str) and is_claim(claim):
        return Message(key, origin, received, None, claim, put_off, requeued)
    raise _unreadable("it has neither a body nor a claim that names a blob, or both")


def _put_off(told: Any) -> PutOff | None:
    if told is None:  # never, or by who did not know of it
        return None
    since = times.parse(told.get("since")) if isinstance(told, Mapping) else None
    count = told.get("times") if isinstance(told, Mapping) else None
    if since is None or type(count) is not int or not 0 < count <= MAX_TIMES:
        raise _unreadable(f"its putOff is {_shown(told)}")
    return PutOff(since, count)


def _of_bare_alert(raw: bytes, arrived: datetime) -> Message:
    bodies = read(raw)
    if len(bodies) > 1:
        raise _unreadable(f"{len(bodies)} alerts in one, and a message holds one")
    if not bodies[0].shape.is_alert:
        raise _unreadable(bodies[0].shape.reason)
    return Message(delivery_key(bodies[0].document, bodies[0].shape), "queue", arrived, raw)


def _bytes(body: str) -> bytes:
    try:
        return body.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return body.encode(errors="replace")


def _shown(value: Any) -> str:
    return repr(clean(str(value), MAX_SHOWN_CHARS))


def _unreadable(why: str) -> BadInput:
    return BadInput(
        "message-unreadable",
        f"No alert in this message of the queue: {why}.",
        hint="Look at it with `vibedata alerts poison show`; send alerts with `vibedata alerts send`.",
    )
