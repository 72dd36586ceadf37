"""How a release is named and put together: media types, repositories, tags, and the manifest of its parts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from vibedata.errors import BadInput
from vibedata.manifest_parts import Content

RELEASE_TYPE = "application/vnd.vibedata.release.v1"
RELEASE_LAYER = "application/vnd.vibedata.release.manifest.v1+json"
RUNBOOK_TYPE = "application/vnd.vibedata.runbook.v1"
RUNBOOK_LAYER = "application/vnd.vibedata.runbook.v1+python"
BUNDLE_TYPE = "application/vnd.vibedata.bundle.v1"
BUNDLE_LAYER = "application/vnd.vibedata.bundle.layer.v1.tar"
SIGNATURE_TYPE = "application/vnd.vibedata.release.signature.v1"
COMPONENT_TYPE = COMPONENT_LAYER = "application/vnd.vibedata.component.v1"

RELEASE_REPOSITORY = "vibedata/release"
BUNDLE_REPOSITORY = "vibedata/bundle"
LATEST = "latest"
MANIFEST_FILE = "manifest.json"
SIGNATURE_FILE = "release.dsse.json"

WRITTEN_BY_PEOPLE = (
    "version",
    "channel",
    "minimumSuiteVersion",
    "validDays",
    "networkRetryPolicies",
    "components",
)


@dataclass(frozen=True)
class Packed:
    """A packed artifact: its OCI manifest, and the bytes of its layer (`content`) when it has exactly one."""

    digest: str
    size: int
    media_type: str
    content: Content | None


@dataclass(frozen=True)
class Identity:
    """Which release it is and from which commit; times in UTC."""

    version: str
    channel: str
    serial: int
    created_at: datetime
    expires: datetime
    commit: str


def runbook_repository(verb: str) -> str:
    """Return the repository of a runbook."""
    return f"vibedata/runbooks/{verb}"


def component_repository(name: str) -> str:
    """Return the repository of a component's artifact."""
    return f"vibedata/components/{name}"


def bundle_tag(version: str, target: str) -> str:
    """Return the tag of a bundle in the registry."""
    return f"{version}-{target}"


def signature_tag(digest: str) -> str:
    """Return the tag under which an artifact's signature lies beside it (D6)."""
    return f"{digest.replace(':', '-')}.sig"


def is_signature_tag(tag: str) -> bool:
    """Say whether a tag names a signature."""
    return re.fullmatch(r"sha256-[0-9a-f]{64}\.sig", tag) is not None


def checked(description: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a description that has all its parts and no others. Raises BadInput (release-description)."""
    missing = [name for name in WRITTEN_BY_PEOPLE if name not in description]
    unknown = [name for name in description if name not in WRITTEN_BY_PEOPLE]
    shaped = isinstance(description.get("components"), list) and type(description.get("validDays")) is int
    named = shaped and all(
        isinstance(c, dict) and isinstance(c.get("name"), str) for c in description["components"]
    )
    if missing or unknown or not named:
        raise BadInput(
            "release-description",
            f"release.json is not as it should be: missing {missing}, unknown {unknown}."
            if missing or unknown
            else "release.json needs components with names, and validDays as a whole number.",
            hint="docs/release.md says what belongs in it.",
        )
    return description


def draft(identity: Identity, parts: Iterable[Mapping[str, bytes]]) -> Identity:
    """Return a release that nobody named: its version's draft, with exactly these contents, serial and times."""
    digest = hashlib.sha256(repr(identity).encode())
    for part in parts:
        for path, content in sorted(part.items()):
            digest.update(f"{path}\0{len(content)}\0".encode() + content)
    return replace(identity, version=f"{identity.version}-draft-{digest.hexdigest()[:8]}")


def document(
    identity: Identity,
    suite_version: str,
    description: Mapping[str, Any],
    components: Mapping[str, Packed],
    runbooks: Mapping[str, Packed],
    bundles: Mapping[str, Packed],
) -> bytes:
    """Return the release manifest's bytes."""
    content = {
        "schemaVersion": 1,
        "suite": {"version": suite_version, "commit": identity.commit},
        "release": {
            "version": identity.version,
            "channel": identity.channel,
            "serial": identity.serial,
            "createdAt": _time(identity.created_at),
            "expires": _time(identity.expires),
            "minimumSuiteVersion": description["minimumSuiteVersion"],
        },
        "networkRetryPolicies": description["networkRetryPolicies"],
        "components": [_component(part, components.get(part["name"])) for part in description["components"]],
        "runbooks": [
            {
                "name": verb,
                "version": identity.version,
                "artifact": artifact(runbook_repository(verb), packed),
            }
            for verb, packed in runbooks.items()
        ],
        "bundles": {
            target: artifact(BUNDLE_REPOSITORY, packed) for target, packed in sorted(bundles.items())
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"


def artifact(repository: str, packed: Packed, *, with_content: bool = True) -> dict[str, Any]:
    """Return a packed artifact as the manifest names it."""
    described: dict[str, Any] = {
        "repository": repository,
        "digest": packed.digest,
        "size": packed.size,
        "mediaType": packed.media_type,
    }
    if with_content and packed.content:
        described["content"] = {"digest": packed.content.digest, "size": packed.content.size}
    return described


def expiry(created_at: datetime, valid_days: int) -> datetime:
    """Return when a release made then expires."""
    return created_at + timedelta(days=valid_days)


def _component(part: Mapping[str, Any], packed: Packed | None) -> dict[str, Any]:
    ordered = {name: part[name] for name in ("name", "kind", "version") if name in part}
    if packed:
        ordered["artifact"] = artifact(component_repository(part["name"]), packed, with_content=False)
    return {**ordered, **{name: value for name, value in part.items() if name not in ordered}}


def _time(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
