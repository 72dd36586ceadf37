"""Every setting, its environment name and its default, in one place (docs/settings.md is tested against it).

On the worker they come from `$VIBEDATA_HOME/settings.json`, which the Run Command writes; an environment variable
`VIBEDATA_<NAME>` wins over the file. No setting is a secret: secrets come on standard input, never by name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vibedata.configuration import read, setting
from vibedata.keyring import keyring

DEFAULT_HOME = "/opt/vibedata"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the engine must know of the instance it serves."""

    tenant_id: str = setting("Entra tenant of the customer (GUID).")
    subscription_id: str = setting("Subscription of the managed resource group (GUID).")
    resource_group: str = setting("Name of the managed resource group.")
    instance_id: str = setting("The instance's id, minted by the Create form (D11).")
    name_suffix: str = setting("The suffix of every resource's name (D11); empty: any suffix is ours.", "")
    uami_client_id: str = setting("Client id of `vibedata-uami`; every credential names it (D1).")
    automation_account: str = setting("Name of the Automation account.")
    worker_group: str = setting("Name of the hybrid worker group that runs the jobs.", "vibedata-workers")
    customer_registry: str = setting("Login server of the customer's container registry.")
    customer_registry_name: str = setting("ARM name of the customer's container registry.")
    publisher_registry: str = setting("Login server of the publisher's container registry.")
    release_repository: str = setting("Repository of the release manifest.", "vibedata/release")
    release_keys: list[str] = setting(
        "Public keys pinned at install time, `ed25519:<base64url>`: no release is accepted that they did not sign."
    )
    release_threshold: int = setting("How many of `release_keys` must have signed a release.", 1)
    image_tag: str = setting("Tag set on every imported image; apps name it until they are pinned (D5).")
    blob_endpoint: str = setting("Blob endpoint of the instance's storage account (URL).")
    table_endpoint: str = setting("Table endpoint of the instance's storage account (URL).")
    queue_endpoint: str = setting("Queue endpoint of the instance's storage account (URL).", "")
    key_vault_url: str = setting("URL of the instance's Key Vault.", "")
    logs_ingestion_endpoint: str = setting("Logs ingestion URL of the data collection endpoint.")
    dcr_immutable_id: str = setting("Immutable id of the data collection rule.")
    log_workspace_id: str = setting("Customer id of the Log Analytics workspace (GUID).")
    arm_endpoint: str = setting("Azure Resource Manager.", "https://management.azure.com")
    logs_query_endpoint: str = setting("Logs query API.", "https://api.loganalytics.io/v1")
    event_hub_namespace: str = setting(
        "Host of the Event Hubs namespace that alerts arrive in; empty: the one of this `name_suffix`.", ""
    )
    action_group_id: str = setting(
        "Resource id of the action group that delivers alerts; empty: the one of this `name_suffix`.", ""
    )
    functions_url: str = setting("Address of the Function app; empty: the one of this `name_suffix`.", "")
    alert_http_audience: str = setting(
        "Identifier URI of the application that the HTTP fallback accepts tokens for; empty: it is shut.", ""
    )
    dns_servers: list[str] = setting("Name servers to ask, `address[:port]`; empty: the machine's own.", [])
    private_networks: list[str] = setting(
        "Address ranges that count as private: the instance's virtual network.", ["10.0.0.0/8"]
    )
    propagation_seconds: float = setting(
        "How long to wait for a role or a name to spread through Azure before giving up (D13), in seconds.",
        600.0,
    )
    lease_seconds: float = setting(
        "How long a run that was killed may keep others from changing the instance, in seconds; at least 1.",
        30.0,
    )
    job_poll_seconds: float = setting(
        "Longest pause between two looks at a running Automation job, in seconds.", 5.0
    )
    job_deadline_seconds: float = setting("How long an awaited Automation job may take, in seconds.", 1500.0)
    health_deadline_seconds: float = setting(
        "How long phase 15 waits for required components to become healthy, in seconds.", 300.0
    )


def home() -> Path:
    """Return the directory of bundles, settings and scratch files on this machine."""
    return Path(os.environ.get("VIBEDATA_HOME", DEFAULT_HOME))


def load(environ: Mapping[str, str], file: Path | None = None) -> Settings:
    """Read the settings: `file` (default `$VIBEDATA_HOME/settings.json`), then the environment over it.

    Raises BadInput (settings-unreadable, settings-missing, settings-invalid, release-keys-invalid).
    """
    path = file or Path(environ.get("VIBEDATA_HOME", DEFAULT_HOME)) / "settings.json"
    found = read(Settings, environ, path)
    keyring(found.release_keys, found.release_threshold)
    return found
