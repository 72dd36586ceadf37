"""Which kind an alert is: the one table of monitoring services, and what tells a kind where the service does not.

A kind is named after what fired, not after Azure's word for the service, of which there are several for one thing
(`Resource Health`, `ResourceHealth`) and one for several things (`Platform` sends metric alerts, and has sent log
alerts). So the alert's own part decides where it is unmistakable, and the service's name where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from vibedata.alerts.fields import Fields
from vibedata.alerts.values import fold

UNKNOWN = "unknown"
ACTIVITY_LOG = "activity-log"


@dataclass(frozen=True)
class Kind:
    """A kind: the service as Azure spells it, the signal, and the other spellings that were seen or are likely."""

    name: str
    service: str
    signal: str
    aliases: tuple[str, ...] = ()


KINDS = (
    Kind(
        "metric",
        "Platform",
        "Metric",
        ("Azure Monitor", "Metric", "Metrics", "Platform Metrics", "Application Insights Metrics"),
    ),
    Kind("log", "Log Alerts V2", "Log", ("Log Alerts", "Log Search", "Log Search Alerts", "LogAlertsV2")),
    Kind("log-v1", "Log Analytics", "Log", ("Log Alerts V1", "LogAnalytics", "Operational Insights")),
    Kind("log-v1", "Application Insights", "Log", ("ApplicationInsights",)),
    Kind("activity-administrative", "Activity Log - Administrative", "Activity Log", ("Administrative",)),
    Kind("activity-policy", "Activity Log - Policy", "Activity Log", ("Policy",)),
    Kind("activity-autoscale", "Activity Log - Autoscale", "Activity Log", ("Autoscale",)),
    Kind("activity-security", "Activity Log - Security", "Activity Log", ("Security",)),
    Kind(
        "activity-recommendation",
        "Activity Log - Recommendation",
        "Activity Log",
        ("Recommendation", "Advisor", "Azure Advisor"),
    ),
    Kind(
        "service-health", "ServiceHealth", "Activity Log", ("Service Health", "Activity Log - Service Health")
    ),
    Kind("resource-health", "Resource Health", "Activity Log", ("Activity Log - Resource Health",)),
    Kind(ACTIVITY_LOG, "Activity Log", "Activity Log"),
    Kind("prometheus", "Prometheus", "Metric", ("Managed Prometheus", "Azure Monitor managed Prometheus")),
    Kind("smart-detector", "SmartDetector", "Log", ("Smart Detection", "Smart Alert", "Smart Alerts")),
    Kind(
        "budget", "CostAlerts", "", ("Cost Management", "CostManagement", "Budgets", "Budget", "Cost Alert")
    ),
    Kind("backup", "Azure Backup", "Log", ("Backup", "AzureBackup")),
    Kind("health-model", "Health Model", "Health", ("Health Models",)),
    Kind("backup", "Azure Site Recovery", "Log"),  # another service of the same vaults, with the same fields
)

_BY_SERVICE = {fold(spelling): kind for kind in KINDS for spelling in (kind.service, *kind.aliases)}
_BY_NAME = {kind.name: kind for kind in reversed(KINDS)}
_PREFIX = fold("Activity Log")
_SOURCES = {1: "Administrative", 2: "ServiceHealth"}  # enums as numbers, as service health sends them
_OPERATIONS = {
    "microsoft.servicehealth/": "service-health",
    "microsoft.resourcehealth/": "resource-health",
    "microsoft.security/": "activity-security",
    "microsoft.advisor/": "activity-recommendation",
    "microsoft.insights/autoscalesettings/scale": "activity-autoscale",
    "microsoft.authorization/policies/": "activity-policy",
}


def kind_of(service: str, signal: str, context: Fields) -> tuple[str, str]:
    """Return the kind, and the service as Azure spells it (as it is received where it is not known)."""
    known = of_service(service)
    told = told_by(context)
    if known and known.signal == "Activity Log" and known.name != ACTIVITY_LOG and _is_activity(told):
        told = known.name  # the service names the category; an event's own source may be empty or a number
    if known and known.name == "log" and told == "metric" and not _names_a_metric(context):
        told = "log"  # of a condition that tells neither query nor metric, as relays cut it down
    kind = told or (known.name if known else "") or _of_signal(signal) or UNKNOWN
    spelled = known.service if known else service
    if not spelled and kind == "log-v1" and context.has("ApplicationId"):
        spelled = "Application Insights"
    return kind, spelled or (_BY_NAME[kind].service if kind in _BY_NAME else "")


def of_service(service: str) -> Kind | None:
    """Return the kind that a service's name stands for, however it is spelled."""
    plain = fold(service) if service else ""
    if plain in _BY_SERVICE:
        return _BY_SERVICE[plain]
    if plain.startswith(_PREFIX):
        return _BY_SERVICE.get(plain.removeprefix(_PREFIX)) or _BY_NAME[ACTIVITY_LOG]
    return None


def signal_of(kind: str, signal: str) -> str:
    """Return the signal as Azure spells it; where it is not given, the kind's."""
    for known in ("Metric", "Log", "Activity Log"):
        if fold(signal) == fold(known) and signal:
            return known
    found = _BY_NAME.get(kind)
    return signal or (found.signal if found else "")


def told_by(context: Fields) -> str:
    """Return the kind that the alert's own part is unmistakably of, else ""."""
    criteria = context.object("condition") if context.has("condition") else None
    if criteria is not None and criteria.has("allOf"):
        return "log" if _asks_a_log(context, criteria) else "metric"
    if fold(context.text("conditionType") or "-") == "logquerycriteria":
        return "log"
    for kind, names in (
        ("log-v1", ("SearchQuery", "SearchResults", "SearchIntervalStartTimeUtc")),
        ("budget", ("AlertData", "AlertCategory", "BudgetName")),
        ("smart-detector", ("SmartDetectorId", "SmartDetectorName", "DetectionSummary")),
        ("prometheus", ("expression", "expressionValue", "ruleGroup")),
        ("backup", ("linkedResourceId", "protectedItemId", "formattedSourceType")),
        ("health-model", ("linkToHealthTimeline",)),
    ):
        if context.has(*names):
            return kind
    return _activity(context) if context.has("eventSource", "operationName", "eventDataId") else ""


def _asks_a_log(context: Fields, criteria: Fields) -> bool:
    if fold(context.text("conditionType") or "-") == "logquerycriteria":
        return True
    return any(one.has("searchQuery") for one in criteria.children("allOf"))


def _names_a_metric(context: Fields) -> bool:
    return any(one.has("metricName") for one in context.object("condition").children("allOf"))


def _activity(context: Fields) -> str:
    source = context.raw("eventSource")
    if isinstance(source, int):
        source = _SOURCES.get(source, "")
    found = of_service(source) if isinstance(source, str) and source else None
    if found is not None and found.signal == "Activity Log":
        return found.name
    operation = context.text("operationName").lower()
    return next((kind for start, kind in _OPERATIONS.items() if operation.startswith(start)), ACTIVITY_LOG)


def _is_activity(kind: str) -> bool:
    return kind in _BY_NAME and _BY_NAME[kind].signal == "Activity Log"


def _of_signal(signal: str) -> str:
    known = {"metric": "metric", "log": "log", "activitylog": ACTIVITY_LOG}
    return known.get(fold(signal), "") if signal else ""
