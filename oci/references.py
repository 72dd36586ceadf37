"""How people name an artifact: `host/repository:tag`, `host/repository@sha256:…`, or `oci:DIR:tag`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from oci.descriptor import check_digest, check_reference, check_repository
from oci.errors import OciError

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)(?::[0-9]{1,5})?")


@dataclass(frozen=True)
class Reference:
    """Where an artifact lies: a registry's repository, or a layout's folder; and its tag or digest."""

    host: str = ""
    repository: str = ""
    layout: Path | None = None
    reference: str = ""

    @property
    def tag(self) -> str | None:
        """The tag, if it is no digest."""
        return self.reference if self.reference and ":" not in self.reference else None


def check_host(text: str) -> str:
    """Return `text` if it is a host, with or without a port. Raises OciError (oci-bad-reference)."""
    if _HOST.fullmatch(text):
        return text
    raise OciError("oci-bad-reference", f"{text!r:.100} is no registry host", "write host or host:port")


def parse_reference(text: str) -> Reference:
    """Read what a person typed. Raises OciError (oci-bad-reference, oci-bad-repository, oci-bad-digest)."""
    if text.startswith("oci:"):
        return _layout(text.removeprefix("oci:"))
    host, slash, rest = text.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        raise OciError(
            "oci-bad-reference", f"{text!r:.150} has no registry", "write host/repository:tag or oci:DIR:tag"
        )
    name, reference = _split(rest)
    return Reference(check_host(host), check_repository(name), None, reference)


def _layout(text: str) -> Reference:
    name, reference = _split(text)
    if not name:
        raise OciError("oci-bad-reference", "oci: without a folder", "write oci:DIR or oci:DIR:tag")
    return Reference(layout=Path(name), reference=reference)


def _split(text: str) -> tuple[str, str]:
    name, at, digest = text.partition("@")
    if at:
        return name, check_digest(digest)
    name, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        return text, ""
    return name, check_reference(tag)
