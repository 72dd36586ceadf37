"""Probes that reach out: dns, tcp, http, storage, keyVault. Each has a deadline and never raises.

A name is resolved first, and every address must be private (RFC-60: private endpoints only); the connection
then goes to that very address, with the name in SNI and Host, so that what was checked is what is used.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError

from vibedata.adapters import certificates
from vibedata.adapters.azure_errors import translate
from vibedata.adapters.resolver import NotResolved, Resolver, ResolverUnreachable
from vibedata.adapters.service_reads import read_storage, read_vault
from vibedata.health import HEALTHY, OK, UNHEALTHY, UNKNOWN, Outcome
from vibedata.probing import Probe
from vibedata.settings import Settings

MAX_BODY_BYTES = 64 * 1024
LOOK_SECONDS = 2.0
EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass
class Finding(Exception):
    """How a probe ended before its end: what becomes its Outcome."""

    status: str
    reason: str
    message: str


class AzureProber:
    """A Prober on the worker: its name servers, its trust, the identity of `vibedata-uami`."""

    def __init__(
        self, credential: TokenCredential, settings: Settings, clock: Callable[[], datetime] = _utc_now
    ) -> None:
        self._resolver = Resolver(settings.dns_servers, settings.private_networks)
        self._credential = credential
        self._clock = clock

    def probe(self, probe: Probe) -> Outcome:
        """Ask, and time it."""
        began, observed = time.monotonic(), self._clock()
        evidence: dict[str, Any] = {}
        try:
            message = self._ask(probe, _Deadline(probe.timeout_seconds), evidence)
            ended = Finding(HEALTHY, OK, message)
        except Finding as finding:
            ended = finding
        except Exception as error:  # noqa: BLE001 - a probe that breaks is an outcome, not the end of the sweep
            ended = Finding(UNKNOWN, "probe-failed", f"The probe itself failed: {type(error).__name__}.")
        duration = round((time.monotonic() - began) * 1000)
        return Outcome(probe.type, ended.status, ended.reason, ended.message, observed, duration, evidence)

    def _ask(self, probe: Probe, deadline: _Deadline, evidence: dict[str, Any]) -> str:
        if probe.type in ("storage", "keyVault"):
            return self._read(probe, deadline)
        address = self._private_address(probe, deadline, evidence)
        if probe.type == "dns":
            return f"Resolves to {address}."
        with _connected(probe, address, deadline) as connection:
            if probe.type == "tcp":
                return f"{probe.host}:{probe.port} accepts connections."
            return self._get(probe, connection, deadline, evidence)

    def _private_address(self, probe: Probe, deadline: _Deadline, evidence: dict[str, Any]) -> str:
        try:
            addresses = self._resolver.addresses(probe.host, deadline.remaining())
        except NotResolved:
            raise Finding(UNHEALTHY, "not-resolved", f"DNS has no address for {probe.host}.") from None
        except ResolverUnreachable as error:
            raise Finding(UNKNOWN, "resolver-unreachable", f"No name server answered: {error}") from None
        evidence["addresses"] = addresses
        public = [address for address in addresses if not self._resolver.is_private(address)]
        if public:
            message = f"{probe.host} resolves to {public[0]}, which is outside of the private networks."
            raise Finding(UNHEALTHY, "public-address", message)
        return addresses[0]

    def _get(
        self, probe: Probe, connection: socket.socket, deadline: _Deadline, evidence: dict[str, Any]
    ) -> str:
        try:
            with ssl.create_default_context().wrap_socket(connection, server_hostname=probe.host) as secured:
                evidence["certificateDaysLeft"] = certificates.days_until(secured, self._clock())
                status = _status(probe, secured, deadline)
        except ssl.SSLCertVerificationError as error:
            if error.verify_code == EXPIRED:
                evidence["certificateDaysLeft"] = self._days_left_unverified(evidence["addresses"][0], probe)
            raise _bad_certificate(probe, error) from None
        except TimeoutError:
            raise _timeout(probe) from None
        except (OSError, http.client.HTTPException) as error:
            message = f"{probe.host} broke off: {type(error).__name__}."
            raise Finding(UNHEALTHY, "connection-lost", message) from None
        evidence["httpStatus"] = status
        if status != probe.expect_status:
            message = f"{probe.path} answered {status} instead of {probe.expect_status}."
            raise Finding(UNHEALTHY, "unexpected-status", message)
        return f"{probe.path} answered {status}."

    def _days_left_unverified(self, address: str, probe: Probe) -> int | None:
        """Look at a certificate that was just refused, only to say since when it has expired."""
        try:
            with socket.create_connection((address, probe.port), timeout=LOOK_SECONDS) as connection:
                return certificates.days_left(connection, probe.host, self._clock())
        except (OSError, ValueError):
            return None

    def _read(self, probe: Probe, deadline: _Deadline) -> str:
        read, role = (read_storage, "blob-data") if probe.type == "storage" else (read_vault, "key-vault")
        try:
            return read(probe.url, self._credential, deadline.remaining())
        except AzureError as error:
            found = translate(error, doing=f"read {probe.host}", needs=role)
            status = UNHEALTHY if found.code in ("role-missing", "azure-unreachable") else UNKNOWN
            raise Finding(status, found.code, found.message) from None


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def remaining(self) -> float:
        return max(self._until - time.monotonic(), 0.001)


def _connected(probe: Probe, address: str, deadline: _Deadline) -> socket.socket:
    try:
        return socket.create_connection((address, probe.port), timeout=deadline.remaining())
    except TimeoutError:
        raise _timeout(probe) from None
    except ConnectionRefusedError:
        message = f"{probe.host}:{probe.port} ({address}) refuses connections."
        raise Finding(UNHEALTHY, "connection-refused", message) from None
    except OSError as error:
        message = f"{probe.host}:{probe.port} ({address}): {error.strerror}."
        raise Finding(UNHEALTHY, "connection-lost", message) from None


def _status(probe: Probe, secured: ssl.SSLSocket, deadline: _Deadline) -> int:
    client = http.client.HTTPSConnection(probe.host, probe.port)
    client.sock = secured
    secured.settimeout(deadline.remaining())
    client.request("GET", probe.path, headers={"User-Agent": "vibedata-health", "Connection": "close"})
    answer = client.getresponse()
    secured.settimeout(deadline.remaining())
    answer.read(MAX_BODY_BYTES)
    return answer.status


def _bad_certificate(probe: Probe, error: ssl.SSLCertVerificationError) -> Finding:
    if error.verify_code == EXPIRED:
        return Finding(UNHEALTHY, "certificate-expired", f"The certificate of {probe.host} has expired.")
    message = f"The certificate of {probe.host} is not valid: {error.verify_message}."
    return Finding(UNHEALTHY, "certificate-invalid", message)


def _timeout(probe: Probe) -> Finding:
    return Finding(UNHEALTHY, "timeout", f"{probe.host} gave no answer within {probe.timeout_seconds:g} s.")
