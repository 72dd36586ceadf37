"""ARM's refusals, in Azure's words."""

from __future__ import annotations

from aiohttp import web

from local_stack.core.arm_ids import name_of, resource_group_of, resource_type
from local_stack.core.errors import WireError

_NO_VERSION_NEEDED = ("/metadata/",)


def require_api_version(request: web.Request) -> None:
    """Raise 400 MissingApiVersionParameter unless the query names one."""
    if request.query.get("api-version") or request.path.startswith(_NO_VERSION_NEEDED):
        return
    raise WireError(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    )


def group_not_found(resource_id: str) -> WireError:
    name = name_of(resource_group_of(resource_id))
    return WireError(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def resource_not_found(resource_id: str) -> WireError:
    kind, names = resource_type(resource_id).split("/"), _names(resource_id)
    label = "/".join(
        [kind[0], *(f"{t}/{n}" for t, n in zip(kind[1:], names, strict=False))] if names else kind
    )
    group = name_of(resource_group_of(resource_id)) or "<null>"
    return WireError(
        404,
        "ResourceNotFound",
        f"The Resource '{label}' under resource group '{group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
    )


def parent_not_found(resource_id: str, parent_id: str) -> WireError:
    return WireError(
        404,
        "ParentResourceNotFound",
        f"Failed to perform 'write' on resource(s) of type '{_short(resource_type(resource_id))}', because the "
        f"parent resource '{parent_id}' could not be found.",
    )


def invalid_subscription(subscription: str) -> WireError:
    return WireError(
        400,
        "InvalidSubscriptionId",
        f"The provided subscription identifier '{subscription}' is malformed or invalid.",
    )


def location_required() -> WireError:
    return WireError(400, "LocationRequired", "The location property is required for this definition.")


def invalid_content(message: str) -> WireError:
    return WireError(400, "InvalidRequestContent", f"The request content was invalid: '{message}'.")


def not_registered(subscription: str, namespace: str) -> WireError:
    return WireError(
        409,
        "MissingSubscriptionRegistration",
        f"The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for "
        "how to register subscriptions.",
        extra={
            "details": [
                {"code": "MissingSubscriptionRegistration", "target": namespace, "message": subscription}
            ]
        },
    )


def _names(resource_id: str) -> list[str]:
    parts = [part for part in resource_id.split("/") if part]
    lowered = [part.lower() for part in parts]
    if "providers" not in lowered:
        return []
    start = len(lowered) - 1 - lowered[::-1].index("providers")
    return parts[start + 3 :: 2]


def _short(full_type: str) -> str:
    return full_type.split("/", 1)[-1]
