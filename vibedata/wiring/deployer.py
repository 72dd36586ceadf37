"""Builds what whoever deploys an instance needs: its worker's Run Commands, and the publisher's vault."""

from __future__ import annotations

from typing import Any

from vibedata.ports import RunCommands
from vibedata.settings import Settings


def run_commands(settings: Settings, vm_id: str, location: str) -> RunCommands:
    """Return the worker's Run Commands, as the deployer."""
    from vibedata.adapters.credentials import deployer_credential
    from vibedata.adapters.run_commands import ArmRunCommands

    return ArmRunCommands(
        deployer_credential(),
        subscription_id=settings.subscription_id,
        vm_id=vm_id,
        location=location,
        arm_endpoint=settings.arm_endpoint,
    )


def deployer_secrets(vault_url: str) -> Any:
    """Return a vault's secrets, as the deployer."""
    from vibedata.adapters.credentials import deployer_credential
    from vibedata.adapters.secrets import KeyVaultSecrets

    return KeyVaultSecrets(vault_url, deployer_credential(), needs="")
