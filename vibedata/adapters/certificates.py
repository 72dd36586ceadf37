"""How long a server's certificate is still good for, also when it is no longer."""

from __future__ import annotations

import socket
import ssl
from datetime import datetime, timezone


def days_until(secured: ssl.SSLSocket, now: datetime) -> int:
    """Return the whole days until a verified certificate expires."""
    until = str((secured.getpeercert() or {}).get("notAfter"))
    return (datetime.fromtimestamp(ssl.cert_time_to_seconds(until), timezone.utc) - now).days


def days_left(connection: socket.socket, host: str, now: datetime) -> int:
    """Return the same for a certificate that nobody verified: nothing is sent to a server that has it.

    Raises OSError, ValueError.
    """
    from cryptography import x509  # loaded only when a certificate was refused

    looking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    looking.check_hostname = False
    looking.verify_mode = ssl.CERT_NONE
    with looking.wrap_socket(connection, server_hostname=host) as secured:
        der = secured.getpeercert(binary_form=True) or b""
    return (x509.load_der_x509_certificate(der).not_valid_after_utc - now).days
