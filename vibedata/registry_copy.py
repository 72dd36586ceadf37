"""The customer's registry while a release comes in: look, bring, read back, verify, with D13's patience."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from vibedata import importing
from vibedata.errors import Blocked, Failed, Transient
from vibedata.importing import Found, Import, Item
from vibedata.manifest import Content, RunbookArtifact
from vibedata.ports import Artifacts, Descriptor, ImageImporter, ImportOutcome
from vibedata.retry import Patience

DAMAGED = frozenset({"artifact-malformed", "artifact-tampered"})
UNSOUND = Descriptor("", 0, "")  # what a tag names that names no artifact: it is moved, by force
AGAIN = "Run import_artifacts again."


@dataclass(frozen=True)
class RegistryCopy:
    """Both ends of an import: what the customer's registry has, and the way to bring more."""

    artifacts: Artifacts
    importer: ImageImporter
    patience: Patience

    def named(self, repository: str, tag: str) -> Descriptor | None:
        """Return what a tag names now, or None."""
        return self.patience.call(lambda: self.artifacts.resolve(repository, tag))

    def tagged(self, repository: str, tag: str) -> str | None:
        """Return the digest that a tag names now, or None; "" when what it names is damaged."""
        found = self.patience.call(lambda: self._tagged(repository, tag))
        return found.digest if found else None

    def bring_tag(self, repository: str, tag: str) -> Descriptor:
        """Import what the publisher's tag names; return it. Raises Blocked (release-not-published)."""
        return self.patience.call(lambda: self._bring_tag(repository, tag))

    def find(self, item: Item) -> Found:
        """Look for an item and for what its tag names."""
        return self.patience.call(lambda: self._find(item, self._tagged))

    def bring(self, one: Import) -> None:
        """Import an item by digest under its tag, read both back. Raises Blocked (artifact-not-published)."""
        self.patience.call(lambda: self._bring(one))

    def bring_signatures(self, item: Item) -> int:
        """Import the signatures that the publisher has of an item and verify all; return how many are new."""
        new = 0
        for tag in item.signature_tags:
            signature = self.named(item.repository, tag)
            if signature is None:
                signature = self.patience.call(partial(self._bring_signature, item, tag))
                new += signature is not None
            if signature is not None:
                self.verify(item.repository, signature.digest)
        return new

    def manifest(self, repository: str, digest: str) -> bytes:
        """Return a manifest's bytes, verified."""
        return self.patience.call(lambda: self.artifacts.manifest(repository, digest))

    def blob(self, repository: str, content: Content) -> bytes:
        """Return a blob's bytes, verified."""
        return self.patience.call(lambda: self.artifacts.blob(repository, content.digest, content.size))

    def script(self, runbook: RunbookArtifact) -> bytes:
        """Return a runbook's script, verified. Raises Failed (artifact-content-differs)."""
        repository, digest = runbook.artifact.repository, runbook.artifact.digest
        raw, where = self.manifest(repository, digest), f"{repository}@{digest}"
        return self.blob(repository, _only(raw, where, runbook.content))

    def verify(self, repository: str, digest: str, content: Content | None = None) -> None:
        """Read an artifact to its last byte; `content`: what its one layer is. Raises Failed (artifact-*)."""
        raw, where = self.manifest(repository, digest), f"{repository}@{digest}"
        for layer in [_only(raw, where, content)] if content else importing.layers_of(raw, where):
            self.patience.call(partial(self.artifacts.check_blob, repository, layer.digest, layer.size))

    def _bring_tag(self, repository: str, tag: str) -> Descriptor:
        name = f"{repository}:{tag}"
        outcome = self.importer.import_image(name, target_tags=[name], force=True)
        if outcome is ImportOutcome.SOURCE_MISSING:
            raise Blocked(
                "release-not-published",
                f"The publisher's registry has no {name}.",
                hint="Check publisher_registry and release_repository; the publisher must publish a release.",
            )
        arrived = self.artifacts.resolve(repository, tag)
        if arrived is None:  # also when the tag moved while it was copied: it then names what was not copied
            raise _unfinished(name)
        return arrived

    def _find(self, item: Item, resolve: Callable[[str, str], Descriptor | None]) -> Found:
        tagged = resolve(item.repository, item.tag)
        if tagged is not None and tagged.digest == item.digest:
            _refuse_other_description(item, tagged)
            return Found(there=True, tagged=item.digest)
        there = self.artifacts.resolve(item.repository, item.digest)
        if there is not None:
            _refuse_other_description(item, there)
        return Found(there is not None, tagged.digest if tagged else None)

    def _tagged(self, repository: str, tag: str) -> Descriptor | None:
        try:
            return self.artifacts.resolve(repository, tag)
        except Failed as error:
            if error.code not in DAMAGED:
                raise
            return UNSOUND

    def _bring(self, one: Import) -> None:
        outcome = self._import(one.item, one.force)
        if outcome is ImportOutcome.TAG_EXISTS:  # set since we looked
            outcome = self._import(one.item, force=True)
        if outcome is ImportOutcome.SOURCE_MISSING:
            raise Blocked(
                "artifact-not-published",
                f"The release names {one.item.source} ({one.item.name}); the publisher has no such thing.",
                hint="The release is broken: tell the publisher its version and this digest.",
            )
        if self._find(one.item, self.artifacts.resolve) != Found(there=True, tagged=one.item.digest):
            raise _unfinished(one.item.source)

    def _import(self, item: Item, force: bool) -> ImportOutcome:
        return self.importer.import_image(item.source, target_tags=[item.target], force=force)

    def _bring_signature(self, item: Item, tag: str) -> Descriptor | None:
        name = f"{item.repository}:{tag}"
        outcome = self.importer.import_image(name, target_tags=[name])
        arrived = self.artifacts.resolve(item.repository, tag)
        if arrived is None and outcome is not ImportOutcome.SOURCE_MISSING:
            raise _unfinished(name)
        return arrived


def _only(raw: bytes, where: str, content: Content) -> Content:
    layer = importing.only_layer(raw, where)
    if layer != content:
        raise Failed(
            "artifact-content-differs",
            f"{where} holds {layer.digest} ({layer.size} bytes); the release says {content.digest} ({content.size}).",
            hint="The release is broken: tell the publisher its version and this digest.",
        )
    return layer


def _refuse_other_description(item: Item, found: Descriptor) -> None:
    """Refuse an artifact that has its digest, but not the size and media type that the release gives it."""
    if item.described not in (None, (found.size, found.media_type)):
        raise Failed(
            "artifact-description-differs",
            f"{item.source} has {found.size} bytes of {found.media_type}; the release says otherwise.",
            hint="The release is broken: tell the publisher its version and this digest.",
        )


def _unfinished(name: str) -> Transient:
    return Transient("import-unfinished", f"{name} was imported, but is not in the registry yet.", hint=AGAIN)
