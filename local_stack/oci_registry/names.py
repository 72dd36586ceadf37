"""What a digest, a repository and a tag may look like; nothing else becomes a path."""

from __future__ import annotations

import hashlib
import re

from local_stack.oci_registry.errors import OciProblem

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def digest_of(data: bytes) -> str:
    """Return `sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def is_digest(text: str) -> bool:
    """Say whether the text is a digest."""
    return _DIGEST.fullmatch(text) is not None


def checked_digest(text: object) -> str:
    """Return the text if it is a digest. Raises OciProblem (DIGEST_INVALID)."""
    if isinstance(text, str) and is_digest(text):
        return text
    raise OciProblem("DIGEST_INVALID", "provided digest did not match uploaded content")


def checked_repository(text: str) -> str:
    """Return the text if it names a repository. Raises OciProblem (NAME_INVALID)."""
    if len(text) <= 255 and _REPOSITORY.fullmatch(text):
        return text
    raise OciProblem("NAME_INVALID", "invalid repository name", {"name": text[:255]})


def checked_tag(text: str) -> str:
    """Return the text if it is a tag. Raises OciProblem (TAG_INVALID)."""
    if _TAG.fullmatch(text):
        return text
    raise OciProblem("TAG_INVALID", "manifest tag did not match URI", {"tag": text[:150]})
