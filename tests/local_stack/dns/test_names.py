"""Names, as a resolver sees them: over UDP and TCP, with zones, links, endpoints and faults from ARM."""

from __future__ import annotations

import socket

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver
import pytest
from azure.core.exceptions import HttpResponseError

from local_stack.threaded import ThreadedStack
from tests.local_stack.components.world import SERVICES, World, unique, world

ZONE = "privatelink.azurewebsites.net"


def ask(place: World, name: str, kind: str = "A", *, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, "127.0.0.1", port=place.stack.addresses.port("dns"), timeout=30)


def addresses(answer: dns.message.Message) -> list[str]:
    found = [rrset for rrset in answer.answer if rrset.rdtype == dns.rdatatype.A]
    return [str(record) for rrset in found for record in rrset]


@pytest.mark.parametrize("tcp", [False, True])
def test_a_private_endpoint_resolves_through_its_zone(place: World, tcp: bool) -> None:
    name = unique("app")
    host, _ = place.site(name)
    answer = ask(place, host, tcp=tcp)
    assert [str(rrset.name) for rrset in answer.answer] == [f"{host}.", f"{name}.{ZONE}."]
    assert addresses(answer)[0].startswith("127.77.")


def test_a_site_without_private_endpoint_has_a_public_address(place: World) -> None:
    made = place.put("Microsoft.Web/sites", unique("app"))
    host = made["properties"]["defaultHostName"].split(":")[0]
    assert addresses(ask(place, host))[0].startswith("203.0.113.")


def test_a_zone_without_link_answers_nobody(place: World) -> None:
    zone = place.zone("internal.example", linked=False)
    record = {"ttl": 10, "aRecords": [{"ipv4Address": "10.1.2.3"}]}
    place.arm.put(f"{zone}/A/db", properties=record)
    assert ask(place, "db.internal.example").rcode() == dns.rcode.NXDOMAIN
    place.zone("internal.example")
    assert addresses(ask(place, "db.internal.example")) == ["10.1.2.3"]
    assert addresses(ask(place, "DB.Internal.Example")) == ["10.1.2.3"]


def test_an_unknown_name_does_not_exist(place: World) -> None:
    assert ask(place, "nothing.azurewebsites.net").rcode() == dns.rcode.NXDOMAIN
    assert ask(place, "example.org").rcode() == dns.rcode.NXDOMAIN


def test_another_type_of_a_known_name_is_empty(place: World) -> None:
    host, _ = place.site(unique("app"))
    answer = ask(place, host, "AAAA")
    assert answer.rcode() == dns.rcode.NOERROR
    assert addresses(answer) == []


def test_deleting_the_zone_group_takes_the_record_back(place: World) -> None:
    name = unique("app")
    host, _ = place.site(name)
    group = place.id("Microsoft.Network/privateEndpoints", f"pe-{name}") + "/privateDnsZoneGroups/default"
    place.arm.client.resources.begin_delete_by_id(group, api_version="2025-05-01").result()
    assert addresses(ask(place, host))[0].startswith("203.0.113.")


def test_an_endpoint_to_nothing_is_refused(place: World) -> None:
    zone = place.zone(ZONE)
    with pytest.raises(HttpResponseError) as refused:
        place.private_endpoint(place.id("Microsoft.Web/sites", "none"), "sites", zone)
    assert refused.value.error.code == "InvalidResourceReference"


def test_a_fault_makes_the_server_fail_once(place: World) -> None:
    host, _ = place.site(unique("app"))
    place.stack.faults.add("dns", "query", status=503, times=1)
    assert ask(place, host).rcode() == dns.rcode.SERVFAIL
    assert ask(place, host).rcode() == dns.rcode.NOERROR


def test_what_is_no_question_gets_no_answer(place: World) -> None:
    port = place.stack.addresses.port("dns")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.3)
        client.sendto(b"\x00\x01garbage", ("127.0.0.1", port))
        with pytest.raises(TimeoutError):
            client.recv(512)
    assert ask(place, "example.org").rcode() == dns.rcode.NXDOMAIN


def test_addresses_survive_a_restart(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = unique("app")
    with ThreadedStack(tmp_path / "stack", services=SERVICES) as stack:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stack.ca_file))
        place = world(stack)
        host, _ = place.site(name)
        before = addresses(ask(place, host))
    with ThreadedStack(tmp_path / "stack", services=SERVICES) as stack:
        place.stack = stack
        assert addresses(ask(place, host)) == before
