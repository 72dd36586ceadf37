"""What outcomes mean for a component, for those that depend on it, and for the instance."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibedata import health, probing
from vibedata.discovery import Resource
from vibedata.health import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    STATUSES,
    UNHEALTHY,
    UNKNOWN,
    Outcome,
    Verdict,
)
from vibedata.probing import Probe
from vibedata.registry import Row

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=timezone.utc)
LATER = NOW + timedelta(minutes=5)
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
statuses = st.sampled_from(STATUSES)


def verdict(name: str, status: str = HEALTHY, *, required: bool = True, reason: str = "") -> Verdict:
    return Verdict(
        name, status, reason or ("ok" if status == HEALTHY else "timeout"), f"{name} said so", (), required
    )


def by_name(verdicts: list[Verdict]) -> dict[str, Verdict]:
    return {one.component: one for one in verdicts}


def test_a_component_is_as_bad_as_its_worst_probe() -> None:
    row = Row("component:api", {"required": True, "digest": DIGEST})
    found = health.judge(
        row,
        [
            Outcome("dns", HEALTHY, "ok", "", NOW),
            Outcome("http", UNHEALTHY, "timeout", "slow", NOW, evidence={"httpStatus": 0}),
            Outcome("arm", PROGRESSING, "provisioning", "", NOW),
        ],
    )
    assert (found.status, found.reason, found.digest) == (UNHEALTHY, "timeout", DIGEST)
    assert found.evidence == {"probe": "http", "httpStatus": 0}


def test_a_component_without_probes_counts_nowhere() -> None:
    unprobed = health.judge(Row("component:job", {"required": True}), [])
    assert (unprobed.status, unprobed.reason) == (UNKNOWN, "no-check-defined")
    assert health.gate_problems([unprobed]) == []
    assert health.overall([unprobed, verdict("api")]).status == HEALTHY


def test_the_cause_leads_through_the_dependencies() -> None:
    rolled = by_name(
        health.roll_up(
            [verdict("postgres", UNHEALTHY), verdict("api"), verdict("studio"), verdict("docs")],
            {"api": ["postgres"], "studio": ["api"]},
        )
    )
    assert (rolled["studio"].status, rolled["studio"].cause) == (DEGRADED, ("api", "postgres"))
    assert (rolled["api"].status, rolled["api"].reason) == (DEGRADED, "dependency-unhealthy")
    assert rolled["postgres"].status == UNHEALTHY
    assert rolled["docs"].status == HEALTHY
    assert "postgres said so" in rolled["studio"].message


def test_an_optional_dependency_harms_nobody() -> None:
    rolled = health.roll_up([verdict("cache", UNHEALTHY, required=False), verdict("api")], {"api": ["cache"]})
    assert by_name(rolled)["api"].status == HEALTHY


def test_an_unhealthy_component_keeps_its_own_reason() -> None:
    rolled = health.roll_up(
        [verdict("postgres", UNHEALTHY), verdict("api", UNHEALTHY, reason="certificate-expired")],
        {"api": ["postgres"]},
    )
    assert by_name(rolled)["api"].reason == "certificate-expired"


def test_a_circle_of_dependencies_ends() -> None:
    rolled = health.roll_up([verdict("a"), verdict("b")], {"a": ["b"], "b": ["a"]})
    assert {one.status for one in rolled} == {HEALTHY}


@given(st.dictionaries(st.sampled_from("abcdef"), statuses, min_size=1))
def test_the_instance_is_as_bad_as_its_worst_required_component(found: dict[str, str]) -> None:
    whole = health.overall([verdict(name, status) for name, status in found.items()])
    assert whole.status == health.worst(found.values())
    assert all(found[name] == whole.status for name in whole.cause)


@given(statuses)
def test_an_optional_component_degrades_at_most(status: str) -> None:
    whole = health.overall([verdict("api"), verdict("extra", status, required=False)])
    assert STATUSES.index(whole.status) <= STATUSES.index(DEGRADED)


def test_an_unhealthy_component_is_not_hidden_by_an_unknown_one() -> None:
    whole = health.overall([verdict("a", UNKNOWN), verdict("b", UNHEALTHY)])
    assert (whole.status, whole.cause) == (UNHEALTHY, ("b",))


def test_the_gate_lets_degraded_pass_and_names_the_worst_first() -> None:
    problems = health.gate_problems(
        [
            verdict("a", PROGRESSING),
            verdict("b", DEGRADED),
            verdict("c", UNHEALTHY),
            verdict("d", UNHEALTHY, required=False),
            verdict("e", UNKNOWN),
        ]
    )
    assert [one.component for one in problems] == ["c", "e", "a"]


def stored(verdicts: list[Verdict], now: datetime) -> list[Row]:
    return [Row(c.row.key, c.row.values, "e") for c in health.row_changes(verdicts, [], now)]


def test_an_unchanged_verdict_is_not_written_again() -> None:
    rows = stored([verdict("api"), Verdict("", HEALTHY, "ok")], NOW)
    assert [row.key for row in rows] == ["health:api", "summary:health"]
    assert health.row_changes([verdict("api"), Verdict("", HEALTHY, "ok")], rows, LATER) == []


def test_since_moves_with_the_status_and_not_with_the_reason() -> None:
    rows = stored([verdict("api", UNHEALTHY, reason="timeout")], NOW)
    (change,) = health.row_changes([verdict("api", UNHEALTHY, reason="connection-refused")], rows, LATER)
    assert change.row.values["since"] == NOW.isoformat()
    (change,) = health.row_changes([verdict("api")], rows, LATER)
    assert (change.row.values["since"], change.fields["status"]) == (LATER.isoformat(), (UNHEALTHY, HEALTHY))
    assert change.row.etag == "e"


def test_health_of_another_digest_is_not_believed() -> None:
    component = Row("component:api", {"digest": OTHER})
    found = Row("health:api", {"status": HEALTHY, "reason": "ok", "digest": DIGEST, "since": NOW.isoformat()})
    assert health.current(component, found)["reason"] == "never-checked"
    assert health.current(component, None)["status"] == UNKNOWN
    same = Row("component:api", {"digest": DIGEST})
    assert health.current(same, found)["status"] == HEALTHY


def test_a_blind_watcher_knows_nothing_of_anybody() -> None:
    (found,) = health.blind([verdict("api", UNHEALTHY)], "no answer")
    assert (found.status, found.reason, found.message) == (UNKNOWN, "watcher-blind", "no answer")


def component(**changes: object) -> Row:
    values = {
        "digest": DIGEST,
        "imageProperty": "properties.siteConfig.linuxFxVersion",
        "resourceId": "/x/providers/Microsoft.Web/sites/app",
        "endpoints": {"web": "https://app.example:8443"},
        "probes": [{"type": "http", "path": "/health", "expectStatus": 200, "timeoutSeconds": 5}],
    }
    return Row("component:api", {**values, **changes})


def test_the_port_of_an_endpoint_wins_over_the_probes_own() -> None:
    tcp = [{"type": "tcp", "port": 5432, "timeoutSeconds": 5}]
    with_port = component(probes=tcp, endpoints={"database": "postgresql://pg.example:25432"})
    without = component(probes=tcp, endpoints={"database": "postgresql://pg.example"})
    assert [probing.plan(row)[0].port for row in (with_port, without)] == [25432, 5432]


def test_a_probe_asks_the_endpoint_of_its_kind() -> None:
    storage = component(
        probes=[{"type": "storage", "timeoutSeconds": 5}, {"type": "dns", "timeoutSeconds": 5}],
        endpoints={"table": "https://t.example", "blob": "https://b.example/acct"},
    )
    first, second = probing.plan(storage)
    assert (first.url, second.host) == ("https://b.example/acct", "t.example")


def test_a_component_without_resource_is_missing_even_without_probes() -> None:
    (probe,) = probing.plan(component(resourceId="", probes=[]))
    known = probing.answer_without_asking(probe, NOW)
    assert known and (known.status, known.reason) == (UNHEALTHY, "resource-missing")


def test_a_network_probe_without_endpoint_is_not_asked() -> None:
    (probe,) = probing.plan(component(endpoints={}))
    known = probing.answer_without_asking(probe, NOW)
    assert known and (known.status, known.reason) == (UNKNOWN, "no-endpoint")


@pytest.mark.parametrize(
    ("image", "status", "reason"),
    [
        (f"DOCKER|cr.example/vibedata/api@{DIGEST}", HEALTHY, "ok"),
        (f"cr.example/vibedata/api@{DIGEST}", HEALTHY, "ok"),
        (f"DOCKER|cr.example/vibedata/api@{OTHER}", UNHEALTHY, "digest-mismatch"),
        ("DOCKER|cr.example/vibedata/api:day0", DEGRADED, "digest-unpinned"),
        ("", UNKNOWN, "digest-unreadable"),
        (None, UNKNOWN, "digest-unreadable"),
    ],
)
def test_the_running_digest_is_held_against_the_releases(image: str | None, status: str, reason: str) -> None:
    resource = Resource("/x", "t", "app", properties={"siteConfig": {"linuxFxVersion": image}})
    found = probing.judge_digest(component(), resource, NOW)
    assert (found.status, found.reason) == (status, reason)


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        ("Succeeded", HEALTHY, "ok"),
        ("Failed", UNHEALTHY, "provisioning-failed"),
        ("Canceled", UNHEALTHY, "provisioning-failed"),
        ("Updating", PROGRESSING, "provisioning"),
        (None, UNKNOWN, "provisioning-unknown"),
    ],
)
def test_the_provisioning_state_is_what_the_listing_says(state: str | None, status: str, reason: str) -> None:
    probe = Probe("api", "arm", 5, resource_id="/X/App")
    found = probing.judge_arm(probe, {"/x/app": Resource("/x/app", "t", "app", state)}, NOW)
    assert (found.status, found.reason) == (status, reason)
    assert probing.judge_arm(probe, {}, NOW).reason == "resource-missing"
