"""Reads what an import copies: over HTTPS, with the source registry's tokens, believing only what hashes."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from local_stack.core.context import Context
from local_stack.oci_registry.errors import ImportFailed
from local_stack.oci_registry.manifests import IMAGES, INDEXES, LIMIT
from local_stack.oci_registry.names import digest_of, is_digest

_ACCEPT = ", ".join((*IMAGES, *INDEXES))
_SECONDS = 120.0


@dataclass(frozen=True, repr=False)
class SourceCredentials:
    """A user name and password, or an Entra token: for the source registry only."""

    username: str = ""
    password: str = ""
    aad_token: str = ""


class Source:
    """One repository of a source registry, open for one import."""

    def __init__(self, ctx: Context, host: str, repository: str, credentials: SourceCredentials) -> None:
        self._ctx = ctx
        self._host = host
        self._repository = repository
        self._credentials = credentials
        self._token = ""
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Source:
        connector = aiohttp.TCPConnector(ssl=self._ctx.tls.client_context())
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        try:
            self._token = await self._sign_in()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def manifest(self, reference: str) -> tuple[bytes, str]:
        """Return a manifest's bytes and media type. Raises ImportFailed."""
        response = await self._get(f"manifests/{reference}")
        async with response:
            raw = await response.content.read(LIMIT + 1)
            while more := await response.content.read(LIMIT + 1 - len(raw)):
                raw += more
            media_type = response.content_type
        if len(raw) > LIMIT or (is_digest(reference) and digest_of(raw) != reference):
            raise _damaged(reference)
        return raw, media_type

    async def blob(self, digest: str, file: Path) -> None:
        """Write a blob to a file, verified. Raises ImportFailed."""
        hashed = hashlib.sha256()
        response = await self._get(f"blobs/{digest}")
        try:
            async with response:
                with file.open("wb") as out:
                    async for chunk in response.content.iter_chunked(1 << 18):
                        out.write(chunk)
                        hashed.update(chunk)
        except aiohttp.ClientError as error:
            raise _damaged(digest) from error
        if "sha256:" + hashed.hexdigest() != digest:
            raise _damaged(digest)

    async def _sign_in(self) -> str:
        scope = f"repository:{self._repository}:pull"
        if self._credentials.aad_token:
            form = {
                "grant_type": "access_token",
                "service": self._host,
                "access_token": self._credentials.aad_token,
            }
            refresh = (await self._token_call("POST", "exchange", data=form))["refresh_token"]
            grant = {
                "grant_type": "refresh_token",
                "service": self._host,
                "scope": scope,
                "refresh_token": refresh,
            }
            return str((await self._token_call("POST", "token", data=grant))["access_token"])
        if not self._credentials.password:
            return ""
        pair = f"{self._credentials.username}:{self._credentials.password}"
        headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        query = {"service": self._host, "scope": scope}
        return str((await self._token_call("GET", "token", params=query, headers=headers))["access_token"])

    async def _token_call(self, method: str, name: str, **parts: Any) -> dict[str, Any]:
        async with await self._send(method, f"oauth2/{name}", **parts) as response:
            if response.status != 200:
                raise _unauthorized(self._host)
            found: dict[str, Any] = await response.json()
            return found

    async def _get(self, path: str) -> aiohttp.ClientResponse:
        headers = {"Accept": _ACCEPT, "Accept-Encoding": "identity"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        response = await self._send("GET", f"v2/{self._repository}/{path}", headers=headers)
        if response.status == 200:
            return response
        response.release()
        if response.status in (401, 403):
            raise _unauthorized(self._host)
        if response.status == 404:
            raise ImportFailed(
                "ManifestUnknown" if path.startswith("manifests") else "BlobUnknown",
                f"The source image '{self._host}/{self._repository}' has no {path}.",
                404,
            )
        raise ImportFailed("SourceRegistryError", f"The source registry answered {response.status}.", 502)

    async def _send(self, method: str, path: str, **parts: Any) -> aiohttp.ClientResponse:
        if self._session is None:
            raise RuntimeError("the source is not open")
        try:
            return await self._session.request(method, f"https://{self._host}/{path}", **parts)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ImportFailed(
                "SourceRegistryUnreachable", f"The source registry '{self._host}' cannot be reached.", 502
            ) from error


def _unauthorized(host: str) -> ImportFailed:
    return ImportFailed(
        "InvalidSourceCredentials",
        f"Unable to authenticate with the source registry '{host}': unauthorized: authentication required.",
        401,
    )


def _damaged(reference: str) -> ImportFailed:
    return ImportFailed(
        "InvalidSourceContent", f"The content of '{reference}' does not match its digest.", 400
    )
