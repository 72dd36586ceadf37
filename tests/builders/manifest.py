"""A valid release manifest to start from; each test changes what it is about."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

from vibedata.catalog import RUNBOOKS

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
VERSION = "1.4.0"
SUFFIX = "abcdefghij234"
PROBES: list[dict[str, Any]] = [
    {"type": "http", "path": "/health", "expectStatus": 200, "timeoutSeconds": 5},
    {"type": "dns", "timeoutSeconds": 5},
    {"type": "arm", "timeoutSeconds": 10},
    {"type": "digest", "timeoutSeconds": 10},
]


def digest(of: str) -> str:
    """Return the digest of a text: the same text gives the same digest."""
    return "sha256:" + hashlib.sha256(of.encode()).hexdigest()


def artifact(repository: str, content: str | None = None) -> dict[str, Any]:
    """Return a descriptor of an artifact; with `content`, of that layer too."""
    described: dict[str, Any] = {
        "repository": repository,
        "digest": digest(f"manifest of {repository} {content}"),
        "size": 512,
        "mediaType": IMAGE_MANIFEST,
    }
    if content is not None:
        described["content"] = {"digest": digest(content), "size": max(1, len(content.encode()))}
    return described


def sample_component(name: str, **changes: Any) -> dict[str, Any]:
    """Return a required container app without dependencies, in wave 1."""
    component = {
        "name": name,
        "kind": "container",
        "version": VERSION,
        "artifact": artifact(f"vibedata/components/{name}"),
        "recognisedBy": {
            "type": "Microsoft.Web/sites",
            "namePattern": f"app-{name}-{{suffix}}",
            "imageProperty": "properties.siteConfig.linuxFxVersion",
        },
        "dependsOn": [],
        "wave": 1,
        "required": True,
        "probes": PROBES,
        "update": {"strategy": "replace", "reversibility": "reversible"},
        "owner": "platform",
    }
    return _changed(component, changes)


def sample_resource(name: str, type: str, pattern: str, **changes: Any) -> dict[str, Any]:
    """Return a required azure-resource in wave 0 with an arm and a dns probe."""
    component = sample_component(
        name,
        kind="azure-resource",
        recognisedBy={"type": type, "namePattern": pattern},
        wave=0,
        probes=[{"type": "arm", "timeoutSeconds": 10}, {"type": "dns", "timeoutSeconds": 5}],
        update={"strategy": "none", "reversibility": "forward-only"},
    )
    del component["artifact"]
    return _changed(component, changes)


def sample_manifest(**changes: Any) -> dict[str, Any]:
    """Return a valid manifest: postgres and key-vault, api on them, studio on api, alert-functions optional.

    `changes` replace top-level parts (`components=[...]`), or members of one (`release={"serial": 7}`).
    """
    manifest = {
        "schemaVersion": 1,
        "suite": {"version": "0.1.0", "commit": "0123456789abcdef0123456789abcdef01234567"},
        "release": {
            "version": VERSION,
            "channel": "stable",
            "serial": 1000,
            "createdAt": "2026-01-31T12:00:00Z",
            "expires": "2026-07-30T12:00:00Z",
            "minimumSuiteVersion": "0.1.0",
        },
        "networkRetryPolicies": {"attempts": 3, "delaySeconds": 2},
        "components": _components(),
        "runbooks": [
            {
                "name": row.verb,
                "version": VERSION,
                "artifact": artifact(f"vibedata/runbooks/{row.verb}", f"print({row.verb!r})\n"),
            }
            for row in RUNBOOKS
        ],
        "bundles": {"cp310-manylinux_x86_64": artifact("vibedata/bundle", "the bundle of cp310")},
    }
    return _changed(manifest, changes)


def sample_bytes(**changes: Any) -> bytes:
    """Return `sample_manifest(**changes)` as the bytes of a file."""
    return json.dumps(sample_manifest(**changes), indent=1).encode()


def _components() -> list[dict[str, Any]]:
    return [
        sample_resource(
            "postgres",
            "Microsoft.DBforPostgreSQL/flexibleServers",
            "psql-{suffix}",
            probes=[
                {"type": "arm", "timeoutSeconds": 10},
                {"type": "tcp", "port": 5432, "timeoutSeconds": 5},
            ],
        ),
        sample_resource(
            "key-vault",
            "Microsoft.KeyVault/vaults",
            "kv-{suffix}",
            probes=[{"type": "arm", "timeoutSeconds": 10}, {"type": "keyVault", "timeoutSeconds": 10}],
        ),
        sample_component(
            "api", dependsOn=["postgres", "key-vault"], configurationReferences=["database-url", "hmac-key"]
        ),
        sample_component("studio", dependsOn=["api"], wave=2),
        sample_component(
            "alert-functions",
            kind="function-app",
            recognisedBy={"type": "Microsoft.Web/sites", "namePattern": "func-operations-{suffix}"},
            probes=[probe for probe in PROBES if probe["type"] != "digest"],  # it runs a package, no image
            required=False,
        ),
    ]


def _changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    for name, value in changes.items():
        merge = isinstance(value, dict) and isinstance(changed.get(name), dict)
        whole = name in ("recognisedBy", "bundles", "artifact")
        changed[name] = {**changed[name], **value} if merge and not whole else value
    return changed
