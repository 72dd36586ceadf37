"""The prober: the fake keeps the form, the real one asks real components over TLS, in every state they have."""

from __future__ import annotations

import time
import uuid
from dataclasses import fields, replace
from typing import Any

import pytest

from local_stack.threaded import ThreadedStack
from tests.contracts.tenant import Tenant
from tests.environment import World
from tests.fakes.prober import FakeProber
from tests.local_stack.components.world import World as Place
from tests.local_stack.components.world import split, unique
from vibedata.adapters.probes import AzureProber
from vibedata.health import HEALTHY, STATUSES, UNHEALTHY, UNKNOWN
from vibedata.probing import Probe
from vibedata.settings import Settings

PRIVATE = ["127.77.0.0/16"]


def settings(**changes: Any) -> Settings:
    told: dict[str, Any] = {f.name: "x" for f in fields(Settings) if f.type == "str"}
    return replace(Settings(release_keys=[], **told), **changes)


@pytest.fixture
def place(world: World, stack: ThreadedStack) -> Place:
    return Place(stack, str(uuid.uuid4()))


@pytest.fixture
def prober(place: Place) -> AzureProber:
    return AzureProber(place.credential, settings(dns_servers=[place.dns_server], private_networks=PRIVATE))


@pytest.fixture
def site(place: Place) -> tuple[str, Probe]:
    name = unique("app")
    host, port = place.site(name)
    return name, Probe(name, "http", 60, f"https://{host}:{port}", host, port, "/health", 200, "/x")


@pytest.mark.parametrize("side", ["fake", "azure"])
@pytest.mark.parametrize("kind", ["http", "tcp", "dns"])
def test_a_healthy_component_is_found_healthy(
    side: str, kind: str, prober: AzureProber, site: tuple[str, Probe]
) -> None:
    asked = FakeProber() if side == "fake" else prober
    outcome = asked.probe(replace(site[1], type=kind))
    assert (outcome.probe, outcome.status, outcome.reason) == (kind, HEALTHY, "ok")
    assert outcome.message
    assert outcome.duration_ms >= 0
    assert outcome.observed_at.tzinfo is not None


@pytest.mark.parametrize("kind", ["http", "tcp", "dns", "storage", "keyVault", "nonsense"])
@pytest.mark.parametrize("host", ["nowhere.example", "", "\x00", "a" * 300])
def test_a_prober_never_raises(prober: AzureProber, kind: str, host: str) -> None:
    outcome = prober.probe(Probe("api", kind, 1, f"https://{host}", host, 9))
    assert outcome.status in STATUSES
    assert outcome.status != HEALTHY


@pytest.mark.parametrize(
    ("state", "kind", "reason"),
    [
        ("down", "http", "connection-refused"),
        ("down", "tcp", "connection-refused"),
        ("error-500", "http", "unexpected-status"),
        ("expired-certificate", "http", "certificate-expired"),
        ("public-address", "http", "public-address"),
        ("public-address", "dns", "public-address"),
        ("public-address", "tcp", "public-address"),
    ],
)
def test_each_fault_has_its_reason(
    prober: AzureProber, place: Place, site: tuple[str, Probe], state: str, kind: str, reason: str
) -> None:
    name, probe = site
    place.set_state(name, state)
    outcome = prober.probe(replace(probe, type=kind))
    assert (outcome.status, outcome.reason) == (UNHEALTHY, reason)
    assert probe.host in outcome.message or probe.path in outcome.message
    place.set_state(name, "healthy")
    assert prober.probe(replace(probe, type=kind)).status == HEALTHY


def test_an_expired_certificate_says_since_when(
    prober: AzureProber, place: Place, site: tuple[str, Probe]
) -> None:
    assert prober.probe(site[1]).evidence["certificateDaysLeft"] > 1
    place.set_state(site[0], "expired-certificate")
    assert prober.probe(site[1]).evidence["certificateDaysLeft"] < 0


def test_a_slow_component_costs_no_more_than_its_deadline(
    prober: AzureProber, place: Place, site: tuple[str, Probe]
) -> None:
    place.set_state(site[0], "slow", 30)
    began = time.monotonic()
    outcome = prober.probe(replace(site[1], timeout_seconds=0.5))
    assert (outcome.status, outcome.reason) == (UNHEALTHY, "timeout")
    assert time.monotonic() - began < 25


def test_a_certificate_for_another_name_is_refused(
    prober: AzureProber, place: Place, site: tuple[str, Probe]
) -> None:
    zone = place.zone("internal.example")
    address = prober.probe(replace(site[1], type="dns")).evidence["addresses"][0]
    place.arm.put(f"{zone}/A/other", properties={"aRecords": [{"ipv4Address": address}]})
    outcome = prober.probe(replace(site[1], host="other.internal.example"))
    assert (outcome.status, outcome.reason) == (UNHEALTHY, "certificate-invalid")


def test_one_public_address_among_private_ones_is_enough(prober: AzureProber, place: Place) -> None:
    zone = place.zone("mixed.example")
    both = [{"ipv4Address": "127.77.0.9"}, {"ipv4Address": "203.0.113.9"}]
    place.arm.put(f"{zone}/A/app", properties={"aRecords": both})
    outcome = prober.probe(Probe("app", "dns", 3, host="app.mixed.example"))
    assert (outcome.reason, outcome.evidence["addresses"]) == (
        "public-address",
        ["127.77.0.9", "203.0.113.9"],
    )


def test_a_name_that_does_not_exist_is_not_resolved(prober: AzureProber) -> None:
    outcome = prober.probe(Probe("app", "dns", 3, host="nothing.azurewebsites.net"))
    assert (outcome.status, outcome.reason) == (UNHEALTHY, "not-resolved")


def test_without_name_server_nothing_is_known(place: Place, site: tuple[str, Probe]) -> None:
    lost = AzureProber(place.credential, settings(dns_servers=["127.0.0.1:9"], private_networks=PRIVATE))
    outcome = lost.probe(replace(site[1], timeout_seconds=0.5))
    assert (outcome.status, outcome.reason) == (UNKNOWN, "resolver-unreachable")


@pytest.fixture(scope="module")
def services(world: World) -> Tenant:
    tenant = Tenant(world.stack)
    tenant.put_account()
    tenant.put_vault()
    tenant.grant("key-vault", "blob-data")
    return tenant


def service_probe(tenant: Tenant, kind: str) -> Probe:
    urls = {
        "storage": lambda: tenant.made["storageAccount"]["properties"]["primaryEndpoints"]["blob"],
        "keyVault": lambda: tenant.made["keyVault"]["properties"]["vaultUri"],
    }
    url = urls[kind]().rstrip("/")
    host, port = split(url)
    return Probe(kind, kind, 10, url, host, port, resource_id="/x")


@pytest.mark.parametrize(
    ("kind", "role"), [("storage", "Storage Blob Data Contributor"), ("keyVault", "Key Vault Secrets User")]
)
def test_services_answer_with_the_role_and_name_it_without(services: Tenant, kind: str, role: str) -> None:
    prober = AzureProber(services.credential, settings())
    assert prober.probe(service_probe(services, kind)).status == HEALTHY
    services.revoke_all()
    try:
        outcome = prober.probe(service_probe(services, kind))
    finally:
        services.grant("key-vault", "blob-data")
    assert (outcome.status, outcome.reason) == (UNHEALTHY, "role-missing")
    assert role in outcome.message


def test_a_vault_that_asks_for_another_token_gets_none(services: Tenant) -> None:
    from vibedata.adapters.service_reads import VAULT_AUDIENCES, Pinned

    pinned = Pinned(services.credential, VAULT_AUDIENCES)
    assert pinned.get_token("https://vault.azure.net/.default").token
    with pytest.raises(Exception, match="management"):
        pinned.get_token("https://management.azure.com/.default")
