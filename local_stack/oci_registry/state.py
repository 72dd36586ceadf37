"""One registry's content: bytes on disk under their digest; who knows which, and the tags, in the store."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local_stack.core.context import Context
from local_stack.oci_registry.errors import OciProblem
from local_stack.oci_registry.manifests import Parsed, parse
from local_stack.oci_registry.names import checked_digest, checked_tag, digest_of, is_digest


class Content:
    """Blobs, manifests and tags of one registry."""

    def __init__(self, ctx: Context, key: str) -> None:
        self._ctx = ctx
        self._root = ctx.files("oci_registry") / key
        self._blobs = ctx.store.collection("oci_registry", f"{key}/blobs")
        self._manifests = ctx.store.collection("oci_registry", f"{key}/manifests")
        self._tags = ctx.store.collection("oci_registry", f"{key}/tags")
        self.uploads = self._root / "uploads"
        shutil.rmtree(self.uploads, ignore_errors=True)  # an upload does not outlive its process
        self.uploads.mkdir(parents=True)
        (self._root / "sha256").mkdir(exist_ok=True)

    def path(self, digest: str) -> Path:
        """Return where the bytes of a digest lie, or would."""
        return self._root / "sha256" / checked_digest(digest).removeprefix("sha256:")

    def has_blob(self, repository: str, digest: str) -> bool:
        """Say whether the repository knows the blob."""
        return _key(repository, digest) in self._blobs

    def blob(self, repository: str, digest: str) -> Path:
        """Return a blob's file. Raises OciProblem (BLOB_UNKNOWN)."""
        if not self.has_blob(repository, checked_digest(digest)):
            raise OciProblem("BLOB_UNKNOWN", "blob unknown to registry", {"digest": digest})
        return self.path(digest)

    def add_blob(self, repository: str, digest: str, file: Path) -> bool:
        """Take a file whose digest has been verified; say whether the repository gained anything."""
        file.replace(self.path(digest))
        return self.link_blob(repository, digest)

    def link_blob(self, repository: str, digest: str) -> bool:
        """Make known a blob whose bytes are here; say whether it is new to the repository."""
        if self.has_blob(repository, digest):
            return False
        self._blobs[_key(repository, digest)] = {"size": self.path(digest).stat().st_size}
        return True

    def manifest(self, repository: str, reference: str) -> tuple[str, str, Path]:
        """Return digest, media type and file of a manifest. Raises OciProblem (MANIFEST_UNKNOWN)."""
        digest = reference if is_digest(reference) else self._tags.get(_tag_key(repository, reference))
        found = self._manifests.get(_key(repository, digest)) if digest else None
        if digest is None or found is None:
            raise OciProblem(
                "MANIFEST_UNKNOWN", f"manifest tagged by {reference!r:.150} is not found", {"Name": reference}
            )
        return digest, str(found["mediaType"]), self.path(digest)

    def has_manifest(self, repository: str, digest: str) -> bool:
        """Say whether the repository knows the manifest."""
        return _key(repository, digest) in self._manifests

    def add_manifest(self, repository: str, raw: bytes, media_type: str) -> tuple[Parsed, bool]:
        """Keep manifest bytes; return what they say and whether they are new. Raises OciProblem."""
        parsed, digest = parse(raw, media_type), digest_of(raw)
        for blob in parsed.blobs:
            if not self.has_blob(repository, blob):
                raise OciProblem("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", {"digest": blob})
        for child in parsed.children:
            if not self.has_manifest(repository, child):
                raise OciProblem("MANIFEST_BLOB_UNKNOWN", "manifest unknown to registry", {"digest": child})
        if self.has_manifest(repository, digest):
            return parsed, False
        draft = self.uploads / digest.replace(":", "-")
        draft.write_bytes(raw)
        draft.replace(self.path(digest))
        self._manifests[_key(repository, digest)] = parsed.kept(len(raw))
        return parsed, True

    def plant(self, repository: str, raw: bytes, media_type: str, tag: str = "") -> str:
        """Keep bytes as a manifest without looking at them, as a registry in wrong hands can."""
        digest = digest_of(raw)
        self.path(digest).write_bytes(raw)
        self._manifests[_key(repository, digest)] = {
            "mediaType": media_type, "size": len(raw), "subject": None, "artifactType": None, "annotations": {},
        }  # fmt: skip
        if tag:
            self.set_tag(repository, tag, digest)
        return digest

    def set_tag(self, repository: str, tag: str, digest: str) -> bool:
        """Point a tag at a manifest; say whether it moved."""
        key = _tag_key(repository, checked_tag(tag))
        if self._tags.get(key) == digest:
            return False
        self._tags[key] = digest
        return True

    def tagged(self, repository: str, tag: str) -> str | None:
        """Return the digest that a tag names."""
        found: str | None = self._tags.get(_tag_key(repository, tag))
        return found

    def tags(self, repository: str) -> list[str]:
        """Return the tags in order. Raises OciProblem (NAME_UNKNOWN)."""
        found = sorted(key.split("\n")[1] for key, _ in self._tags.prefixed(f"{repository}\n"))
        if not found and not self._manifests.prefixed(f"{repository}\n"):
            raise OciProblem("NAME_UNKNOWN", "repository name not known to registry", {"name": repository})
        return found

    def repositories(self) -> list[str]:
        """Return the repositories that hold a manifest."""
        return sorted({key.split("\n")[0] for key in self._manifests})

    def referrers(self, repository: str, subject: str) -> Iterable[tuple[str, dict[str, Any]]]:
        """Return digest and facts of every manifest whose subject this is."""
        for key, kept in self._manifests.prefixed(f"{repository}\n"):
            if kept.get("subject") == subject:
                yield key.split("\n")[1], kept

    def remove_manifest(self, repository: str, digest: str) -> None:
        """Forget a manifest and the tags on it. Raises OciProblem (MANIFEST_UNKNOWN)."""
        self.manifest(repository, digest)
        del self._manifests[_key(repository, digest)]
        for key, tagged in self._tags.prefixed(f"{repository}\n"):
            if tagged == digest:
                del self._tags[key]

    def remove_tag(self, repository: str, tag: str) -> None:
        """Forget a tag. Raises OciProblem (MANIFEST_UNKNOWN)."""
        self.manifest(repository, tag)
        del self._tags[_tag_key(repository, tag)]

    def remove_blob(self, repository: str, digest: str) -> None:
        """Let a repository forget a blob. Raises OciProblem (BLOB_UNKNOWN)."""
        self.blob(repository, digest)
        del self._blobs[_key(repository, digest)]

    def destroy(self) -> None:
        """Remove everything: the registry was deleted."""
        for kept in (self._blobs, self._manifests, self._tags):
            for key in list(kept):
                del kept[key]
        shutil.rmtree(self._root, ignore_errors=True)


def _key(repository: str, digest: str) -> str:
    return f"{repository}\n{digest}"


def _tag_key(repository: str, tag: str) -> str:
    return f"{repository}\n{tag}"
