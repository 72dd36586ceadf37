"""The fence around `oras`: its client is used for what it does soundly, and can't do what it does not.

No answer to a challenge by itself (tokens are minted beforehand), no docker or netrc file, no redirect that
carries credentials, no blind retry, no request without a time limit. Its requests leave through `wire.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import oras.auth  # type: ignore[import-untyped]
import oras.provider  # type: ignore[import-untyped]

from oci.errors import OciError
from oci.wire import Answer, Session, where_of

_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_HOPS = 5


class Challenged(Exception):
    """The registry answered 401 or 403 to a request that carried its token."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Preminted(oras.auth.TokenAuth):  # type: ignore[misc]
    """Has no token of its own (each request brings its header) and never answers a challenge."""

    def authenticate_request(self, original: Answer, *_: Any, **__: Any) -> Any:
        original.close()
        raise Challenged(original.status_code)


class Client(oras.provider.Registry):  # type: ignore[misc]
    """The `oras` client for one registry; safe to share between threads, as it keeps nothing."""

    def __init__(self, hostname: str, session: Session) -> None:
        super().__init__(hostname=hostname)
        self.session = session
        self.auth = _Preminted()

    def do_request(self, url: str, method: str = "GET", **parts: Any) -> Answer:
        """Send once: the original behind its retry decorator, redirects of reads followed by us."""
        once = oras.provider.Registry.do_request.__wrapped__
        response: Answer = once(self, url, method, **parts)
        if response.status_code not in _REDIRECTS:
            return response
        if method not in ("GET", "HEAD"):
            response.close()
            raise _redirect_refused(url)
        return self._follow(response, url, method, parts)

    def _follow(self, response: Answer, url: str, method: str, parts: Mapping[str, Any]) -> Answer:
        stream = bool(parts.get("stream"))
        headers = dict(parts.get("headers") or {})
        for _ in range(_MAX_HOPS):
            response.close()
            target = joined(url, response.headers.get("Location", ""))
            if urlsplit(target).scheme != "https":
                raise _redirect_refused(url)
            if origin(target) != origin(url):
                headers.pop("Authorization", None)
            response, url = self.session.request(method, target, headers=headers, stream=stream), target
            if response.status_code not in _REDIRECTS:
                return response
        raise _redirect_refused(url)


def joined(url: str, place: str) -> str:
    """Return the address that a registry sends us to from `url`. Raises OciError (oci-redirect-refused)."""
    try:
        target = urljoin(url, place)
        origin(target)
    except ValueError as error:  # no address at all
        raise _redirect_refused(url) from error
    return target


def origin(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _redirect_refused(url: str) -> OciError:
    return OciError(
        "oci-redirect-refused",
        f"{where_of(url)} redirects where we do not follow",
        "check the registry's name",
    )
