"""Automation's paths under ARM, with the action that each requires of its caller."""

from __future__ import annotations

import asyncio
import contextlib
import uuid

from aiohttp import web

from local_stack.automation.answers import Answers
from local_stack.automation.job_answers import JobAnswers
from local_stack.automation.runbook_answers import RunbookAnswers
from local_stack.automation.schedule_answers import ScheduleAnswers
from local_stack.automation.state import ACCOUNT_TYPE, BASE, AccountProvider, account
from local_stack.automation.worker_answers import WorkerAnswers
from local_stack.core.context import Context
from local_stack.core.errors import WireError
from local_stack.core.resources import Provider
from local_stack.core.service import Handler, Route, Service


class Automation(Service):
    """Routes, the job runner and the firing of schedules."""

    name = "automation"

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self._changed = asyncio.Event()
        self.answers = Answers(ctx, self._changed.set)
        self._firing: asyncio.Task[None] | None = None

    def arm_routes(self) -> list[Route]:
        """Return the routes of runbooks, jobs, schedules and workers; accounts are ARM's own."""
        answers = self.answers
        return [
            *_runbooks(answers.runbooks),
            *_jobs(answers.jobs),
            *_schedules(answers.schedules),
            *_workers(answers.workers),
        ]

    def control_routes(self) -> list[Route]:
        """Return what tells people as whom jobs run."""
        return [Route("GET", "/workers", self._show_workers, "control/workers")]

    async def _show_workers(self, _request: web.Request) -> web.Response:
        return web.json_response(self.answers.machines.status())

    def providers(self) -> dict[str, Provider]:
        """Return what decorates accounts."""
        return {ACCOUNT_TYPE: AccountProvider(self.ctx)}

    async def start(self) -> None:
        """Take up unfinished jobs and begin to fire schedules."""
        self.answers.runner.resume()
        self._firing = asyncio.create_task(self._fire_for_ever())

    async def stop(self) -> None:
        """End every job's process; the jobs start again with the stack."""
        if self._firing:
            self._firing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._firing
        await self.answers.runner.close()

    async def _fire_for_ever(self) -> None:
        schedules = self.answers.schedules_state
        while True:
            self._changed.clear()
            waits = (
                asyncio.create_task(self.ctx.clock.sleep_until(schedules.earliest())),
                asyncio.create_task(self._changed.wait()),
            )
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
                await asyncio.gather(*waits, return_exceptions=True)
            for link in schedules.due():
                self._fire(link)

    def _fire(self, link: dict[str, str]) -> None:
        given = {
            "properties": {
                "runbook": {"name": link["runbook"]},
                "runOn": link["runOn"],
                "parameters": link["parameters"],
            }
        }
        try:
            owner = account(self.ctx, link["account"])
            self.answers.jobs_state.create(owner, str(uuid.uuid4()), given, f"schedule {link['schedule']}")
        except WireError as error:
            self.ctx.log.warning("schedule %s started nothing: %s", link["schedule"], error)
        self.answers.runner.look()


def _runbooks(answers: RunbookAnswers) -> list[Route]:
    one = "/runbooks/{name}"
    return _routes(
        ("GET", "/runbooks", answers.list, "runbook.list", "runbooks/read"),
        ("PUT", one, answers.put, "runbook.createOrUpdate", "runbooks/write"),
        ("GET", one, answers.get, "runbook.get", "runbooks/read"),
        ("PATCH", one, answers.patch, "runbook.update", "runbooks/write"),
        ("DELETE", one, answers.delete, "runbook.delete", "runbooks/delete"),
        ("GET", f"{one}/content", answers.content, "runbook.getContent", "runbooks/content/read"),
        ("POST", f"{one}/publish", answers.publish, "runbook.publish", "runbooks/publish/action"),
        (
            "GET", f"{one}/operationResults/{{operation}}", answers.operation_result,
            "runbook.operationResult", "runbooks/operationResults/read",
        ),
        ("GET", f"{one}/draft", answers.draft, "runbookDraft.get", "runbooks/draft/read"),
        (
            "GET", f"{one}/draft/content", answers.draft_content,
            "runbookDraft.getContent", "runbooks/draft/content/read",
        ),
        (
            "PUT", f"{one}/draft/content", answers.replace_draft,
            "runbookDraft.replaceContent", "runbooks/draft/content/write",
        ),
        (
            "POST", f"{one}/draft/undoEdit", answers.undo_edit,
            "runbookDraft.undoEdit", "runbooks/draft/undoEdit/action",
        ),
    )  # fmt: skip


def _jobs(answers: JobAnswers) -> list[Route]:
    one = "/jobs/{name}"
    return _routes(
        ("GET", "/jobs", answers.list, "job.list", "jobs/read"),
        ("PUT", one, answers.create, "job.create", "jobs/write"),
        ("GET", one, answers.get, "job.get", "jobs/read"),
        ("GET", f"{one}/output", answers.output, "job.getOutput", "jobs/output/read"),
        ("GET", f"{one}/runbookContent", answers.content, "job.getContent", "jobs/runbookContent/action"),
        ("POST", f"{one}/stop", answers.stop, "job.stop", "jobs/stop/action"),
        ("GET", f"{one}/streams", answers.streams, "jobStream.list", "jobs/streams/read"),
        ("GET", f"{one}/streams/{{stream}}", answers.stream, "jobStream.get", "jobs/streams/read"),
    )


def _schedules(answers: ScheduleAnswers) -> list[Route]:
    one, link = "/schedules/{name}", "/jobSchedules/{name}"
    return _routes(
        ("GET", "/schedules", answers.list, "schedule.list", "schedules/read"),
        ("PUT", one, answers.put, "schedule.createOrUpdate", "schedules/write"),
        ("GET", one, answers.get, "schedule.get", "schedules/read"),
        ("PATCH", one, answers.patch, "schedule.update", "schedules/write"),
        ("DELETE", one, answers.delete, "schedule.delete", "schedules/delete"),
        ("GET", "/jobSchedules", answers.links, "jobSchedule.list", "jobSchedules/read"),
        ("PUT", link, answers.put_link, "jobSchedule.create", "jobSchedules/write"),
        ("GET", link, answers.link, "jobSchedule.get", "jobSchedules/read"),
        ("DELETE", link, answers.delete_link, "jobSchedule.delete", "jobSchedules/delete"),
    )


def _workers(answers: WorkerAnswers) -> list[Route]:
    groups = "hybridRunbookWorkerGroups"
    workers, one = f"{groups}/hybridRunbookWorkers", f"/{groups}/{{name}}"
    worker = f"{one}/hybridRunbookWorkers/{{worker}}"
    return _routes(
        ("GET", f"/{groups}", answers.groups, "workerGroup.list", f"{groups}/read"),
        ("PUT", one, answers.put_group, "workerGroup.create", f"{groups}/write"),
        ("GET", one, answers.group, "workerGroup.get", f"{groups}/read"),
        ("DELETE", one, answers.delete_group, "workerGroup.delete", f"{groups}/delete"),
        ("GET", f"{one}/hybridRunbookWorkers", answers.list, "worker.list", f"{workers}/read"),
        ("PUT", worker, answers.put, "worker.create", f"{workers}/write"),
        ("GET", worker, answers.get, "worker.get", f"{workers}/read"),
        ("DELETE", worker, answers.delete, "worker.delete", f"{workers}/delete"),
    )


def _routes(*rows: tuple[str, str, Handler, str, str]) -> list[Route]:
    return [
        Route(method, BASE + path, handler, operation, action=f"{ACCOUNT_TYPE}/{action}")
        for method, path, handler, operation, action in rows
    ]
