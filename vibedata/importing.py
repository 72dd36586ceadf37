"""Which imports follow from a release and from what is there; whether this suite can run the release.

Everything is named `repository@digest`. Every artifact also gets the instance's image tag, because the
template can name images by tag only (D5), and because registries may sweep away what has no tag. Bundles of
several targets share a repository, so their tag ends in the target.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vibedata.envelope import DIGEST
from vibedata.errors import BadInput, Blocked, Failed
from vibedata.manifest import Artifact, Content, Manifest
from vibedata.manifest_source import MAX_BYTES
from vibedata.ports import ReleaseRecord

LATEST = "latest"
MANIFESTS, ARTIFACTS = "manifests", "artifacts"  # the Blob containers
MAX_LAYERS = 8
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class Item:
    """One artifact that is to be in the customer's registry under its digest and a tag."""

    name: str
    repository: str
    digest: str
    tag: str
    signed: bool = False
    described: tuple[int, str] | None = None  # size and media type, where the release gives them

    @property
    def source(self) -> str:
        """How the publisher's registry knows it."""
        return f"{self.repository}@{self.digest}"

    @property
    def target(self) -> str:
        """The tag to set, as the service wants it."""
        return f"{self.repository}:{self.tag}"

    @property
    def signature_tags(self) -> tuple[str, str]:
        """The tags under which signatures travel, because referrers are not copied (D6)."""
        tag = self.digest.replace(":", "-")
        return tag, f"{tag}.sig"


@dataclass(frozen=True)
class Found:
    """What the customer's registry has of an item: its manifest, and the digest that its tag names now."""

    there: bool
    tagged: str | None


@dataclass(frozen=True)
class Import:
    """One import to do. `force` moves a tag that names something else."""

    item: Item
    force: bool
    new_image: bool


def wanted(repository: str, digest: str, manifest: Manifest, image_tag: str) -> tuple[Item, ...]:
    """Return what a release needs: itself, components, runbooks, bundles, in that order and by name.

    Raises BadInput (image-tag-invalid, image-tag-ambiguous).
    """
    _check_tag(image_tag)
    items = [Item("release", repository, digest, image_tag, signed=True)]
    for component in sorted(manifest.components, key=lambda c: c.name):
        if component.artifact:
            items.append(_item(component.name, component.artifact, image_tag, signed=True))
    for runbook in sorted(manifest.runbooks, key=lambda r: r.name):
        items.append(_item(f"runbook {runbook.name}", runbook.artifact, image_tag))
    for target, artifact in sorted(manifest.bundles.items()):
        items.append(_item(f"bundle {target}", artifact, f"{image_tag}-{target}"[:128]))
    _refuse_two_under_one_tag(items)
    return tuple({(i.repository, i.digest, i.tag): i for i in reversed(items)}.values())[::-1]


def imports(items: Iterable[Item], found: Iterable[Found]) -> tuple[Import, ...]:
    """Return the imports that are missing, in the order of the items."""
    missing = []
    for item, state in zip(items, found, strict=True):
        if not state.there or state.tagged != item.digest:
            missing.append(Import(item, force=state.tagged is not None, new_image=not state.there))
    return tuple(missing)


def only_layer(raw: bytes, what: str) -> Content:
    """Return digest and size of an artifact's one layer. Raises Failed (artifact-malformed)."""
    layers = layers_of(raw, what)
    if len(layers) != 1:
        raise _malformed(what, f"it has {len(layers)} layers instead of one")
    return layers[0]


def manifest_layer(raw: bytes, what: str) -> Content:
    """Return the layer that holds a release's manifest. Raises Failed (artifact-malformed)."""
    layer = only_layer(raw, what)
    if layer.size > MAX_BYTES:
        raise _malformed(what, f"its manifest is larger than {MAX_BYTES} bytes")
    return layer


def layers_of(raw: bytes, what: str) -> tuple[Content, ...]:
    """Return digests and sizes of an artifact's layers. Raises Failed (artifact-malformed)."""
    try:
        document: Any = json.loads(raw)
        layers = tuple(Content(layer["digest"], layer["size"]) for layer in document["layers"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _malformed(what, "its manifest names no layers") from error
    if len(layers) > MAX_LAYERS:
        raise _malformed(what, f"it has more than {MAX_LAYERS} layers")
    for layer in layers:
        if not DIGEST.fullmatch(str(layer.digest)) or type(layer.size) is not int or layer.size < 0:
            raise _malformed(what, "a layer has no proper digest and size")
    return layers


def imported(record: ReleaseRecord | None) -> ReleaseRecord:
    """Return the imported release. Raises Blocked (release-not-imported)."""
    if record is None:
        raise Blocked(
            "release-not-imported",
            "No release has been imported into this instance.",
            hint="Run `vibedata import-artifacts` (phase 7) first.",
        )
    return record


def refuse_newer_suite(manifest: Manifest, suite: str) -> None:
    """Refuse a release that needs a newer suite than the one that runs. Raises Blocked (suite-too-old)."""
    release = manifest.release
    if precedence(suite) < precedence(release.minimum_suite_version):
        raise Blocked(
            "suite-too-old",
            f"Release {release.version} needs the suite {release.minimum_suite_version}, this is {suite}.",
            hint="Deploy again with the newest version of the offer: it brings the newer bundle.",
        )


def precedence(version: str) -> tuple[Any, ...]:
    """Return what orders semantic versions (semver 2.0 §11): a pre-release comes before its release."""
    core, _, rest = version.partition("+")[0].partition("-")
    numbers = tuple(int(part) for part in core.split("."))
    identifiers = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in rest.split(".") if p)
    return numbers, not identifiers, identifiers


def _item(name: str, artifact: Artifact, tag: str, *, signed: bool = False) -> Item:
    described = (artifact.size, artifact.media_type)
    return Item(name, artifact.repository, artifact.digest, tag, signed, described)


def _check_tag(tag: str) -> None:
    if not TAG.fullmatch(tag) or tag == LATEST:
        raise BadInput(
            "image-tag-invalid",
            f"The image tag {tag[:150]!r} is no tag of its own.",
            hint="Set image_tag to a word such as `vibedata`; `latest` belongs to the publisher.",
        )


def _refuse_two_under_one_tag(items: Iterable[Item]) -> None:
    named: dict[str, Item] = {}
    for item in items:
        other = named.setdefault(item.target, item)
        if other.digest != item.digest:
            raise BadInput(
                "image-tag-ambiguous",
                f"{other.name} and {item.name} share the repository {item.repository} but not the digest.",
                hint="The publisher must give each artifact a repository of its own.",
            )


def _malformed(what: str, why: str) -> Failed:
    return Failed(
        "artifact-malformed",
        f"{what} is not what it should be: {why}.",
        hint="The publisher must pack and push this release again.",
    )
