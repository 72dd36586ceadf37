"""A whole release as bytes, to be pushed to a registry in memory or to a real one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.builders.manifest import sample_manifest
from tests.builders.signing import KEY, envelope, statement
from vibedata.adapters.signing_key import SigningKey

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = b"{}"
REPOSITORY = "vibedata/release"


@dataclass(frozen=True)
class Packed:
    """One artifact: its manifest's bytes and its blobs."""

    repository: str
    raw: bytes
    blobs: tuple[bytes, ...]
    tags: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        return digest_of(self.raw)

    @property
    def described(self) -> dict[str, Any]:
        """How a release's manifest names it."""
        return {
            "repository": self.repository,
            "digest": self.digest,
            "size": len(self.raw),
            "mediaType": IMAGE_MANIFEST,
        }


@dataclass
class Published:
    """A release: its own artifact, everything it names, and its signature unless it is unsigned."""

    release: Packed
    parts: list[Packed] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    signature: Packed | None = None

    def __iter__(self) -> Iterator[Packed]:
        yield from self.parts
        if self.signature:
            yield self.signature
        yield self.release

    def part(self, repository: str) -> Packed:
        return next(part for part in self.parts if part.repository == repository)


def pack(
    repository: str,
    content: bytes,
    *,
    kind: str = "application/vnd.vibedata.component.v1",
    layer: str = "",
    tags: tuple[str, ...] = (),
) -> Packed:
    """Pack one layer into an artifact."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": kind,
        "config": _describe(EMPTY, "application/vnd.oci.empty.v1+json"),
        "layers": [_describe(content, layer or kind)],
    }
    return Packed(repository, json.dumps(manifest).encode(), (EMPTY, content), tags)


def publish(
    change: Callable[[dict[str, Any]], None] = lambda document: None,
    *,
    bundle: bytes = b"the bundle",
    salt: str = "",
    tags: tuple[str, ...] = ("latest",),
    keys: tuple[SigningKey, ...] = (KEY,),
) -> Published:
    """Build a release from the sample manifest, every part real; `change` edits the manifest first.

    Another `salt` gives every component other bytes. Signed by `keys`, if there are any.
    """
    document = sample_manifest()
    published = Published(pack(REPOSITORY, b""))
    for component in document["components"]:
        if "artifact" in component:
            part = pack(component["artifact"]["repository"], f"{component['name']} {salt}".encode())
            component["artifact"] = part.described
            published.parts.append(part)
    for runbook in document["runbooks"]:
        content = f"print({runbook['name']!r})\n".encode()
        part = pack(
            runbook["artifact"]["repository"],
            content,
            kind="application/vnd.vibedata.runbook.v1",
            layer="application/vnd.vibedata.runbook.v1+python",
        )
        runbook["artifact"] = {**part.described, "content": _content(content)}
        published.parts.append(part)
    part = pack(
        "vibedata/bundle",
        bundle,
        kind="application/vnd.vibedata.bundle.v1",
        layer="application/vnd.vibedata.bundle.layer.v1.tar",
    )
    for target in document["bundles"]:
        document["bundles"][target] = {**part.described, "content": _content(bundle)}
    published.parts.append(part)
    change(document)
    published.document = document
    published.release = pack(
        REPOSITORY,
        json.dumps(document, indent=1).encode(),
        kind="application/vnd.vibedata.release.v1",
        layer="application/vnd.vibedata.release.manifest.v1+json",
        tags=tags,
    )
    if keys:
        published.signature = signature_of(published.release, *keys)
    return published


def signature_of(release: Packed, *keys: SigningKey) -> Packed:
    """Return a release's signature, by these keys or the one in use."""
    manifest = release.blobs[1]
    return signed_with(
        release, envelope(statement(release.digest, digest_of(manifest), len(manifest)), *keys)
    )


def signed_with(packed: Packed, content: bytes) -> Packed:
    """Return an artifact with this content under the tag by which a signature travels."""
    tag = packed.digest.replace(":", "-") + ".sig"
    kind = "application/vnd.vibedata.release.signature.v1"
    return pack(
        packed.repository, content, kind=kind, layer="application/vnd.dsse.envelope.v1+json", tags=(tag,)
    )


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _content(data: bytes) -> dict[str, Any]:
    return {"digest": digest_of(data), "size": len(data)}


def _describe(data: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, **_content(data)}
