"""Start a runbook as an Automation job and wait for it (D2, D4).

The deployment sees only this Run Command: Azure hides a job's exception from whoever deployed it, so the
job's own error is raised here again, with its code, its remedy and its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vibedata import automation, catalog, retry
from vibedata.automation import JobRecord
from vibedata.envelope import Envelope, job_name
from vibedata.errors import BadInput, Blocked, Failed, Transient, VibedataError
from vibedata.ports import Jobs, Summary
from vibedata.recorder import Recorder

VERB = "start_job"
MAX_ATTEMPTS = 50  # failed jobs keep their names for 30 days


def start_job(
    *,
    runbook: str,
    args: Mapping[str, Any] | None = None,
    bundle: str | None = None,
    running_bundle: str | None = None,
    operation_id: str,
    jobs: Jobs,
    worker_group: str,
    poll_seconds: float,
    deadline_seconds: float,
    propagation_seconds: float,
    network: Callable[[], retry.Policy | None] = retry.unknown,
    pause: Callable[[float], None],
    recorder: Recorder,
    clock: Callable[[], datetime],
) -> Summary:
    """Start `runbook`'s job, or find the one that this operation started before, and return what it did.

    The job runs the bundle of digest `bundle`, by default `running_bundle`, the one that runs this verb: what was
    approved is what runs. `network` is the component registry's retry policy, until then the manifest's.
    `written` counts what the job wrote; the job itself is not counted. Raises BadInput (runbook-unknown),
    Failed, Blocked or Transient (job-failed: of the kind of the job's own error), Transient (job-deadline),
    Failed (job-attempts), Blocked (role-missing after `propagation_seconds`, runbook-not-published).
    """
    if catalog.runbook(runbook) is None:
        raise BadInput(
            "runbook-unknown",
            f"{runbook!r} is no mandatory runbook.",
            hint=f"Name one of {', '.join(row.verb for row in catalog.RUNBOOKS)}.",
        )
    parameter = Envelope(runbook, operation_id, bundle or running_bundle, dict(args or {})).encode()
    starter = _Starter(jobs, retry.Patience(network(), retry.propagation(propagation_seconds), pause, clock))
    with recorder.step("start-job", component=runbook) as step:
        name, attempt, started = starter.start(runbook, operation_id, worker_group, parameter)
        step.message = f"{'Started' if started else 'Found'} job {name} (attempt {attempt})."
        step.details.update(job=name, attempt=attempt, started=started)
    with recorder.step("await-job", component=runbook) as step:
        job = starter.wait(name, poll_seconds, clock() + timedelta(seconds=deadline_seconds))
        step.message = f"Job {name} ended: {job.status}."
    result = automation.closing_document(starter.output(name)) or {}
    return Summary(
        VERB,
        automation.written_counts(result),
        str(result.get("message") or f"{runbook} completed."),
        {"runbook": runbook, "job": name, "attempt": attempt, "started": started, "result": result},
    )


@dataclass(frozen=True)
class _Starter:
    """Talks to Automation, trying again what failed by chance and what waits for a role to spread (D13)."""

    jobs: Jobs
    patience: retry.Patience

    def start(
        self, runbook: str, operation_id: str, worker_group: str, parameter: str
    ) -> tuple[str, int, bool]:
        """Return the job's name, its attempt, and whether this call started it."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            name = job_name(operation_id, runbook, attempt)
            if self._start_one(name, runbook, worker_group, parameter):
                return name, attempt, True
            if _does_it(self._get(name), runbook, parameter):
                return name, attempt, False
        raise Failed(
            "job-attempts",
            f"{MAX_ATTEMPTS} jobs of {runbook} have failed in operation {operation_id}.",
            hint="Mend what the last job's error names, then start a new operation.",
        )

    def wait(self, name: str, poll_seconds: float, deadline: datetime) -> JobRecord:
        """Return the job once it has ended well; raises its own error otherwise."""
        began = self.patience.now()
        while True:
            job = self._get(name)
            if job.status in automation.ENDED_WELL:
                return job
            if job.status in automation.ENDED_BADLY:
                raise _own_error(job)
            now = self.patience.now()
            if now >= deadline:
                raise _too_late(job)
            self.patience.sleep(automation.pace((now - began).total_seconds(), poll_seconds))

    def output(self, name: str) -> str:
        """Return what the job wrote."""
        return self.patience.call(lambda: self.jobs.output(name))

    def _start_one(self, name: str, runbook: str, worker_group: str, parameter: str) -> bool:
        return self.patience.call(
            lambda: self.jobs.start(name, runbook=runbook, worker_group=worker_group, parameter=parameter)
        )

    def _get(self, name: str) -> JobRecord:
        return self.patience.call(lambda: self.jobs.get(name))


def _does_it(job: JobRecord, runbook: str, parameter: str) -> bool:
    """Tell whether a job of that name does what we want done and has not failed at it."""
    return job.status not in automation.ENDED_BADLY and (job.runbook, job.parameter) == (runbook, parameter)


def _too_late(job: JobRecord) -> Transient:
    return Transient(
        "job-deadline",
        f"Job {job.name} of {job.runbook} is still {job.status} at its deadline.",
        hint="Run again with the same operation id: it awaits this job. If the job stays New, see whether the "
        "hybrid worker is alive.",
        detail={"job": job.name, "status": job.status},
    )


def _own_error(job: JobRecord) -> VibedataError:
    own = automation.closing_document(job.exception) or {}
    code, message, hint = (str(own.get(key) or "") for key in ("code", "message", "hint"))
    detail = {"job": job.name, "runbook": job.runbook, "status": job.status, "cause": own}
    if not code:
        said = job.exception.strip()[-600:] or "it says nothing"
        return Failed(
            "job-failed",
            f"Job {job.name} of {job.runbook} ended {job.status}: {said}",
            hint="Read the job's streams in the Automation account, then run again with the same id.",
            detail=detail,
        )
    told = f"{job.runbook}: {code}: {message}"
    if own.get("kind") == Blocked.kind:
        return Blocked("job-failed", told, hint=hint, detail=detail)
    if own.get("kind") == Transient.kind:
        return Transient("job-failed", told, hint=hint, detail=detail)
    return Failed("job-failed", told, hint=hint, detail=detail)
