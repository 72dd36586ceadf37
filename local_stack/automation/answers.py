"""The parts of this service, each answering the requests about its own things, built once."""

from __future__ import annotations

from collections.abc import Callable

from local_stack.automation.job_answers import JobAnswers
from local_stack.automation.jobs import Jobs
from local_stack.automation.runbook_answers import RunbookAnswers
from local_stack.automation.runbooks import Runbooks
from local_stack.automation.runner import Runner
from local_stack.automation.schedule_answers import ScheduleAnswers
from local_stack.automation.schedules import Schedules
from local_stack.automation.worker_answers import WorkerAnswers
from local_stack.automation.workers import Workers
from local_stack.core.context import Context
from local_stack.worker.machine import Machines


class Answers:
    """State, runner and answers of all accounts."""

    def __init__(self, ctx: Context, schedules_changed: Callable[[], None]) -> None:
        runbooks = Runbooks(ctx)
        workers = Workers(ctx)
        self.schedules_state = Schedules(ctx, runbooks)
        self.jobs_state = Jobs(ctx, runbooks)
        self.machines = Machines(ctx)
        self.runner = Runner(ctx, self.jobs_state, workers, self.machines)
        self.runbooks = RunbookAnswers(ctx, runbooks, self.schedules_state)
        self.jobs = JobAnswers(ctx, self.jobs_state, self.runner)
        self.schedules = ScheduleAnswers(ctx, self.schedules_state, schedules_changed)
        self.workers = WorkerAnswers(ctx, workers, self.runner)
