"""Requests as they go out: pooled connections, time limits, and nothing found or followed by itself.

`requests` spends more on a small request than the registry does, so this session speaks to its connection pools
(urllib3) directly. It has no cookies, reads no netrc, follows no redirect, repeats nothing and decodes nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import ssl
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from requests.utils import (
    DEFAULT_CA_BUNDLE_PATH,
    get_auth_from_url,
    get_environ_proxies,
    select_proxy,
)

from oci.errors import OciError

CHUNK = 1 << 18
BROKEN = (urllib3.exceptions.HTTPError, OSError)
_LONGEST_REPLY_BYTES = 1 << 20  # of answers that nobody reads piece by piece
_TIMEOUT = urllib3.Timeout(connect=10.0, read=60.0)  # read: between two pieces of an answer
_A_PACKET = 1400
_ALWAYS = {"Accept-Encoding": "identity", "User-Agent": "python-oci"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Answer:
    """What a registry answered; unless it is read piece by piece, `content` is there already."""

    def __init__(self, url: str, raw: urllib3.BaseHTTPResponse, *, stream: bool) -> None:
        self.url = url
        self.raw = raw
        self.status_code = raw.status
        self.headers: Mapping[str, str] = raw.headers
        self._refuse_encoding()
        self.content = b"" if stream else self._whole()

    def read(self, size: int) -> bytes:
        """Return the next bytes as they were sent. Raises what is in `BROKEN`."""
        return self.raw.read(size, decode_content=False)

    def json(self) -> Any:
        """Return the content as JSON. Raises ValueError."""
        return json.loads(self.content)

    def close(self) -> None:
        """Give up what was not read, and its connection with it unless next to nothing is left."""
        with contextlib.suppress(ValueError, *BROKEN):
            if int(self.headers.get("Content-Length", _A_PACKET)) < _A_PACKET:
                self.read(_A_PACKET)
        self.raw.close()

    def _refuse_encoding(self) -> None:
        """Refuse a compressed answer: a digest is of the bytes as they are, and nothing is ever inflated."""
        encoding = self.headers.get("Content-Encoding", "")
        if encoding.strip().lower() not in ("", "identity"):
            self.raw.close()
            raise OciError(
                "oci-answer-encoded",
                f"{where_of(self.url)} came as {encoding[:40]!r}, though it was asked for as it is",
                "find out what stands between you and the registry and compresses its answers",
            )

    def _whole(self) -> bytes:
        content = self.read(_LONGEST_REPLY_BYTES + 1)
        if len(content) > _LONGEST_REPLY_BYTES or self.read(1):
            self.raw.close()
            raise OciError(
                "oci-answer-too-large",
                f"{where_of(self.url)} answers with more than {_LONGEST_REPLY_BYTES} bytes",
                "check the registry's name, and who answers there",
            )
        return content


class Session:
    """Sends requests; safe to share between threads."""

    def __init__(self, ca_file: str | None) -> None:
        self._ca = ca_file or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
        self._pools: dict[str, urllib3.PoolManager] = {}
        self._tls: ssl.SSLContext | None = None

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, str] | Iterable[bytes] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        **_: Any,
    ) -> Answer:
        """Send once. Raises OciError (oci-unavailable, oci-tls)."""
        address = f"{url}?{urlencode(params, doseq=True)}" if params else url
        form = isinstance(data, Mapping)
        sent = {**_ALWAYS, **(_FORM if form else {}), **(headers or {})}
        body: Any = urlencode(data) if isinstance(data, Mapping) else data
        try:
            pool = self._pool(address)
            raw = pool.urlopen(
                method, address, body=body, headers=sent, redirect=False, retries=False,
                assert_same_host=False, preload_content=False, timeout=_TIMEOUT,
            )  # fmt: skip
            return Answer(url, raw, stream=stream)
        except urllib3.exceptions.SSLError as error:
            if is_cut(error):  # a reset while TLS speaks is still a reset
                raise unavailable(url, "the connection was cut") from error
            raise OciError("oci-tls", where_of(url), "name the registry's CA with --ca-file") from error
        except BROKEN as error:
            raise unavailable(url, type(error).__name__) from error

    def _pool(self, url: str) -> urllib3.PoolManager:
        place = urlsplit(url).netloc
        if place not in self._pools:
            self._pools[place] = self._open(url)
        return self._pools[place]

    def _open(self, url: str) -> urllib3.PoolManager:
        kept: dict[str, Any] = {"ssl_context": self._context(), "maxsize": 32, "blocksize": CHUNK}
        proxy = select_proxy(url, get_environ_proxies(url))
        if not proxy:
            return urllib3.PoolManager(**kept)
        proxy = proxy if "://" in proxy else f"http://{proxy}"
        username, password = get_auth_from_url(proxy)
        sign_in = urllib3.make_headers(proxy_basic_auth=f"{username}:{password}" if username else None)
        return urllib3.ProxyManager(proxy, proxy_headers=sign_in, **kept)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            context = urllib3.util.ssl_.create_urllib3_context()
            context.verify_mode = ssl.CERT_REQUIRED
            context.check_hostname = True
            place = self._ca or DEFAULT_CA_BUNDLE_PATH
            try:
                context.load_verify_locations(**{"capath" if os.path.isdir(place) else "cafile": place})  # noqa: PTH112
            except OSError as error:
                why = f"the authorities in {place} cannot be read: {error.strerror}"
                raise OciError("oci-tls", why, "name a PEM file that is there with --ca-file") from error
            self._tls = context
        return self._tls


def is_cut(error: BaseException) -> bool:
    """Tell a connection that ended inside TLS from one whose certificate was refused."""
    inner: Any = error
    while isinstance(inner, Exception):
        if isinstance(inner, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)):
            return True
        inner = getattr(inner, "reason", None) or (inner.args[0] if inner.args else None)
    return False


def unavailable(url: str, why: str, retry_after: float | None = None) -> OciError:
    """Build the error for a registry that can't be reached or is ill."""
    return OciError("oci-unavailable", f"{where_of(url)}: {why}", "try again in a moment", retry_after)


def where_of(url: str) -> str:
    """Return host and path of an address: its query may hold what is nobody's business."""
    parts = urlsplit(url)
    return f"{parts.netloc}{parts.path}"
