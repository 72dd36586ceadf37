"""What each kind's sample is understood as, field by field."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from tests.unit.alerts.samples import (
    CLUSTER,
    GROUP,
    POSTGRES,
    SUBSCRIPTION,
    WEB,
    WORKSPACE,
    document,
    names,
    parsed,
)
from vibedata.alerts import times

# sample: kind, service, signal, condition, severity, severity of the row, rule
UNDERSTOOD = {
    "metric-static-fired": ("metric", "Platform", "Metric", "Fired", "Sev2", "Warning", "vd-postgres-cpu"),
    "metric-static-resolved": (
        *("metric", "Platform", "Metric", "Resolved", "Sev2", "Information", "vd-postgres-cpu"),
    ),
    "metric-dynamic-fired": (
        *("metric", "Platform", "Metric", "Fired", "Sev3", "Information", "vd-storage-transactions"),
    ),
    "metric-webtest-fired": (
        *("metric", "Platform", "Metric", "Fired", "Sev1", "Error", "vd-web-availability"),
    ),
    "metric-multiresource-fired": (
        *("metric", "Platform", "Metric", "Fired", "Sev2", "Warning", "vd-postgres-any"),
    ),
    "metric-custom-fired": ("metric", "Platform", "Metric", "Fired", "Sev2", "Warning", "vd-queue"),
    "metric-query-fired": ("metric", "Platform", "Metric", "Fired", "Sev2", "Warning", "vd-restarts"),
    "log-v2-fired": ("log", "Log Alerts V2", "Log", "Fired", "Sev1", "Error", "vd-http-500"),
    "log-v2-resolved": ("log", "Log Alerts V2", "Log", "Resolved", "Sev1", "Information", "vd-http-500"),
    "log-v1-measurement-fired": (
        *("log-v1", "Log Analytics", "Log", "Fired", "Sev2", "Warning", "vd-heartbeat"),
    ),
    "log-v1-results-fired": (
        *("log-v1", "Application Insights", "Log", "Fired", "Sev3", "Information", "vd-exceptions"),
    ),
    "activity-administrative-fired": (
        *("activity-administrative", "Activity Log - Administrative", "Activity Log", "Fired", "Sev4"),
        *("Information", "vd-site-stopped"),
    ),
    "activity-policy-fired": (
        *(
            "activity-policy",
            "Activity Log - Policy",
            "Activity Log",
            "Fired",
            "Sev4",
            "Warning",
            "vd-policy",
        ),
    ),
    "activity-log-other-fired": (
        *("activity-log", "Activity Log", "Activity Log", "Fired", "Sev4"),
        *("Information", "vd-classic-alerts"),
    ),
    "activity-autoscale-fired": (
        *("activity-autoscale", "Activity Log - Autoscale", "Activity Log", "Fired", "Sev4"),
        *("Information", "vd-autoscale"),
    ),
    "activity-security-fired": (
        *("activity-security", "Activity Log - Security", "Activity Log", "Fired", "Sev4", "Error"),
        "vd-security",
    ),
    "activity-recommendation-fired": (
        *("activity-recommendation", "Activity Log - Recommendation", "Activity Log", "Fired", "Sev4"),
        *("Warning", "vd-advisor"),
    ),
    "service-health-active": (
        *("service-health", "ServiceHealth", "Activity Log", "Fired", "Sev4", "Error", "vd-azure-services"),
    ),
    "service-health-resolved": (
        *("service-health", "ServiceHealth", "Activity Log", "Resolved", "Sev4", "Information"),
        "vd-azure-services",
    ),
    "resource-health-unavailable": (
        *("resource-health", "Resource Health", "Activity Log", "Fired", "Sev4", "Error", "vd-health"),
    ),
    "resource-health-available": (
        *(
            "resource-health",
            "Resource Health",
            "Activity Log",
            "Resolved",
            "Sev4",
            "Information",
            "vd-health",
        ),
    ),
    "prometheus-fired": (
        *("prometheus", "Prometheus", "Metric", "Fired", "Sev2", "Warning", "nodes/NodeCpuHigh"),
    ),
    "prometheus-resolved": (
        *("prometheus", "Prometheus", "Metric", "Resolved", "Sev2", "Information", "nodes/NodeCpuHigh"),
    ),
    "smart-detector-fired": (
        *(
            "smart-detector",
            "SmartDetector",
            "Log",
            "Fired",
            "Sev3",
            "Information",
            "Failure Anomalies - appi",
        ),
    ),
    "smart-detector-failures-fired": (
        *("smart-detector", "SmartDetector", "Log", "Fired", "Sev3", "Information"),
        "failure anomalies - appi",
    ),
    "smart-detector-instance-resolved": (
        *("smart-detector", "SmartDetector", "Log", "Resolved", "Sev3", "Information"),
        "failure anomalies - appi",
    ),
    "budget-actual-fired": ("budget", "CostAlerts", "", "Fired", None, "Warning", "vibedata-monthly"),
    "budget-forecasted-null": ("budget", "CostAlerts", "", "Fired", None, "Warning", "vibedata-monthly"),
    "cost-credit-fired": ("budget", "CostAlerts", "", "Fired", None, "Warning", "commitment"),
    "cost-department-quota-fired": ("budget", "CostAlerts", "", "Fired", None, "Warning", "data"),
    "backup-fired": ("backup", "Azure Backup", "Log", "Fired", "Sev1", "Error", "Backup Failure"),
    "health-model-fired": (
        *("health-model", "Health Model", "Health", "Fired", "Sev1", "Error", "Data platform"),
    ),
    "unknown-service-fired": (
        *("unknown", "Some Future Service", "Telemetry", "Fired", "Sev2", "Warning", "vd-future"),
    ),
    "legacy-metric-fired": (
        *("legacy", "AzureMonitorMetricAlert", "Metric", "Fired", "Sev2", "Warning", "vd-postgres-cpu"),
    ),
    "legacy-metric-resolved": (
        *(
            "legacy",
            "AzureMonitorMetricAlert",
            "Metric",
            "Resolved",
            "Sev2",
            "Information",
            "vd-postgres-cpu",
        ),
    ),
    "legacy-classic-metric-fired": (
        *("legacy", "Microsoft.Insights/alertRules", "", "Fired", None, "Warning", "requests"),
    ),
    "legacy-classic-webtest-fired": (
        *("legacy", "Microsoft.Insights/alertRules", "", "Fired", None, "Warning", "ping-web"),
    ),
    "legacy-activity-administrative-fired": (
        *("legacy", "Microsoft.Insights/activityLogs", "Activity Log", "Fired", None, "Information", ""),
    ),
    "legacy-activity-service-health-resolved": (
        *("legacy", "Microsoft.Insights/activityLogs", "Activity Log", "Resolved", None, "Information", ""),
    ),
    "legacy-log-fired": (
        *("legacy", "Microsoft.Insights/LogAlert", "Log", "Fired", "Sev2", "Warning", "vd-heartbeat"),
    ),
    "legacy-log-application-insights-fired": (
        *("legacy", "Microsoft.Insights/LogAlert", "Log", "Fired", "Sev3", "Information", "vd-heartbeat"),
    ),
    "legacy-budget-fired": (
        *("legacy", "AIP Budget Notification", "", "Fired", None, "Warning", "vibedata-monthly"),
    ),
    "legacy-autoscale-fired": (
        *("legacy", "Microsoft.Insights/autoscaleSettings", "", "Fired", None, "Warning", "web"),
    ),
    "legacy-smart-detector-fired": (
        *("legacy", "SmartAlert", "Log", "Fired", None, "Warning", "Failure Anomalies Detector"),
    ),
}

# sample: name, operator, threshold, value, unit, dimensions of its first metric
MEASURED: dict[str, tuple[Any, ...]] = {
    "metric-static-fired": ("CpuPercent", "GreaterThan", 85, 93.4, "", {}),
    "metric-dynamic-fired": ("Transactions", "GreaterThan", 1210.5, 9321, "", {"ApiName": "PutBlob"}),
    "metric-webtest-fired": ("Failed Location", "GreaterThan", 2, 4, "", {"webTestName": "ping-web"}),
    "metric-custom-fired": ("queue_depth", "GreaterThan", 500, 812.0, "", {"queue": "ingest", "shard": "3"}),
    "metric-query-fired": ("restarts", "GreaterThan", 0.2, 0.31, "", {"namespace": "airbyte"}),
    "log-v2-fired": (
        *("Count", "GreaterThan", 5, 7.0, ""),
        {"_ResourceId": WEB.replace("resourcegroups", "resourceGroups")},
    ),
    "log-v1-measurement-fired": ("AggregatedValue", "LessThan", 10, 3, "", {"Computer": "vm-worker"}),
    "log-v1-results-fired": ("ResultCount", "GreaterThan", 1, 2, "", {}),
    "activity-autoscale-fired": ("instances", "", None, 3, "", {}),
    "prometheus-fired": (
        *("NodeCpuHigh", "GreaterThan", 0.8, 0.9125, ""),
        {"cluster": "aks-vibedata-x7k2", "namespace": "airbyte", "microsoft.resourceid": CLUSTER},
    ),
    "smart-detector-fired": ("Failure Anomalies Detector", "", None, 12.4, "% of requests", {}),
    "smart-detector-failures-fired": ("Failure Anomalies", "", None, 37.5, "%", {}),
    "budget-actual-fired": ("vibedata-monthly", "GreaterThan", 4000, 4120.55, "USD", {}),
    "budget-forecasted-null": ("vibedata-monthly", "GreaterThan", 5000, 5310.2, "EUR", {}),
    "cost-credit-fired": ("commitment", "GreaterThan", 9000, 9100.5, "USD", {}),
    "cost-department-quota-fired": ("data", "GreaterThan", 10000, 9500, "USD", {}),
    "legacy-metric-fired": ("cpu_percent", "GreaterThan", 85, 93.4, "", {}),
    "legacy-classic-metric-fired": ("Requests", "GreaterThanOrEqual", 8, 10, "Count", {}),
    "legacy-classic-webtest-fired": ("ping-web", "", None, 3, "", {}),
    "legacy-log-fired": ("ResultCount", "GreaterThan", 0, 2, "", {"Computer": "vm-worker"}),
    "legacy-budget-fired": ("vibedata-monthly", "GreaterThan", 8000, 1111.32, "USD", {}),
    "legacy-autoscale-fired": ("capacity", "", None, 3, "", {}),
}


def test_every_sample_is_listed() -> None:
    assert set(UNDERSTOOD) == set(names())


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_a_sample_is_understood(name: str) -> None:
    alert = parsed(name)
    assert (
        alert.kind,
        alert.service,
        alert.signal,
        alert.condition,
        alert.severity,
        alert.operations_severity,
        alert.rule,
    ) == UNDERSTOOD[name]


@pytest.mark.parametrize("name", [name for name in names() if not name.startswith("unknown")])
def test_nothing_of_a_known_kind_is_left_unplaced(name: str) -> None:
    assert parsed(name).unplaced == ()


@pytest.mark.parametrize("name", MEASURED)
def test_what_was_measured(name: str) -> None:
    first = parsed(name).metrics[0]
    told = (first.name, first.operator, first.threshold, first.value, first.unit, dict(first.dimensions))
    assert told == MEASURED[name]


def test_every_criterion_is_a_metric() -> None:
    second = parsed("metric-custom-fired").metrics[1]
    assert (second.name, second.operator, second.threshold, second.value) == (
        "queue_age",
        "GreaterThan",
        60,
        92.5,
    )


def test_a_metric_alert_carries_all_its_essentials() -> None:
    alert = parsed("metric-static-fired")
    given = document("metric-static-fired")["data"]["essentials"]
    assert alert.alert_id == given["alertId"]
    assert alert.rule_id == given["alertRuleID"]
    assert alert.fired_at == datetime(2026, 9, 14, 6, 41, 7, 294815, timezone.utc)
    assert alert.resolved_at is None
    assert alert.targets == (POSTGRES,)
    assert alert.configuration_items == ("psql-vibedata-x7k2",)
    assert dict(alert.custom_properties) == {"runbook": "scale the server"}
    assert alert.links[0].url == given["investigationLink"]
    assert alert.essentials == given
    assert alert.summary == (
        "vd-postgres-cpu fired (Sev2) for psql-vibedata-x7k2: "
        "CpuPercent (Average over PT5M) is 93.4, limit > 85"
    )


def test_a_resolved_metric_alert_says_when() -> None:
    alert = parsed("metric-static-resolved")
    assert alert.resolved_at == datetime(2026, 9, 14, 6, 52, 40, 910000, timezone.utc)
    assert alert.at == alert.resolved_at
    assert alert.closes == "incident"


def test_a_log_alert_prefers_the_filtered_results_and_the_dimensions_resource() -> None:
    alert = parsed("log-v2-fired")
    assert [link.name for link in alert.links][:2] == ["search results", "all search results"]
    assert alert.links[0].url.endswith("/q/Filtered")
    assert [one.where for one in alert.resources] == ["dimension _ResourceId", "the alert's target"]
    assert alert.details["query"] == "AppRequests | where ResultCode >= 500"
    assert alert.details["targetResourceTypes"] == ["Microsoft.OperationalInsights/workspaces"]
    assert dict(alert.custom_properties) == {"team": "platform"}


def test_a_log_alert_v1_reads_us_dates_and_its_data_source() -> None:
    alert = parsed("log-v1-measurement-fired")
    assert alert.details["windowStart"] == "2026-09-14T06:25:00+00:00"
    assert alert.metrics[0].window == "PT15M"
    assert {one.id for one in alert.resources} == {WORKSPACE}


def test_who_did_it_is_told_without_claims_and_request() -> None:
    alert = parsed("activity-administrative-fired")
    assert alert.details["caller"] == "admin@contoso.example"
    assert "claims" not in str(alert.details) + alert.summary
    assert "203.0.113.9" not in str(alert)


def test_service_health_says_fired_and_means_resolved() -> None:
    given = document("service-health-resolved")["data"]["essentials"]
    alert = parsed("service-health-resolved")
    assert given["monitorCondition"] == "Fired"
    assert (alert.condition, alert.closes) == ("Resolved", "correlation")
    assert alert.resolved_at == datetime(2026, 9, 14, 8, 12, tzinfo=timezone.utc)
    assert alert.targets == (SUBSCRIPTION,)


@pytest.mark.parametrize("name", ["service-health-active", "service-health-resolved"])
def test_impacted_services_are_read_from_a_list_and_from_a_string(name: str) -> None:
    alert = parsed(name)
    assert alert.details["impactedServices"] == ["Azure Database for PostgreSQL (West Europe)"]
    assert alert.details["trackingId"] == "VDX1-2Z8"


def test_communication_is_plain_text() -> None:
    assert parsed("service-health-active").details["communication"] == "Summary: connections fail."


@pytest.mark.parametrize(
    ("html", "told"),
    [
        ("a &quot;deallocated&quot; state", 'a "deallocated" state'),
        ("&lt;strong&gt;Impact:&lt;/strong&gt; none&lt;br/&gt;", "Impact: none"),
        ("load &lt; 5 and &gt; 2", "load < 5 and > 2"),
        ("<td>R&amp;D</td>", "R&D"),
    ],
)
def test_communication_is_read_however_often_it_was_escaped(html: str, told: str) -> None:
    changed = document("service-health-active")
    changed["data"]["alertContext"]["properties"]["communication"] = html
    assert parsed(changed).details["communication"] == told


@pytest.mark.parametrize(
    ("stage", "condition"),
    [
        ("Active", "Fired"),
        ("Planned", "Fired"),
        ("InProgress", "Fired"),
        ("Resolved", "Resolved"),
        ("Complete", "Resolved"),
        ("Canceled", "Resolved"),
        ("RCA", "Resolved"),
    ],
)
def test_a_stage_of_service_health_opens_or_closes(stage: str, condition: str) -> None:
    changed = document("service-health-active")
    changed["data"]["alertContext"]["properties"]["stage"] = stage
    assert parsed(changed).condition == condition


@pytest.mark.parametrize(
    ("health", "cause", "severity"),
    [
        ("Unavailable", "PlatformInitiated", "Error"),
        ("Unavailable", "UserInitiated", "Information"),
        ("Degraded", "PlatformInitiated", "Warning"),
        ("Unknown", "Unknown", "Warning"),
    ],
)
def test_how_grave_an_unhealthy_resource_is(health: str, cause: str, severity: str) -> None:
    changed = document("resource-health-unavailable")
    changed["data"]["alertContext"]["properties"] |= {"currentHealthStatus": health, "cause": cause}
    assert (parsed(changed).condition, parsed(changed).operations_severity) == ("Fired", severity)


@pytest.mark.parametrize(
    ("before", "now", "status", "step", "condition"),
    [
        ("Unavailable", "Available", "Resolved", "Resolved", "Resolved"),
        ("Unavailable", "Available", "Active", "Activated", "Resolved"),
        ("Degraded", "Available", "Updated", "Updated", "Resolved"),
        ("Unknown", "Available", "Active", "Activated", "Resolved"),
        (None, "Available", "Active", "Activated", "Resolved"),
        ("Available", "Available", "Resolved", "Resolved", "Resolved"),
        ("Available", "Available", None, "Resolved", "Resolved"),
        ("Available", "Available", "Active", "Activated", "Fired"),
        ("Available", "available ", "InProgress", "Updated", "Fired"),
        ("Available", "Unavailable", "Resolved", "Resolved", "Fired"),
        (None, None, "Resolved", "Resolved", "Resolved"),
        (None, None, None, "Resolved", "Resolved"),
        (None, None, "Active", "Activated", "Fired"),
    ],
)
def test_a_resource_that_is_well_again_closes_and_one_that_still_is_does_not(
    before: str | None, now: str | None, status: str | None, step: str, condition: str
) -> None:
    changed = document("resource-health-available")
    context = changed["data"]["alertContext"]
    context |= {"status": status, "operationName": f"Microsoft.Resourcehealth/healthevent/{step}/action"}
    context["properties"] |= {"previousHealthStatus": before, "currentHealthStatus": now}
    assert parsed(changed).condition == condition


def test_a_failed_operation_is_a_warning() -> None:
    changed = document("activity-administrative-fired")
    changed["data"]["alertContext"]["status"] = "Failed"
    assert parsed(changed).operations_severity == "Warning"


@pytest.mark.parametrize("action", ["resolve", "dismiss"])
def test_a_security_alert_that_is_dealt_with_closes(action: str) -> None:
    changed = document("activity-security-fired")
    changed["data"]["alertContext"]["operationName"] = f"Microsoft.Security/locations/alerts/{action}/action"
    assert parsed(changed).condition == "Resolved"


def test_prometheus_names_the_cluster_and_keeps_the_value_as_written() -> None:
    alert = parsed("prometheus-fired")
    assert alert.resources[0].id == CLUSTER
    assert alert.metrics[0].received == "912.5m"
    assert alert.links[0].url == "https://runbooks.contoso.example/cpu"
    assert alert.summary.endswith("CPU of a node is above 80%")


def test_a_backup_alert_names_what_is_protected() -> None:
    alert = parsed("backup-fired")
    assert alert.resources[0].id.endswith("/virtualMachines/vm-sql")
    assert alert.details["recommendedActions"] == "Run a full backup first."


def test_failure_anomalies_tell_what_is_normal_and_when() -> None:
    alert = parsed("smart-detector-failures-fired")
    assert alert.details["normal"] == "0.4% (over the last 30 minutes)"
    assert alert.details["occurred"] == "2026-09-15T10:10:00Z"
    assert alert.metrics[0].received == "37.5% (30/80 requests)"


def test_an_alert_as_azure_lists_it_carries_all_its_essentials() -> None:
    alert = parsed("smart-detector-instance-resolved")
    target = f"{GROUP}/providers/microsoft.insights/components/appi-vibedata-x7k2"
    assert alert.targets == (target,)
    assert alert.alert_id == (
        f"{target}/providers/Microsoft.AlertsManagement/alerts/00000025-3b1d-4f0e-a2c7-9d5e6f7a8b25"
    )
    assert alert.rule_id.endswith("/smartdetectoralertrules/failure anomalies - appi")
    assert alert.configuration_items == ("appi-vibedata-x7k2",)
    assert alert.fired_at == datetime(2026, 9, 15, 10, 12, 44, 550816, timezone.utc)
    assert alert.resolved_at == datetime(2026, 9, 15, 10, 57, 59, 444060, timezone.utc)
    assert alert.metrics == parsed("smart-detector-failures-fired").metrics
    assert alert.closes == "incident"


def test_an_alert_of_a_health_model_is_named_after_its_entity() -> None:
    alert = parsed("health-model-fired")
    assert alert.summary == (
        "Data platform fired (Sev1) for hm-vibedata-x7k2: The data platform does not load"
    )
    assert alert.details == {"entity": "data-platform", "entityDisplayName": "Data platform"}
    assert [link.name for link in alert.links] == ["health timeline"]
    essentials = document("health-model-fired")["data"]["essentials"] | {"monitoringService": None}
    context = document("health-model-fired")["data"]["alertContext"]
    listed = parsed({"id": "1", "properties": {"essentials": essentials, "context": context}})
    assert (listed.kind, listed.service) == ("health-model", "Health Model")
    other = parsed({"essentials": essentials, "alertContext": context | {"entityName": "pipelines"}})
    assert other.fingerprint != alert.fingerprint


@pytest.mark.parametrize(
    ("limit", "budget", "told"),
    [
        ("0.8", "50", "of 40 (0.8 of 50)"),
        ("1", "10000", "of 10000 (1 of 10000)"),
        ("8000.0", "10000.0", "of 8000.0"),
        ("0.8", "", "of 0.8"),
        ("$0.80", "$50.00", "of $0.80"),
        ("0", "50", "of 0"),
    ],
)
def test_a_budgets_limit_may_be_a_part_of_it(limit: str, budget: str, told: str) -> None:
    """The sentence says so; the threshold is the one that was received."""
    changed = document("legacy-budget-fired")
    changed["data"] |= {"NotificationThresholdAmount": limit, "Budget": budget}
    alert = parsed(changed)
    assert f" {told} USD" in alert.summary
    assert alert.metrics[0].threshold == float(limit.strip("$"))


def test_a_budget_is_told_by_its_name_too() -> None:
    context = {"BudgetName": "b", "SpendingAmount": "50", "BudgetAmount": "50", "Unit": "USD"}
    given = {"data": {"essentials": {"alertId": "/x"}, "alertContext": context}}
    alert = parsed(given)
    assert (alert.kind, alert.rule, alert.condition) == ("budget", "b", "Fired")
    assert (alert.metrics[0].value, alert.metrics[0].threshold) == (50, 50)


def test_a_legacy_event_or_budget_without_a_resource_is_about_its_subscription() -> None:
    assert parsed("legacy-activity-service-health-resolved").targets == ("/subscriptions/s",)
    assert parsed("legacy-budget-fired").targets == ("/subscriptions/s/resourceGroups/mrg-vibedata",)
    changed = document("legacy-budget-fired")
    changed["data"] |= {"SubscriptionId": "", "ResourceGroup": "x"}
    assert parsed(changed).targets == ()


def test_a_web_test_that_is_called_none_is_none() -> None:
    changed = document("metric-static-fired")
    before = parsed(changed).metrics
    changed["data"]["alertContext"]["condition"]["allOf"][0]["webTestName"] = "None"
    assert parsed(changed).metrics == before


@pytest.mark.parametrize("name", ["administrative", "policy", "autoscale", "recommendation", "security"])
def test_an_event_without_a_fired_time_fired_when_it_happened(name: str) -> None:
    changed = document(f"activity-{name}-fired")
    del changed["data"]["essentials"]["firedDateTime"]
    alert = parsed(changed)
    assert alert.fired_at == times.parse(changed["data"]["alertContext"]["eventTimestamp"])


def test_when_an_event_arrived_is_no_unknown_field() -> None:
    changed = document("activity-recommendation-fired")
    changed["data"]["alertContext"] |= {
        "ReceivedTime": "2026-09-14T06:41:07Z",
        "ingestionTime": "2026-09-14T06:41:08Z",
    }
    assert parsed(changed).unplaced == ()


def test_an_unknown_kind_keeps_its_values_and_says_so() -> None:
    alert = parsed("unknown-service-fired")
    assert alert.details["finding.score"] == 0.93
    assert alert.resources[0].id == WEB
    assert [one.field for one in alert.unplaced] == ["data.alertContext.finding", "data.alertContext.tags"]


def test_a_field_that_azure_adds_is_noted_not_lost_on_the_way() -> None:
    changed = document("metric-static-fired")
    changed["data"]["essentials"]["tomorrow"] = "x"
    changed["data"]["alertContext"]["condition"]["allOf"][0]["confidence"] = 0.4
    assert [one.field for one in parsed(changed).unplaced] == [
        "data.essentials.tomorrow",
        "data.alertContext.condition.allOf[0].confidence",
    ]


@pytest.mark.parametrize(
    ("service", "name", "kind"),
    [
        ("Resource Health", "resource-health-unavailable", "resource-health"),
        ("ResourceHealth", "resource-health-unavailable", "resource-health"),
        ("Service Health", "service-health-active", "service-health"),
        ("Activity Log - ServiceHealth", "service-health-active", "service-health"),
        ("Activity Log - Alert", "activity-administrative-fired", "activity-administrative"),
        ("LOG ALERTS V2", "log-v2-fired", "log"),
        ("Platform", "log-v2-fired", "log"),
        ("Platform", "log-v1-results-fired", "log-v1"),
        ("", "prometheus-fired", "prometheus"),
        ("Managed Prometheus", "prometheus-fired", "prometheus"),
        ("Something New", "metric-static-fired", "metric"),
    ],
)
def test_a_kind_is_told_by_what_is_there(service: str, name: str, kind: str) -> None:
    changed = document(name)
    changed["data"]["essentials"]["monitoringService"] = service
    assert parsed(changed).kind == kind


@pytest.mark.parametrize(
    ("given", "severity"),
    [
        ("Sev0", "Sev0"),
        ("sev4", "Sev4"),
        (3, "Sev3"),
        ("2", "Sev2"),
        ("Severity 1", "Sev1"),
        ("info", "Sev3"),
    ],
)
def test_a_severity_is_read_however_it_is_written(given: Any, severity: str) -> None:
    changed = document("metric-static-fired")
    changed["data"]["essentials"]["severity"] = given
    assert parsed(changed).severity == severity


@pytest.mark.parametrize("given", ["Sev9", "grave", [], {"level": 3}])
def test_what_is_no_severity_is_noted(given: Any) -> None:
    changed = document("metric-static-fired")
    changed["data"]["essentials"]["severity"] = given
    alert = parsed(changed)
    assert (alert.severity, alert.operations_severity) == (None, "Warning")
    assert alert.unplaced[0].field == "data.essentials.severity"
