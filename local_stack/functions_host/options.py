"""How one host runs: what Azure decides by the plan, the platform or the clock, said by whoever starts it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LEASE_SECONDS = 600.0  # what Azure hides a message for while a function has it
DRAIN_SECONDS = 30.0


@dataclass(frozen=True)
class Identity:
    """App Service's identity endpoint of this app. The header is a secret: it is in no repr."""

    endpoint: str = ""
    header: str = field(default="", repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Identity:
        """Return what IDENTITY_ENDPOINT and IDENTITY_HEADER say."""
        return cls(environment.get("IDENTITY_ENDPOINT", ""), environment.get("IDENTITY_HEADER", ""))


@dataclass(frozen=True)
class Options:
    """Everything that is neither the app's nor its settings'; times in seconds.

    `lease` is how long a message stays hidden when its worker is killed; `directory` is a running stack's, for TLS,
    the CA and the clock; `events` takes one JSON line per start and end of an invocation.
    """

    workers: int = 1
    port: int = 0
    directory: Path | None = None
    events: Path | None = None
    lease: float = LEASE_SECONDS
    drain: float = DRAIN_SECONDS
    identity: Identity = Identity()

    @property
    def ca_file(self) -> str:
        """The CA that the host's and the app's clients trust beside nobody, or ''."""
        return str((self.directory / "keys" / "ca.pem").absolute()) if self.directory else ""

    def base_environment(self) -> dict[str, str]:
        """Return what a worker inherits of this process: where programs and temporary files are, and the CA."""
        kept = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
        told = {name: os.environ[name] for name in kept if name in os.environ}
        if self.ca_file:
            told |= {"SSL_CERT_FILE": self.ca_file, "REQUESTS_CA_BUNDLE": self.ca_file}
        return told
