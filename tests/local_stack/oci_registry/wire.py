"""A bare HTTP client of one registry, for what no well-behaved client sends."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import requests

from tests.oci.rig import ACR, Rig, Token

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class Wire:
    """Requests to a registry with one access token; redirects are not followed."""

    def __init__(self, rig: Rig, name: str = "publisher", caller: Token | None = None) -> None:
        self.base = f"https://{rig.hosts[name]}"
        self.host = rig.hosts[name]
        self._session = requests.Session()
        self._session.verify = str(rig.stack.ca_file)
        self._session.trust_env = False
        self._caller = caller or rig.owner

    def exchange(self, audience: str = ACR, **form: str) -> requests.Response:
        token = self._caller.get_token(audience + "/.default").token
        data = {"grant_type": "access_token", "service": self.host, "access_token": token, **form}
        return self._session.post(f"{self.base}/oauth2/exchange", data=data)

    def token(self, *scopes: str) -> str:
        refresh = self.exchange().json()["refresh_token"]
        data = {
            "grant_type": "refresh_token",
            "service": self.host,
            "refresh_token": refresh,
            "scope": " ".join(scopes),
        }
        answer = self._session.post(f"{self.base}/oauth2/token", data=data)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    def sign_in(self, *scopes: str) -> Wire:
        self._session.headers["Authorization"] = f"Bearer {self.token(*scopes)}"
        return self

    def __call__(self, method: str, path: str, **parts: Any) -> requests.Response:
        url = path if path.startswith("https://") else self.base + path
        return self._session.request(method, url, allow_redirects=False, timeout=30, **parts)

    def push(self, repository: str, content: bytes) -> str:
        digest = digest_of(content)
        place = self("POST", f"/v2/{repository}/blobs/uploads/").headers["Location"]
        answer = self("PUT", f"{place}?digest={digest}", data=content)
        assert answer.status_code == 201, answer.text
        return digest

    def put(self, repository: str, reference: str, raw: bytes, kind: str = IMAGE) -> requests.Response:
        return self(
            "PUT", f"/v2/{repository}/manifests/{reference}", data=raw, headers={"Content-Type": kind}
        )


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def part(content: bytes, media_type: str = "application/vnd.x") -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def image(*layers: bytes, **more: Any) -> bytes:
    body = {
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": part(b"{}"),
        "layers": [part(layer) for layer in layers],
        **more,
    }
    return json.dumps(body).encode()


def code_of(answer: requests.Response) -> str:
    return str(answer.json()["errors"][0]["code"])
