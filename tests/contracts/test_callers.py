"""Who may call the HTTP fallback: an action group of the tenant with its role, and nobody else."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from urllib3.exceptions import HTTPError, ProtocolError

from local_stack.threaded import ThreadedStack
from tests.fakes.alert_queue import FakeCallers
from vibedata.adapters.entra_keys import (
    KEEP_SECONDS,
    PAUSE_SECONDS,
    PAUSE_WITHOUT_KEYS_SECONDS,
    EntraKeys,
    fetch_keys,
)
from vibedata.adapters.entra_tokens import EntraCallers
from vibedata.alert_settings import ACTION_GROUPS_APP
from vibedata.errors import BadInput, Blocked, Transient

TENANT, AUDIENCE = "11111111-2222-4333-8444-555555555555", "api://aaaaaaaa-2222-4333-8444-555555555555"
AUTHORITY = "https://login.microsoftonline.com"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    told = {
        "iss": f"https://sts.windows.net/{TENANT}/",
        "aud": AUDIENCE,
        "tid": TENANT,
        "appid": ACTION_GROUPS_APP,
        "roles": ["ActionGroupsSecureWebhook"],
        "iat": now - 5,
        "nbf": now - 5,
        "exp": now + 3600,
    }
    return {name: value for name, value in {**told, **changes}.items() if value is not ...}


def signed(told: dict[str, Any], key: Any = KEY, kid: str | None = "one", algorithm: str = "RS256") -> str:
    headers = {"kid": kid} if kid else {}
    return "Bearer " + jwt.PyJWS().encode(
        json.dumps(told).encode(), key, algorithm=algorithm, headers=headers
    )


def key_set(**keys: Any) -> dict[str, Any]:
    as_dict = jwt.algorithms.RSAAlgorithm.to_jwk
    return {
        "keys": [
            {**as_dict(k.public_key(), as_dict=True), "kid": kid, "use": "sig"} for kid, k in keys.items()
        ]
    }


class Entra:
    """What answers for the tenant's keys, a clock, and how often it was asked."""

    def __init__(self) -> None:
        self.document: Any = key_set(one=KEY)
        self.trouble: Exception | None = None
        self.asked = 0
        self.moved = 0.0

    def fetch(self, url: str) -> Any:
        assert url == f"{AUTHORITY}/{TENANT}/discovery/v2.0/keys"
        self.asked += 1
        if self.trouble:
            raise self.trouble
        return self.document

    def clock(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self.moved, timezone.utc)

    def callers(self, audience: str = AUDIENCE, caller: str = ACTION_GROUPS_APP) -> EntraCallers:
        url = f"{AUTHORITY}/{TENANT}/discovery/v2.0/keys"
        keys = EntraKeys(url, self.clock, self.fetch)
        return EntraCallers(AUTHORITY + "/", TENANT, audience, caller, self.clock, keys)


@pytest.fixture
def entra() -> Entra:
    return Entra()


def refusal(callers: Any, authorization: str) -> str:
    with pytest.raises(BadInput) as caught:
        callers.admit(authorization)
    assert caught.value.code == "token-refused"
    return caught.value.message


@pytest.mark.parametrize("side", ["fake", "entra"])
def test_a_good_token_is_let_in_and_none_is_not(entra: Entra, side: str) -> None:
    callers: Any = FakeCallers() if side == "fake" else entra.callers()
    callers.admit("Bearer good" if side == "fake" else signed(claims()))
    for wrong in ("", "Bearer", "Bearer ", "Basic Zm9vOmJhcg==", "Bearer x.y.z"):
        refusal(callers, wrong)


@pytest.mark.parametrize("side", ["fake", "entra"])
def test_a_fallback_that_is_shut_lets_nobody_in(entra: Entra, side: str) -> None:
    callers: Any = FakeCallers(shut=True) if side == "fake" else entra.callers(audience="")
    with pytest.raises(Blocked) as caught:
        callers.admit(signed(claims()))
    assert caught.value.code == "alert-http-shut"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": f"{AUTHORITY}/{TENANT}/v2.0", "appid": ..., "azp": ACTION_GROUPS_APP},
        {"aud": AUDIENCE.removeprefix("api://")},
        {"aud": AUDIENCE.upper() + "/"},
        {"appid": ACTION_GROUPS_APP.upper()},
        {"roles": ["Another", "ActionGroupsSecureWebhook"]},
        {"nbf": ...},
        {"nbf": time.time() + 200},
    ],
    ids=["v2", "client id", "case", "app case", "two roles", "no nbf", "a clock behind"],
)
def test_what_entra_writes_otherwise_is_let_in(entra: Entra, changes: dict[str, Any]) -> None:
    entra.callers().admit(signed(claims(**changes)))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": "https://sts.windows.net/another/"}, "another tenant"),
        ({"iss": f"https://sts.windows.net/{TENANT}"}, "another tenant"),
        ({"iss": f"{AUTHORITY}/{TENANT}/v1.0"}, "another tenant"),
        ({"iss": ...}, "another tenant"),
        ({"iss": [f"https://sts.windows.net/{TENANT}/"]}, "another tenant"),
        ({"tid": "another"}, "another tenant"),
        ({"tid": ...}, "another tenant"),
        ({"aud": "https://management.azure.com"}, "another audience"),
        ({"aud": [AUDIENCE]}, "another audience"),
        ({"aud": ""}, "another audience"),
        ({"aud": ...}, "another audience"),
        ({"exp": time.time() - 1}, "expired"),
        ({"exp": ...}, "expired"),
        ({"exp": "never"}, "expired"),
        ({"exp": True}, "expired"),
        ({"exp": 10**400}, "expired"),
        ({"exp": float("inf")}, "expired"),
        ({"exp": float("nan")}, "expired"),
        ({"nbf": -(10**400)}, "not valid yet"),
        ({"appid": [ACTION_GROUPS_APP]}, "another application"),
        ({"roles": [["ActionGroupsSecureWebhook"]]}, "not the role"),
        ({"roles": ..., "scp": "ActionGroupsSecureWebhook"}, "not the role"),
        ({"nbf": time.time() + 3600}, "not valid yet"),
        ({"nbf": "now"}, "not valid yet"),
        ({"appid": "22222222-2222-4333-8444-555555555555"}, "another application"),
        ({"appid": ...}, "another application"),
        ({"appid": "22222222-2222-4333-8444-555555555555", "azp": ACTION_GROUPS_APP}, "another application"),
        ({"roles": ["ActionGroups"]}, "not the role"),
        ({"roles": "ActionGroupsSecureWebhook"}, "not the role"),
        ({"roles": ...}, "not the role"),
    ],
)
def test_each_claim_counts(entra: Entra, changes: dict[str, Any], why: str) -> None:
    assert why in refusal(entra.callers(), signed(claims(**changes)))


def test_where_no_application_is_named_nobody_is_it(entra: Entra) -> None:
    for absent in (..., None, ""):
        refusal(entra.callers(caller=""), f"{signed(claims(appid=absent))}")


def test_another_application_may_be_named(entra: Entra) -> None:
    callers = entra.callers(caller="33333333-2222-4333-8444-555555555555")
    callers.admit(signed(claims(appid="33333333-2222-4333-8444-555555555555")))
    assert "another application" in refusal(callers, signed(claims()))


def unsigned() -> str:
    parts = [{"alg": "none", "kid": "one"}, claims()]
    return (
        "Bearer "
        + ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts)
        + "."
    )


def confused() -> str:
    """Sign with the public key as though it were a shared secret."""
    head, body = ({"alg": "HS256", "kid": "one"}, claims())
    return "Bearer " + jwt.encode(body, b"public key of the tenant, as bytes", "HS256", headers=head)


TWO_ALGS = '{"alg": "none", "alg": "RS256", "kid": "one"}'


def part(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def public_key_as_secret() -> str:
    """Sign with what everybody knows: the tenant's public key, as it is published and as a PEM has it."""
    pem = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    told = f"{part(json.dumps({'alg': 'HS256', 'kid': 'one'}))}.{part(json.dumps(claims()))}"
    digest = hmac.new(pem, told.encode(), "sha256").digest()
    return f"Bearer {told}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def signed_by_its_own_header() -> str:
    """Name a key that we should fetch, and bring it along."""
    own = {
        "kid": "one",
        "jku": "https://127.0.0.1:1/keys",
        "x5u": "https://127.0.0.1:1/x",
        "jwk": key_set(o=OTHER)["keys"][0],
    }
    return "Bearer " + jwt.PyJWS().encode(
        json.dumps(claims()).encode(), OTHER, algorithm="RS256", headers=own
    )


@pytest.mark.parametrize(
    "token",
    [
        lambda: signed(claims(), key=OTHER),
        lambda: signed(claims(), kid="two"),
        lambda: signed(claims(), kid=None),
        lambda: signed(claims(), algorithm="RS512"),
        unsigned,
        confused,
        lambda: signed(claims())[:-8] + "AAAAAAAA",
        lambda: "Bearer " + "x" * 20_000,
        lambda: "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6Im9uZSJ9.bm8.bm8",
        lambda: "Bearer ünï.cö.de",
        lambda: "Bearer \ud800.e30.AA",
        lambda: f"Bearer {part('[' * 11_000)}.e30.AA",
        lambda: f"{signed(claims())},{signed(claims())}",
        lambda: "Bearer x," + signed(claims()),
        lambda: signed_by_its_own_header(),
        lambda: (
            f"Bearer {part(json.dumps({'alg': 'none', 'kid': 'one'}))}.{signed(claims()).split('.', 1)[1]}"
        ),
        lambda: f"Bearer {part(TWO_ALGS)}.{part(json.dumps(claims()))}.",
        lambda: signed(claims(), kid="../../one"),
        lambda: public_key_as_secret(),
    ],
    ids=[
        "another key",
        "unknown kid",
        "no kid",
        "RS512",
        "none",
        "HS256",
        "cut",
        "long",
        "no claims",
        "no ASCII",
        "no Unicode",
        "deep",
        "two headers",
        "two headers, the second good",
        "jku and jwk",
        "another alg over a good signature",
        "two algs",
        "a path for a kid",
        "HS256 with the public key",
    ],
)
def test_no_signature_but_the_tenants_counts(entra: Entra, token: Callable[[], str]) -> None:
    refusal(entra.callers(), token())


def test_the_message_tells_nothing_of_the_token(entra: Entra) -> None:
    token = signed(claims(roles=[]))
    with pytest.raises(BadInput) as caught:
        entra.callers().admit(token)
    assert token.split(".")[1] not in json.dumps(caught.value.as_dict())


def test_keys_are_fetched_once(entra: Entra) -> None:
    callers = entra.callers()
    for _ in range(5):
        callers.admit(signed(claims()))
    assert entra.asked == 1


def test_a_new_key_is_found_but_made_up_ids_do_not_make_us_ask_and_ask(entra: Entra) -> None:
    callers = entra.callers()
    callers.admit(signed(claims()))
    entra.document = key_set(one=KEY, two=OTHER)
    for number in range(20):
        refusal(callers, signed(claims(), kid=f"made-up-{number}"))
    assert entra.asked == 1
    entra.moved = PAUSE_SECONDS + 1
    callers.admit(signed(claims(exp=time.time() + 7200), key=OTHER, kid="two"))
    assert entra.asked == 2


def test_a_key_that_was_withdrawn_counts_no_longer_than_a_day(entra: Entra) -> None:
    callers = entra.callers()
    callers.admit(signed(claims()))
    entra.document, entra.moved = key_set(two=OTHER), KEEP_SECONDS + 1
    refusal(callers, signed(claims(exp=time.time() + 2 * KEEP_SECONDS)))


def test_known_keys_stay_good_while_entra_does_not_answer(entra: Entra) -> None:
    callers = entra.callers()
    callers.admit(signed(claims()))
    entra.trouble, entra.moved = requests.ConnectionError("no"), KEEP_SECONDS + 1
    callers.admit(signed(claims(exp=time.time() + 2 * KEEP_SECONDS)))
    assert entra.asked == 2


def test_a_key_that_may_be_new_is_no_refusal_while_entra_does_not_answer(entra: Entra) -> None:
    callers, later = entra.callers(), time.time() + 2 * KEEP_SECONDS
    callers.admit(signed(claims()))
    entra.document, entra.trouble = key_set(one=KEY, two=OTHER), requests.ConnectionError("no")
    entra.moved = PAUSE_SECONDS + 1
    for _ in range(3):
        with pytest.raises(Transient, match="token-keys-unreachable"):
            callers.admit(signed(claims(exp=later), key=OTHER, kid="two"))
    assert entra.asked == 2
    callers.admit(signed(claims(exp=later)))
    entra.trouble, entra.moved = None, 2 * PAUSE_SECONDS + 2
    callers.admit(signed(claims(exp=later), key=OTHER, kid="two"))


@pytest.mark.parametrize(
    "answer",
    [
        requests.ConnectionError("no"),
        requests.Timeout("no"),
        ValueError("no JSON"),
        [],
        {"keys": []},
        {"keys": [7]},
    ],
)
def test_without_any_key_it_is_no_refusal(entra: Entra, answer: Any) -> None:
    if isinstance(answer, Exception):
        entra.trouble = answer
    entra.document = answer
    callers = entra.callers()
    with pytest.raises(Transient) as caught:
        callers.admit(signed(claims()))
    assert caught.value.code == "token-keys-unreachable"
    entra.trouble, entra.document, entra.moved = None, key_set(one=KEY), PAUSE_WITHOUT_KEYS_SECONDS + 1
    callers.admit(signed(claims()))


def test_without_any_key_made_up_tokens_do_not_make_us_ask_and_ask(entra: Entra) -> None:
    callers, entra.trouble = entra.callers(), requests.ConnectTimeout("no")
    for _ in range(20):
        with pytest.raises(Transient, match="token-keys-unreachable"):
            callers.admit(signed(claims()))
    assert entra.asked == 1


def test_a_good_token_does_not_wait_while_a_made_up_one_is_looked_up(entra: Entra) -> None:
    callers, asked, answered = entra.callers(), threading.Event(), threading.Event()
    callers.admit(signed(claims()))

    def slow(url: str) -> Any:
        asked.set()
        assert answered.wait(60)
        return entra.document

    callers._keys._fetch = slow
    entra.moved = PAUSE_SECONDS + 1
    with ThreadPoolExecutor(1) as pool:
        made_up = pool.submit(refusal, callers, signed(claims(), kid="made-up"))
        assert asked.wait(60)
        callers.admit(signed(claims()))
        assert not made_up.done()
        answered.set()


@pytest.mark.parametrize("trouble", [ProtocolError("cut"), HTTPError("slow"), RecursionError("deep")])
def test_an_answer_that_breaks_off_leaves_known_keys_good(entra: Entra, trouble: Exception) -> None:
    callers = entra.callers()
    callers.admit(signed(claims()))
    entra.trouble, entra.moved = trouble, KEEP_SECONDS + 1
    callers.admit(signed(claims(exp=time.time() + 2 * KEEP_SECONDS)))


def test_a_key_that_is_none_does_not_hide_the_others(entra: Entra) -> None:
    broken = [7, {}, {"kty": "RSA", "kid": "x", "n": "!", "e": "!"}, {"kty": "EC", "kid": "one"}]
    entra.document = {"keys": [*broken, *key_set(one=KEY)["keys"]]}
    entra.callers().admit(signed(claims()))


# on the stack


def test_a_token_of_the_stack_is_checked_with_the_stacks_keys(stack: ThreadedStack) -> None:
    tokens, tenant = stack.ctx.tokens, stack.ctx.tokens.tenant_id
    callers = EntraCallers(stack.addresses.url("identity"), tenant, AUDIENCE, ACTION_GROUPS_APP, utc_now)
    told = claims(iss=tokens.issuer, tid=tenant)
    callers.admit(signed(told, key=tokens._key, kid=tokens.key_id))
    assert "signature" in refusal(callers, signed(told, key=OTHER, kid=tokens.key_id))


def test_a_key_set_that_is_none_is_refused(stack: ThreadedStack) -> None:
    with pytest.raises((requests.RequestException, ValueError)):
        fetch_keys(f"{stack.addresses.url('identity')}/nowhere/at/all")
