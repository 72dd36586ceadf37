"""Runs scripts on machines, one at a time on each unless asked otherwise, and records how they ended."""

from __future__ import annotations

import asyncio
import re
import shutil

from local_stack.core.context import Context
from local_stack.run_command.errors import FAILED_CODE, failure_message
from local_stack.run_command.state import Commands, Script
from local_stack.worker.machine import Machine
from local_stack.worker.process import Command, Tail, User, run

KEPT_BYTES = 4096  # Azure keeps the end of each stream
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Runner:
    """Holds the running scripts."""

    def __init__(self, ctx: Context, commands: Commands) -> None:
        self._ctx = ctx
        self._commands = commands
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def start(self, resource_id: str, operation: str, machine: Machine, script: Script) -> None:
        """Begin to run a command's script; an earlier run of the same command is ended."""
        self.cancel(resource_id)
        if not script.wait:
            self._commands.change(resource_id, operation, "Succeeded")
            self._ctx.operations.succeed(operation)
        task = asyncio.create_task(self._run(resource_id, operation, machine, script))
        self._tasks[resource_id.lower()] = task
        task.add_done_callback(lambda done: self._forget(resource_id, done))

    def cancel(self, resource_id: str) -> None:
        """End a command's script, if it runs."""
        task = self._tasks.pop(resource_id.lower(), None)
        if task:
            task.cancel()

    def recover(self) -> None:
        """Close what was under way when the stack went down: its processes are gone, its secrets too."""
        lost = "The virtual machine's agent restarted while the script was running."
        for kept in self._commands.under_way():
            self._commands.change(
                kept["id"], kept["operation"], "Failed", executionState="Failed", executionMessage=lost
            )
        for operation in self._ctx.operations.running():
            if operation["namespace"] == "Microsoft.Compute":
                self._ctx.operations.fail(operation["id"], FAILED_CODE, lost)

    async def close(self) -> None:
        """End every script."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, resource_id: str, done: asyncio.Task[None]) -> None:
        if self._tasks.get(resource_id.lower()) is done:
            del self._tasks[resource_id.lower()]
        if not done.cancelled() and done.exception():
            self._ctx.log.error("run command %s", resource_id, exc_info=done.exception())

    async def _run(self, resource_id: str, operation: str, machine: Machine, script: Script) -> None:
        if not script.wait:
            await self._execute(resource_id, operation, machine, script)
            return
        async with self._locks.setdefault(machine.resource_id.lower(), asyncio.Lock()):
            await self._execute(resource_id, operation, machine, script)

    async def _execute(self, resource_id: str, operation: str, machine: Machine, script: Script) -> None:
        self._commands.change(resource_id, operation, executionState="Running", startTime=self._now())
        output, errors = Tail(KEPT_BYTES), Tail(KEPT_BYTES)
        name = resource_id.rsplit("/", 1)[-1]
        directory = machine.scratch("commands", name, User())
        try:
            path = directory / "script.sh"
            path.write_text(script.text, "utf-8", newline="")
            path.chmod(0o700)
            # The shell runs the path, so that a script with an interpreter line and one without both work.
            argv = ["/bin/sh", "-c", '"$0" "$@"', str(path), *script.positional]
            command = Command(argv, directory, self._environment(machine, script))
            code = await run(machine.python, command, stdout=output, stderr=errors, timeout=script.timeout)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        self._end(resource_id, operation, script, code, output.text, errors.text)

    def _environment(self, machine: Machine, script: Script) -> dict[str, str]:
        named = {name: value for name, value in script.named.items() if _VARIABLE.fullmatch(name)}
        return {**machine.environment(), "HOME": str(machine.directory / "root"), **named}

    def _end(
        self, resource_id: str, operation: str, script: Script, code: int | None, output: str, error: str
    ) -> None:
        execution = "TimedOut" if code is None else "Succeeded" if code == 0 else "Failed"
        failed = execution != "Succeeded" and script.treat_failure
        view = {
            "executionState": execution,
            "executionMessage": "",
            "exitCode": -1 if code is None else code,
            "output": output,
            "error": error,
            "endTime": self._now(),
        }
        current = self._commands.change(resource_id, operation, "Failed" if failed else "Succeeded", **view)
        if not script.wait:
            return
        if failed and current:
            name = resource_id.rsplit("/", 1)[-1]
            message = failure_message(name, execution, code, output, error)
            self._ctx.operations.fail(operation, FAILED_CODE, message)
        else:
            self._ctx.operations.succeed(operation)

    def _now(self) -> str:
        return self._ctx.clock.now().isoformat()
