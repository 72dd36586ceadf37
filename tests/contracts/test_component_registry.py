"""The component registry: the fake and the table on the local stack keep the same promises."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from azure.data.tables import TableClient

from tests.contracts.tenant import Tenant
from tests.environment import World
from tests.fakes.component_registry import FakeComponentRegistry
from vibedata.adapters.component_rows import TABLE
from vibedata.adapters.component_tables import ComponentTables
from vibedata.errors import BadInput, Blocked, Failed, Transient
from vibedata.registry import Change, Row

ARM_ID = "/subscriptions/1/resourcegroups/g#1?/providers/microsoft.web/sites/app"


@pytest.fixture(scope="module")
def tenant(world: World) -> Tenant:
    tenant = Tenant(world.stack)
    tenant.put_account()
    tenant.grant("table-data")
    return tenant


def endpoint(tenant: Tenant) -> str:
    return str(tenant.made["storageAccount"]["properties"]["primaryEndpoints"]["table"])


def table_of(tenant: Tenant, instance: str | None = None) -> ComponentTables:
    return ComponentTables(endpoint(tenant), tenant.credential, instance or str(uuid.uuid4()))


@pytest.fixture(params=["fake", "azure"])
def registry(request: pytest.FixtureRequest) -> Any:
    if request.param == "fake":
        return FakeComponentRegistry()
    return table_of(request.getfixturevalue("tenant"))


def create(registry: Any, *rows: Row) -> None:
    registry.write([Change("create", row) for row in rows])


def test_an_empty_registry_reads_as_nothing(registry: Any) -> None:
    assert registry.read() == []


def test_values_come_back_as_they_were(registry: Any) -> None:
    values = {
        "text": "Ünïcode 🚀",
        "empty": "",
        "yes": True,
        "no": False,
        "small": 3,
        "large": 2**53 - 1,
        "negative": -(2**40),
        "fraction": 1.5,
        "names": ["a", "b"],
        "nothing": [],
        "deep": {"https": {"port": 8443}},
    }
    create(registry, Row("component:api", {**values, "absent": None}))
    (row,) = registry.read()
    assert (row.key, row.values) == ("component:api", values)
    assert row.etag


def test_rows_are_read_by_prefix_in_key_order(registry: Any) -> None:
    keys = ("health:api", "component:b", "component:a", "release:current", f"resource:{ARM_ID}")
    create(registry, *(Row(key, {"n": 1}) for key in keys))
    assert [row.key for row in registry.read("component:")] == ["component:a", "component:b"]
    assert [row.key for row in registry.read()] == sorted(keys)
    assert [row.key for row in registry.read(f"resource:{ARM_ID}")] == [f"resource:{ARM_ID}"]


def test_a_partition_whose_name_an_address_would_misread_is_read(tenant: Tenant) -> None:
    registry = table_of(tenant, "a&b+c{d}'e;f=g ")
    create(registry, Row("component:api", {"n": 1}))
    assert [row.key for row in registry.read()] == ["component:api"]


def test_an_update_replaces_the_whole_row(registry: Any) -> None:
    create(registry, Row("component:api", {"version": "1", "digest": "d"}))
    (row,) = registry.read()
    registry.write([Change("update", Row(row.key, {"version": "2"}, row.etag))])
    (after,) = registry.read()
    assert after.values == {"version": "2"}
    assert after.etag != row.etag


def test_what_a_newer_fence_has_written_stands(registry: Any) -> None:
    rows = [Change("create", Row(f"component:c{n:03d}", {"n": n})) for n in range(150)]
    assert registry.write(rows, fence=8) == 150
    row = registry.read()[0]
    with pytest.raises(Failed) as caught:
        registry.write([Change("update", Row(row.key, {"n": -1}, row.etag))], fence=7)
    assert caught.value.code == "lease-lost"
    assert registry.read()[0].values == {"n": 0}
    registry.write([Change("update", Row(row.key, {"n": -1}, row.etag))])  # health holds no lease
    assert registry.write([Change("delete", one) for one in registry.read()], fence=8) == 150
    assert registry.read() == []


def test_a_row_can_be_deleted(registry: Any) -> None:
    create(registry, Row("component:api", {"version": "1"}))
    registry.write([Change("delete", registry.read()[0])])
    assert registry.read() == []


@pytest.mark.parametrize("action", ["update", "delete"])
def test_a_row_that_somebody_changed_is_not_overwritten(registry: Any, action: Any) -> None:
    create(registry, Row("component:api", {"version": "1"}), Row("component:b", {"version": "1"}))
    stale, other = registry.read()
    registry.write([Change("update", Row(stale.key, {"version": "2"}, stale.etag))])
    with pytest.raises(Transient) as refused:
        registry.write(
            [
                Change("update", Row(other.key, {"version": "9"}, other.etag)),
                Change(action, Row(stale.key, {"version": "3"}, stale.etag)),
            ]
        )
    assert refused.value.code == "registry-changed"
    assert [row.values["version"] for row in registry.read()] == ["2", "1"]


def test_what_somebody_else_created_is_not_overwritten(registry: Any) -> None:
    create(registry, Row("component:api", {"version": "1"}))
    with pytest.raises(Transient) as refused:
        create(registry, Row("component:api", {"version": "2"}))
    assert refused.value.code == "registry-changed"
    assert registry.read()[0].values == {"version": "1"}


def test_a_row_that_somebody_deleted_is_not_updated(registry: Any) -> None:
    create(registry, Row("component:api", {"version": "1"}))
    (row,) = registry.read()
    registry.write([Change("delete", row)])
    with pytest.raises(Transient) as refused:
        registry.write([Change("update", Row(row.key, {"version": "2"}, row.etag))])
    assert refused.value.code == "registry-changed"


def test_more_than_a_hundred_rows_are_written(registry: Any) -> None:
    assert registry.write([Change("create", Row(f"component:c{n:03d}", {"n": n})) for n in range(205)]) == 205
    assert [row.values["n"] for row in registry.read()] == list(range(205))


def test_more_rows_than_a_page_are_read(tenant: Tenant) -> None:
    """The service answers with a thousand entities at most, and says where to go on."""
    table = table_of(tenant)
    table.write([Change("create", Row(f"resource:{number:05d}", {"n": number})) for number in range(1_010)])
    assert [row.values["n"] for row in table.read()] == list(range(1_010))


def test_no_changes_are_no_request(registry: Any) -> None:
    assert registry.write([]) == 0


def test_a_row_that_does_not_fit_stops_everything(registry: Any) -> None:
    with pytest.raises(BadInput) as refused:
        create(registry, Row("component:a", {"n": 1}), Row("component:b", {"text": "x" * 40_000}))
    assert refused.value.code == "registry-row-too-large"
    assert registry.read() == []


def test_instances_do_not_see_each_other(tenant: Tenant) -> None:
    create(table_of(tenant, "one"), Row("component:api", {"version": "1"}))
    assert table_of(tenant, "two").read() == []


def test_entities_of_others_are_left_alone(tenant: Tenant) -> None:
    create(table_of(tenant, "shared"), Row("component:api", {"version": "1"}))
    client = TableClient(endpoint(tenant), table_name=TABLE, credential=tenant.credential)
    client.create_entity({"PartitionKey": "shared", "RowKey": "theirs", "Note": "x"})
    assert [row.key for row in table_of(tenant, "shared").read()] == ["component:api"]


def test_a_missing_role_is_named(tenant: Tenant) -> None:
    registry = table_of(tenant)
    create(registry, Row("component:api", {"version": "1"}))
    tenant.revoke_all()
    try:
        with pytest.raises(Blocked) as read:
            registry.read()
        with pytest.raises(Blocked) as written:
            create(registry, Row("component:b", {"version": "1"}))
    finally:
        tenant.grant("table-data")
    for refused in (read, written):
        assert refused.value.code == "role-missing"
        assert "Storage Table Data Contributor" in refused.value.message
