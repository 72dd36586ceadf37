"""ARM ids: what a request path speaks about, and its parts. Compare ids lower-case; Azure ignores their case."""

from __future__ import annotations

_WORDS = {word.lower(): word for word in ("subscriptions", "resourceGroups", "providers")}


def in_azures_case(path: str) -> str:
    """Return the path with ARM's own words as Azure writes them in ids: some SDKs ask for `resourcegroups`."""
    parts = path.split("/")
    return "/".join(
        part if index % 2 == 0 else _WORDS.get(part.lower(), part) for index, part in enumerate(parts)
    )


def resource_type(resource_id: str) -> str:
    """Return the full type, `Microsoft.Web/sites/slots`; a resource group's and subscription's have their own.

    The last `/providers/` counts: an extension resource has the type of the extension.
    """
    parts = _parts(resource_id)
    start = _last_provider(parts)
    if start is None:
        return (
            "Microsoft.Resources/resourceGroups" if len(parts) >= 4 else "Microsoft.Resources/subscriptions"
        )
    return "/".join([parts[start + 1], *parts[start + 2 :: 2]])


def name_of(resource_id: str) -> str:
    """Return the last segment."""
    return resource_id.rstrip("/").rsplit("/", 1)[-1]


def scope_of(path: str) -> str:
    """Return the id of the resource, group or subscription that a request path is about.

    A dangling segment is dropped: a collection is read at its parent, an action is done to its resource.
    """
    parts = _parts(path)
    start = _last_provider(parts)
    if start is None:
        keep = len(parts) - len(parts) % 2 if _starts_a_scope(parts) else 0
    else:
        pairs = len(parts) - (start + 2)
        keep = start + 2 + pairs - pairs % 2 if pairs > 1 else start
    return "/" + "/".join(parts[:keep])


def parent_of(resource_id: str) -> str:
    """Return the id one type/name pair up (the group, for a resource without a parent resource)."""
    parts = _parts(resource_id)
    start = _last_provider(parts)
    if start is not None and len(parts) - start <= 4:
        return "/" + "/".join(parts[:start])
    return "/" + "/".join(parts[:-2])


def subscription_of(resource_id: str) -> str:
    """Return the subscription's GUID, or an empty string."""
    parts = _parts(resource_id)
    return parts[1] if len(parts) > 1 and parts[0].lower() == "subscriptions" else ""


def resource_group_of(resource_id: str) -> str:
    """Return the id of the resource group, or an empty string."""
    parts = _parts(resource_id)
    in_group = len(parts) > 3 and parts[2].lower() == "resourcegroups"
    return "/" + "/".join(parts[:4]) if in_group else ""


def is_under(resource_id: str, scope: str) -> bool:
    """Say whether the id is the scope or lies below it."""
    child, top = resource_id.lower().rstrip("/"), scope.lower().rstrip("/")
    return child == top or child.startswith(top + "/")


def _parts(path: str) -> list[str]:
    return [part for part in path.split("?", 1)[0].split("/") if part]


def _last_provider(parts: list[str]) -> int | None:
    found = [index for index, part in enumerate(parts) if part.lower() == "providers"]
    return found[-1] if found and found[-1] + 1 < len(parts) else None


def _starts_a_scope(parts: list[str]) -> bool:
    return bool(parts) and parts[0].lower() == "subscriptions"
