"""What Compute answers when it refuses, and how a failed script shows in a deployment."""

from __future__ import annotations

from local_stack.core.errors import WireError

FAILED_CODE = "VMExtensionProvisioningError"


def not_found(resource_id: str) -> WireError:
    """Say that the VM or the command does not exist."""
    return WireError(404, "ResourceNotFound", f"The Resource '{resource_id}' was not found.")


def invalid(message: str) -> WireError:
    """Refuse a body that makes no sense."""
    return WireError(400, "InvalidParameter", message)


def failure_message(name: str, state: str, exit_code: int | None, output: str, error: str) -> str:
    """Return the message of the failed deployment operation: how it ended, and the end of what it wrote."""
    how = "timed out" if state == "TimedOut" else f"finished with exit code {exit_code}"
    return f"Run command '{name}' {how}.\n[stdout]\n{output}\n[stderr]\n{error}"
