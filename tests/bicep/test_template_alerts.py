"""Alert rules are data with a source, and each asks a table that something fills."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

import pytest

from local_stack.logs.kql import parse
from local_stack.logs.kql_run import Table, run
from tests.bicep.template import compiled, modules, of_type, resources
from vibedata import contracts, poisoning
from vibedata.flows import run_health
from vibedata.operations import Event, Operation, row
from vibedata.operations_table import table

RULES = contracts.load("alert_rules.json")["rules"]
# Where Azure Monitor puts what a diagnostic setting sends, unless the service has tables of its own.
DIAGNOSTIC_TABLES = {"AzureDiagnostics", "AzureMetrics"}
FREQUENCIES = {"PT5M", "PT10M", "PT15M", "PT30M", "PT1H", "PT6H", "P1D"}
WINDOWS = FREQUENCIES | {"PT2H", "P2D"}


def test_the_rules_that_the_requirements_name_are_there() -> None:
    named = {
        "pipeline-failed",
        "ingestion-latency",
        "data-completeness",
        "job-failure-rate",
        "storage-growth",
        "operation-slow",
        "pool-exhausted",
        "certificate-expiring",
    }
    assert named <= {rule["name"] for rule in RULES}
    thresholds = {rule["name"]: rule["threshold"] for rule in RULES}
    assert [thresholds[name] for name in ("ingestion-latency", "data-completeness")] == [120, 95]
    assert [thresholds[name] for name in ("job-failure-rate", "storage-growth")] == [5, 20]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"])
def test_a_rules_table_is_filled_by_what_it_says(rule: dict[str, Any]) -> None:
    assert rule["source"]
    assert rule["query"][0] == rule["table"]
    kind = rule["filledBy"]["kind"]
    if kind == "operationsRows":
        assert rule["table"] == table().name
    elif kind == "diagnosticSetting":
        assert rule["table"] in DIAGNOSTIC_TABLES
        assert _reports(rule["filledBy"]["by"])
    else:
        assert kind == "workload"
        assert rule["enabled"] is False, "nothing of the template fills its table"


def _reports(kind: str) -> bool:
    scopes = [str(p.body["scope"]) for p in of_type("Microsoft.Insights/diagnosticSettings")]
    return any(f"resourceId('{kind}'," in scope for scope in scopes)


@pytest.mark.parametrize(
    "rule", [r for r in RULES if r["table"] == table().name], ids=lambda rule: rule["name"]
)
def test_a_rule_over_our_rows_asks_columns_that_they_have(rule: dict[str, Any]) -> None:
    columns = {column.name for column in table().columns}
    text = re.sub(r"'[^']*'", "''", "\n".join(rule["query"][1:]))
    asked = set(re.findall(r"\b[A-Z][A-Za-z]+\b", text)) - {rule.get("metricMeasureColumn")}
    assert asked <= columns
    assert set(rule["dimensions"]) <= columns


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"])
def test_a_rule_is_one_that_azure_takes(rule: dict[str, Any]) -> None:
    assert rule["evaluationFrequency"] in FREQUENCIES
    assert rule["windowSize"] in WINDOWS
    assert 0 <= rule["severity"] <= 4
    assert type(rule["threshold"]) is int
    assert ("metricMeasureColumn" in rule) == (rule["timeAggregation"] != "Count")
    assert rule["skipQueryValidation"] is True  # every table gets its first row after the rule is made
    assert len(f"alert-{rule['name']}-") + 13 <= 260


def test_rules_reach_the_hub_through_the_group() -> None:
    (group,) = of_type("Microsoft.Insights/actionGroups")
    assert group.body["apiVersion"] == "2024-10-01-preview"
    assert group.body["identity"] == {"type": "SystemAssigned"}
    (receiver,) = group.properties["eventHubReceivers"]
    assert receiver["useCommonAlertSchema"] is True
    assert len(group.properties["groupShortName"]) <= 12
    (rule,) = of_type("Microsoft.Insights/scheduledQueryRules")
    assert rule.properties["actions"]["actionGroups"] == ["[parameters('actionGroupResourceId')]"]
    given = modules()["10-apps"].given["alertRules"]["value"]
    (name,) = re.findall(r"variables\('(\$fxv#\d+)'\)", given)
    assert compiled()["variables"][name]["rules"] == RULES


def test_the_hub_lets_the_group_in_and_no_key() -> None:
    by_type = {p.type: p.properties for p in resources() if p.type.startswith("Microsoft.EventHub/")}
    assert by_type["Microsoft.EventHub/namespaces"]["disableLocalAuth"] is True
    rules = by_type["Microsoft.EventHub/namespaces/networkRuleSets"]
    assert (rules["trustedServiceAccessEnabled"], rules["defaultAction"]) == (True, "Deny")


def test_queues_containers_and_tables_are_those_that_the_code_names() -> None:
    storage = next(p for p in resources() if p.type == "Microsoft.Storage/storageAccounts").template[
        "variables"
    ]
    assert storage["queues"] == ["alerts", "alerts-poison"]
    assert {"alerts-claims", "alerts-rejected"} <= set(storage["containers"])
    assert {"alertdeliveries", "alertincidents", "alertstate"} <= set(storage["tables"])
    assert storage["immutableContainers"] == ["artifacts", "manifests"]


def test_a_rule_over_our_rows_names_verbs_that_write_them() -> None:
    named = {
        verb
        for rule in RULES
        if rule["enabled"]
        for verb in re.findall(r"Operation startswith '(\w+)'", "\n".join(rule["query"]))
    }
    assert named == {run_health.VERB, poisoning.VERB}


def test_an_alert_about_alerts_cannot_feed_itself() -> None:
    # Every processed alert is an Error row of category Alert: the rule over failures must not count it.
    (rule,) = [rule for rule in RULES if rule["name"] == "operation-failed"]
    assert any("Category != 'Alert'" in line for line in rule["query"])


# --- the queries over our rows, answered --------------------------------------------------------------------

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=timezone.utc)
QUIET = Event("step", "Succeeded", NOW, duration_ms=1_000)
# What each rule is for: rows after which it must find something.
TROUBLE = {
    "operation-failed": ("import_artifacts", Event("pull", "Failed", NOW, severity="Error")),
    "component-unhealthy": (
        "run_health",
        Event("change", "Succeeded", NOW, component="api", category="Health", severity="Error"),
    ),
    "health-silent": ("run_health", QUIET),  # fires when there is none
    "operation-slow": ("import_artifacts", Event("pull", "Succeeded", NOW, duration_ms=31 * 60_000)),
    "alert-poisoned": ("record_poisoned", Event("kept", "Failed", NOW, category="Alert", severity="Error")),
    "data-completeness": ("data_quality", Event("check", "Succeeded", NOW, details={"completePercent": 90})),
}


def answer(name: str, verb: str, event: Event) -> list[dict[str, Any]]:
    """Return what a rule's query finds where a verb has written one row, twice over."""
    (rule,) = [rule for rule in RULES if rule["name"] == name]
    operation = Operation("11111111-2222-3333-4444-555555555555", verb, "instance")
    written = row(operation, event)
    columns = {column.name: column.type for column in table().columns}
    found = run(parse("\n".join(rule["query"])), Table(columns, [written, dict(written)]), NOW)
    return list(found.rows)


@pytest.mark.parametrize("name", TROUBLE)
def test_a_rule_over_our_rows_finds_what_it_is_for_and_nothing_else(name: str) -> None:
    verb, event = TROUBLE[name]
    folds = name != "health-silent"
    assert len(answer(name, verb, event)) == (1 if folds else 2)  # a row that was sent twice counts once
    assert answer(name, "publish_runbooks", QUIET) == []


def test_every_rule_over_our_rows_was_tried() -> None:
    assert set(TROUBLE) == {rule["name"] for rule in RULES if rule["table"] == table().name}
