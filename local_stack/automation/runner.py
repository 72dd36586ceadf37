"""Runs jobs: takes a New one to a live worker of its group, runs the published text there, records the end.

A job that the platform dropped starts again from the top, as in Azure, at most three times.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Coroutine
from pathlib import Path

from local_stack.automation.errors import not_found
from local_stack.automation.jobs import Job, Jobs
from local_stack.automation.state import account
from local_stack.automation.workers import Workers
from local_stack.core.context import Context
from local_stack.core.errors import WireError
from local_stack.worker.machine import Machine, Machines
from local_stack.worker.process import Command, Lines, Tail, run

PACE = "automation.pace_seconds"
INTERRUPT = "automation.interrupt_after_lines"
INTERRUPTIONS = "automation.interruptions"
MAX_RESTARTS = 3
MAX_ITEM_BYTES = 1024 * 1024
MAX_LINES = 20_000
MAX_EXCEPTION_BYTES = 64 * 1024
AT_ONCE = 8


class Interrupted(Exception):
    """The platform took the worker away from under a job."""


class Runner:
    """Moves jobs from New to their end."""

    def __init__(self, ctx: Context, jobs: Jobs, workers: Workers, machines: Machines) -> None:
        self._ctx = ctx
        self._jobs = jobs
        self._workers = workers
        self._machines = machines
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    def resume(self) -> None:
        """Take up every job that had not ended when the stack went down."""
        for job in self._jobs.unfinished():
            if job["status"] == "Stopping":
                self._jobs.change(job["key"], status="Stopped")
            elif job["status"] != "New":
                self._restart(job)
        self.look()

    def look(self) -> None:
        """Start the New jobs that can start now; call it when a job, a worker or a group has come."""
        for job in self._jobs.unfinished():
            if job["status"] == "New" and job["key"] not in self._tasks:
                self._place(job)

    def stop_job(self, job: Job) -> None:
        """End a job that has not ended."""
        task = self._tasks.get(job["key"])
        self._jobs.change(job["key"], status="Stopping" if task else "Stopped")
        if task:
            task.cancel()

    async def close(self) -> None:
        """End every process; their jobs stay as they are and start again with the stack."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _restart(self, job: Job) -> None:
        restarts = job["restarts"] + 1
        if restarts > MAX_RESTARTS:
            why = f"The job was interrupted and restarted {MAX_RESTARTS} times, and was interrupted again."
            self._jobs.change(job["key"], status="Suspended", exception=why, restarts=restarts)
        else:
            self._jobs.change(job["key"], status="New", restarts=restarts)

    def _place(self, job: Job) -> None:
        """Take a job to a worker of its group; while none lives it waits, as in Azure."""
        try:
            owner = account(self._ctx, job["account"])
            if not self._workers.has_group(owner, job["runOn"]):
                raise not_found("Hybrid Runbook Worker group", job["runOn"])
            vm_id = self._workers.live_vm(owner, job["runOn"])
            machine = self._machines.get(vm_id) if vm_id else None
        except WireError as error:
            why = f"The job cannot run: {error.message}"
            self._jobs.change(job["key"], status="Suspended", exception=why)
            return
        if machine:
            task = asyncio.create_task(self._run(job, machine, owner.hides_vm_identity))
            self._tasks[job["key"]] = task
            task.add_done_callback(lambda _: self._ended(job["key"]))

    def _ended(self, key: str) -> None:
        if self._tasks.pop(key, None):
            self.look()  # an interrupted job is New again

    async def _run(self, job: Job, machine: Machine, hides_identity: bool) -> None:
        key = job["key"]
        try:
            async with self._slots:
                pace = self._ctx.faults.setting(PACE, 0.0)
                for status in ("Activating", "Running"):
                    if pace:
                        await self._ctx.clock.sleep(pace)
                    self._jobs.change(key, status=status, start=self._ctx.clock.now().isoformat())
                code, errors = await self._execute(job, machine, hides_identity)
        except asyncio.CancelledError:
            current = self._jobs.read(key)
            if current and current["status"] == "Stopping":
                self._jobs.change(key, status="Stopped")
                return
            raise
        except Interrupted:
            current = self._jobs.read(key)
            if current:
                self._restart(current)
            return
        except Exception as error:
            self._ctx.log.exception("job %s", key)
            self._jobs.change(key, status="Failed", exception=f"The worker could not run the job: {error}")
            return
        if code == 0:
            self._jobs.change(key, status="Completed")
        else:
            self._jobs.change(
                key, status="Failed", exception=errors.strip() or f"The job ended with exit code {code}."
            )

    async def _execute(self, job: Job, machine: Machine, hides_identity: bool) -> tuple[int | None, str]:
        user = machine.job_user()
        directory = machine.scratch("jobs", job["name"], user)
        script = directory / f"{job['runbook']}.py"
        script.write_text(job["content"], "utf-8", newline="")
        script.chmod(0o644)
        environment = {
            **machine.environment(),
            "AUTOMATION_JOB_ID": job["name"],
            "HOME": str(directory),
        }
        if hides_identity:  # the worker's own broker takes over, and knows the account's identity only
            environment.pop("AZURE_POD_IDENTITY_AUTHORITY_HOST")
        command = Command(_argv(job, environment, script), directory, environment, user)
        leave = asyncio.Event()
        output, errors = self._output(job, leave), Tail(MAX_EXCEPTION_BYTES)
        try:
            code = await self._unless(leave, run(machine.python, command, stdout=output, stderr=errors))
        finally:
            output.close()
            shutil.rmtree(directory, ignore_errors=True)
        return code, errors.text

    async def _unless(self, leave: asyncio.Event, running: Coroutine[None, None, int | None]) -> int | None:
        """Return what a process ends with; when told to leave, kill it with all that it started. Raises Interrupted."""
        work, told = asyncio.create_task(running), asyncio.create_task(leave.wait())
        try:
            await asyncio.wait((work, told), return_when=asyncio.FIRST_COMPLETED)
            if told.done():
                raise Interrupted
            return await work
        finally:
            for task in (work, told):
                task.cancel()
            await asyncio.gather(work, told, return_exceptions=True)

    def _output(self, job: Job, leave: asyncio.Event) -> Lines:
        key, faults = job["key"], self._ctx.faults
        number = len(self._jobs.lines(key))
        last = int(faults.setting(INTERRUPT, 0)) if job["restarts"] < faults.setting(INTERRUPTIONS, 1) else 0
        said = 0

        def keep(line: str) -> None:
            nonlocal number, said
            if number < MAX_LINES:
                self._jobs.add_line(key, number, line)
            number, said = number + 1, said + 1
            if said == last:
                leave.set()

        return Lines(keep, MAX_ITEM_BYTES)


def _argv(job: Job, environment: dict[str, str], script: Path) -> list[str]:
    """Return the command: parameters by position, their names lost, their values as Python shows them."""
    python = environment.get("python_3_10_path") if job["runtime"] == "Python-3.10" else None
    return [python or "python3", str(script), *(_shown(value) for value in job["parameters"].values())]


def _shown(value: str) -> str:
    try:
        return str(json.loads(value))
    except ValueError:
        return value
