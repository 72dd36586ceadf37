"""Registries that lie, on the session's stack, and another host that sees what is brought to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_stack.threaded import ThreadedStack
from oci import media_types
from oci.descriptor import Descriptor
from oci.manifest import EMPTY_CONFIG_BYTES, image_manifest
from tests.hostile.elsewhere import Elsewhere, elsewhere
from tests.hostile.victim import Victim
from tests.oci.rig import Rig


@dataclass
class Planter:
    """Puts what no honest registry takes into a registry's own store."""

    stack: ThreadedStack

    def blob(self, registry_id: str, repository: str, data: bytes, kind: str = "a/b") -> Descriptor:
        """Keep bytes as a blob and describe them."""
        content = self._content(registry_id)
        described = Descriptor.of(kind, data)
        content.path(described.digest).write_bytes(data)
        content.link_blob(repository, described.digest)
        return described

    def manifest(
        self,
        registry_id: str,
        repository: str,
        raw: bytes,
        *,
        tag: str = "",
        kind: str = media_types.IMAGE_MANIFEST,
    ) -> str:
        """Keep bytes as a manifest, whatever they are; return their digest."""
        self.blob(registry_id, repository, EMPTY_CONFIG_BYTES)
        return self._content(registry_id).plant(repository, raw, kind, tag)

    def artifact(
        self,
        registry_id: str,
        repository: str,
        layer: bytes,
        *,
        kind: str = media_types.BUNDLE,
        layer_type: str = media_types.BUNDLE_LAYER,
        tag: str = "",
    ) -> str:
        """Keep a well-formed artifact of one layer; return its digest."""
        described = self.blob(registry_id, repository, layer, layer_type)
        return self.manifest(registry_id, repository, image_manifest(kind, [described]), tag=tag)

    def tag(self, registry_id: str, repository: str, tag: str, digest: str) -> None:
        """List a manifest under any text at all, such as no client may send."""
        self._content(registry_id)._tags[f"{repository}\n{tag}"] = digest

    def _content(self, registry_id: str) -> Any:
        service: Any = self.stack.ctx.services["oci_registry"]
        return service.registries[registry_id.lower()].content


@pytest.fixture
def rig(stack: ThreadedStack) -> Rig:
    return Rig(stack).seed()


@pytest.fixture
def planter(stack: ThreadedStack) -> Planter:
    return Planter(stack)


@pytest.fixture
def other(stack: ThreadedStack) -> Iterator[Elsewhere]:
    with elsewhere(stack) as server:
        yield server


@pytest.fixture
def victim(rig: Rig, tmp_path: Path) -> Victim:
    return Victim(rig, tmp_path)
