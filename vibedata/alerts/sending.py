"""Makes another alert of a payload: the same in everything but what tells deliveries apart, its id and its times.

So that one file can be sent many times, and each time is an alert of its own and not a repetition of the last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, MutableMapping
from datetime import datetime, timedelta, timezone
from typing import Any

from vibedata.alerts import decoding, times
from vibedata.alerts.shapes import unwrap
from vibedata.alerts.values import fold
from vibedata.errors import BadInput

# Where the older schemas, which have no alertId, say when it was.
_MOMENTS = {
    *("timestamp", "eventtimestamp", "submissiontimestamp", "analysistimestamp"),
    *("searchintervalendtimeutc", "budgetstartdate"),
}
_LEVELS = 4


def another(raw: bytes, *, name: str, new_id: str, now: datetime) -> bytes:
    """Return a payload whose alerts have fresh ids and fired (or ended) now; `name` is what errors call it.

    Raises BadInput (alert-unrecognised, alert-not-repeatable).
    """
    decoded = decoding.decode(raw)
    if decoded.problem:
        raise BadInput(
            "alert-unrecognised",
            f"{name}: {decoded.problem}",
            hint="Without --count a file is sent as it is, whatever is in it.",
        )
    for number, document in enumerate(unwrap(decoded.value)):
        if not _renew(document, f"{new_id}/{number}", now + timedelta(microseconds=number)):
            raise BadInput(
                "alert-not-repeatable",
                f"{name} has neither an alertId nor a time: another of it would be the same delivery.",
                hint="Send it without --count.",
            )
    return json.dumps(decoded.value, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")


def _renew(document: Any, seed: str, now: datetime) -> bool:
    """Change a document in place; say whether it is another delivery now."""
    essentials = _place(document, "essentials")
    if essentials is None:
        return _restamp(document, now, _LEVELS)
    fired, resolved = (_key(essentials, each) for each in ("fireddatetime", "resolveddatetime"))
    identity = _key(essentials, "alertid")
    lasted = _lasted(essentials, fired, resolved)
    if identity and isinstance(essentials[identity], str):
        essentials[identity] = _fresh_id(essentials[identity], seed)
    essentials[fired or "firedDateTime"] = _iso(now - lasted)
    if resolved and essentials[resolved]:
        essentials[resolved] = _iso(now)
    return True


def _fresh_id(alert_id: str, seed: str) -> str:
    """Return an id of the same form: the last part of a path, or as many hexadecimal digits."""
    digest = hashlib.sha256(seed.encode()).hexdigest()
    place, slash, last = alert_id.rpartition("/")
    if not slash and len(last) == len(digest):
        return digest
    return f"{place}{slash}{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"


def _lasted(essentials: Mapping[str, Any], fired: str | None, resolved: str | None) -> timedelta:
    began, ended = (times.parse(essentials[key]) if key else None for key in (fired, resolved))
    return max(ended - began, timedelta()) if began and ended else timedelta()


def _restamp(place: Any, now: datetime, levels: int) -> bool:
    """Set every moment of an older schema to now; say whether there was one."""
    if not isinstance(place, MutableMapping) or not levels:
        return False
    found = False
    for key, value in place.items():
        if fold(str(key)) in _MOMENTS and isinstance(value, str):
            place[key], found = _iso(now), True
        else:
            found = _restamp(value, now, levels - 1) or found
    return found


def _place(document: Any, name: str) -> MutableMapping[str, Any] | None:
    for outer in (document, _held(document, "data")):
        found = _held(outer, name)
        if isinstance(found, MutableMapping):
            return found
    return None


def _held(document: Any, name: str) -> Any:
    key = _key(document, name) if isinstance(document, Mapping) else None
    return document[key] if key else None


def _key(document: Mapping[str, Any], name: str) -> str | None:
    return next((key for key in document if fold(str(key)) == name), None)


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
