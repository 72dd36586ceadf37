"""The parts of a release manifest, as frozen views; vibedata/manifest.py makes them and hands them out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

SUFFIX_FORM = "[a-z0-9]{13}"  # what Bicep's uniqueString gives (D11)


@dataclass(frozen=True)
class Content:
    """Bytes by their digest and length (`size`, in bytes)."""

    digest: str
    size: int


@dataclass(frozen=True)
class Artifact:
    """An OCI artifact; `digest`, `size` and `media_type` are those of its OCI manifest.

    `content` is its one layer, for runbooks and bundles; None for a component's artifact.
    """

    repository: str
    digest: str
    size: int
    media_type: str
    content: Content | None = None


@dataclass(frozen=True)
class Release:
    """Which release it is; `serial` alone decides which of a channel's releases is older."""

    version: str
    channel: str
    serial: int
    created_at: datetime
    expires: datetime
    minimum_suite_version: str


@dataclass(frozen=True)
class NetworkRetryPolicies:
    """A failed call is made again up to `attempts` times, `delay_seconds` apart (NFR-8)."""

    attempts: int = 3
    delay_seconds: int = 2


@dataclass(frozen=True)
class Recognition:
    """How a component's Azure resource is told from the others: by ARM type and naming convention."""

    type: str
    name_pattern: str
    image_property: str | None = None

    def matches(self, resource_type: str, name: str, *, suffix: str | None = None) -> bool:
        """Say whether a resource is the one; `suffix`, if known, is the instance's own."""
        if resource_type.lower() != self.type.lower():
            return False
        form = SUFFIX_FORM if suffix is None else re.escape(suffix.lower())
        pattern = re.escape(self.name_pattern.lower()).replace(re.escape("{suffix}"), f"({form})")
        return re.fullmatch(pattern, name.lower()) is not None

    def name(self, suffix: str) -> str:
        """Return the resource's name in the instance with that suffix."""
        return self.name_pattern.replace("{suffix}", suffix)


@dataclass(frozen=True)
class Probe:
    """One question about a component's health; what its `type` does not use is None."""

    type: str
    timeout_seconds: int
    path: str | None = None
    port: int | None = None
    expect_status: int | None = None


@dataclass(frozen=True)
class Update:
    """How a component is brought to a new version, and whether there is a way back."""

    strategy: str
    reversibility: str


@dataclass(frozen=True)
class Component:
    """One part of an instance; `artifact` is None for an azure-resource, which the template deploys."""

    name: str
    kind: str
    version: str
    artifact: Artifact | None
    recognised_by: Recognition
    depends_on: tuple[str, ...]
    wave: int
    required: bool
    probes: tuple[Probe, ...]
    update: Update
    owner: str
    configuration_references: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunbookArtifact:
    """A runbook's artifact; `name` is its verb, `artifact.content` the script's own bytes."""

    name: str
    version: str
    artifact: Artifact
    content: Content
