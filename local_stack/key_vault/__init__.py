"""Key Vault: vaults in ARM, each with a listener of its own, and their secrets."""

from local_stack.key_vault.paths import KeyVaultService as service

__all__ = ["service"]
