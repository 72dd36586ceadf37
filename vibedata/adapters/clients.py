"""How every SDK client of a verb calls: once, and not for ever. Trying again is the flow's policy (D13)."""

from __future__ import annotations

from typing import Any

from azure.core.pipeline.transport import RequestsTransport

CONNECT_SECONDS = 10
READ_SECONDS = 60
ONE_TRY: dict[str, Any] = {
    "retry_total": 0,
    "connection_timeout": CONNECT_SECONDS,
    "read_timeout": READ_SECONDS,
}


def one_transport() -> RequestsTransport:
    """Return connections for the clients of one process: who shares them shakes hands with a service once."""
    return RequestsTransport(connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)
