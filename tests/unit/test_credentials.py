"""No token of another identity than vibedata-uami ever leaves the credential (D1)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from vibedata.adapters.credentials import ExpectedIdentity, claims
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
