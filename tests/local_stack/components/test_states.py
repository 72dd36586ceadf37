"""A component in each of its states, as a client over TLS meets it."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time

import dns.resolver
import pytest
import requests
from azure.core.exceptions import ResourceNotFoundError

from local_stack.core.control import control_key
from local_stack.threaded import ThreadedStack
from tests.local_stack.components.world import DIGEST, SERVICES, World, split, unique, world


def address_of(place: World, host: str) -> str:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = place.stack.addresses.port("dns")
    return str(resolver.resolve(host, "A", search=False)[0])


def get(place: World, host: str, port: int, path: str = "/health", timeout: float = 3) -> tuple[int, dict]:
    raw = socket.create_connection((address_of(place, host), port), timeout=timeout)
    with place.tls().wrap_socket(raw, server_hostname=host) as secured:
        client = http.client.HTTPSConnection(host, port)
        client.sock = secured
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, json.loads(answer.read())


def test_a_healthy_component_answers_under_its_name(place: World) -> None:
    name = unique("app-studio")
    host, port = place.site(name)
    assert host == f"{name}.azurewebsites.net"
    status, body = get(place, host, port)
    assert (status, body["name"], body["status"]) == (200, name, "healthy")


def test_each_component_has_an_address_of_its_own(place: World) -> None:
    first, _ = place.site(unique("app"))
    second, _ = place.site(unique("app"))
    assert address_of(place, first) != address_of(place, second)


def test_a_component_that_is_down_refuses_connections(place: World) -> None:
    name = unique("app")
    host, port = place.site(name)
    place.set_state(name, "down")
    with pytest.raises(ConnectionRefusedError):
        get(place, host, port)
    place.set_state(name, "healthy")
    assert get(place, host, port)[0] == 200


def test_a_slow_component_takes_its_time(place: World) -> None:
    name = unique("app")
    host, port = place.site(name)
    place.set_state(name, "slow", 0.4)
    began = time.monotonic()
    assert get(place, host, port)[0] == 200
    assert time.monotonic() - began >= 0.4


def test_a_failing_component_answers_500(place: World) -> None:
    name = unique("app")
    host, port = place.site(name)
    place.set_state(name, "error-500")
    assert get(place, host, port)[0] == 500


def test_an_expired_certificate_is_refused_by_clients(place: World) -> None:
    name = unique("app")
    host, port = place.site(name)
    place.set_state(name, "expired-certificate")
    with pytest.raises(ssl.SSLCertVerificationError) as refused:
        get(place, host, port)
    assert refused.value.verify_code == 10
    place.set_state(name, "healthy")
    assert get(place, host, port)[0] == 200


def test_a_public_address_is_what_dns_says(place: World) -> None:
    name = unique("app")
    host, _ = place.site(name)
    place.set_state(name, "public-address")
    assert address_of(place, host).startswith("203.0.113.")
    place.set_state(name, "healthy")
    assert address_of(place, host).startswith("127.77.")


def test_an_old_digest_is_shown_by_arm_until_cleared(place: World) -> None:
    name = unique("app")
    place.site(name)
    read = lambda: place.arm.client.resources.get_by_id(  # noqa: E731
        place.id("Microsoft.Web/sites", name), api_version="2024-11-01"
    ).properties["siteConfig"]["linuxFxVersion"]
    place.set_state(name, "old-digest")
    assert "sha256:" + "0" * 64 in read()
    place.site(name)
    assert "sha256:" + "0" * 64 in read()
    place.set_state(name, "healthy")
    assert DIGEST in read()


def test_a_database_accepts_connections_until_it_is_down(place: World) -> None:
    name = unique("pg")
    made = place.put("Microsoft.DBforPostgreSQL/flexibleServers", name)
    zone = place.zone("privatelink.postgres.database.azure.com")
    place.private_endpoint(made["id"], "postgresqlServer", zone)
    host, port = split(made["properties"]["fullyQualifiedDomainName"])
    socket.create_connection((address_of(place, host), port), timeout=30).close()
    place.set_state(name, "down")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address_of(place, host), port), timeout=30)


def test_a_cluster_brings_its_own_private_name(place: World) -> None:
    name = unique("aks")
    made = place.put("Microsoft.ContainerService/managedClusters", name)
    host, port = split(made["properties"]["privateFQDN"])
    assert host == f"{name}.privatelink.westeurope.azmk8s.io"
    assert get(place, host, port, "/readyz")[0] == 200


def test_a_deleted_component_is_gone(place: World) -> None:
    name = unique("app")
    host, port = place.site(name)
    address = address_of(place, host)
    site = place.id("Microsoft.Web/sites", name)
    place.arm.client.resources.begin_delete_by_id(site, api_version="2024-11-01").result()
    with pytest.raises(ResourceNotFoundError):
        place.arm.client.resources.get_by_id(site, api_version="2024-11-01")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, port), timeout=30)


def test_states_are_set_over_the_control_listener(place: World) -> None:
    name = unique("app-studio")
    host, port = place.site(name)
    url = place.stack.addresses.url("control") + "/services/components/states"
    key = {"Authorization": f"Bearer {control_key(place.stack.directory)}"}
    said = requests.put(f"{url}/{name}", json={"state": "down"}, headers=key, timeout=30)
    assert (said.status_code, said.json()["host"]) == (200, host)
    listed = requests.get(url, headers=key, timeout=30).json()
    assert next(one for one in listed if one["name"] == name)["state"] == "down"
    assert requests.delete(f"{url}/{name}", headers=key, timeout=30).json()["state"] == "healthy"
    assert get(place, host, port)[0] == 200


@pytest.mark.parametrize(
    ("state", "name", "status", "code"),
    [
        ("asleep", "{name}", 400, "UnknownState"),
        ("down", "nobody-of-this-name", 404, "UnknownComponent"),
        ("down", "app-twin", 409, "AmbiguousComponent"),
    ],
)
def test_what_cannot_be_set_is_refused(place: World, state: str, name: str, status: int, code: str) -> None:
    known = unique("app-twin")
    place.site(known)
    place.site(unique("app-twin"))
    url = place.stack.addresses.url("control") + f"/services/components/states/{name.format(name=known)}"
    key = {"Authorization": f"Bearer {control_key(place.stack.directory)}"}
    said = requests.put(url, json={"state": state}, headers=key, timeout=30)
    assert (said.status_code, said.json()["error"]["code"]) == (status, code)


def test_states_survive_a_restart(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = unique("app")
    with ThreadedStack(tmp_path / "stack", services=SERVICES) as stack:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stack.ca_file))
        place = world(stack)
        host, port = place.site(name)
        place.set_state(name, "error-500")
    with ThreadedStack(tmp_path / "stack", services=SERVICES) as stack:
        place.stack = stack
        assert get(place, host, port)[0] == 500
