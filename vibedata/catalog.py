"""The one table of mandatory runbooks (RFC-60 phase 8, PRD-19 FR-7a).

A house test checks that each row has a launcher in `runbooks/`, a flow, a command, a test and a heading in
docs/runbooks.md, all under the same name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """How often Automation starts a runbook: `every` times `unit` (Azure's frequency word)."""

    unit: str
    every: int


@dataclass(frozen=True)
class Runbook:
    """A mandatory runbook: its one name, the RFC-60 phase it serves, and its schedule if it has one."""

    verb: str
    phase: int
    summary: str
    schedule: Schedule | None = None


RUNBOOKS: tuple[Runbook, ...] = (
    Runbook("import_artifacts", 7, "Import a release from the publisher's registry"),
    Runbook("publish_runbooks", 8, "Publish the release's runbooks to the Automation account"),
    Runbook("bootstrap_registry", 14, "Discover resources and write the component registry"),
    Runbook("run_health", 15, "Probe every component and write its health", Schedule("Hour", 1)),
)

# What an envelope may name: the runbooks, and the Run Command verb that starts one of them as a job (D2).
VERBS: tuple[str, ...] = (*(runbook.verb for runbook in RUNBOOKS), "start_job")


def runbook(verb: str) -> Runbook | None:
    """Return the catalogue's row for `verb`, or None when it is no mandatory runbook."""
    return next((row for row in RUNBOOKS if row.verb == verb), None)
