"""What an alert is once it is understood: one type for every monitoring service, and what lists may hold.

Names that Azure gives are kept (alertId, monitorCondition); what we conclude has a name of its own
(`condition`, `operations_severity`), because the two differ where Azure's word would mislead: a service health
alert says Fired while it tells that the incident is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

COMMON_SCHEMA = "azureMonitorCommonAlertSchema"
LEGACY = "legacy"

MAX_ITEMS = 100  # of a list: targets, metrics, configuration items
MAX_PAIRS = 64  # of an object: dimensions, custom properties
MAX_NAME_CHARS = 512
MAX_ID_CHARS = 2048
MAX_TEXT_CHARS = 4096
MAX_LINK_CHARS = 8192  # a longer one is left out: half a link leads nowhere
MAX_UNPLACED = 50

Condition = Literal["Fired", "Resolved", "Unknown"]
Severity = Literal["Information", "Warning", "Error"]
Closes = Literal["", "incident", "correlation"]


@dataclass(frozen=True)
class Metric:
    """What was measured. `threshold` and `value` are numbers where they could be read, None where there is none.

    `dimensions` tell the time series; `received` is the value's own text where a unit or a format was taken off.
    """

    name: str
    operator: str = ""
    threshold: int | float | None = None
    value: int | float | None = None
    unit: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    aggregation: str = ""
    window: str = ""
    namespace: str = ""
    received: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the metric as plain data; what is empty beside the five that matter is left out."""
        document: dict[str, Any] = {
            "name": self.name,
            "operator": self.operator or None,
            "threshold": self.threshold,
            "value": self.value,
            "dimensions": dict(self.dimensions),
        }
        more = ("unit", "aggregation", "window", "namespace", "received")
        return document | {name: getattr(self, name) for name in more if getattr(self, name)}


@dataclass(frozen=True)
class Link:
    """Where to look further: a name for people and an https address."""

    name: str
    url: str


@dataclass(frozen=True)
class ResourceId:
    """A resource that the alert speaks of, and where it does."""

    id: str
    where: str

    @property
    def key(self) -> str:
        """What to compare by."""
        return comparable(self.id)


@dataclass(frozen=True)
class Unplaced:
    """A field that was not understood, or not used, and why."""

    field: str
    why: str

    def as_dict(self) -> dict[str, str]:
        """Return it as plain data."""
        return {"field": self.field, "why": self.why}


@dataclass(frozen=True)
class Findings:
    """What an extractor reads from one kind's own part of the payload."""

    metrics: tuple[Metric, ...] = ()
    series: Mapping[str, str] = field(default_factory=dict)  # what tells this cause from the rule's others
    resources: tuple[ResourceId, ...] = ()  # most telling first
    links: tuple[Link, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    headline: str = ""
    condition: Condition | None = None  # where the kind's own part knows better than monitorCondition
    at: datetime | None = None  # when that was
    severity: Severity | None = None  # where the kind's own part is graver than the rule's severity
    rule: str = ""  # where the rule has no name of its own
    about: str = ""  # what it is about, where configurationItems names it worse: `budgets`


@dataclass(frozen=True)
class Alert:
    """One delivery of one alert. Times are UTC; ids are as received, `comparable` makes them equal."""

    kind: str
    schema: str
    alert_id: str
    rule: str
    rule_id: str
    condition: Condition
    severity: str | None
    operations_severity: Severity
    service: str
    signal: str
    fired_at: datetime | None
    resolved_at: datetime | None
    targets: tuple[str, ...]
    configuration_items: tuple[str, ...]
    metrics: tuple[Metric, ...]
    resources: tuple[ResourceId, ...]
    description: str
    summary: str
    links: tuple[Link, ...]
    custom_properties: Mapping[str, str]
    details: Mapping[str, Any]
    delivery_key: str
    incident_key: str
    correlation_key: str
    fingerprint: str
    closes: Closes
    essentials: Mapping[str, Any] | None
    unplaced: tuple[Unplaced, ...] = ()

    @property
    def at(self) -> datetime | None:
        """When the thing that this delivery tells of happened."""
        return (self.resolved_at if self.condition == "Resolved" else None) or self.fired_at


def comparable(resource_id: str) -> str:
    """Return an ARM id as it is compared: Azure gives the same one back in any case."""
    return "/" + resource_id.strip().strip("/").lower()


def graver(*found: Severity | None) -> Severity | None:
    """Return the gravest of the severities that are known."""
    order: tuple[Severity, ...] = ("Information", "Warning", "Error")
    return max((one for one in found if one), key=order.index, default=None)
