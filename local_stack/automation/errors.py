"""What Automation answers when it refuses."""

from __future__ import annotations

from local_stack.core.errors import WireError


def not_found(kind: str, name: str) -> WireError:
    """Say that a thing of the account does not exist."""
    return WireError(404, "NotFound", f"The {kind} '{name}' was not found.")


def account_not_found(account_id: str) -> WireError:
    """Say that the account does not exist."""
    return WireError(404, "ResourceNotFound", f"The Resource '{account_id}' was not found.")


def bad_request(message: str) -> WireError:
    """Refuse a request that makes no sense."""
    return WireError(400, "BadRequest", message)


def conflict(message: str) -> WireError:
    """Refuse to create what exists."""
    return WireError(409, "Conflict", message)
