"""What the core keeps and decides, without a network."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_stack.core.addresses import Addresses
from local_stack.core.arm_ids import parent_of, resource_group_of, resource_type, scope_of
from local_stack.core.clock import Clock
from local_stack.core.context import Context
from local_stack.core.errors import Forbidden, StackError, Unauthorized
from local_stack.core.faults import Faults
from local_stack.core.principals import Principals
from local_stack.core.roles import Roles
from local_stack.core.router import Router
from local_stack.core.service import Route
from local_stack.core.store import Store
from local_stack.core.tls import Tls
from local_stack.core.tokens import Tokens

GROUP = "/subscriptions/s/resourceGroups/rg"
SITE = f"{GROUP}/providers/Microsoft.Web/sites/a"


@pytest.fixture
def store(tmp_path: Path):
    kept = Store(tmp_path / "stack.db")
    yield kept
    kept.close()


def test_what_is_read_is_a_copy_until_it_is_assigned(store: Store) -> None:
    things = store.collection("x", "things")
    things["a"] = {"n": [1]}
    things["a"]["n"].append(2)
    assert things["a"] == {"n": [1]}
    assert store.collection("y", "things").get("a") is None


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    things = store.collection("x", "things")
    with pytest.raises(RuntimeError), store.transaction():
        things["a"] = 1
        with store.transaction():
            things["b"] = 2
        raise RuntimeError
    assert dict(things) == {}


def test_prefixed_gives_only_its_keys_in_order(store: Store) -> None:
    things = store.collection("x", "things")
    for key in ("/b", "/a/2", "/a/1", "/a", "/ab"):
        things[key] = key
    assert [key for key, _ in things.prefixed("/a/")] == ["/a/1", "/a/2"]


def test_a_closed_store_is_one_file(tmp_path: Path) -> None:
    kept = Store(tmp_path / "stack.db")
    kept.collection("x", "y")["a"] = 1
    kept.close()
    assert [file.name for file in tmp_path.iterdir()] == ["stack.db"]
    again = Store(tmp_path / "stack.db")
    assert again.collection("x", "y")["a"] == 1
    again.close()


def test_advancing_wakes_sleepers_and_is_kept(store: Store) -> None:
    clock = Clock(store)

    async def story() -> float:
        started = time.monotonic()
        asyncio.get_running_loop().call_later(0.05, clock.advance, 3600)
        await clock.sleep(3600)
        return time.monotonic() - started

    assert asyncio.run(story()) < 1800
    assert (Clock(store).now() - clock.now()).total_seconds() == pytest.approx(0, abs=300)
    assert clock.now().timestamp() - time.time() == pytest.approx(3600, abs=300)


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/subscriptions", "/"),
        ("/subscriptions/s", "/subscriptions/s"),
        ("/subscriptions/s/resources", "/subscriptions/s"),
        (f"{GROUP}/resources", GROUP),
        (f"{GROUP}/providers/Microsoft.Web/sites", GROUP),
        (SITE, SITE),
        (f"{SITE}/restart", SITE),
        (f"{SITE}/slots", SITE),
        (f"{SITE}/slots/s/restart", f"{SITE}/slots/s"),
        (f"{SITE}/providers/Microsoft.Authorization/roleAssignments", SITE),
        ("/providers/Microsoft.Authorization/roleDefinitions", "/"),
    ],
)
def test_scope_of_a_request(path: str, scope: str) -> None:
    assert scope_of(path) == scope


def test_parts_of_an_id() -> None:
    assert resource_type(f"{SITE}/slots/s") == "Microsoft.Web/sites/slots"
    assert parent_of(f"{SITE}/slots/s") == SITE
    assert parent_of(SITE) == GROUP
    extension = f"{SITE}/providers/Microsoft.Insights/diagnosticSettings/d"
    assert resource_type(extension) == "Microsoft.Insights/diagnosticSettings"
    assert parent_of(extension) == SITE
    assert resource_group_of("/subscriptions/s") == ""


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=4))
def test_every_resource_is_its_own_scope(names: list[str]) -> None:
    pairs = "/".join(f"t{index}/{name}" for index, name in enumerate(names))
    resource_id = f"{GROUP}/providers/N.S/{pairs}"
    assert scope_of(resource_id) == resource_id
    assert scope_of(resource_id + "/doIt") == resource_id


def test_a_route_matches_fixed_segments_in_any_case_and_keeps_values() -> None:
    async def handler(request):  # pragma: no cover - never called
        raise NotImplementedError

    router = Router()
    router.add("s", [Route("GET", "/subscriptions/{s}/resourceGroups/{name:[^/]{1,90}}/x.y", handler, "op")])
    found = router.find("GET", "/SUBSCRIPTIONS/S1/resourcegroups/My%20Group/x.y")
    assert found is not None
    assert found.values == {"s": "S1", "name": "My Group"}
    assert router.find("GET", "/subscriptions/S1/resourcegroups/a/xzy") is None
    assert router.find("PUT", "/subscriptions/S1/resourcegroups/a/x.y") is None
    assert router.methods("/subscriptions/S1/resourcegroups/a/x.y") == ["GET", "HEAD"]


@pytest.fixture
def roles(store: Store) -> Roles:
    return Roles(store, Clock(store), lambda _, default: default)


@pytest.mark.parametrize(
    ("role", "action", "data", "allowed"),
    [
        ("Reader", "Microsoft.Web/sites/read", False, True),
        ("Reader", "Microsoft.Web/sites/write", False, False),
        ("Contributor", "Microsoft.Web/sites/write", False, True),
        ("Contributor", "Microsoft.Authorization/roleAssignments/write", False, False),
        ("Contributor", "Microsoft.Authorization/roleAssignments/read", False, True),
        ("Owner", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", True, False),
        (
            "Storage Blob Data Reader",
            "microsoft.storage/storageaccounts/blobservices/containers/blobs/READ",
            True,
            True,
        ),
        ("AcrPull", "Microsoft.ContainerRegistry/registries/pull/read", False, True),
        ("AcrPull", "Microsoft.ContainerRegistry/registries/push/write", False, False),
    ],
)
def test_what_a_role_allows(
    store: Store, roles: Roles, role: str, action: str, data: bool, allowed: bool
) -> None:
    principal = Principals(store).create_application("x")[0]
    roles.assign("/a", principal.oid, role, GROUP)
    assert roles.allows(principal, action, SITE, data) is allowed
    assert not roles.allows(principal, action, "/subscriptions/s/resourceGroups/rg2/providers/x/y/z", data)


def test_a_missing_role_is_named(store: Store, roles: Roles) -> None:
    principal = Principals(store).create_application("x")[0]
    with pytest.raises(Forbidden) as refused:
        roles.require(principal, "Microsoft.Web/sites/read", SITE)
    assert (refused.value.action, refused.value.scope) == ("Microsoft.Web/sites/read", SITE)


def test_role_ids_and_names_are_unique(roles: Roles) -> None:
    names = [role["name"] for role in roles.definitions.values()]
    assert len(set(names)) == len(names) > 30


def test_a_token_for_another_service_or_stack_is_refused(store: Store, tmp_path: Path) -> None:
    principals = Principals(store)
    principal, _ = principals.create_application("x")
    ours = Tokens(tmp_path / "a", principals.tenant_id)
    theirs = Tokens(tmp_path / "b", principals.tenant_id)
    token = ours.mint(principal, "https://vault.azure.net/")
    assert ours.verify(token, ["https://vault.azure.net"]) == principal
    for tokens, audience in ((ours, "https://management.azure.com"), (theirs, "https://vault.azure.net")):
        with pytest.raises(Unauthorized):
            tokens.verify(token, [audience])


def test_faults_are_kept_and_counted_down(store: Store) -> None:
    faults = Faults(store)
    faults.add("logs", "logs.*", status=503, times=2)
    assert faults.take("storage", "logs.ingest", "/") is None
    assert faults.take("logs", "logs.ingest", "/") is not None
    again = Faults(store)
    assert again.take("logs", "logs.ingest", "/") is not None
    assert again.take("logs", "logs.ingest", "/") is None
    assert Faults(store).list() == []


def test_a_fault_that_does_nothing_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="a latency, a reset or a place to cut"):
        Faults(store).add("logs")


def test_ports_are_kept_and_a_taken_one_is_said(store: Store) -> None:
    addresses = Addresses(store)
    number = addresses.port("arm")
    bound = addresses.bind("arm")
    again = Addresses(store)
    assert again.port("arm") == number
    with pytest.raises(StackError, match=f"Port {number} .*kept for arm.*ss -ltnp"):
        again.bind("arm")
    bound.close()
    again.bind("arm").close()


def test_a_directory_has_one_stack(tmp_path: Path) -> None:
    context = Context(tmp_path / "s")
    with pytest.raises(StackError, match="already running"):
        Context(tmp_path / "s")
    asyncio.run(context.close())
    asyncio.run(Context(tmp_path / "s").close())


def test_the_authority_survives_and_its_keys_are_private(tmp_path: Path) -> None:
    first = Tls(tmp_path).ca_file.read_bytes()
    assert Tls(tmp_path).ca_file.read_bytes() == first
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())
