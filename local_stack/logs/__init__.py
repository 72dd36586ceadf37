"""Azure Monitor's logs: workspaces, tables and collection rules, the Logs Ingestion and Logs Query APIs."""

from local_stack.logs.paths import LogsService as service

__all__ = ["service"]
