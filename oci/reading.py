"""Read what a registry answers, never more than asked for."""

from __future__ import annotations

import json
from typing import BinaryIO
from urllib.parse import urljoin

import requests
import urllib3.exceptions

from oci.descriptor import check_reference
from oci.errors import OciError
from oci.fence import origin
from oci.hashing import CHUNK, Verifier

_BROKEN = (urllib3.exceptions.HTTPError, requests.exceptions.RequestException, OSError)


def bounded_body(response: requests.Response, limit: int) -> bytes:
    """Return the body. Raises OciError (oci-manifest-too-large, oci-blob-interrupted)."""
    try:
        data = response.raw.read(limit + 1, decode_content=False)
    except _BROKEN as error:
        raise _interrupted(response, len(b"")) from error
    finally:
        response.close()
    if len(data) > limit:
        raise OciError(
            "oci-manifest-too-large", f"{response.url} is too large", f"{limit} bytes is the limit"
        )
    return bytes(data)


def resume(response: requests.Response, verifier: Verifier, into: BinaryIO) -> None:
    """Add the rest of a blob to what is there. Raises OciError (oci-blob-interrupted) when it breaks off."""
    skip = _already_there(response, verifier.received)
    try:
        while chunk := response.raw.read(CHUNK, decode_content=False):
            fresh, skip = chunk[skip:], max(0, skip - len(chunk))
            verifier.update(fresh)
            into.write(fresh)
    except _BROKEN as error:
        raise _interrupted(response, verifier.received) from error
    finally:
        response.close()


def tags_of(body: bytes) -> list[str]:
    """Read one page of tags. Raises OciError (oci-manifest-invalid, oci-bad-reference)."""
    try:
        reply = json.loads(body)
        tags = (reply.get("tags") or []) if isinstance(reply, dict) else None
    except (ValueError, RecursionError):
        tags = None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise OciError("oci-manifest-invalid", "the list of tags is malformed", "check the registry")
    return [check_reference(tag) for tag in tags]


def next_page(response: requests.Response, url: str) -> str | None:
    """Return the next page's address. Raises OciError (oci-redirect-refused) when it is elsewhere."""
    link = response.links.get("next", {}).get("url")
    if not link:
        return None
    target = urljoin(url, link)
    if origin(target) != origin(url):
        raise OciError(
            "oci-redirect-refused", "the next page of tags is elsewhere", "check the registry's name"
        )
    return target


def _already_there(response: requests.Response, offset: int) -> int:
    """Return how many bytes of the answer we have: none when the range was honoured."""
    if response.status_code != 206:
        return offset
    if response.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
        return 0
    response.close()
    raise OciError(
        "oci-blob-truncated", f"{response.url}: another range than asked for", "check the registry"
    )


def _interrupted(response: requests.Response, received: int) -> OciError:
    place = response.url.partition("?")[0]
    return OciError("oci-blob-interrupted", f"{place} broke off after {received} bytes", "run it again")
