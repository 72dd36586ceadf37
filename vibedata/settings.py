"""Every setting, its environment name and its default, in one place (docs/settings.md is tested against it).

On the worker they come from `$VIBEDATA_HOME/settings.json`, which the Run Command writes; an environment variable
`VIBEDATA_<NAME>` wins over the file. No setting is a secret: secrets come on standard input, never by name.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from vibedata.errors import BadInput
from vibedata.keyring import keyring

DEFAULT_HOME = "/opt/vibedata"


def _setting(doc: str, default: Any = MISSING) -> Any:
    if default is MISSING:
        return field(metadata={"doc": doc})
    if isinstance(default, (list, dict)):
        return field(default_factory=lambda: type(default)(default), metadata={"doc": doc})
    return field(default=default, metadata={"doc": doc})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the engine must know of the instance it serves."""

    tenant_id: str = _setting("Entra tenant of the customer (GUID).")
    subscription_id: str = _setting("Subscription of the managed resource group (GUID).")
    resource_group: str = _setting("Name of the managed resource group.")
    instance_id: str = _setting("The instance's id, minted by the Create form (D11).")
    name_suffix: str = _setting("The suffix of every resource's name (D11); empty: any suffix is ours.", "")
    uami_client_id: str = _setting("Client id of `vibedata-uami`; every credential names it (D1).")
    automation_account: str = _setting("Name of the Automation account.")
    worker_group: str = _setting("Name of the hybrid worker group that runs the jobs.", "vibedata-workers")
    customer_registry: str = _setting("Login server of the customer's container registry.")
    customer_registry_name: str = _setting("ARM name of the customer's container registry.")
    publisher_registry: str = _setting("Login server of the publisher's container registry.")
    release_repository: str = _setting("Repository of the release manifest.", "vibedata/release")
    release_keys: list[str] = _setting(
        "Public keys pinned at install time, `ed25519:<base64url>`: no release is accepted that they did not sign."
    )
    release_threshold: int = _setting("How many of `release_keys` must have signed a release.", 1)
    image_tag: str = _setting("Tag set on every imported image; apps name it until they are pinned (D5).")
    blob_endpoint: str = _setting("Blob endpoint of the instance's storage account (URL).")
    table_endpoint: str = _setting("Table endpoint of the instance's storage account (URL).")
    queue_endpoint: str = _setting("Queue endpoint of the instance's storage account (URL).", "")
    key_vault_url: str = _setting("URL of the instance's Key Vault.", "")
    logs_ingestion_endpoint: str = _setting("Logs ingestion URL of the data collection endpoint.")
    dcr_immutable_id: str = _setting("Immutable id of the data collection rule.")
    log_workspace_id: str = _setting("Customer id of the Log Analytics workspace (GUID).")
    arm_endpoint: str = _setting("Azure Resource Manager.", "https://management.azure.com")
    logs_query_endpoint: str = _setting("Logs query API.", "https://api.loganalytics.io/v1")
    dns_servers: list[str] = _setting("Name servers to ask, `address[:port]`; empty: the machine's own.", [])
    private_networks: list[str] = _setting(
        "Address ranges that count as private: the instance's virtual network.", ["10.0.0.0/8"]
    )
    propagation_seconds: float = _setting(
        "How long to wait for a role or a name to spread through Azure before giving up (D13), in seconds.",
        600.0,
    )
    lease_seconds: float = _setting(
        "How long a run that was killed may keep others from changing the instance, in seconds; at least 1.",
        30.0,
    )
    job_poll_seconds: float = _setting(
        "Longest pause between two looks at a running Automation job, in seconds.", 5.0
    )
    job_deadline_seconds: float = _setting("How long an awaited Automation job may take, in seconds.", 1500.0)
    health_deadline_seconds: float = _setting(
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
    values = {**_from_file(path), **_from_environment(environ)}
    known = {f.name for f in fields(Settings)}
    required = [f.name for f in fields(Settings) if f.default is MISSING and f.default_factory is MISSING]
    missing = [name for name in required if name not in values]
    if missing:
        raise BadInput(
            "settings-missing",
            f"No value for {', '.join(missing)} in {path} or the environment.",
            hint=f'Set VIBEDATA_{missing[0].upper()}, or `eval "$(python -m local_stack env)"` locally.',
            detail={"missing": missing, "file": str(path)},
        )
    return _checked(Settings(**{name: value for name, value in values.items() if name in known}))


def _checked(settings: Settings) -> Settings:
    for setting in fields(Settings):
        value = getattr(settings, setting.name)
        if not _fits(value, str(setting.type)):
            raise BadInput(
                "settings-invalid",
                f"The setting {setting.name} is {str(value)[:100]!r}, which is no {setting.type}.",
                hint="Correct it in the deployment's parameters; docs/settings.md lists every setting.",
            )
    keyring(settings.release_keys, settings.release_threshold)
    return settings


def _fits(value: Any, kind: str) -> bool:
    if kind == "list[str]":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if kind == "float":
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and math.isfinite(value) and value >= 0
    if kind == "int":
        return type(value) is int
    return isinstance(value, str)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise BadInput(
            "settings-unreadable",
            f"{path}: {error}",
            hint="Run the phase again: its Run Command rewrites the file.",
        ) from error
    if not isinstance(document, dict):
        raise BadInput(
            "settings-unreadable", f"{path} holds no object.", hint="Write one JSON object of settings."
        )
    return document


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for setting in fields(Settings):
        text = environ.get(f"VIBEDATA_{setting.name.upper()}")
        if text is not None:
            values[setting.name] = _parse(setting.name, str(setting.type), text)
    return values


def _parse(name: str, kind: str, text: str) -> Any:
    if kind == "list[str]":
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind in ("float", "int"):
        try:
            return float(text) if kind == "float" else int(text)
        except ValueError:
            raise BadInput(
                "settings-invalid",
                f"VIBEDATA_{name.upper()}={text!r} is no number.",
                hint="Give a number; docs/settings.md says of what.",
            ) from None
    return text
