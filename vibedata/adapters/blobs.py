"""ArtifactBlobs over Azure Blob Storage: content under its own digest, written once (D12)."""

from __future__ import annotations

import hashlib

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobClient, BlobServiceClient

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.clients import ONE_TRY
from vibedata.envelope import DIGEST
from vibedata.errors import BadInput, Blocked, Failed

MAX_BLOB_BYTES = 16 * 1024 * 1024  # a larger one is none of ours: taken as empty, it has another digest
NEEDS = "blob-data"  # its row in contracts/rbac.json


class AzureArtifactBlobs:
    """The containers of the instance's storage account."""

    def __init__(
        self, endpoint: str, credential: TokenCredential, transport: RequestsTransport | None = None
    ) -> None:
        shared = {"transport": transport} if transport else {}
        self._service = BlobServiceClient(endpoint, credential=credential, **ONE_TRY, **shared)

    def has(self, container: str, digest: str) -> bool:
        """Tell whether something lies under the digest's name."""
        with azure_errors(f"look for {container}/{digest}", needs=NEEDS):
            return self._blob(container, digest).exists()

    def put(self, container: str, digest: str, data: bytes) -> bool:
        """Store bytes under their digest unless they are there; tell whether they were written."""
        if digest_of(data) != digest:
            raise BadInput(
                "blob-digest-mismatch",
                f"The bytes for {container}/{digest} have the digest {digest_of(data)}.",
                hint="Give the bytes that the digest names; nothing was written.",
            )
        blob = self._blob(container, digest)
        with azure_errors(f"write {container}/{digest}", needs=NEEDS):
            try:
                blob.upload_blob(data, overwrite=False)  # If-None-Match: *
            except ResourceExistsError:
                pass
            except ResourceNotFoundError as error:
                raise _no_container(container, error) from error
            else:
                return True
        self._refuse_others(container, digest)
        return False

    def get(self, container: str, digest: str) -> bytes:
        """Return the bytes under a digest, verified."""
        data = self._read(container, digest)
        if digest_of(data) != digest:
            raise Failed(
                "blob-tampered",
                f"The blob {container}/{digest} holds other bytes than its name says.",
                hint="Find out who can write to the account, delete the blob, run import_artifacts again.",
            )
        return data

    def _refuse_others(self, container: str, digest: str) -> None:
        if digest_of(self._read(container, digest)) != digest:
            raise BadInput(
                "blob-conflict",
                f"Other bytes lie under {container}/{digest}.",
                hint="Find out who wrote them; content under a digest is never replaced. Delete the blob.",
            )

    def _read(self, container: str, digest: str) -> bytes:
        with azure_errors(f"read {container}/{digest}", needs=NEEDS):
            try:
                found = self._blob(container, digest).download_blob()
                return bytes(found.readall()) if found.size <= MAX_BLOB_BYTES else b""
            except ResourceNotFoundError as error:
                raise Blocked(
                    "blob-missing",
                    f"There is no blob {container}/{digest}.",
                    hint="Run import_artifacts: it brings the release's content into the storage account.",
                ) from error

    def _blob(self, container: str, digest: str) -> BlobClient:
        return self._service.get_blob_client(container, blob_name(digest))


def blob_name(digest: str) -> str:
    """Return `sha256/<hex>`. Raises BadInput (digest-invalid)."""
    if not DIGEST.fullmatch(digest):
        raise BadInput(
            "digest-invalid", f"{digest[:100]!r} is no digest.", hint="Write sha256: and 64 hex digits."
        )
    return digest.replace(":", "/")


def digest_of(data: bytes) -> str:
    """Return the SHA-256 digest of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _no_container(container: str, error: HttpResponseError) -> Blocked:
    return Blocked(
        "blob-container-missing",
        f"The storage account has no container {container!r}.",
        hint="Deploy phase 6 again: the template makes the containers, with their immutability policy.",
        detail={"requestId": str((getattr(error.response, "headers", None) or {}).get("x-ms-request-id"))},
    )
