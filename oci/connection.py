"""Requests to one registry: addresses from checked names, tokens minted before, and one try with a new one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin

import oras.container  # type: ignore[import-untyped]
import requests

from oci.auth import Credentials, Tokens
from oci.descriptor import Descriptor, check_digest, check_repository
from oci.errors import OciError
from oci.fence import Challenged, Client, Session, origin
from oci.references import check_host
from oci.retrying import Retrying, raise_for_status
from oci.sending import Body
from oci.stores import Content

T = TypeVar("T")


def read_scope(repository: str) -> tuple[str, ...]:
    """Return the scopes for reading a repository."""
    return (f"repository:{check_repository(repository)}:pull",)


def write_scope(repository: str) -> tuple[str, ...]:
    """Return the scopes for writing: with pull, because a push asks first what is there."""
    return (f"repository:{check_repository(repository)}:pull,push",)


class Connection:
    """Sends requests with the right token; safe to share between threads."""

    def __init__(
        self,
        host: str,
        credentials: Credentials,
        ca_file: Path | None,
        retry: Retrying,
        clock: Callable[[], float],
    ) -> None:
        self.host = check_host(host)
        self.origin = f"https://{self.host}"
        self.retry = retry
        self._session = Session(str(ca_file) if ca_file else None)
        self._tokens = Tokens(self.origin, credentials, self._plain, clock)

    def send(self, method: str, url: str, scopes: tuple[str, ...], **parts: Any) -> requests.Response:
        """Send once, or twice when the registry refuses the token that was kept. Raises OciError."""
        try:
            return self._send(method, url, scopes, parts)
        except Challenged:
            self._tokens.forget(scopes)
        try:
            return self._send(method, url, scopes, parts)
        except Challenged as refusal:
            self._tokens.forget(scopes)
            raise self._denied(scopes, refusal.status) from None

    def send_again(self, method: str, url: str, scopes: tuple[str, ...], **parts: Any) -> requests.Response:
        """Send, and again while what comes back is transient. Raises OciError."""
        return self.retry(lambda: self.send(method, url, scopes, **parts))

    def start_upload(
        self, repository: str, digest: str, mount_from: str | None
    ) -> tuple[str | None, tuple[str, ...]]:
        """Ask where to send a blob: (None, …) when it was mounted from another repository instead."""
        scopes, start = write_scope(repository), self.address(repository).upload_blob_url()
        start = f"https://{start}"
        if mount_from:
            start += "?" + urlencode({"mount": check_digest(digest), "from": check_repository(mount_from)})
            scopes = (*scopes, *read_scope(mount_from))
        answer = self.send("POST", start, scopes)
        if answer.status_code == 201:
            return None, scopes
        place = urljoin(start, answer.headers.get("Location", ""))
        if origin(place) != self.origin.lower():
            raise OciError(
                "oci-redirect-refused", f"{self.host} wants bytes on another host", "check its name"
            )
        return place + ("&" if "?" in place else "?") + urlencode({"digest": digest}), scopes

    def upload(
        self, repository: str, descriptor: Descriptor, content: Content, mount_from: str | None
    ) -> requests.Response | None:
        """Send a blob in one piece; None when it was mounted. Raises OciError."""
        place, scopes = self.start_upload(repository, descriptor.digest, mount_from)
        if place is None:
            return None
        headers = {"Content-Type": "application/octet-stream"}
        return self.send("PUT", place, scopes, data=Body(content, descriptor), headers=headers)

    def address(self, repository: str) -> oras.container.Container:
        """Return oras's address of a repository, whose name has been checked."""
        return oras.container.Container(f"{self.host}/{check_repository(repository)}", registry=self.host)

    def manifest_url(self, repository: str, reference: str) -> str:
        """Return the address of a manifest; `reference` has been checked."""
        return f"https://{self.address(repository).manifest_url(reference)}"

    def blob_url(self, repository: str, digest: str) -> str:
        """Return the address of a blob."""
        return f"https://{self.address(repository).get_blob_url(check_digest(digest))}"

    def _send(
        self, method: str, url: str, scopes: tuple[str, ...], parts: dict[str, Any]
    ) -> requests.Response:
        client = Client(self.host, self._session, self._tokens.header(scopes))
        body = parts.get("data")
        data = body.start() if isinstance(body, Body) else body
        headers = dict(parts.get("headers") or {})
        answer = client.do_request(url, method, **{**parts, "data": data, "headers": headers})
        return raise_for_status(answer)

    def _plain(self, method: str, url: str, **parts: Any) -> requests.Response:
        def once() -> requests.Response:
            response = self._session.request(method, url, **parts)
            return response if response.status_code < 404 else raise_for_status(response)

        return self.retry(once)

    def _denied(self, scopes: tuple[str, ...], status: int) -> OciError:
        return OciError(
            "oci-denied",
            f"{self.host} answered {status} to a fresh token for {' '.join(scopes)}",
            "give the caller a role or a scope map that holds these actions on this repository",
        )
