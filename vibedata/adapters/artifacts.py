"""Artifacts over our own OCI client, signed in as `vibedata-uami`; its errors become ours here."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError

from oci import media_types
from oci.auth import Aad
from oci.descriptor import Descriptor as OciDescriptor
from oci.errors import OciError
from oci.hashing import Discard
from oci.registry import Registry
from vibedata.adapters.azure_errors import role_missing, translate
from vibedata.errors import BadInput, Blocked, Failed, Transient, VibedataError
from vibedata.ports import Descriptor

AUDIENCE = "https://containerregistry.azure.net/.default"
NEEDS = "registry-import"  # its row in contracts/rbac.json
MAX_BYTES = 16 * 1024 * 1024  # of a blob that is kept in memory: manifests, signatures, scripts
TAMPERED = frozenset(
    {"oci-digest-mismatch", "oci-size-mismatch", "oci-blob-truncated", "oci-media-type-mismatch"}
)
MALFORMED = frozenset(
    {
        "oci-manifest-invalid",
        "oci-manifest-ambiguous",
        "oci-manifest-bad-digest",
        "oci-manifest-too-large",
        "oci-manifest-too-many-parts",
    }
)
NO_RIGHTS = frozenset({"oci-unauthorized", "oci-denied"})


class RegistryArtifacts:
    """The customer's registry; one try per call, for trying again is the caller's policy."""

    def __init__(self, login_server: str, credential: TokenCredential, tenant_id: str) -> None:
        self._registry = Registry(login_server, Aad(_token_of(credential), tenant_id), attempts=1)

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return what a tag or digest names now, its digest computed from the bytes, or None."""
        try:
            with oci_errors(f"resolve {repository}:{reference}"):
                found = self._registry.resolve(repository, reference)
        except Blocked as error:
            if error.code == "artifact-missing":
                return None
            raise
        return Descriptor(found.digest, found.size, found.media_type)

    def manifest(self, repository: str, digest: str) -> bytes:
        """Return a manifest's bytes, verified. Raises Failed (artifact-is-index)."""
        with oci_errors(f"read {repository}@{digest}"):
            found = self._registry.get_manifest(repository, digest)
        if found.descriptor.media_type in media_types.INDEXES:
            raise Failed(
                "artifact-is-index",
                f"{repository}@{digest} is an index of several artifacts, not one artifact.",
                hint="The publisher must name one artifact by its own digest, and push this release again.",
            )
        return found.raw

    def blob(self, repository: str, digest: str, size: int) -> bytes:
        """Return a blob of exactly `size` bytes, verified. Raises Failed (artifact-too-large)."""
        if size > MAX_BYTES:
            raise Failed(
                "artifact-too-large",
                f"{repository} names a file of {size} bytes where {MAX_BYTES} are the limit; it was not fetched.",
                hint="The publisher must pack and push this release again, with a smaller file.",
                detail={"digest": digest, "size": size},
            )
        into = io.BytesIO()
        self._fetch(repository, digest, size, into)
        return into.getvalue()

    def check_blob(self, repository: str, digest: str, size: int) -> None:
        """Read a blob to its end, verified, without keeping it."""
        self._fetch(repository, digest, size, cast(BinaryIO, Discard()))

    def _fetch(self, repository: str, digest: str, size: int, into: BinaryIO) -> None:
        descriptor = OciDescriptor(media_types.EMPTY_CONFIG, digest, size)
        with oci_errors(f"read blob {digest} of {repository}"):
            self._registry.get_blob(repository, descriptor, into)


@contextmanager
def oci_errors(doing: str) -> Iterator[None]:
    """Translate what the OCI client, or the sign-in behind it, raises while `doing` something."""
    try:
        yield
    except OciError as error:
        raise from_oci(error, doing) from error
    except AzureError as error:
        raise translate(error, doing=doing, needs=NEEDS) from error


def from_oci(error: OciError, doing: str) -> VibedataError:
    """Return our error for the client's; its own code stays in the detail."""
    message, detail = f"Could not {doing}: {error.message}", {"ociCode": error.code}
    if error.code in NO_RIGHTS:
        return role_missing(NEEDS, doing, detail)
    if error.transient:
        return Transient(
            "registry-busy", message, hint="Run again later.", detail=detail, retry_after=error.retry_after
        )
    if error.code == "oci-not-found":
        hint = "Run import_artifacts again; if it stays, ask the publisher whether the release is complete."
        return Blocked("artifact-missing", message, hint=hint, detail=detail)
    if error.code in TAMPERED:
        hint = "Nothing of it was used. Find out who can write to the registry, and tell the publisher."
        return Failed("artifact-tampered", message, hint=hint, detail=detail)
    if error.code in MALFORMED:
        hint = "The publisher must pack and push this release again."
        return Failed("artifact-malformed", message, hint=hint, detail=detail)
    if error.exit_code == BadInput.exit_code:
        return BadInput("artifact-name-invalid", message, hint=error.hint, detail=detail)
    return Failed("artifact-refused", message, hint=error.hint, detail=detail)


def _token_of(credential: TokenCredential) -> Callable[[], str]:
    return lambda: credential.get_token(AUDIENCE).token
