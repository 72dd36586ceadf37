"""The stack's own certificate authority. It lives in the directory: a restarted or copied stack is still trusted."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone
from pathlib import Path

import trustme

from local_stack.core.files import write_private

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Tls:
    """Issues server certificates; clients trust `ca_file`."""

    def __init__(self, keys: Path) -> None:
        self.ca_file = keys / "ca.pem"
        self._keys = keys
        self._ca = _load(self.ca_file, keys / "ca.key")
        self._contexts: dict[tuple[tuple[str, ...], bool], ssl.SSLContext] = {}

    def server_context(self, *names: str, expired: bool = False) -> ssl.SSLContext:
        """Return a context for these host names or addresses (default: loopback); `expired` since yesterday."""
        key = (tuple(sorted(set(names or LOOPBACK))), expired)
        if key not in self._contexts:
            self._contexts[key] = self._issue(*key)
        return self._contexts[key]

    def leaf_files(self, name: str) -> tuple[Path, Path]:
        """Return certificate and key files for loopback, for a child process to serve with."""
        certificate, key = self._keys / f"{name}.pem", self._keys / f"{name}.key"
        if not (certificate.exists() and key.exists()):
            leaf = self._ca.issue_cert(*LOOPBACK)
            write_private(key, leaf.private_key_pem.bytes())
            write_private(certificate, b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
        return certificate, key

    def client_context(self) -> ssl.SSLContext:
        """Return a context that trusts only this stack."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def _issue(self, names: tuple[str, ...], expired: bool) -> ssl.SSLContext:
        not_after = datetime.now(timezone.utc) - timedelta(days=1) if expired else None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names, not_after=not_after).configure_cert(context)
        return context


def _load(certificate: Path, key: Path) -> trustme.CA:
    if certificate.exists() and key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    authority = trustme.CA(organization_name="Local stack", organization_unit_name="Local stack CA")
    write_private(key, authority.private_key_pem.bytes())
    write_private(certificate, authority.cert_pem.bytes())
    return authority
