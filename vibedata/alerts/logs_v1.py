"""Log alerts V1 (`Log Analytics`, `Application Insights`): PascalCase, search results embedded, US dates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vibedata.alerts import quantities
from vibedata.alerts.criteria import measured, resource_ids
from vibedata.alerts.fields import Fields
from vibedata.alerts.model import MAX_TEXT_CHARS, Findings, Link, Metric, ResourceId
from vibedata.alerts.values import listed, mapping, scalar

_LINKS = (
    ("search results", ("LinkToFilteredSearchResultsUI",)),
    ("all search results", ("LinkToSearchResults", "LinkToResults")),
    ("search results, API", ("LinkToFilteredSearchResultsAPI",)),
    ("all search results, API", ("LinkToSearchResultsAPI",)),
)
_USED = (
    *(
        "SearchIntervalInMinutes",
        "SearchIntervalDurationMin",
        "SearchIntervalInSeconds",
        "IncludeSearchResults",
    ),
    *("IncludedSearchResults", "WorkspaceId", "ApplicationId", "SeverityDescription", "SubscriptionId"),
    *("properties", "IncludeDimensions", "metricColumn"),
)


def read_log_v1(context: Fields) -> Findings:
    """Read the search and what it found; the results themselves stay where they are."""
    metric = _metric(context)
    dimensions = dict(metric.dimensions)
    results = context.object("SearchResults", "SearchResult")
    details = {
        "query": context.text("SearchQuery", limit=MAX_TEXT_CHARS),
        "alertType": context.text("AlertType"),
        "windowStart": _moment(context, "SearchIntervalStartTimeUtc"),
        "windowEnd": _moment(context, "SearchIntervalEndtimeUtc"),
        "resultCount": context.number("ResultCount"),
        "affected": list(context.texts("AffectedConfigurationItems")),
    }
    links = tuple(Link(name, url) for name, fields in _LINKS if (url := context.link(*fields)))
    context.ignore(*_USED)
    context.rest()
    is_measured = metric.value is not None or metric.threshold is not None
    return Findings(
        metrics=(metric,) if is_measured else (),
        series=dimensions,
        resources=(*resource_ids(dimensions, "dimension"), *_sources(results)),
        links=links,
        details=details,
        headline=measured(metric) if is_measured else "",
    )


def _metric(context: Fields) -> Metric:
    is_measured = "metric" in context.text("AlertType").lower()
    count = context.number("ResultCount")
    compared = quantities.operator(context.text("Operator", "AlertThresholdOperator"))
    results = context.object("SearchResults", "SearchResult")
    minutes = context.text("SearchIntervalInMinutes", "SearchIntervalDurationMin")
    seconds = context.text("SearchIntervalInSeconds")
    return Metric(
        name="AggregatedValue" if is_measured else "ResultCount",
        operator=compared,
        threshold=context.number("Threshold", "AlertThresholdValue"),
        value=_aggregated(results, compared) if is_measured else count,
        dimensions=context.pairs("Dimensions"),
        window=f"PT{minutes}M" if minutes else f"PT{seconds}S" if seconds else "",
    )


def _aggregated(results: Fields, compared: str) -> int | float | None:
    """Return the most extreme AggregatedValue of the embedded rows: which of them fired is not told."""
    found = [number for table in results.items("tables") for number in _column(table, "aggregatedvalue")]
    extreme = min if compared.startswith("Less") else max
    return extreme(found) if found else None


def _column(table: Any, wanted: str) -> Iterator[int | float]:
    whole = mapping(table)
    names = [scalar(mapping(column).get("name")) or "" for column in listed(whole.get("columns"))]
    place = next((at for at, name in enumerate(names) if name.lower() == wanted), None)
    for row in listed(whole.get("rows")):
        number = quantities.number(row[place]) if place is not None and _holds(row, place) else None
        if number is not None:
            yield number


def _holds(row: Any, place: int) -> bool:
    return isinstance(row, list) and len(row) > place


def _sources(results: Fields) -> Iterator[ResourceId]:
    for source in results.children("dataSources"):
        if told := source.text("resourceId", limit=2048):
            yield ResourceId(told, "the search's data source")


def _moment(context: Fields, name: str) -> str:
    moment = context.time(name)
    return moment.isoformat() if moment else ""
