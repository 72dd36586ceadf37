"""Managed Run Commands: scripts that ARM runs on a VM, and whose failure can fail a deployment."""

from local_stack.run_command.paths import RunCommand as service

__all__ = ["service"]
