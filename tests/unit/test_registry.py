"""Rows wanted against rows stored, and how rows become table entities."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibedata import registry_entities
from vibedata.endpoints import endpoints_of, host_and_port, value_at
from vibedata.errors import BadInput
from vibedata.manifest import NetworkRetryPolicies
from vibedata.registry import LAST_VERIFIED, Change, Row, components, difference, retry_policy

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=timezone.utc)
LATER = NOW + timedelta(hours=1)

values = st.dictionaries(
    st.from_regex(r"[a-z][a-zA-Z]{0,10}", fullmatch=True).filter(
        lambda n: not n.endswith("Json") and n != "key"
    ),
    st.one_of(
        st.text(max_size=20), st.booleans(), st.integers(-(2**53), 2**53), st.lists(st.text(max_size=5))
    ),
    max_size=6,
)
keys = st.sampled_from(
    ["component:a", "component:b", "release:current", "resource:/x/y", "health:a", "policy:p"]
)
tables = st.dictionaries(keys, values, max_size=6).map(lambda t: [Row(key, v, "e1") for key, v in t.items()])


def applied(stored: list[Row], changes: list[Change]) -> list[Row]:
    """Return the rows as they are after the changes."""
    rows = {row.key: row for row in stored}
    for change in changes:
        if change.action == "delete":
            del rows[change.row.key]
        else:
            rows[change.row.key] = change.row
    return list(rows.values())


@given(wanted=tables, stored=tables)
def test_what_was_written_once_is_not_written_again(wanted: list[Row], stored: list[Row]) -> None:
    first = difference(wanted, stored, NOW)
    assert difference(wanted, applied(stored, first), LATER) == []


@given(wanted=tables, stored=tables)
def test_the_release_row_is_written_last(wanted: list[Row], stored: list[Row]) -> None:
    order = [change.row.key for change in difference(wanted, stored, NOW)]
    assert "release:current" not in order[:-1]


def test_last_verified_moves_only_with_the_facts() -> None:
    stored = Row("component:api", {"version": "1", LAST_VERIFIED: NOW.isoformat()}, "e1")
    assert difference([Row("component:api", {"version": "1"})], [stored], LATER) == []
    (change,) = difference([Row("component:api", {"version": "2"})], [stored], LATER)
    assert (change.action, change.row.etag) == ("update", "e1")
    assert change.row.values[LAST_VERIFIED] == LATER.isoformat()
    assert change.fields == {"version": ("1", "2")}


def test_a_component_that_left_the_release_goes_with_its_health() -> None:
    stored = [Row(key, {"version": "1"}, "e") for key in ("component:old", "health:old", "health:api")]
    changes = difference([Row("component:api", {"version": "1"})], stored, NOW)
    assert [(c.action, c.row.key) for c in changes] == [
        ("create", "component:api"),
        ("delete", "component:old"),
        ("delete", "health:old"),
    ]


def test_the_overall_health_is_never_deleted_here() -> None:
    assert difference([], [Row("summary:health", {"status": "Healthy"}, "e")], NOW) == []


def test_a_field_that_is_none_equals_one_that_is_absent() -> None:
    stored = Row("component:api", {"version": "1"}, "e")
    assert difference([Row("component:api", {"version": "1", "digest": None})], [stored], NOW) == []


def test_the_retry_policy_comes_from_its_row() -> None:
    told = retry_policy([Row("policy:networkRetry", {"attempts": 0, "delaySeconds": 1})])
    assert told == NetworkRetryPolicies(0, 1)
    assert retry_policy([]) is None


@pytest.mark.parametrize(
    "values", [{}, {"attempts": 11, "delaySeconds": 2}, {"attempts": "3", "delaySeconds": 2}, {"attempts": 3}]
)
def test_a_damaged_retry_policy_is_none(values: dict[str, object]) -> None:
    assert retry_policy([Row("policy:networkRetry", values)]) is None


def test_components_come_in_the_order_of_their_waves() -> None:
    rows = [Row("component:b", {"wave": 0}), Row("component:a", {"wave": 2}), Row("health:x", {})]
    assert [row.name for row in components(rows)] == ["b", "a"]


@given(values)
def test_an_entity_gives_its_row_back(held: dict) -> None:
    row = Row("component:api", held, "e")
    assert registry_entities.row(registry_entities.entity(row), "e") == row


@given(
    st.lists(st.text(min_size=1).filter(lambda text: "|" not in text), min_size=2, max_size=2, unique=True)
)
def test_different_keys_stay_different_and_are_legal(pair: list[str]) -> None:
    encoded = [registry_entities.encode_key(text) for text in pair]
    assert encoded[0] != encoded[1]
    for key in encoded:
        assert not set(key) & set("/\\#?")
        assert len(key.encode("utf-16-le", "surrogatepass")) // 2 <= 512


def test_an_arm_id_is_a_legal_key_and_an_endless_one_too() -> None:
    resource = "/subscriptions/1/resourceGroups/g/providers/Microsoft.Web/sites/app"
    assert registry_entities.encode_key(f"resource:{resource}").startswith("resource:|subscriptions|1|")
    assert len(registry_entities.encode_key("x/" * 600)) <= 512


@pytest.mark.parametrize(
    ("held", "code"),
    [
        ({"text": "x" * 32_769}, "registry-row-too-large"),
        ({"text": "\U0001f600" * 16_385}, "registry-row-too-large"),
        ({f"p{number}": 1 for number in range(253)}, "registry-row-too-large"),
        ({f"p{number}": "x" * 32_000 for number in range(40)}, "registry-row-too-large"),
        ({"no-hyphen": 1}, "registry-row-invalid"),
        ({"PartitionKey": "x"}, "registry-row-invalid"),
        ({"valueJson": "x"}, "registry-row-invalid"),
        ({"when": NOW}, "registry-row-invalid"),
    ],
)
def test_what_azure_would_refuse_is_refused_first(held: dict, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        registry_entities.entity(Row("component:api", held))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        ("Microsoft.Web/sites", {"defaultHostName": "App.example:8443"}, {"web": "https://app.example:8443"}),
        ("microsoft.web/SITES", {"DEFAULTHOSTNAME": "a.example"}, {"web": "https://a.example"}),
        ("Microsoft.KeyVault/vaults", {"vaultUri": "https://v.example/"}, {"vault": "https://v.example"}),
        (
            "Microsoft.Storage/storageAccounts",
            {"primaryEndpoints": {"blob": "https://127.0.0.1:1/acct/", "table": "https://t.example/"}},
            {"blob": "https://127.0.0.1:1/acct", "table": "https://t.example"},
        ),
        (
            "Microsoft.DBforPostgreSQL/flexibleServers",
            {"fullyQualifiedDomainName": "pg.example"},
            {"database": "postgresql://pg.example"},
        ),
        ("Microsoft.ContainerService/managedClusters", {"privateFQDN": None}, {}),
        ("Microsoft.Web/sites", {"defaultHostName": "user@evil.example"}, {}),
        ("Microsoft.Web/sites", {"defaultHostName": "a.example:99999999"}, {}),
        ("Microsoft.KeyVault/vaults", {"vaultUri": "file:///etc/passwd"}, {}),
        ("Microsoft.Web/sites", {"defaultHostName": "x" * 3000}, {}),
        ("Microsoft.Other/things", {"defaultHostName": "a.example"}, {}),
    ],
)
def test_endpoints_are_what_the_properties_name(kind: str, properties: dict, expected: dict) -> None:
    assert endpoints_of(kind, properties) == expected


def test_an_endpoint_may_carry_a_port() -> None:
    assert host_and_port("https://a.example:8443/x") == ("a.example", 8443)
    assert host_and_port("postgresql://pg.example") == ("pg.example", None)


def test_a_path_finds_its_value_in_any_case_and_nothing_elsewhere() -> None:
    document = {"properties": {"siteConfig": {"linuxFxVersion": "DOCKER|x"}}}
    assert value_at(document, "properties.siteconfig.LINUXFXVERSION") == "DOCKER|x"
    assert value_at(document, "properties.siteConfig.linuxFxVersion.deeper") is None
