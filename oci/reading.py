"""Read what a registry answers, never more than asked for."""

from __future__ import annotations

import json

from requests.utils import parse_header_links

from oci.descriptor import is_tag
from oci.errors import OciError
from oci.fence import joined, origin
from oci.hashing import CHUNK
from oci.streaming import Broken
from oci.wire import BROKEN, Answer


def bounded_body(response: Answer, limit: int) -> bytes:
    """Return the body. Raises OciError (oci-manifest-too-large, oci-blob-interrupted)."""
    data = b""
    try:
        while len(data) <= limit and (more := response.read(limit + 1 - len(data))):
            data += more
    except BROKEN as error:
        place = response.url.partition("?")[0]
        what = f"{place} broke off after {len(data)} bytes"
        raise OciError("oci-blob-interrupted", what, "run it again") from error
    finally:
        response.close()
    if len(data) > limit:
        raise OciError(
            "oci-manifest-too-large", f"{response.url} is too large", f"{limit} bytes is the limit"
        )
    return data


class Rest:
    """What an answer holds of a blob from `offset` on, whether or not the range was honoured."""

    def __init__(self, response: Answer, offset: int) -> None:
        self._response = response
        self._skip = _before(response, offset)

    def read(self, size: int) -> bytes:
        """Return the next bytes. Raises Broken."""
        try:
            while self._skip and (unwanted := self._response.read(min(CHUNK, self._skip))):
                self._skip -= len(unwanted)
            return self._response.read(size)
        except BROKEN as error:
            raise Broken(self._response.url.partition("?")[0]) from error

    def close(self) -> None:
        """Give up the rest."""
        self._response.close()


def tags_of(body: bytes) -> list[str]:
    """Read one page of tags. Raises OciError (oci-tags-invalid)."""
    try:
        reply = json.loads(body)
        tags = (reply.get("tags") or []) if isinstance(reply, dict) else None
    except (ValueError, RecursionError):
        tags = None
    if not isinstance(tags, list):
        raise _malformed("it is no list")
    for tag in tags:
        if not isinstance(tag, str) or not is_tag(tag):
            raise _malformed(f"{tag!r:.150} is no tag")
    return tags


def _malformed(what: str) -> OciError:
    return OciError(
        "oci-tags-invalid",
        f"the registry's list of tags: {what}",
        "check the registry's name, and who answers there; use a digest instead of a tag",
    )


def next_page(response: Answer, url: str) -> str | None:
    """Return the next page's address. Raises OciError (oci-redirect-refused) when it is elsewhere."""
    links = parse_header_links(response.headers.get("Link", "")[:4096])
    link = next((found["url"] for found in links if found.get("rel") == "next"), None)
    if not link:
        return None
    target = joined(url, link)
    if origin(target) != origin(url):
        raise OciError(
            "oci-redirect-refused", "the next page of tags is elsewhere", "check the registry's name"
        )
    return target


def _before(response: Answer, offset: int) -> int:
    """Return how many bytes of the answer we have: none when the range was honoured."""
    if response.status_code != 206:
        return offset
    if response.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
        return 0
    response.close()
    raise OciError(
        "oci-blob-truncated", f"{response.url}: another range than asked for", "check the registry"
    )
