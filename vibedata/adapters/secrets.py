"""Reads secrets from the instance's Key Vault."""

from __future__ import annotations

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.keyvault.secrets import SecretClient

from vibedata import redact
from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.service_reads import VAULT_AUDIENCES, Pinned
from vibedata.errors import Blocked


class KeyVaultSecrets:
    """See `ports.Secrets`. Needs the role Key Vault Secrets User at the vault; `needs` is its row in rbac.json."""

    def __init__(self, vault_url: str, credential: TokenCredential, *, needs: str = "key-vault") -> None:
        # The SDK's own check wants a public name; ours is the template's output, verified by TLS.
        pinned = Pinned(credential, VAULT_AUDIENCES)
        self._client = SecretClient(vault_url, pinned, verify_challenge_resource=False)
        self._needs = needs

    def get(self, name: str) -> str:
        """See `ports.Secrets.get`."""
        with azure_errors(f"read the secret {name}", needs=self._needs):
            try:
                value = self._client.get_secret(name).value
            except ResourceNotFoundError as error:
                raise _missing(name) from error
        if not value:
            raise _missing(name)
        redact.register(value)
        return value


def _missing(name: str) -> Blocked:
    return Blocked(
        "secret-missing",
        f"The Key Vault has no secret {name!r}, or an empty one.",
        hint=f"Set it: `az keyvault secret set --vault-name <vault> --name {name} --file <file>`.",
        detail={"secret": name},
    )
