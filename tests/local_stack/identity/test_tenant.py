"""The login endpoint, as azure-identity and any OpenID client use it."""

from __future__ import annotations

import time

import jwt
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import EnvironmentCredential

from tests.local_stack.support import Place, credential_for

ARM = "https://management.azure.com/.default"


def token_reply(place: Place, **change: str) -> requests.Response:
    who = place.stack.deployer
    form = {
        "grant_type": "client_credentials",
        "client_id": who["client_id"],
        "client_secret": who["client_secret"],
        "scope": ARM,
        **change,
    }
    tenant = form.pop("tenant", place.stack.tenant_id)
    url = f"{place.stack.addresses.url('identity')}/{tenant}/oauth2/v2.0/token"
    return requests.post(url, data=form, verify=str(place.stack.ca_file))


def test_environment_credential_gets_a_token_anybody_can_verify(place: Place, monkeypatch) -> None:
    for name, value in place.stack.environment().items():
        monkeypatch.setenv(name, value)
    token = EnvironmentCredential(disable_instance_discovery=True).get_token(ARM).token
    base = place.stack.addresses.url("identity")
    ca = str(place.stack.ca_file)
    found = requests.get(
        f"{base}/{place.stack.tenant_id}/v2.0/.well-known/openid-configuration", verify=ca
    ).json()
    (key,) = requests.get(found["jwks_uri"], verify=ca).json()["keys"]
    claims = jwt.decode(
        token,
        jwt.PyJWK(key),
        algorithms=["RS256"],
        audience="https://management.azure.com",
        issuer=found["issuer"],
    )
    who = place.stack.deployer
    assert (claims["appid"], claims["oid"], claims["tid"]) == (
        who["client_id"],
        who["object_id"],
        place.stack.tenant_id,
    )
    assert claims["iss"] == f"https://sts.windows.net/{place.stack.tenant_id}/"
    assert claims["nbf"] <= time.time() < claims["exp"] <= time.time() + 3601
    assert jwt.get_unverified_header(token)["kid"] == key["kid"]


@pytest.mark.parametrize(
    ("change", "status", "code", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", "AADSTS7000215"),
        ({"client_id": "4f1c4f7e-0000-4000-8000-000000000000"}, 400, "unauthorized_client", "AADSTS700016"),
        ({"tenant": "4f1c4f7e-0000-4000-8000-000000000000"}, 400, "invalid_tenant", "AADSTS90002"),
        ({"scope": "https://management.azure.com/read"}, 400, "invalid_scope", "AADSTS1002012"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "AADSTS70003"),
    ],
)
def test_what_is_wrong_is_said_in_entras_words(
    place: Place, change: dict, status: int, code: str, number: str
) -> None:
    reply = token_reply(place, **change)
    assert (reply.status_code, reply.json()["error"]) == (status, code)
    assert reply.json()["error_description"].startswith(number)


def test_a_wrong_secret_is_an_sdk_authentication_error(place: Place) -> None:
    credential = credential_for(place.stack, place.stack.deployer["client_id"], "wrong")
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential.get_token(ARM)


def test_an_expired_token_is_refused(place: Place) -> None:
    principal, _ = place.stack.create_application("late")
    token = place.stack.ctx.tokens.mint(principal, "https://management.azure.com", -60)
    reply = requests.get(
        place.stack.addresses.url("arm") + "/subscriptions?api-version=2022-12-01",
        headers={"Authorization": f"Bearer {token}"},
        verify=str(place.stack.ca_file),
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "ExpiredAuthenticationToken")


def test_a_token_of_another_key_is_refused(place: Place) -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    claims = jwt.decode(
        place.stack.ctx.tokens.mint(
            place.stack.ctx.principals.by_oid(place.stack.deployer["object_id"]), "x"
        ),
        options={"verify_signature": False},
    )
    forged = jwt.encode(
        {**claims, "aud": "https://management.azure.com"},
        rsa.generate_private_key(65537, 2048),
        algorithm="RS256",
    )
    reply = requests.get(
        place.stack.addresses.url("arm") + "/subscriptions?api-version=2022-12-01",
        headers={"Authorization": f"Bearer {forged}"},
        verify=str(place.stack.ca_file),
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


def test_secrets_are_kept_only_hashed_but_the_deployers_in_a_private_file(place: Place) -> None:
    _, secret = place.stack.create_application("x")
    file = place.stack.directory / "deployer.json"
    assert file.stat().st_mode & 0o777 == 0o600
    for each in place.stack.directory.glob("stack.db*"):
        assert secret.encode() not in each.read_bytes()


def test_token_calls_are_in_the_write_log_with_their_audience(place: Place) -> None:
    before = place.stack.writes.last
    token_reply(place)
    token_reply(place, client_secret="wrong")
    good, bad = place.stack.writes.since(before, service="identity")
    assert (good.status, good.principal, good.detail) == (
        200,
        "deployer",
        {"audience": "https://management.azure.com"},
    )
    assert (bad.status, bad.principal) == (401, "")
