"""Alerts of which a relay, or a test, left little: what is not there is not made up, and the rest is told."""

from __future__ import annotations

from typing import Any

from tests.unit.alerts.samples import document, parsed


def left_of(sample: str, **context: Any) -> dict[str, Any]:
    """Return a sample with another context, and a description."""
    cut = document(sample)
    cut["data"]["essentials"]["description"] = "what happened"
    cut["data"]["alertContext"] = context
    return cut


def test_a_log_alert_that_tells_neither_query_nor_metric_is_one_by_its_service() -> None:
    dimensions = [{"name": "PipelineName", "value": "copy"}]
    alert = parsed(left_of("log-v2-fired", condition={"allOf": [{"dimensions": dimensions}]}))
    assert (alert.kind, alert.metrics[0].dimensions) == ("log", {"PipelineName": "copy"})


def test_a_metric_under_the_name_of_a_log_service_stays_one() -> None:
    condition = {"allOf": [{"metricName": "cpu_percent", "metricValue": 91}]}
    assert parsed(left_of("log-v2-fired", condition=condition)).kind == "metric"


def test_the_only_criterion_may_be_the_condition_itself() -> None:
    alert = parsed(left_of("metric-static-fired", condition={"metricName": "CPU", "metricValue": "95.2"}))
    assert [(one.name, one.value) for one in alert.metrics] == [("CPU", 95.2)]
    assert alert.unplaced == ()


def test_a_search_without_count_and_limit_measured_nothing() -> None:
    alert = parsed(left_of("log-v1-results-fired", SearchQuery="exceptions"))
    assert (alert.kind, alert.metrics) == ("log-v1", ())
    assert alert.summary.endswith(": what happened")


def test_health_that_is_not_given_leaves_the_word_to_the_description() -> None:
    assert parsed(left_of("resource-health-unavailable")).summary.endswith(
        "psql-vibedata-x7k2: what happened"
    )
    assert parsed(left_of("service-health-active")).summary.endswith(": what happened")


def test_a_service_incident_without_a_title_names_service_and_region() -> None:
    told = {
        "service": "Virtual Machines",
        "region": "West Europe",
        "incidentType": "Incident",
        "stage": "Active",
    }
    alert = parsed(left_of("service-health-active", properties=told))
    assert alert.summary.endswith(": Virtual Machines in West Europe, Incident, stage Active")


def test_a_budget_that_does_not_tell_what_was_spent_leaves_the_word_to_the_description() -> None:
    alert = parsed(left_of("budget-actual-fired", AlertData={"BudgetName": "b", "BudgetThreshold": "$50.00"}))
    assert (alert.metrics[0].threshold, alert.metrics[0].value) == (50, None)
    assert alert.summary.endswith(": what happened")


def test_a_budget_of_a_resource_group_is_about_it() -> None:
    budget = document("budget-actual-fired")
    data = budget["data"]["alertContext"]["AlertData"]
    data["Scope"] = data["Scope"].rstrip("/") + "/resourceGroups/rg-data/"
    assert parsed(budget).summary.startswith("vibedata-monthly fired for rg-data: actual cost ")


def test_the_metrics_of_the_platform_are_the_platforms() -> None:
    alert = document("metric-static-fired")
    alert["data"]["essentials"]["monitoringService"] = "Platform Metrics"
    assert (parsed(alert).kind, parsed(alert).service) == ("metric", "Platform")


def test_an_alert_without_any_name_is_an_alert() -> None:
    alert = parsed({"schemaId": "azureMonitorCommonAlertSchema", "essentials": {"monitorCondition": "Fired"}})
    assert alert.summary == "An alert fired."
