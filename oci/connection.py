"""Requests to one registry: addresses from checked names, tokens minted before, and one try with a new one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import oras.container  # type: ignore[import-untyped]

from oci.auth import Credentials, Tokens
from oci.descriptor import Descriptor, check_digest, check_repository
from oci.errors import OciError
from oci.fence import Challenged, Client, joined, origin
from oci.references import check_host
from oci.retrying import Retrying, raise_for_status
from oci.sending import Body, Unfinished
from oci.stores import Content
from oci.wire import Answer, Session

T = TypeVar("T")


def read_scope(repository: str) -> tuple[str, ...]:
    """Return the scopes for reading a repository."""
    return (f"repository:{check_repository(repository)}:pull",)


def write_scope(repository: str) -> tuple[str, ...]:
    """Return the scopes for writing: with pull, because a push asks first what is there."""
    return (f"repository:{check_repository(repository)}:pull,push",)


def delete_scope(repository: str) -> tuple[str, ...]:
    """Return the scopes for deleting in a repository."""
    return (f"repository:{check_repository(repository)}:delete",)


class Connection:
    """Sends requests with the right token; safe to share between threads."""

    def __init__(
        self,
        host: str,
        credentials: Credentials,
        ca_file: Path | None,
        retry: Retrying,
        clock: Callable[[], float],
        token_hosts: Collection[str] = (),
    ) -> None:
        self.host = check_host(host)
        self.origin = f"https://{self.host}"
        self.retry = retry
        self._session = Session(str(ca_file) if ca_file else None)
        self._client = Client(self.host, self._session)
        self.tokens = Tokens(self.origin, credentials, self._plain, clock, token_hosts)

    def send(self, method: str, url: str, scopes: tuple[str, ...], **parts: Any) -> Answer:
        """Send once, or twice when the registry refuses the token that was kept. Raises OciError."""
        try:
            return self._send(method, url, scopes, parts)
        except Challenged:
            self.tokens.forget(scopes)
        try:
            return self._send(method, url, scopes, parts)
        except Challenged as refusal:
            self.tokens.forget(scopes)
            raise self._denied(scopes, refusal.status) from None

    def send_again(self, method: str, url: str, scopes: tuple[str, ...], **parts: Any) -> Answer:
        """Send, and again while what comes back is transient. Raises OciError."""
        return self.retry(lambda: self.send(method, url, scopes, **parts))

    def upload(
        self, repository: str, descriptor: Descriptor, content: Content, mount_from: str | None
    ) -> Answer | None:
        """Send a blob; None when it was mounted. An upload that fails is cancelled.

        Raises OciError, and SourceFailed when the content can't be read.
        """
        place = self._start_upload(repository, descriptor.digest, mount_from)
        if place is None:
            return None
        try:
            return self._send_blob(repository, descriptor, Body(content, descriptor), place)
        except Unfinished as unfinished:
            self._cancel_upload(repository, unfinished.place)
            raise unfinished.why from None

    def _send_blob(self, repository: str, descriptor: Descriptor, body: Body, place: str) -> Answer:
        """Send it: a small one at once, another as it comes. Raises Unfinished."""
        scopes, kind = write_scope(repository), {"Content-Type": "application/octet-stream"}
        try:
            if body.is_small:
                return self.send(
                    "PUT", _with(place, digest=descriptor.digest), scopes, data=body, headers=kind
                )
            answer = self.send("PATCH", place, scopes, data=body, headers=kind)
            place = self._upload_place(place, answer)
            body.check()
            return self.send("PUT", _with(place, digest=descriptor.digest), scopes, data=b"", headers=kind)
        except BaseException as error:
            raise Unfinished(place, error) from error
        finally:
            body.close()

    def _start_upload(self, repository: str, digest: str, mount_from: str | None) -> str | None:
        """Ask where to send a blob: None when it was mounted, from another repository or this one."""
        scopes, start = write_scope(repository), f"https://{self.address(repository).upload_blob_url()}"
        if mount_from:
            start = _with(start, mount=check_digest(digest), **{"from": check_repository(mount_from)})
            if mount_from != repository and not self.share_token(repository, mount_from):
                scopes = (*scopes, *read_scope(mount_from))
        answer = self.send("POST", start, scopes)
        if answer.status_code == 201:
            return None
        return self._upload_place(start, answer)

    def _upload_place(self, url: str, answer: Answer) -> str:
        place = joined(url, answer.headers.get("Location", ""))
        if origin(place) != self.origin.lower():
            raise OciError(
                "oci-redirect-refused", f"{self.host} wants bytes on another host", "check its name"
            )
        return place

    def _cancel_upload(self, repository: str, place: str) -> None:
        """Leave no upload behind, where the registry lets us: some ask for the right to delete.

        docker-registry lets go of one whose connection broke only by itself, when it is old: it wants to be told
        how many bytes it has, which nobody knows then.
        """
        for scopes in (write_scope(repository), delete_scope(repository)):
            with contextlib.suppress(OciError, Challenged):
                self._send("DELETE", place, scopes, {})
                return

    def share_token(self, one: str, other: str) -> bool:
        """Tell whether one token may write to both repositories."""
        return self.tokens.together(write_scope(one)[0], write_scope(other)[0])

    def address(self, repository: str) -> oras.container.Container:
        """Return oras's address of a repository, whose name has been checked."""
        return oras.container.Container(f"{self.host}/{check_repository(repository)}", registry=self.host)

    def manifest_url(self, repository: str, reference: str) -> str:
        """Return the address of a manifest; `reference` has been checked."""
        return f"https://{self.address(repository).manifest_url(reference)}"

    def blob_url(self, repository: str, digest: str) -> str:
        """Return the address of a blob."""
        return f"https://{self.address(repository).get_blob_url(check_digest(digest))}"

    def _send(self, method: str, url: str, scopes: tuple[str, ...], parts: dict[str, Any]) -> Answer:
        header, body = self.tokens.header(scopes), parts.get("data")
        headers = {**(parts.get("headers") or {}), **({"Authorization": header} if header else {})}
        data = body.start() if isinstance(body, Body) else body
        answer = self._client.do_request(url, method, **{**parts, "data": data, "headers": headers})
        return raise_for_status(answer)

    def _plain(self, method: str, url: str, **parts: Any) -> Answer:
        def once() -> Answer:
            response = self._session.request(method, url, **parts)
            return response if response.status_code < 404 else raise_for_status(response)

        return self.retry(once)

    def _denied(self, scopes: tuple[str, ...], status: int) -> OciError:
        return OciError(
            "oci-denied",
            f"{self.host} answered {status} to a fresh token for {' '.join(scopes)}",
            "give the caller a role or a scope map that holds these actions on this repository",
        )


def _with(url: str, **query: str) -> str:
    return url + ("&" if "?" in url else "?") + urlencode(query)
