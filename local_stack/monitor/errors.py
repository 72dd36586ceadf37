"""What Azure Monitor refuses, in its own words."""

from __future__ import annotations

from local_stack.core.errors import WireError


def bad_group(message: str) -> WireError:
    return WireError(400, "BadRequest", message)


def group_not_found(resource_id: str) -> WireError:
    return WireError(404, "ResourceNotFound", f"The action group '{resource_id}' was not found.")


def bad_payload(message: str) -> WireError:
    return WireError(400, "InvalidPayload", message)


def bad_query(message: str) -> WireError:
    return WireError(400, "BadRequest", message)


def alert_not_found(alert_id: str) -> WireError:
    return WireError(404, "NotFound", f"The alert '{alert_id}' was not found.")
