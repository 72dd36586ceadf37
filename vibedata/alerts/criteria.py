"""Metric alerts and log alerts V2: a condition with `allOf`, one entry per criterion (and per time series).

Static, dynamic, multi-resource and web test criteria, query-based metric alerts and log queries differ in a few
fields; so does what Azure will add. One reader takes them all.
"""

from __future__ import annotations

from collections.abc import Iterator

from vibedata.alerts.fields import Fields
from vibedata.alerts.model import MAX_TEXT_CHARS, Findings, Link, Metric, ResourceId
from vibedata.alerts.quantities import operator

_LINKS = (
    ("search results", "linkToFilteredSearchResultsUI"),
    ("all search results", "linkToSearchResultsUI"),
    ("search results, API", "linkToFilteredSearchResultsAPI"),
    ("all search results, API", "linkToSearchResultsAPI"),
)

_SIGNS = {
    "GreaterThan": ">",
    "GreaterThanOrEqual": ">=",
    "LessThan": "<",
    "LessThanOrEqual": "<=",
    "Equals": "=",
    "NotEquals": "!=",
    "GreaterOrLessThan": "outside of the range at",
}


def read_criteria(context: Fields) -> Findings:
    """Read the condition that was met."""
    condition = context.object("condition")
    window = condition.text("windowSize")
    details = {
        "conditionType": context.text("conditionType"),
        "windowStart": condition.text("windowStartTime"),
        "windowEnd": condition.text("windowEndTime"),
    }
    condition.ignore("staticThresholdFailingPeriods", "failingPeriods", "odata.type")
    context.ignore("properties")  # the rule's custom properties; they come as customProperties too
    criteria = list(condition.children("allOf"))
    if not criteria and condition.has("metricName", "searchQuery"):
        criteria = [condition]  # the only one, as relays write it
    found = [_criterion(one, window) for one in criteria]
    condition.rest()
    context.rest()
    series = {name: value for metric, _, _ in found for name, value in metric.dimensions.items()}
    return Findings(
        metrics=tuple(metric for metric, _, _ in found),
        series=series,
        resources=tuple(resource_ids(series, "dimension")),
        links=tuple(link for _, links, _ in found for link in links),
        details=details | (found[0][2] if found else {}),
        headline="; ".join(measured(metric) for metric, _, _ in found[:3]),
    )


def resource_ids(pairs: dict[str, str], where: str) -> Iterator[ResourceId]:
    """Yield the ARM ids among values, with the name that each stood under."""
    for name, value in pairs.items():
        if is_resource_id(value):
            yield ResourceId(value, f"{where} {name}")


def is_resource_id(text: str) -> bool:
    """Say whether a text is an ARM id."""
    return text.strip().lower().lstrip("/").startswith(("subscriptions/", "providers/")) and len(text) <= 2048


def _criterion(one: Fields, window: str) -> tuple[Metric, list[Link], dict[str, object]]:
    aggregation = one.text("timeAggregation")
    query = one.text("searchQuery", "query", limit=MAX_TEXT_CHARS)
    column = one.text("metricMeasureColumn")
    test = _named(one.text("webTestName"))
    dimensions = one.pairs("dimensions")
    metric = Metric(
        name=one.text("metricName") or column or ("" if query else test) or aggregation or one.text("name"),
        operator=operator(one.text("operator")),
        threshold=one.number("threshold"),
        value=one.number("metricValue"),
        unit=one.text("metricUnit", "unit"),
        dimensions=dimensions | ({"webTestName": test} if test else {}),
        aggregation=aggregation,
        window=window,
        namespace=one.text("metricNamespace"),
    )
    details: dict[str, object] = {
        "query": query,
        "sensitivity": one.text("alertSensitivity"),
        "targetResourceTypes": list(one.texts("targetResourceTypes")),
    }
    links = [Link(name, url) for name, field in _LINKS if (url := one.link(field))]
    one.ignore(
        "name", "criterionType", "failingPeriods", "ignoreDataBefore", "minRecurrenceCount", "odata.type"
    )
    one.ignore("resourceIdColumn", "metricValueTimestamp", "lowThreshold", "highThreshold", "event")
    one.rest()
    return metric, links, details


def _named(told: str) -> str:
    """Return a name, "" for the word that some relays put in the place of null."""
    return "" if told in ("None", "null") else told


def measured(metric: Metric) -> str:
    """Return what was measured as a phrase: what, how much, and the limit."""
    how = " over ".join(part for part in (metric.aggregation, metric.window) if part)
    told = f"{metric.name or 'the measure'}{f' ({how})' if how else ''} is {metric.received or text_of(metric.value)}"
    series = ", ".join(f"{name}={short(value)}" for name, value in list(metric.dimensions.items())[:4])
    return told + limit_of(metric) + (f" [{series}]" if series else "")


def limit_of(metric: Metric) -> str:
    """Return the limit as a phrase that follows; "" where there is none."""
    if not metric.operator or metric.threshold is None:
        return ""
    return f", limit {_SIGNS.get(metric.operator, metric.operator)} {text_of(metric.threshold)}"


def short(text: str) -> str:
    """Return an ARM id's last name, and any other text as it is."""
    return text.rstrip("/").rpartition("/")[2] if is_resource_id(text) else text


def text_of(amount: int | float | None) -> str:
    """Return a number for people; an absent one is `not given`."""
    return "not given" if amount is None else f"{amount:.12g}"
