"""No token of another identity than vibedata-uami ever leaves the credential (D1)."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from vibedata.adapters.credentials import ExpectedIdentity, claims, worker_credential
from vibedata.errors import Blocked

UAMI = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"
SCOPE = "https://management.azure.com/.default"


class Identity:
    """A metadata service that answers with this token."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.asked: list[tuple[str, ...]] = []

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.asked.append(scopes)
        return AccessToken(self.token, 1_900_000_000)


def jwt(**told: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{body}.c2lnbmF0dXJl"


def test_our_own_token_is_handed_out() -> None:
    identity = Identity(jwt(appid=UAMI.upper(), oid="o"))
    assert ExpectedIdentity(identity, UAMI).get_token(SCOPE).token == identity.token
    assert identity.asked == [(SCOPE,)]


class Remembering(Identity):
    """One that is slow to be asked, and remembers what it was answered, as the SDK's do."""

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        if scopes not in self.asked:
            time.sleep(0.05)
            super().get_token(*scopes, **options)
        return AccessToken(self.token, 1_900_000_000)


def test_threads_that_need_the_same_token_ask_for_it_once() -> None:
    identity = Remembering(jwt(appid=UAMI))
    credential = ExpectedIdentity(identity, UAMI)
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda number: credential.get_token(f"scope-{number % 2}").token, range(8)))
    assert set(tokens) == {identity.token}
    assert sorted(identity.asked) == [("scope-0",), ("scope-1",)]


@pytest.mark.parametrize("claim", ["appid", "azp"])
def test_another_identity_is_refused_by_name_and_its_token_is_not_told(claim: str) -> None:
    mirid = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/worker"
    identity = Identity(jwt(**{claim: OTHER, "oid": "object", "xms_mirid": mirid}))
    with pytest.raises(Blocked) as caught:
        ExpectedIdentity(identity, UAMI).get_token(SCOPE)
    error = caught.value
    assert (error.code, error.detail["expected"], error.detail["found"]) == ("identity-mismatch", UAMI, OTHER)
    assert (error.detail["objectId"], error.detail["resourceId"]) == ("object", mirid)
    assert "uami_client_id" in error.hint
    assert identity.token.split(".")[1] not in json.dumps(error.as_dict())


@pytest.mark.parametrize(
    "token",
    ["opaque", "a.b.c", "a..c", "", jwt()[:-20], "x." + "A" * 70_000 + ".y", "x." + "W1tb" * 9000 + ".y"],
)
def test_what_is_no_readable_jwt_claims_nothing(token: str) -> None:
    assert not claims(token).get("appid")
    assert ExpectedIdentity(Identity(token), UAMI).get_token(SCOPE).token == token


def test_where_nobody_answers_a_person_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:  # bound and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"http://127.0.0.1:{taken.getsockname()[1]}")
        seconds = (seconds_until_refused() for _ in range(5))
        assert any(one < 1.5 for one in seconds)  # as the worker asks, each takes five


def seconds_until_refused() -> float:
    began = time.monotonic()
    with pytest.raises(ClientAuthenticationError):
        worker_credential(UAMI, brisk=True).get_token(SCOPE)
    return time.monotonic() - began


def test_signing_in_starts_no_process_that_would_inherit_the_secret(tmp_path: Path) -> None:
    uname = tmp_path / "uname"
    uname.write_text('#!/bin/sh\nenv > "${0%/*}/seen"\n')
    uname.chmod(0o755)
    script = "from vibedata.adapters.credentials import deployer_credential as d; d(); print('signed in')"
    secret = {f"AZURE_{name}": "a-secret" for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")}
    around = {**os.environ, **secret, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    said = subprocess.run([sys.executable, "-c", script], env=around, capture_output=True, check=True)
    assert said.stdout == b"signed in\n"
    assert list(tmp_path.iterdir()) == [uname]
