"""The inventory: the fake and Resource Manager on the local stack keep the same promises."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from local_stack.threaded import ThreadedStack
from tests.contracts.tenant import LOCATION, Tenant
from tests.fakes.inventory import GROUP, FakeInventory
from tests.hostile.elsewhere import elsewhere
from vibedata.adapters.inventory import ResourceManagerInventory
from vibedata.errors import Blocked, Transient, VibedataError

SITE, VAULT = "Microsoft.Web/sites", "Microsoft.KeyVault/vaults"


class Real:
    def __init__(self, stack: ThreadedStack) -> None:
        self.tenant = Tenant(stack)
        self.tenant.grant("inventory")
        self.group = self.tenant.ids["resourceGroup"]
        self.inventory = self.reader(stack.addresses.url("arm"))

    def reader(self, endpoint: str, **more: Any) -> ResourceManagerInventory:
        arm = self.tenant.arm
        return ResourceManagerInventory(endpoint, self.tenant.credential, arm.subscription_id, "mrg", **more)

    def add(self, kind: str, name: str, properties: dict[str, Any]) -> None:
        self.tenant.arm.put(f"{self.group}/providers/{kind}/{name}", location=LOCATION, properties=properties)


class Fake:
    def __init__(self) -> None:
        self.group, self.inventory = GROUP, FakeInventory()

    def add(self, kind: str, name: str, properties: dict[str, Any]) -> None:
        self.inventory.add(kind, name, properties)


@pytest.fixture(params=["fake", "azure"])
def side(request: pytest.FixtureRequest) -> Any:
    return Fake() if request.param == "fake" else Real(request.getfixturevalue("stack"))


@pytest.fixture
def real(stack: ThreadedStack) -> Real:
    return Real(stack)


def test_every_resource_is_listed_with_its_state(side: Any) -> None:
    side.add(SITE, "b", {"siteConfig": {}})
    side.add(SITE, "a", {})
    side.add("Microsoft.Network/virtualNetworks", "vnet", {})
    listed = [one for one in side.inventory.resources() if one.name != "vibedata-uami"]
    assert [(one.type, one.name, one.provisioning_state) for one in listed] == [
        ("Microsoft.Network/virtualNetworks", "vnet", "Succeeded"),
        (SITE, "a", "Succeeded"),
        (SITE, "b", "Succeeded"),
    ]
    assert all(one.properties == {} for one in listed)


def test_one_resource_is_read_with_its_properties(side: Any) -> None:
    side.add(SITE, "app", {"siteConfig": {"linuxFxVersion": "DOCKER|x"}})
    found = side.inventory.resource(f"{side.group}/providers/{SITE}/app")
    assert found and found.properties["siteConfig"] == {"linuxFxVersion": "DOCKER|x"}
    assert (found.name, found.type, found.provisioning_state) == ("app", SITE, "Succeeded")


def test_a_resource_that_is_gone_is_none(side: Any) -> None:
    assert side.inventory.resource(f"{side.group}/providers/{SITE}/none") is None


def test_all_pages_are_read(real: Real) -> None:
    for number in range(5):
        real.add("Microsoft.Network/networkInterfaces", f"nic-{number}", {})
    real.tenant.stack.faults.set("arm.page_size", 2)
    names = [one.name for one in real.inventory.resources()]
    assert names == ["vibedata-uami", *(f"nic-{number}" for number in range(5))]


def test_a_type_whose_properties_nobody_reads_needs_no_request(real: Real) -> None:
    found = real.inventory.resource(f"{real.group}/providers/Contoso.Odd/things/x")
    assert found and (found.type, found.name, found.properties) == ("Contoso.Odd/things", "x", {})


def test_a_missing_role_is_named(real: Real) -> None:
    real.tenant.revoke_all()
    for call in (
        real.inventory.resources,
        lambda: real.inventory.resource(f"{real.group}/providers/{SITE}/app"),
    ):
        with pytest.raises(Blocked) as refused:
            call()
        assert refused.value.code == "role-missing"
        assert "Reader" in refused.value.message


def test_an_answer_that_does_not_come_is_transient(real: Real) -> None:
    nowhere = real.reader("https://127.0.0.1:9")
    with pytest.raises(Transient) as ended:
        nowhere.resources()
    assert ended.value.code == "azure-unreachable"


def test_an_id_that_names_another_host_takes_no_token_there(real: Real) -> None:
    with elsewhere(real.tenant.stack) as other:
        with contextlib.suppress(VibedataError):
            assert real.inventory.resource(f"{other.url}{real.group}/providers/{SITE}/app") is None
        assert other.asked == []
