"""Which resource of the managed resource group is which component of the release (RFC-60 phase 14).

A component is recognised by ARM type and naming convention. Several components may live in one resource (a
chart in its cluster, migrations in their server); one component in several resources is no guess, but an
error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from vibedata.endpoints import endpoints_of
from vibedata.errors import Blocked
from vibedata.manifest import Component, Manifest
from vibedata.registry import COMPONENT, NETWORK_RETRY, RELEASE, RESOURCE, Row

# What a deployment is made of rather than what a release consists of: nobody need look at it.
INFRASTRUCTURE = (
    "microsoft.alertsmanagement/",
    "microsoft.authorization/",
    "microsoft.compute/",
    "microsoft.eventhub/",
    "microsoft.insights/",
    "microsoft.managedidentity/",
    "microsoft.network/",
    "microsoft.operationalinsights/",
    "microsoft.operationsmanagement/",
    "microsoft.resources/",
    "microsoft.web/serverfarms",
)
VAULT = "microsoft.keyvault/vaults"


@dataclass(frozen=True)
class Resource:
    """A resource as Azure lists it; a listing leaves `properties` empty."""

    id: str
    type: str
    name: str
    provisioning_state: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What to compare ids by: Azure gives them back in any case."""
        return self.id.lower()

    @property
    def is_child(self) -> bool:
        """Whether it is part of another resource, as a runbook is of its account."""
        return self.type.count("/") > 1


@dataclass(frozen=True)
class Matches:
    """Which component is which resource, and what is left over on both sides; parts of resources are not."""

    found: Mapping[str, Resource]
    missing: Sequence[Component]
    unmatched: Sequence[Resource]

    def resources(self) -> list[Resource]:
        """Return every matched resource once, in the order of their ids."""
        return sorted({r.key: r for r in self.found.values()}.values(), key=lambda r: r.key)


def match(components: Iterable[Component], resources: Sequence[Resource], suffix: str = "") -> Matches:
    """Return which component is which resource; `suffix` is the instance's own, if it is known (D11).

    Raises Blocked (component-ambiguous).
    """
    found: dict[str, Resource] = {}
    missing: list[Component] = []
    of_type: defaultdict[str, list[Resource]] = defaultdict(list)
    for resource in resources:
        of_type[resource.type.lower()].append(resource)
    for component in components:
        by = component.recognised_by
        fitting = [r for r in of_type[by.type.lower()] if by.matches(r.type, r.name, suffix=suffix or None)]
        if len(fitting) > 1:
            raise _ambiguous(component, fitting)
        if fitting:
            found[component.name] = fitting[0]
        else:
            missing.append(component)
    taken = {resource.key for resource in found.values()}
    return Matches(found, missing, [r for r in resources if r.key not in taken and not r.is_child])


def rows(manifest: Manifest, release: Mapping[str, Any], matches: Matches) -> list[Row]:
    """Return the registry's rows as they shall be; the matched resources carry their properties."""
    vault = _vault(matches)
    held: defaultdict[str, list[str]] = defaultdict(list)
    for name, resource in sorted(matches.found.items()):
        held[resource.key].append(name)
    return [
        Row(RELEASE, {**release, "suiteVersion": manifest.suite_version}),
        Row(NETWORK_RETRY, _policy(manifest)),
        *(_component_row(c, matches.found.get(c.name), vault) for c in manifest.components),
        *(_resource_row(r, held.get(r.key, [])) for r in (*matches.resources(), *matches.unmatched)),
    ]


def to_do_for_missing(component: Component) -> dict[str, Any]:
    """Return what to do about a component that no resource is."""
    by = component.recognised_by
    return {
        "component": component.name,
        "required": component.required,
        "type": by.type,
        "namePattern": by.name_pattern,
        "remedy": f"Deploy a {by.type} named like {by.name_pattern}, then run the phase again.",
    }


def to_do_for_unmatched(resource: Resource) -> dict[str, Any]:
    """Return what to do about a resource that is no component."""
    infrastructure = is_infrastructure(resource)
    remedy = (
        "Nothing: infrastructure of the deployment."
        if infrastructure
        else "Delete it if an older release left it; otherwise let the release recognise it by type and name."
    )
    return {
        "resourceId": resource.id,
        "type": resource.type,
        "infrastructure": infrastructure,
        "remedy": remedy,
    }


def is_infrastructure(resource: Resource) -> bool:
    """Say whether a resource belongs to the deployment rather than to a release."""
    return resource.type.lower().startswith(INFRASTRUCTURE)


def _ambiguous(component: Component, fitting: Sequence[Resource]) -> Blocked:
    names = ", ".join(resource.name for resource in fitting)
    by = component.recognised_by
    return Blocked(
        "component-ambiguous",
        f"{component.name} is {len(fitting)} resources of type {by.type} at once: {names}.",
        hint=f"Keep the one that the instance uses; only it may be named like {by.name_pattern}.",
        detail={"component": component.name, "resourceIds": [resource.id for resource in fitting]},
    )


def _policy(manifest: Manifest) -> dict[str, Any]:
    policy = manifest.network_retry_policies
    return {"attempts": policy.attempts, "delaySeconds": policy.delay_seconds}


def _vault(matches: Matches) -> str:
    vaults = [r for r in matches.resources() if r.type.lower() == VAULT]
    return endpoints_of(vaults[0].type, vaults[0].properties).get("vault", "") if len(vaults) == 1 else ""


def _component_row(component: Component, resource: Resource | None, vault: str) -> Row:
    artifact = component.artifact
    values = {
        "kind": component.kind,
        "version": component.version,
        "digest": artifact.digest if artifact else "",
        "repository": artifact.repository if artifact else "",
        "resourceId": resource.id if resource else "",
        "resourceType": resource.type if resource else component.recognised_by.type,
        "endpoints": endpoints_of(resource.type, resource.properties) if resource else {},
        "configurationReferences": [_reference(vault, name) for name in component.configuration_references],
        "owner": component.owner,
        "required": component.required,
        "wave": component.wave,
        "dependsOn": list(component.depends_on),
        "probes": [_probe(asdict(probe)) for probe in component.probes],
        "imageProperty": component.recognised_by.image_property or "",
        "updateStrategy": component.update.strategy,
        "reversibility": component.update.reversibility,
    }
    return Row(COMPONENT + component.name, values)


def _reference(vault: str, secret: str) -> str:
    return f"{vault}/secrets/{secret}" if vault else f"secrets/{secret}"


def _probe(probe: Mapping[str, Any]) -> dict[str, Any]:
    names = {"timeout_seconds": "timeoutSeconds", "expect_status": "expectStatus"}
    return {names.get(name, name): value for name, value in probe.items() if value is not None}


def _resource_row(resource: Resource, holds: Sequence[str]) -> Row:
    values = {"resourceId": resource.id, "resourceType": resource.type, "components": list(holds)}
    return Row(RESOURCE + resource.key, values)
