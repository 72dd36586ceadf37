"""The final state of every service, with what no two runs share taken out, so that runs can be compared."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from azure.core.credentials import TokenCredential
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from demo.arm import Arm
from demo.instance import Instance
from local_stack.threaded import ThreadedStack
from oci.auth import Aad
from oci.registry import Registry
from tests.environment import deployer

BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
TABLE_READER = "76199698-9eea-4c19-bc75-cec21354c6b6"
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
GUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")  # what ARM gives each instance anew
LISTENER = re.compile(r"127\.\d+\.\d+\.\d+(:\d+)?")
# Times, counters and identities that differ from run to run by design.
IGNORED = {
    "Timestamp", "Since", "Until", "Fence", "Owner", "OperationId", "lastVerified", "observedAt", "since", "createdAt",
    "evidence", "Renewed", "At", "JobId", "Previous", "Hash",
}  # fmt: skip


def everything(stack: ThreadedStack, instance: Instance) -> dict[str, Any]:
    """Return registry, blobs, tables and runbooks of an instance as plain data that is equal for equal states."""
    credential = deployer(stack)
    arm = Arm(stack.addresses.url("arm"), credential, instance.settings.subscription_id)
    owner = stack.deployer["object_id"]
    for scope, role in (
        ("storageAccount", BLOB_READER),
        ("storageAccount", TABLE_READER),
        ("containerRegistry", ACR_PULL),
    ):
        arm.assign(instance.ids[scope], role, owner)
    state = {
        "registry": _registry(instance, credential),
        "blobs": _blobs(instance, credential),
        "tables": _tables(instance, credential),
        "automation": _automation(arm, instance),
    }
    state["leftovers"] = sorted(
        p.name for p in (instance.home / "bundles").iterdir() if not p.name.startswith("sha256-")
    )
    text = json.dumps(state, sort_keys=True, default=str)
    for own, common in _own_words(instance):
        text = re.sub(re.escape(own), common, text, flags=re.IGNORECASE)
    text = GUID.sub("GUID", LISTENER.sub("LISTENER", text))
    return dict(json.loads(text))


def _registry(instance: Instance, credential: TokenCredential) -> dict[str, Any]:
    registry = Registry(
        instance.settings.customer_registry,
        Aad(lambda: credential.get_token("https://containerregistry.azure.net/.default").token),
    )
    return {
        name: {tag: registry.resolve(name, tag).digest for tag in registry.tags(name)}
        for name in (
            "vibedata/release",
            "vibedata/bundle",
            "vibedata/components/api",
            "vibedata/runbooks/run_health",
        )
    }


def _blobs(instance: Instance, credential: TokenCredential) -> dict[str, list[str]]:
    service = BlobServiceClient(instance.settings.blob_endpoint, credential=credential)
    names = ("manifests", "artifacts", "operations-spool")
    return {
        name: sorted(blob.name for blob in service.get_container_client(name).list_blobs()) for name in names
    }


def _tables(instance: Instance, credential: TokenCredential) -> dict[str, list[dict[str, Any]]]:
    service = TableServiceClient(instance.settings.table_endpoint, credential=credential)
    return {
        table.name: [
            {key: value for key, value in sorted(entity.items()) if key not in _ignored(entity)}
            for entity in service.get_table_client(table.name).list_entities()
        ]
        for table in service.list_tables()
        if table.name != "leases"
    }


def _ignored(entity: Mapping[str, Any]) -> set[str]:
    """Return what to leave out; the digest of a registry covers names and ids of its own instance."""
    of_instance = {"Before", "After", "Digest"} if entity.get("Subject") == "component-registry" else set()
    return IGNORED | of_instance


def _automation(arm: Arm, instance: Instance) -> dict[str, Any]:
    account = instance.ids["automationAccount"]
    found: dict[str, Any] = {}
    for kind in ("runbooks", "schedules", "jobSchedules"):
        rows = arm.get(f"{account}/{kind}")["value"]
        found[kind] = sorted(
            (row.get("name", ""), row["properties"].get("state", ""), str(row.get("tags", "")))
            for row in rows
        )
    return found


def _own_words(instance: Instance) -> list[tuple[str, str]]:
    s = instance.settings
    return [
        (instance.names.suffix, "SUFFIX"),
        (s.subscription_id, "SUBSCRIPTION"),
        (s.instance_id, "INSTANCE"),
        (s.customer_registry, "REGISTRY"),
        (s.key_vault_url, "VAULT"),
    ]


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Return where two states differ, as lines a person can read."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted({*one, *other})
        return [line for key in keys for line in differences(one.get(key), other.get(key), f"{path}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [line for index, (a, b) in pairs for line in differences(a, b, f"{path}/{index}")]
    return [] if one == other else [f"{path}: {one!r} is not {other!r}"]


def engines(home: Path) -> list[int]:
    """Return the processes that run the engine out of a worker's home."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(word.startswith(str(home).encode()) and word.endswith(b"__main__.py") for word in words):
                found.append(int(entry.name))
    return found
