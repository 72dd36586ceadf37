"""An alert's own JSON document, as it travels to the processor: never longer than what is read again there.

A body is written anew, because it may hold several alerts, or wrap one. Anew it may be longer: UTF-16 becomes UTF-8,
a byte that is none three, `1e15` sixteen digits. What grew beyond the limit goes as it came, where it came alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vibedata.alerts.decoding import MAX_BYTES
from vibedata.alerts.shapes import MAX_ALERTS, Body, Shape, read

_TOO_LARGE = Shape(
    "none", code="too-large", reason=f"written by itself it has more than the {MAX_BYTES} bytes of an alert"
)


def read_to_send(raw: bytes, at_most: int = MAX_ALERTS) -> Iterator[tuple[Body, bytes]]:
    """Yield what `read` finds in a body, each alert with its document; what is none has no document."""
    bodies = read(raw, at_most)
    for body in bodies:
        if not body.shape.is_alert:
            yield body, b""
            continue
        document = _written(body.document)
        if len(document) > MAX_BYTES and len(bodies) == 1:
            document = raw
        yield (body, document) if len(document) <= MAX_BYTES else (Body(body.document, _TOO_LARGE), b"")


def _written(document: Any) -> bytes:
    try:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half a surrogate pair has no UTF-8
        return json.dumps(document, separators=(",", ":")).encode()
