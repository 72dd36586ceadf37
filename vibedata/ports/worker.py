"""What runs on the worker: Run Commands, runbooks and their jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from vibedata.automation import JobRecord, RunbookRecord, ScheduleLink, ScheduleRecord


@dataclass(frozen=True)
class RunOutcome:
    """How a Run Command ended; Azure keeps only the last 4 KB of its output."""

    exit_code: int
    output: str
    error: str


class RunCommands(Protocol):
    """Managed Run Commands on the worker VM."""

    def run(
        self,
        name: str,
        *,
        script: str,
        parameters: Mapping[str, str],
        protected: Mapping[str, str],
        timeout_seconds: int,
    ) -> RunOutcome:
        """Run `script` as root on the VM and wait for it; `protected` values are readable by nobody afterwards.

        Parameters reach the script as environment variables. A script that fails is an outcome, not an error; raises
        Blocked (azure-not-found, role-missing) or Transient.
        """


class Runbooks(Protocol):
    """The Automation account's runbooks and schedules. All raise Blocked (role-missing), Transient, Failed."""

    def all(self) -> list[RunbookRecord]:
        """Return every runbook of the account, also those that are not ours."""

    def get(self, name: str) -> RunbookRecord | None:
        """Return the runbook, or None."""

    def published(self, name: str) -> bytes | None:
        """Return the published content as the service gives it back; None when nothing is published."""

    def create(
        self, name: str, *, kind: str, runtime: str, description: str, tags: Mapping[str, str]
    ) -> None:
        """Create the runbook without content, or change the facts of the one that exists."""

    def replace_draft(self, name: str, content: bytes) -> None:
        """Make `content` the draft; returns when the service has taken it."""

    def publish(self, name: str) -> None:
        """Make the draft the published content; returns when the service has done it."""

    def schedule(self, name: str) -> ScheduleRecord | None:
        """Return the schedule, or None."""

    def put_schedule(self, schedule: ScheduleRecord) -> None:
        """Create the schedule; its start must be at least 5 minutes ahead."""

    def delete_schedule(self, name: str) -> None:
        """Delete the schedule and its links; one that is gone is no error."""

    def link(self, link_id: str) -> ScheduleLink | None:
        """Return the link, or None."""

    def put_link(self, link: ScheduleLink) -> None:
        """Create the link."""

    def delete_link(self, link_id: str) -> None:
        """Delete the link; one that is gone is no error."""


class Jobs(Protocol):
    """The Automation account's jobs. All raise Blocked (role-missing), Transient, Failed."""

    def start(self, name: str, *, runbook: str, worker_group: str, parameter: str) -> bool:
        """Start a job under that GUID; False when there is one already. Raises Blocked (runbook-not-published)."""

    def get(self, name: str) -> JobRecord:
        """Return the job."""

    def output(self, name: str) -> str:
        """Return what the job wrote so far."""
