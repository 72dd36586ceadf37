"""ImageImporter between two registries in memory, with the service's rules about tags."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from tests.fakes.artifacts import FakeRegistry
from vibedata.errors import VibedataError
from vibedata.ports import ImportOutcome


class FakeImporter:
    """Copies from `publisher` to `customer`; `calls` lists every import, `failing` what to raise first."""

    def __init__(self, publisher: FakeRegistry, customer: FakeRegistry) -> None:
        self.publisher = publisher
        self.customer = customer
        self.calls: list[tuple[str, tuple[str, ...], bool]] = []
        self.failing: dict[str, list[VibedataError]] = {}
        self.lost: set[str] = set()
        self._lock = threading.Lock()

    def import_image(
        self,
        source: str,
        *,
        target_tags: Sequence[str] = (),
        untagged_repositories: Sequence[str] = (),
        force: bool = False,
    ) -> ImportOutcome:
        with self._lock:
            self.calls.append((source, tuple(target_tags), force))
            return self._import(source, target_tags, untagged_repositories, force)

    def _import(
        self, source: str, target_tags: Sequence[str], untagged: Sequence[str], force: bool
    ) -> ImportOutcome:
        if self.failing.get(source):
            raise self.failing[source].pop(0)
        repository, reference = source.split("@") if "@" in source else source.rsplit(":", 1)
        digest = self.publisher.digest_named(repository, reference)
        if digest is None:
            return ImportOutcome.SOURCE_MISSING
        targets = [tuple(tag.rsplit(":", 1)) for tag in target_tags]
        if not force and any(target in self.customer.tags for target in targets):
            return ImportOutcome.TAG_EXISTS
        if source in self.lost:
            self.lost.remove(source)
            return ImportOutcome.UNKNOWN
        for name in {repository_of for repository_of, _ in targets} | set(untagged):
            assert name == repository, "the fake copies within one repository name only"
            self.customer.copy_from(self.publisher, repository, digest)
        for name, tag in targets:
            self.customer.tags[name, tag] = digest
        return ImportOutcome.DONE
