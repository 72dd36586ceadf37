from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
import requests
import urllib3

from oci.auth import Aad, Credentials, Password, Tokens
from oci.errors import OciError

ORIGIN = "https://registry.example:5000"
CHALLENGE = f'Bearer realm="{ORIGIN}/oauth2/token",service="registry.example:5000",scope="x"'
PULL = ("repository:a/b:pull",)
PUSH = ("repository:a/b:pull,push",)


class Endpoint:
    """A registry's token endpoints, counting what they mint."""

    def __init__(self, challenge: str = CHALLENGE, lifetime: float = 4500.0) -> None:
        self.challenge = challenge
        self.lifetime = lifetime
        self.now = 1_000_000.0
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.status = 200

    def __call__(self, method: str, url: str, **parts: Any) -> requests.Response:
        if url.endswith("/v2/"):
            return _answer(401, {}, {"WWW-Authenticate": self.challenge})
        self.asked.append((method, url, parts))
        if url.endswith("/oauth2/exchange"):
            return _answer(self.status, {"refresh_token": _jwt(self.now + 10_800)})
        return _answer(self.status, {"access_token": _jwt(self.now + self.lifetime, len(self.asked))})

    def tokens(self, credentials: Credentials) -> Tokens:
        return Tokens(ORIGIN, credentials, self, lambda: self.now)

    def paths(self) -> list[str]:
        return [url.removeprefix(ORIGIN) for _, url, _ in self.asked]


def _answer(status: int, body: object, headers: dict[str, str] | None = None) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.url = ORIGIN
    response.raw = urllib3.HTTPResponse(io.BytesIO(json.dumps(body).encode()), preload_content=False)
    response.headers.update(headers or {})
    return response


def _jwt(expires: float, number: int = 0) -> str:
    payload = (
        base64.urlsafe_b64encode(json.dumps({"exp": expires, "n": number}).encode()).decode().rstrip("=")
    )
    return f"e30.{payload}.x"


def test_entra_tokens_are_exchanged_once_and_access_tokens_kept_per_scope() -> None:
    endpoint, calls = Endpoint(), []
    tokens = endpoint.tokens(Aad(lambda: calls.append(1) or "entra", "tenant"))
    first = tokens.header(PULL)
    assert tokens.header(PULL) == first
    assert tokens.header(PUSH) != first
    assert endpoint.paths() == ["/oauth2/exchange", "/oauth2/token", "/oauth2/token"]
    assert [parts["data"].get("scope") for _, _, parts in endpoint.asked] == [None, *PULL, *PUSH]
    assert endpoint.asked[0][2]["data"]["access_token"] == "entra"
    assert len(calls) == 1


def test_a_token_is_minted_anew_shortly_before_it_expires() -> None:
    endpoint = Endpoint()
    tokens = endpoint.tokens(Aad(lambda: "entra"))
    first = tokens.header(PULL)
    endpoint.now += 4500 - 61
    assert tokens.header(PULL) == first
    endpoint.now += 2
    assert tokens.header(PULL) != first
    assert endpoint.paths() == ["/oauth2/exchange", "/oauth2/token", "/oauth2/token"]
    endpoint.now += 10_800
    tokens.header(PULL)
    assert endpoint.paths()[3:] == ["/oauth2/exchange", "/oauth2/token"]


def test_a_forgotten_token_is_minted_from_the_identity_again() -> None:
    endpoint = Endpoint()
    tokens = endpoint.tokens(Aad(lambda: "entra"))
    tokens.header(PULL)
    tokens.forget(PULL)
    tokens.header(PULL)
    assert endpoint.paths() == ["/oauth2/exchange", "/oauth2/token"] * 2


def test_a_password_goes_as_basic_to_the_token_endpoint_only() -> None:
    endpoint = Endpoint()
    header = endpoint.tokens(Password("name", "pass")).header(PULL)
    method, url, parts = endpoint.asked[0]
    assert (method, url) == ("GET", f"{ORIGIN}/oauth2/token")
    assert parts["headers"]["Authorization"] == "Basic " + base64.b64encode(b"name:pass").decode()
    assert parts["params"]["scope"] == list(PULL)
    assert header is not None
    assert header.startswith("Bearer ")


@pytest.mark.parametrize(
    "realm",
    [
        "https://evil.example/oauth2/token",
        "https://registry.example:5000.evil.example/oauth2/token",
        "https://registry.example:5000@evil.example/token",
        "http://registry.example:5000/oauth2/token",
        "",
    ],
)
def test_credentials_go_to_no_other_host(realm: str) -> None:
    endpoint = Endpoint(f'Bearer realm="{realm}",service="x"')
    with pytest.raises(OciError) as refusal:
        endpoint.tokens(Password("name", "pass")).header(PULL)
    assert refusal.value.code == "oci-auth-realm-refused"
    assert endpoint.asked == []


def test_a_refusal_names_no_secret() -> None:
    endpoint = Endpoint()
    endpoint.status = 401
    credentials = Password("name", "s3cret")
    with pytest.raises(OciError) as refusal:
        endpoint.tokens(credentials).header(PULL)
    assert refusal.value.code == "oci-unauthorized"
    assert "s3cret" not in f"{refusal.value!r} {refusal.value} {credentials!r}"


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "\u00e4", None, 7])
def test_a_token_that_is_no_header_value_is_refused(token: object) -> None:
    endpoint = Endpoint()

    def send(method: str, url: str, **parts: Any) -> requests.Response:
        return endpoint(method, url) if url.endswith("/v2/") else _answer(200, {"access_token": token})

    with pytest.raises(OciError) as refusal:
        Tokens(ORIGIN, Password("a", "b"), send).header(PULL)
    assert refusal.value.code == "oci-unauthorized"


def test_a_registry_that_asks_for_nothing_gets_nothing() -> None:
    tokens = Tokens(ORIGIN, None, lambda *_, **__: _answer(200, {}))
    assert tokens.header(PULL) is None
