"""Every setting of the Function app, its environment name and its default (docs/settings.md is tested against it).

They are the app's settings in Azure, environment variables `VIBEDATA_<NAME>`. None is a secret. What the triggers are
connected to is told to the Functions host itself, by `AlertQueue__…` and `AlertHub__…` (docs/functions.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vibedata.configuration import read, setting

ACTION_GROUPS_APP = "461e8683-5575-4561-ac7f-899cc907d62a"  # "AZNS AAD Webhook", the same in every tenant


@dataclass(frozen=True, kw_only=True)
class AlertSettings:
    """What the Function app must know of the instance it serves."""

    tenant_id: str = setting("Entra tenant of the customer (GUID).")
    subscription_id: str = setting("Subscription whose alerts are reconciled (GUID).")
    resource_group: str = setting("Name of the managed resource group.")
    instance_id: str = setting("The instance's id, minted by the Create form (D11).")
    uami_client_id: str = setting("Client id of `vibedata-uami`; every credential names it (D1).")
    blob_endpoint: str = setting("Blob endpoint of the instance's storage account (URL).")
    queue_endpoint: str = setting("Queue endpoint of the instance's storage account (URL).")
    table_endpoint: str = setting("Table endpoint of the instance's storage account (URL).")
    logs_ingestion_endpoint: str = setting("Logs ingestion URL of the data collection endpoint.")
    dcr_immutable_id: str = setting("Immutable id of the data collection rule.")
    arm_endpoint: str = setting("Azure Resource Manager.", "https://management.azure.com")
    authority: str = setting("Entra's token service.", "https://login.microsoftonline.com")
    alert_http_audience: str = setting(
        "Identifier URI of the application that the HTTP fallback accepts tokens for; empty: the fallback is shut.",
        "",
    )
    alert_http_caller: str = setting(
        "Client id of whoever may call the HTTP fallback; Azure Monitor's action groups unless it says otherwise.",
        ACTION_GROUPS_APP,
    )
    alert_put_off_seconds: float = setting(
        "How long an alert that cannot be processed for now is put off at first (s); up to ten times that later.",
        60.0,
    )


def load(environ: Mapping[str, str]) -> AlertSettings:
    """Read the settings from the environment. Raises BadInput (settings-missing, settings-invalid)."""
    return read(AlertSettings, environ)
