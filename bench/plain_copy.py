"""The plain protocol as a program: httpx, a pool of threads, SHA-256 of every blob, and nothing else.

The least that a client must do with one artifact per repository: a token each side, the manifest, each blob fetched
and uploaded, the manifest. It asks for nothing beforehand, resumes nothing, tries nothing twice.
Usage: python -m bench.plain_copy LIST JOBS, with OCI_USERNAME, OCI_PASSWORD and SSL_CERT_FILE.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
PIECE = 1 << 18


def main() -> int:
    """Copy each `SOURCE TARGET` line of a list."""
    import ssl

    import httpx

    pairs = [line.split() for line in Path(sys.argv[1]).read_text("utf-8").splitlines()]
    jobs, secret = int(sys.argv[2]), (os.environ["OCI_USERNAME"], os.environ["OCI_PASSWORD"])
    limits = httpx.Limits(max_connections=4 * jobs, max_keepalive_connections=4 * jobs)
    trusted = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    transport = httpx.HTTPTransport(
        verify=trusted, limits=limits, trust_env=False, retries=2
    )  # of connecting only
    with httpx.Client(transport=transport, timeout=60, trust_env=False) as client:
        plain = Plain(client, secret, os.environ["BENCH_TOKENS"])
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(lambda pair: plain.copy(*pair), pairs))
    return 0


class Plain:
    """One client for all requests."""

    def __init__(self, client: Any, secret: tuple[str, str], tokens: str) -> None:
        self._client = client
        self._secret = secret
        self._tokens = tokens

    def copy(self, source: str, target: str) -> None:
        """Copy one artifact."""
        origin, read = self._opened(source, "pull")
        place, write = self._opened(target, "pull,push")
        raw = self._good(self._client.get(f"{origin}/manifests/1", headers={**read, "Accept": MANIFEST}))
        manifest = raw.json()
        for blob in {part["digest"]: part for part in [manifest["config"], *manifest["layers"]]}.values():
            self._blob(origin, read, place, write, blob)
        headers = {**write, "Content-Type": MANIFEST}
        self._good(self._client.put(f"{place}/manifests/1", content=raw.content, headers=headers))

    def _opened(self, reference: str, actions: str) -> tuple[str, dict[str, str]]:
        host, _, name = reference.rpartition(":")[0].partition("/")
        query = {"service": host, "scope": f"repository:{name}:{actions}"}
        answer = self._good(self._client.get(self._tokens, params=query, auth=self._secret))
        return f"https://{host}/v2/{name}", {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def _blob(
        self, origin: str, read: dict[str, str], place: str, write: dict[str, str], blob: dict[str, Any]
    ) -> None:
        started = self._good(self._client.post(f"{place}/blobs/uploads/", headers=write))
        where = urljoin(place, started.headers["Location"])
        url = f"{where}{'&' if '?' in where else '?'}digest={blob['digest']}"
        headers = {**write, "Content-Length": str(blob["size"]), "Content-Type": "application/octet-stream"}
        with self._client.stream("GET", f"{origin}/blobs/{blob['digest']}", headers=read) as answer:
            self._good(answer)
            body = _hashed(answer.iter_raw(PIECE), blob["digest"])
            self._good(self._client.put(url, content=body, headers=headers))

    @staticmethod
    def _good(answer: Any) -> Any:
        return answer.raise_for_status()


def _hashed(pieces: Iterator[bytes], digest: str) -> Iterator[bytes]:
    digester = hashlib.sha256()
    for piece in pieces:
        digester.update(piece)
        yield piece
    if f"sha256:{digester.hexdigest()}" != digest:
        raise ValueError(digest)


if __name__ == "__main__":
    sys.exit(main())
