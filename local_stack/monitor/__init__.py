"""Azure Monitor's firing side: action groups that really call their receivers, and the alert instances it keeps."""

from local_stack.monitor.paths import MonitorService as service

__all__ = ["service"]
