"""The fence around `oras`: its client is used for what it does soundly, and can't do what it does not.

No answer to a challenge by itself (tokens are minted beforehand), no docker or netrc file, no redirect that
carries credentials, no blind retry, no request without a time limit.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import oras.auth  # type: ignore[import-untyped]
import oras.provider  # type: ignore[import-untyped]
import requests

from oci.errors import OciError

_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_HOPS = 5
_TIMEOUT_SECONDS = (10.0, 60.0)  # to connect; between two pieces of an answer


class Challenged(Exception):
    """The registry answered 401 or 403 to a request that carried its token."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Session(requests.Session):
    """A session with time limits that follows nothing and finds no credentials by itself."""

    def __init__(self, ca_file: str | None) -> None:
        super().__init__()
        self.auth = _leave_headers  # otherwise ~/.netrc replaces the Authorization header
        self.verify = (
            ca_file or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
        )
        adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=16, max_retries=0)
        self.mount("https://", adapter)

    def request(self, method: str, url: str, **parts: Any) -> requests.Response:  # type: ignore[override]
        """Send once. Raises OciError (oci-unavailable, oci-tls)."""
        parts["verify"] = self.verify
        parts.setdefault("timeout", _TIMEOUT_SECONDS)
        parts["allow_redirects"] = False
        try:
            return super().request(method, url, **parts)
        except requests.exceptions.SSLError as error:
            if _is_cut(error):  # a reset while TLS speaks is still a reset
                raise unavailable(url, "the connection was cut") from error
            raise OciError("oci-tls", _where(url), "name the registry's CA with --ca-file") from error
        except requests.exceptions.RequestException as error:
            raise unavailable(url, type(error).__name__) from error


def _is_cut(error: requests.exceptions.SSLError) -> bool:
    """Tell a connection that ended inside TLS from one whose certificate was refused."""
    inner: Any = error
    while isinstance(inner, Exception):
        if isinstance(inner, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)):
            return True
        inner = getattr(inner, "reason", None) or (inner.args[0] if inner.args else None)
    return False


class _Preminted(oras.auth.TokenAuth):  # type: ignore[misc]
    """Carries one header and never answers a challenge."""

    def __init__(self, header: str | None) -> None:
        super().__init__()
        self.token = header

    def get_auth_header(self) -> dict[str, str]:
        return {"Authorization": self.token} if self.token else {}

    def authenticate_request(self, original: requests.Response, *_: Any, **__: Any) -> Any:
        original.close()
        raise Challenged(original.status_code)


class Client(oras.provider.Registry):  # type: ignore[misc]
    """The `oras` client for one Authorization header."""

    def __init__(self, hostname: str, session: Session, header: str | None) -> None:
        super().__init__(hostname=hostname)
        self.session = session
        self.auth = _Preminted(header)

    def do_request(self, url: str, method: str = "GET", **parts: Any) -> requests.Response:
        """Send once: the original behind its retry decorator, redirects of reads followed by us."""
        once = oras.provider.Registry.do_request.__wrapped__
        response: requests.Response = once(self, url, method, **parts)
        if response.status_code not in _REDIRECTS:
            return response
        if method not in ("GET", "HEAD"):
            response.close()
            raise _redirect_refused(url)
        return self._follow(response, url, method, parts)

    def _follow(
        self, response: requests.Response, url: str, method: str, parts: Mapping[str, Any]
    ) -> requests.Response:
        stream = bool(parts.get("stream"))
        headers = dict(parts.get("headers") or {})
        for _ in range(_MAX_HOPS):
            target = urljoin(url, response.headers.get("Location", ""))
            response.close()
            if urlsplit(target).scheme != "https":
                raise _redirect_refused(url)
            if origin(target) != origin(url):
                headers.pop("Authorization", None)
            response, url = self.session.request(method, target, headers=headers, stream=stream), target
            if response.status_code not in _REDIRECTS:
                return response
        raise _redirect_refused(url)


def origin(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def unavailable(url: str, why: str, retry_after: float | None = None) -> OciError:
    """Build the error for a registry that can't be reached or is ill."""
    return OciError("oci-unavailable", f"{_where(url)}: {why}", "try again in a moment", retry_after)


def _leave_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _where(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}"


def _redirect_refused(url: str) -> OciError:
    return OciError(
        "oci-redirect-refused", f"{_where(url)} redirects where we do not follow", "check the registry's name"
    )
