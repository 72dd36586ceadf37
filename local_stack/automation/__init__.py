"""Azure Automation: runbooks, schedules, hybrid workers, and jobs that really run on a virtual machine."""

from local_stack.automation.paths import Automation as service

__all__ = ["service"]
