"""Refusals of private endpoints and zone groups, in Azure's words."""

from __future__ import annotations

from local_stack.core import WireError, name_of


def reference_not_found(resource_id: str, referenced: str) -> WireError:
    """A resource names another one that does not exist."""
    return WireError(
        400,
        "InvalidResourceReference",
        f"Resource {referenced} referenced by resource {resource_id} was not found. Please make sure that "
        "the referenced resource exists, and that both resources are in the same region.",
    )


def invalid_endpoint(resource_id: str, problem: str) -> WireError:
    """A private endpoint's body lacks something."""
    return WireError(400, "InvalidRequestFormat", f"Private endpoint {name_of(resource_id)}: {problem}.")


def addresses_used_up() -> WireError:
    """There are 65,000 addresses; a stack that has used them is better started afresh."""
    return WireError(409, "SubnetIsFull", "No address is left for a private endpoint; use a new directory.")
