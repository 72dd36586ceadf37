"""importImage's rules: what is asked for, what is refused at once, and the copy itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from local_stack.core.errors import WireError
from local_stack.oci_registry.errors import ImportFailed
from local_stack.oci_registry.manifests import parse
from local_stack.oci_registry.names import checked_repository, checked_tag, digest_of, is_digest
from local_stack.oci_registry.registry import LocalRegistry
from local_stack.oci_registry.source import Source

MAX_MANIFESTS = 50


@dataclass(frozen=True)
class Asked:
    """A request, read: where from, where to, and whether a tag may move."""

    host: str
    resource_id: str
    repository: str
    reference: str
    targets: tuple[tuple[str, str], ...]
    untagged: tuple[str, ...]
    force: bool

    @property
    def source(self) -> str:
        """The source as people write it."""
        separator = "@" if is_digest(self.reference) else ":"
        return f"{self.host or self.resource_id}/{self.repository}{separator}{self.reference}"

    @property
    def repositories(self) -> tuple[str, ...]:
        """The target repositories, each once."""
        return tuple(dict.fromkeys([*(name for name, _ in self.targets), *self.untagged]))


@dataclass
class Changed:
    """What an import changed."""

    tags: list[str] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)
    digest: str = ""


def read(body: dict[str, Any]) -> Asked:
    """Read the request's body. Raises WireError (400)."""
    source = body.get("source")
    if not isinstance(source, dict) or not isinstance(source.get("sourceImage"), str):
        raise _bad("'source.sourceImage' is required")
    repository, reference = _named(source["sourceImage"])
    host = str(source.get("registryUri") or "").removeprefix("https://").rstrip("/")
    resource_id = str(source.get("resourceId") or "")
    if bool(host) == bool(resource_id):
        raise _bad("exactly one of 'source.registryUri' and 'source.resourceId' is required")
    targets = tuple(_target(text, reference) for text in body.get("targetTags") or [])
    untagged = tuple(checked_repository(name) for name in body.get("untaggedTargetRepositories") or [])
    mode = body.get("mode") or "NoForce"
    if mode not in ("NoForce", "Force"):
        raise _bad(f"'mode' is '{mode}'; it can be NoForce or Force")
    if not targets and not untagged:
        if is_digest(reference):
            raise _bad("a source named by digest needs 'targetTags' or 'untaggedTargetRepositories'")
        targets = ((repository, reference),)
    return Asked(host, resource_id, repository, reference, targets, untagged, mode == "Force")


def check_tags(asked: Asked, target: LocalRegistry) -> None:
    """Refuse an existing tag without Force, whatever it names. Raises WireError (409)."""
    for repository, tag in asked.targets:
        if not asked.force and target.content.tagged(repository, tag):
            raise WireError(
                409,
                "Conflict",
                f"Tag {repository}:{tag} already exists in target registry. To overwrite, use force.",
            )


def check_network(target: LocalRegistry) -> None:
    """Refuse a target that shuts even Azure's own services out. Raises WireError (403)."""
    properties = target.properties
    closed = properties.get("publicNetworkAccess") == "Disabled"
    if closed and properties.get("networkRuleBypassOptions") == "None":
        raise WireError(
            403,
            "NetworkAccessDenied",
            f"The registry {target.login_server} does not allow trusted services to access it. Set "
            "'networkRuleBypassOptions' to 'AzureServices'.",
        )


async def copy(asked: Asked, source: Source, target: LocalRegistry) -> Changed:
    """Copy manifest, config, layers and an index's children; no referrers. Raises ImportFailed."""
    changed = Changed()
    raw, media_type = await source.manifest(asked.reference)
    changed.digest = digest_of(raw)
    found = await _closure(source, raw, media_type)
    for repository in asked.repositories:
        for manifest, kind in found:
            await _copy_manifest(source, target, repository, manifest, kind, changed)
    for repository, tag in asked.targets:
        if target.content.set_tag(repository, tag, changed.digest):
            changed.tags.append(f"{repository}:{tag}")
    return changed


async def _closure(source: Source, raw: bytes, media_type: str) -> list[tuple[bytes, str]]:
    """Return the manifests below and this one, children first."""
    found: dict[str, tuple[bytes, str]] = {}
    pending = [(raw, media_type)]
    while pending:
        manifest, kind = pending.pop()
        found.pop(digest_of(manifest), None)
        found[digest_of(manifest)] = (manifest, kind)
        if len(found) + len(pending) > MAX_MANIFESTS:
            raise ImportFailed("TooManyManifests", f"An import copies at most {MAX_MANIFESTS} manifests.")
        pending += [await source.manifest(child) for child in _parsed(manifest, kind).children]
    return list(reversed(found.values()))


async def _copy_manifest(
    source: Source, target: LocalRegistry, repository: str, raw: bytes, kind: str, changed: Changed
) -> None:
    if target.content.has_manifest(repository, digest_of(raw)):
        return
    for digest in _parsed(raw, kind).blobs:
        if target.content.has_blob(repository, digest):
            continue
        draft = target.content.uploads / str(uuid.uuid4())
        try:
            await source.blob(digest, draft)
            if target.content.add_blob(repository, digest, draft):
                changed.blobs.append(f"{repository}@{digest}")
        finally:
            draft.unlink(missing_ok=True)
    if target.content.add_manifest(repository, raw, kind)[1]:
        changed.manifests.append(f"{repository}@{digest_of(raw)}")


def _parsed(raw: bytes, kind: str) -> Any:
    try:
        return parse(raw, kind)
    except WireError as error:
        raise ImportFailed(
            "InvalidSourceContent", f"The source is no valid manifest: {error.message}"
        ) from error


def _named(text: str) -> tuple[str, str]:
    name, at, digest = text.partition("@")
    if at:
        if not is_digest(digest):
            raise _bad(f"'{text:.200}' has no well-formed digest")
        return checked_repository(name), digest
    name, colon, tag = text.rpartition(":")
    return (checked_repository(name), checked_tag(tag)) if colon else (checked_repository(text), "latest")


def _target(text: str, reference: str) -> tuple[str, str]:
    name, colon, tag = str(text).rpartition(":")
    if colon:
        return checked_repository(name), checked_tag(tag)
    return checked_repository(str(text)), "latest" if is_digest(reference) else reference


def _bad(what: str) -> WireError:
    return WireError(400, "InvalidParameters", f"The import request is not valid: {what}.")
