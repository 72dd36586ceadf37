"""Where a packed release lies: an OCI image layout on disk, and from there the publisher's registry."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from azure.core.exceptions import AzureError

from oci.archive import Entry
from oci.copying import copy
from oci.errors import OciError
from oci.layout import Layout
from oci.manifest import Manifest
from oci.package import pack_files, pack_tree
from oci.registry import Registry
from oci.stores import Store
from vibedata.errors import BadInput, Blocked, Failed, Transient, VibedataError
from vibedata.manifest_parts import Content
from vibedata.ports import Pushed
from vibedata.release import Packed

MAX_RELEASE_BYTES = 1024 * 1024
_T = TypeVar("_T")


class LayoutRelease:
    """A release in the layout at `directory`, which is made when it is not there, unless `create` is false."""

    def __init__(self, directory: Path, *, create: bool = True) -> None:
        self._blobs = directory / "blobs" / "sha256"
        with _oci_errors(f"open {directory}"):
            self._layout = Layout.create(directory) if create else Layout.open(directory)

    def add_files(
        self, files: Mapping[str, bytes], *, artifact_type: str, layer_type: str, tag: str
    ) -> Packed:
        """Pack each file as a layer of its own."""
        with _oci_errors(f"pack {tag}"):
            return _packed(
                pack_files(files, self._layout, artifact_type=artifact_type, layer_type=layer_type, tag=tag)
            )

    def add_tree(
        self, files: Mapping[str, bytes], *, artifact_type: str, layer_type: str, tag: str
    ) -> Packed:
        """Pack all files as one plain tar layer."""
        entries = [Entry(name, content) for name, content in files.items()]
        with _oci_errors(f"pack {tag}"):
            return _packed(
                pack_tree(entries, self._layout, artifact_type=artifact_type, layer_type=layer_type, tag=tag)
            )

    def size(self) -> int:
        """Return how many blobs and manifests the layout holds."""
        return sum(1 for path in self._blobs.iterdir() if not path.name.startswith("."))

    def packed_tags(self) -> list[str]:
        """Return the layout's tags."""
        with _oci_errors("read the packed release"):
            return self._layout.tags()

    def packed(self, reference: str) -> tuple[str, bytes]:
        """Return digest and layer of a packed artifact."""
        with _oci_errors(f"read {reference} of the packed release"):
            return _one_layer(self._layout, reference)


class RegistryPublication:
    """The layout at `directory` and the publisher's registry."""

    def __init__(self, directory: Path, registry: Registry) -> None:
        self._directory = directory
        self._registry = registry

    def packed_tags(self) -> list[str]:
        """Return the layout's tags."""
        with _oci_errors("read the packed release"):
            return self._layout().tags()

    def packed(self, reference: str) -> tuple[str, bytes]:
        """Return digest and layer of a packed artifact."""
        with _oci_errors(f"read {reference} of the packed release"):
            return _one_layer(self._layout(), reference)

    def published(self, repository: str, reference: str) -> tuple[str, bytes] | None:
        """Return digest and layer of an artifact in the registry."""
        with _oci_errors(f"read {repository}:{reference}"):
            return _or_none(lambda: _one_layer(self._registry.repository(repository), reference))

    def published_digest(self, repository: str, tag: str) -> str | None:
        """Return what a tag names in the registry."""
        with _oci_errors(f"resolve {repository}:{tag}"):
            return _or_none(lambda: self._registry.resolve(repository, tag).digest)

    def push(self, digest: str, repository: str, tag: str) -> Pushed:
        """Copy a packed artifact to the registry and set its tag."""
        with _oci_errors(f"push {repository}:{tag}"):
            done = copy(self._layout(), digest, self._registry.repository(repository), tag=tag)
        return Pushed(done.blobs_written, done.manifests_written, len(done.tags_written))

    def _layout(self) -> Layout:
        return Layout.open(self._directory)


def _packed(manifest: Manifest) -> Packed:
    root, layers = manifest.descriptor, manifest.layers
    content = Content(layers[0].digest, layers[0].size) if len(layers) == 1 else None
    return Packed(root.digest, root.size, root.media_type, content)


def _one_layer(store: Store, reference: str) -> tuple[str, bytes]:
    found = store.get_manifest(reference)
    if len(found.layers) != 1 or found.layers[0].size > MAX_RELEASE_BYTES:
        raise OciError(
            "oci-manifest-invalid", f"{reference} in {store.label} is no release", "pack and push it again"
        )
    content = io.BytesIO()
    store.get_blob(found.layers[0], content)
    return found.descriptor.digest, content.getvalue()


def _or_none(look: Callable[[], _T]) -> _T | None:
    try:
        return look()
    except OciError as error:
        if error.code == "oci-not-found":
            return None
        raise


@contextmanager
def _oci_errors(doing: str) -> Iterator[None]:
    try:
        yield
    except OciError as error:
        raise _translated(error, doing) from error
    except AzureError as error:
        raise Blocked(
            "publisher-sign-in-failed",
            f"Could not {doing}: {str(error).partition(chr(10))[0][:200]}",
            hint="Sign in as an identity that may push to the publisher's registry.",
        ) from error


def _translated(error: OciError, doing: str) -> VibedataError:
    message, detail = f"Could not {doing}: {error.message}", {"ociCode": error.code}
    if error.code in ("oci-unauthorized", "oci-denied"):
        return Blocked(
            "publisher-registry-denied",
            message,
            hint="Give the identity AcrPush on the publisher's registry, then push again.",
            detail=detail,
        )
    if error.transient:
        hint = "Push again: what has arrived is not sent twice."
        return Transient(
            "publisher-registry-busy", message, hint=hint, detail=detail, retry_after=error.retry_after
        )
    if error.exit_code == BadInput.exit_code or error.code in ("oci-layout-invalid", "oci-not-found"):
        return BadInput(
            "release-not-packed", message, hint=f"Pack the release first; {error.hint}.", detail=detail
        )
    return Failed("release-refused", message, hint=f"{error.hint}; then pack and push again.", detail=detail)
