"""The release manifest: what a release consists of, each part by digest. Bytes in, a checked view out.

The contract is contracts/manifest.schema.json; a manifest's identity is the SHA-256 of its bytes, never of
what they mean, so the bytes are kept as they came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import islice
from types import MappingProxyType
from typing import Any

from vibedata.errors import BadInput
from vibedata.manifest_parts import (
    Artifact,
    Component,
    Content,
    NetworkRetryPolicies,
    Probe,
    Recognition,
    Release,
    RunbookArtifact,
    Update,
)
from vibedata.manifest_source import pointer, read

__all__ = [
    "Artifact",
    "Component",
    "Content",
    "Manifest",
    "NetworkRetryPolicies",
    "Probe",
    "Recognition",
    "Release",
    "RunbookArtifact",
    "Update",
    "Violation",
    "digest_of",
    "parse",
    "violations",
]

MAX_TOLD = 5000  # of each sort; only a file made to be judged slowly has more


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong with a manifest: where (`pointer`, `line` from 1), what, and what to do."""

    pointer: str
    line: int
    problem: str
    remedy: str


@dataclass(frozen=True)
class Manifest:
    """A checked release manifest, and the bytes (`raw`) whose SHA-256 is its `digest`."""

    digest: str
    raw: bytes = field(repr=False)
    suite_version: str
    suite_commit: str
    release: Release
    network_retry_policies: NetworkRetryPolicies
    components: tuple[Component, ...]
    runbooks: tuple[RunbookArtifact, ...]
    bundles: Mapping[str, Artifact]

    def component(self, name: str) -> Component | None:
        """Return the component of that name, or None."""
        return next((component for component in self.components if component.name == name), None)

    def artifacts(self) -> tuple[Artifact, ...]:
        """Return everything that is named by digest: components, runbooks, bundles; each digest once."""
        everything = [component.artifact for component in self.components if component.artifact]
        everything += [runbook.artifact for runbook in self.runbooks]
        everything += self.bundles.values()
        return tuple({(a.repository, a.digest): a for a in everything}.values())


def digest_of(raw: bytes) -> str:
    """Return the digest of bytes, `sha256:` and 64 hexadecimal digits."""
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def violations(raw: bytes) -> list[Violation]:
    """Return everything that is wrong with a manifest, in the order of its lines; empty: it is valid.

    Raises BadInput (manifest-too-large, manifest-not-utf8, manifest-too-deep, manifest-not-json,
    manifest-number-refused, manifest-duplicate-key) when it cannot be read at all.
    """
    return _checked(raw)[1]


def parse(raw: bytes) -> Manifest:
    """Return the checked manifest. Raises BadInput (manifest-invalid, and what `violations` raises)."""
    document, wrong = _checked(raw)
    if wrong:
        raise BadInput(
            "manifest-invalid",
            f"The manifest has {len(wrong)} violation{'s' * (len(wrong) > 1)}; the first is in line "
            f"{wrong[0].line}, {wrong[0].pointer or '/'}: {wrong[0].problem}.",
            hint=f"{wrong[0].remedy} See them all: vibedata manifest validate FILE.",
            detail={"violations": [vars(violation) for violation in wrong]},
        )
    return _manifest(document, raw)


def _checked(raw: bytes) -> tuple[Any, list[Violation]]:
    from vibedata.manifest_rules import broken
    from vibedata.manifest_shape import (
        departures,
    )  # jsonschema is slow to import; a manifest's views do not need it

    source = read(raw)
    found = [*islice(departures(source.document), MAX_TOLD), *islice(broken(source.document), MAX_TOLD)]
    told = {Violation(pointer(path), source.line(path), problem, remedy) for path, problem, remedy in found}
    return source.document, sorted(told, key=lambda v: (v.line, v.pointer, v.problem))


def _manifest(document: Mapping[str, Any], raw: bytes) -> Manifest:
    return Manifest(
        digest=digest_of(raw),
        raw=raw,
        suite_version=document["suite"]["version"],
        suite_commit=document["suite"]["commit"],
        release=_release(document["release"]),
        network_retry_policies=NetworkRetryPolicies(
            document["networkRetryPolicies"]["attempts"], document["networkRetryPolicies"]["delaySeconds"]
        ),
        components=tuple(_component(item) for item in document["components"]),
        runbooks=tuple(_runbook(item) for item in document["runbooks"]),
        bundles=MappingProxyType({target: _artifact(item) for target, item in document["bundles"].items()}),
    )


def _release(item: Mapping[str, Any]) -> Release:
    return Release(
        version=item["version"],
        channel=item["channel"],
        serial=item["serial"],
        created_at=_time(item["createdAt"]),
        expires=_time(item["expires"]),
        minimum_suite_version=item["minimumSuiteVersion"],
    )


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def _artifact(item: Mapping[str, Any]) -> Artifact:
    return Artifact(
        repository=item["repository"],
        digest=item["digest"],
        size=item["size"],
        media_type=item["mediaType"],
        content=_content(item["content"]) if "content" in item else None,
    )


def _content(item: Mapping[str, Any]) -> Content:
    return Content(item["digest"], item["size"])


def _runbook(item: Mapping[str, Any]) -> RunbookArtifact:
    artifact = item["artifact"]
    return RunbookArtifact(item["name"], item["version"], _artifact(artifact), _content(artifact["content"]))


def _component(item: Mapping[str, Any]) -> Component:
    by, update = item["recognisedBy"], item["update"]
    return Component(
        name=item["name"],
        kind=item["kind"],
        version=item["version"],
        artifact=_artifact(item["artifact"]) if "artifact" in item else None,
        recognised_by=Recognition(by["type"], by["namePattern"], by.get("imageProperty")),
        depends_on=tuple(item["dependsOn"]),
        wave=item["wave"],
        required=item["required"],
        probes=tuple(_probe(probe) for probe in item["probes"]),
        update=Update(update["strategy"], update["reversibility"]),
        owner=item["owner"],
        configuration_references=tuple(item.get("configurationReferences", ())),
    )


def _probe(item: Mapping[str, Any]) -> Probe:
    return Probe(
        type=item["type"],
        timeout_seconds=item["timeoutSeconds"],
        path=item.get("path"),
        port=item.get("port"),
        expect_status=item.get("expectStatus"),
    )
