"""What a client process must be told to use this stack: its CA, its authority, the deployer's credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from local_stack.core.context import Context


def client_environment(ctx: Context) -> dict[str, str]:
    """Return the environment variables of a client that acts as the deployer."""
    return environment(ctx.directory, ctx.addresses.url("identity"))


def environment(directory: Path, authority: str) -> dict[str, str]:
    """Return the same for a stack in another process, whose identity service answers at `authority`."""
    deployer = json.loads((directory / "deployer.json").read_text("utf-8"))
    ca_file = str((directory / "keys" / "ca.pem").absolute())
    return {
        "REQUESTS_CA_BUNDLE": ca_file,
        "SSL_CERT_FILE": ca_file,
        "AZURE_AUTHORITY_HOST": authority,
        "AZURE_TENANT_ID": deployer["tenant_id"],
        "AZURE_CLIENT_ID": deployer["client_id"],
        "AZURE_CLIENT_SECRET": deployer["client_secret"],
    }
