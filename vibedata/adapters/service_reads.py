"""The cheapest authenticated question to storage and to a vault: it proves address, token and role."""

from __future__ import annotations

from typing import Any

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import ClientAuthenticationError

VAULT_AUDIENCES = ("https://vault.azure.net",)


def read_storage(url: str, credential: TokenCredential, timeout: float) -> str:
    """List at most one container within `timeout` seconds; raises what the SDK raises."""
    from azure.storage.blob import BlobServiceClient  # loaded by those who probe storage only

    with BlobServiceClient(url, credential=credential, **_impatient(timeout)) as client:
        next(client.list_containers(results_per_page=1).by_page(), None)
    return "The blob service answers us."


def read_vault(url: str, credential: TokenCredential, timeout: float) -> str:
    """List at most one secret's name within `timeout` seconds; raises what the SDK raises."""
    from azure.keyvault.secrets import SecretClient

    pinned = Pinned(credential, VAULT_AUDIENCES)
    with SecretClient(url, pinned, verify_challenge_resource=False, **_impatient(timeout)) as client:
        next(client.list_properties_of_secrets(max_page_size=1).by_page(), None)
    return "The vault answers us."


class Pinned:
    """A credential that gives tokens for these audiences only.

    The vault's challenge names the audience; the SDK's own check compares it with the vault's host name, which a
    vault under another address cannot pass. This one keeps a token for anything else from ever being asked for.
    """

    def __init__(self, credential: TokenCredential, audiences: tuple[str, ...]) -> None:
        self._credential = credential
        self._scopes = {f"{audience}/.default" for audience in audiences}

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token. Raises ClientAuthenticationError for a scope that is not of a vault."""
        if not set(scopes) <= self._scopes:
            raise ClientAuthenticationError(f"The vault asked for a token for {', '.join(scopes)[:200]}.")
        return self._credential.get_token(*scopes, **options)


def _impatient(timeout: float) -> dict[str, Any]:
    return {"connection_timeout": timeout, "read_timeout": timeout, "retry_total": 0}
