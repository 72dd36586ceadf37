"""How every SDK client of a verb calls: once, and not for ever. Trying again is the flow's policy (D13)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from azure.core.pipeline.transport import RequestsTransport

CONNECT_SECONDS = 10
READ_SECONDS = 60
ONE_TRY: dict[str, Any] = {
    "retry_total": 0,
    "connection_timeout": CONNECT_SECONDS,
    "read_timeout": READ_SECONDS,
}


def one_transport(at_once: int = 10) -> RequestsTransport:
    """Return connections for the clients of one process: who shares them shakes hands with a service once.

    `at_once`: how many connections to each service are kept; a thread that finds none shakes hands again.
    """
    timeouts = {"connection_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
    template = RequestsTransport(**timeouts)
    template.open()
    session = _Session()
    for prefix, kept in template.session.adapters.items() if template.session else ():
        session.mount(prefix, type(kept)(pool_maxsize=at_once, max_retries=kept.max_retries))
    template.close()
    return RequestsTransport(session=session, **timeouts)


class _Session(requests.Session):
    """A session that asks the environment once for each host, not at each request, and never for passwords."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = _as_it_is  # else ~/.netrc is read each time, and what it has replaces the token
        self._asked: dict[tuple[object, ...], Any] = {}

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Return proxies, CA and certificate for an address, as they were at the host's first request."""
        if proxies:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        key = (*urlsplit(url)[:2], stream, verify, cert)
        if key not in self._asked:
            self._asked[key] = super().merge_environment_settings(url, proxies, stream, verify, cert)
        return dict(self._asked[key])


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
