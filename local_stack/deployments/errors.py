"""Refusals of the deployments API, in Azure's words."""

from __future__ import annotations

from local_stack.core import WireError


def not_found(name: str) -> WireError:
    """No deployment has that name."""
    return WireError(404, "DeploymentNotFound", f"Deployment '{name}' could not be found.")


def operation_not_found(name: str) -> WireError:
    """The deployment did nothing under that id."""
    return WireError(404, "DeploymentOperationNotFound", f"Deployment operation '{name}' could not be found.")


def invalid_name(name: str) -> WireError:
    """A name has characters that ARM refuses, or too many."""
    return WireError(
        400,
        "InvalidDeploymentName",
        f"The provided deployment name '{name[:80]}' is not valid. The deployment name can only contain letters, "
        "numbers, '-', '_', '.', '(' and ')', and at most 64 of them.",
    )


def invalid_filter(text: str) -> WireError:
    """The `$filter` is none that the history knows."""
    return WireError(
        400, "InvalidFilterInQueryString", f"Invalid $filter '{text}' specified in the query string."
    )
