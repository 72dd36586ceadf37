from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from oci.auth import Password
from oci.descriptor import Descriptor
from oci.errors import OciError
from tests.contents import content, files
from tests.local_stack.oci_registry.wire import Wire, code_of, image
from tests.oci.rig import ARM, Rig

NULL_GUID = "00000000-0000-0000-0000-000000000000"
CONTENT = b"anything"


def basic(rig: Rig, user: str, secret: str, scope: str = "repository:a/b:pull") -> requests.Response:
    return requests.get(
        f"https://{rig.hosts['publisher']}/oauth2/token",
        params={"service": rig.hosts["publisher"], "scope": scope},
        auth=(user, secret),
        verify=str(rig.stack.ca_file),
        timeout=10,
    )


def may(rig: Rig, user: str, secret: str, repository: str, action: str) -> bool:
    registry = rig.registry("publisher", credentials=Password(user, secret))
    try:
        if action == "push":
            registry.push_blob(repository, Descriptor.of("application/octet-stream", CONTENT), CONTENT)
        else:
            registry.has_manifest(repository, "sha256:" + "0" * 64)
    except OciError as error:
        assert error.code == "oci-denied", error
        return False
    return True


def test_the_challenge_says_where_and_what_for(rig: Rig) -> None:
    wire, host = Wire(rig), rig.hosts["publisher"]
    start = f'Bearer realm="https://{host}/oauth2/token",service="{host}"'
    assert wire("GET", "/v2/").headers["WWW-Authenticate"] == start
    pull = wire("GET", "/v2/a/b/manifests/1")
    assert pull.headers["WWW-Authenticate"] == start + ',scope="repository:a/b:pull"'
    push = wire("POST", "/v2/a/b/blobs/uploads/")
    assert push.headers["WWW-Authenticate"] == start + ',scope="repository:a/b:pull,push"'
    assert (push.status_code, code_of(push)) == (401, "UNAUTHORIZED")


def test_a_pull_token_gets_401_and_the_wider_scope_on_push(rig: Rig) -> None:
    wire = Wire(rig).sign_in("repository:a/b:pull")
    refused = wire("POST", "/v2/a/b/blobs/uploads/")
    assert refused.status_code == 401
    assert 'scope="repository:a/b:pull,push"' in refused.headers["WWW-Authenticate"]


def test_a_token_is_good_for_its_repository_and_registry_only(rig: Rig) -> None:
    wire = Wire(rig).sign_in("repository:a/b:pull,push")
    assert wire("POST", "/v2/c/blobs/uploads/").status_code == 401
    other = wire("POST", f"https://{rig.hosts['customer']}/v2/a/b/blobs/uploads/")
    assert other.status_code == 401


@pytest.mark.parametrize(
    ("role", "granted"),
    [
        ("AcrPull", {"pull"}),
        ("AcrPush", {"pull", "push"}),
        ("AcrDelete", {"delete"}),
        ("Container Registry Data Importer and Data Reader", {"pull"}),
        ("Owner", {"pull", "push", "delete"}),
        ("Reader", {"pull"}),
        (None, set()),
    ],
)
def test_roles_decide_what_a_token_holds(rig: Rig, role: str | None, granted: set[str]) -> None:
    caller = rig.principal("someone", role, rig.ids["publisher"])
    wire = Wire(rig, caller=caller)
    token = wire.token("repository:a/b:pull,push,delete")
    access = (
        rig.stack.ctx.services["oci_registry"]
        .registries[rig.ids["publisher"].lower()]
        .tokens.read_access(token)
    )
    assert {action for grant in access[1] for action in grant["actions"]} == granted


def test_both_audiences_are_exchanged_until_the_registry_refuses_arm(rig: Rig) -> None:
    wire = Wire(rig)
    assert wire.exchange().status_code == 200
    assert wire.exchange(ARM).status_code == 200
    assert wire.exchange("https://vault.azure.net").status_code == 401
    policies = {"azureADAuthenticationAsArmPolicy": {"status": "disabled"}}
    body = {"location": "x", "sku": {"name": "Premium"}, "properties": {"policies": policies}}
    rig.put(rig.ids["publisher"], body)
    assert wire.exchange(ARM).status_code == 401
    assert wire.exchange().status_code == 200


@pytest.mark.parametrize(
    "form",
    [{"access_token": "x"}, {"service": "other"}, {"access_token": ""}],
)
def test_a_bad_exchange_is_refused(rig: Rig, form: dict[str, str]) -> None:
    assert Wire(rig).exchange(**form).status_code == 401


def test_a_refresh_token_works_as_the_null_users_password(rig: Rig) -> None:
    refresh = Wire(rig).exchange().json()["refresh_token"]
    assert basic(rig, NULL_GUID, refresh).status_code == 200
    assert basic(rig, NULL_GUID, refresh[:-4]).status_code == 401
    access = Wire(rig).token("repository:a/b:pull")
    assert basic(rig, NULL_GUID, access).status_code == 401  # an access token is no refresh token


def test_a_scope_map_bounds_its_token(rig: Rig) -> None:
    user, secret = rig.scope_map_token(
        "publisher", "repositories/vibedata/*/content/read", "repositories/exact/content/write"
    )
    assert may(rig, user, secret, "vibedata/bundle", "pull")
    assert not may(rig, user, secret, "vibedata/bundle", "push")
    assert not may(rig, user, secret, "other", "pull")
    assert not may(rig, user, secret, "vibedatax/bundle", "pull")
    assert not may(rig, user, secret, "exact/more", "push")


def test_a_wildcard_covers_every_repository(rig: Rig) -> None:
    user, secret = rig.scope_map_token(
        "publisher", "repositories/*/content/read", "repositories/*/content/write"
    )
    assert may(rig, user, secret, "any/where", "push")


def test_a_password_ends_with_its_expiry_on_the_stacks_clock(rig: Rig) -> None:
    expiry = (rig.stack.clock.now() + timedelta(hours=1)).isoformat()
    user, secret = rig.scope_map_token("publisher", "repositories/*/content/read", expiry=expiry)
    assert basic(rig, user, secret).status_code == 200
    rig.stack.clock.advance(3601)
    assert basic(rig, user, secret).status_code == 401


def test_a_new_password_replaces_the_old_and_leaves_the_other(rig: Rig) -> None:
    user, first = rig.scope_map_token("publisher", "repositories/*/content/read")
    top = rig.ids["publisher"]
    both = rig.arm("POST", f"{top}/generateCredentials", json={"tokenId": f"{top}/tokens/{user}"}).json()
    assert [row["name"] for row in both["passwords"]] == ["password1", "password2"]
    assert basic(rig, user, first).status_code == 401
    assert {basic(rig, user, row["value"]).status_code for row in both["passwords"]} == {200}


def test_a_disabled_or_deleted_token_is_refused(rig: Rig) -> None:
    user, secret = rig.scope_map_token("publisher", "repositories/*/content/read")
    place = f"{rig.ids['publisher']}/tokens/{user}"
    scope_map = {"scopeMapId": f"{rig.ids['publisher']}/scopeMaps/{user}"}
    rig.put(place, {"properties": {**scope_map, "status": "disabled"}})
    assert basic(rig, user, secret).status_code == 401
    rig.put(place, {"properties": scope_map})
    assert basic(rig, user, secret).status_code == 200
    rig.arm("DELETE", place)
    rig.put(place, {"properties": scope_map})
    assert basic(rig, user, secret).status_code == 401


def test_no_password_is_kept_on_disk(rig: Rig) -> None:
    _, secret = rig.scope_map_token("publisher", "repositories/*/content/read")
    found = list(files(rig.stack.directory))
    assert found
    assert not any(secret.encode() in content(path) for path in found)


@pytest.mark.parametrize(
    "actions", [[], ["content/read"], ["repositories/a/content/everything"], ["repositories/*"]]
)
def test_a_malformed_scope_map_is_refused(rig: Rig, actions: list[str]) -> None:
    rig.put(f"{rig.ids['publisher']}/scopeMaps/wrong", {"properties": {"actions": actions}}, expected=(400,))


def test_a_token_without_its_scope_map_is_refused(rig: Rig) -> None:
    top = rig.ids["publisher"]
    rig.put(f"{top}/tokens/x", {"properties": {"scopeMapId": f"{top}/scopeMaps/none"}}, expected=(400,))


def test_an_application_signs_in_with_its_secret(rig: Rig) -> None:
    principal, secret = rig.stack.create_application("release")
    rig.stack.ctx.roles.assign("/release", principal.oid, "AcrPush", rig.ids["publisher"])
    assert may(rig, principal.app_id, secret, "a/b", "push")
    assert basic(rig, principal.app_id, "wrong").status_code == 401


def test_generating_credentials_needs_its_right(rig: Rig) -> None:
    reader = rig.principal("reader", "Reader", rig.ids["publisher"])
    body = {"tokenId": f"{rig.ids['publisher']}/tokens/x"}
    refused = rig.arm("POST", f"{rig.ids['publisher']}/generateCredentials", reader, json=body)
    assert refused.status_code == 403


def test_a_deleted_registry_is_gone_with_its_content(rig: Rig) -> None:
    wire = Wire(rig).sign_in("repository:a:pull,push")
    wire.push("a", b"{}")
    wire.put("a", "1", image())
    assert rig.arm("DELETE", rig.ids["publisher"]).status_code == 200
    with pytest.raises(requests.ConnectionError):
        wire("GET", "/v2/a/manifests/1")
    rig.add_registry("publisher")
    fresh = Wire(rig).sign_in("repository:a:pull")
    assert fresh("GET", "/v2/a/manifests/1").status_code == 404
