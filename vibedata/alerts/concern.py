"""Which component of the release an alert concerns: from the resources it names to the rows of the registry.

A resource is a component's when their ids are equal or the component's is a parent's; the longest match stands.
Resources are tried from the most telling to the least, because the target of a log alert is often only the
workspace that was searched. Where a resource holds several components (a cluster, a server), a dimension that
names one of them decides, else the one that is the resource itself (of kind `azure-resource`) where the alert is about
all of it; else nobody guesses. Where all ids are of what only watches, names decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vibedata.alerts.model import Alert, ResourceId, comparable
from vibedata.alerts.values import fold
from vibedata.registry import COMPONENT, RESOURCE, Row

# Dimensions and labels that name a workload; others hold such names by chance.
_NAMING = frozenset(
    fold(name)
    for name in (
        *(
            "AppRoleName",
            "cloud_RoleName",
            "ContainerAppName",
            "ContainerName",
            "container",
            "app",
            "deployment",
        ),
        *("statefulset", "daemonset", "component", "service", "release", "JobName", "controller", "workload"),
        *("k8s.deployment.name", "namespace", "database", "DatabaseName", "revisionName", "functionName"),
    )
)

# What watches others: an alert on one of these is about something else.
_OBSERVERS = (
    "/microsoft.operationalinsights/workspaces/",
    "/microsoft.monitor/accounts/",
    "/microsoft.insights/components/",
)

_WHOLE = (
    "azure-resource"  # the kind of a component that is a resource of the template's, and not something in one
)


@dataclass(frozen=True)
class Concern:
    """The component, or None, and why; `candidates` where there are several."""

    component: str | None
    why: str
    candidates: tuple[str, ...] = ()
    resource_id: str = ""


def concerned(alert: Alert, rows: Iterable[Row]) -> Concern:
    """Return which component an alert concerns, and why."""
    known = list(rows)
    holders = _holders(known)
    if not holders:
        return Concern(None, "the registry has no resources: nothing to compare with")
    matches = ((resource, _match(resource, holders)) for resource in alert.resources)
    found = next(((resource, match) for resource, match in matches if match and holders[match]), None)
    found = found or (_called(alert, holders) if _is_open(alert, holders) else None)
    if found:
        decided = _decided(alert, found[0], found[1], holders[found[1]])
        return decided if decided.component else _itself(decided, found[0], known)
    names = sorted({name for held in holders.values() for name in held})
    named = _named(alert, names) if _is_open(alert, holders) else None
    return named or Concern(None, _nothing(alert.resources, holders))


def _is_open(alert: Alert, holders: Mapping[str, Sequence[str]]) -> bool:
    """Say whether names may decide: no id tells of a resource that is somebody else's."""
    return all(
        _match(one, holders) or "/providers/" not in one.key or any(kind in one.key for kind in _OBSERVERS)
        for one in alert.resources
    )


def _holders(rows: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """Return the components that each resource holds, by the id that is compared; none for infrastructure."""
    found: dict[str, set[str]] = {}
    for row in rows:
        told = row.values.get("resourceId")
        resource_id = (
            told if isinstance(told, str) and told else row.name if row.key.startswith(RESOURCE) else ""
        )
        if not resource_id:
            continue
        names = found.setdefault(comparable(resource_id), set())
        if row.key.startswith(COMPONENT):
            names.add(row.name)
        elif row.key.startswith(RESOURCE):
            names.update(str(name) for name in row.values.get("components") or ())
    return {key: tuple(sorted(names)) for key, names in found.items()}


def _match(resource: ResourceId, holders: Mapping[str, Sequence[str]]) -> str:
    """Return the longest id of the registry that is the resource's or a parent's."""
    wanted = resource.key
    while wanted.count("/") > 2:
        if wanted in holders:
            return wanted
        wanted = wanted.rpartition("/")[0]
    return ""


def _called(alert: Alert, holders: Mapping[str, Sequence[str]]) -> tuple[ResourceId, str] | None:
    """Return the one resource that is called like a configuration item or a cluster: ids are not always given."""
    clusters = [
        one.dimensions[name] for one in alert.metrics for name in one.dimensions if fold(name) == "cluster"
    ]
    for where, name in [("configuration item", item) for item in alert.configuration_items] + [
        ("label cluster", cluster) for cluster in clusters
    ]:
        hits = [key for key, names in holders.items() if names and key.rpartition("/")[2] == name.lower()]
        if len(hits) == 1:
            return ResourceId(hits[0], f"{where} {name}, which is called like"), hits[0]
    return None


def _decided(alert: Alert, resource: ResourceId, match: str, names: Sequence[str]) -> Concern:
    how = "is its resource" if match == resource.key else f"is part of its resource {match}"
    if len(names) == 1:
        return Concern(names[0], f"{resource.where} {resource.id} {how}", tuple(names), match)
    named = _named(alert, names)
    if named:
        why = f"{resource.where} {resource.id} holds {', '.join(names)}; {named.why}"
        return Concern(named.component, why, tuple(names), match)
    why = f"{resource.where} {resource.id} holds {len(names)} components and nothing tells which: {', '.join(names)}"
    return Concern(None, why, tuple(names), match)


def _itself(undecided: Concern, resource: ResourceId, rows: Iterable[Row]) -> Concern:
    """Return the one of several components that is the resource, where the alert is about no part of it."""
    names = [
        row.name
        for row in rows
        if row.key.startswith(COMPONENT) and row.values.get("kind") == _WHOLE
        if comparable(str(row.values.get("resourceId") or "")) == resource.key
    ]
    if len(names) != 1 or names[0] not in undecided.candidates:
        return undecided
    others = ", ".join(name for name in undecided.candidates if name != names[0])
    why = f"{resource.where} {resource.id} is the component itself; {others} is in it, and nothing names that"
    return Concern(names[0], why, undecided.candidates, undecided.resource_id)


def _named(alert: Alert, names: Sequence[str]) -> Concern | None:
    """Return the one component that a dimension names."""
    known = {name.lower(): name for name in names}
    hits = {
        known[value.lower()]: name
        for metric in alert.metrics
        for name, value in metric.dimensions.items()
        if value.lower() in known and fold(name) in _NAMING
    }
    if len(hits) != 1:
        return None
    ((component, dimension),) = hits.items()
    return Concern(component, f"dimension {dimension} names it", (component,))


def _nothing(resources: Sequence[ResourceId], holders: Mapping[str, Sequence[str]]) -> str:
    if not resources:
        return "the alert names no resource"
    infrastructure = next((one for one in resources if _match(one, holders)), None)
    if infrastructure:
        return f"{infrastructure.where} {infrastructure.id} is infrastructure of the instance, no component"
    if all("/providers/" not in one.key for one in resources):
        return f"the alert is about {resources[0].id} as a whole"
    return f"no resource of the registry is {resources[0].id} or a parent of it"
