"""Runs scripts on machines, one at a time on each unless asked otherwise, and records how they ended."""

from __future__ import annotations

import asyncio
import re
import shutil

from local_stack.core.context import Context
from local_stack.run_command.errors import FAILED_CODE, failure_message
from local_stack.run_command.state import Commands, Script, shaped
from local_stack.worker.machine import Machine
from local_stack.worker.process import Command, Tail, User, run

KEPT_BYTES = 4096  # Azure keeps the end of each stream
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Runner:
    """Holds the running scripts."""

    def __init__(self, ctx: Context, commands: Commands) -> None:
        self._ctx = ctx
        self._commands = commands
        self._runs: dict[str, tuple[asyncio.Task[None], str]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def start(self, resource_id: str, operation: str, machine: Machine, script: Script) -> None:
        """Begin to run a command's script; an earlier run of the same command is ended."""
        self.cancel(resource_id)
        if not script.wait:
            self._commands.change(resource_id, operation, "Succeeded")
            self._succeed(resource_id, operation)
        task = asyncio.create_task(self._run(resource_id, operation, machine, script))
        self._runs[resource_id.lower()] = (task, operation)
        task.add_done_callback(lambda _: self._forget(resource_id, operation))

    def cancel(self, resource_id: str) -> None:
        """End a command's script, if it runs, and tell who waits for it."""
        task, operation = self._runs.pop(resource_id.lower(), (None, ""))
        if task:
            task.cancel()
            preempted = "Operation execution has been preempted by a more recent operation."
            self._ctx.operations.fail(operation, "OperationPreempted", preempted)

    def recover(self) -> None:
        """Close what was under way when the stack went down: its processes are gone, its secrets too."""
        lost = "The virtual machine's agent restarted while the script was running."
        for kept in self._commands.under_way():
            self._fail(kept["id"], kept["operation"], lost)

    async def close(self) -> None:
        """End every script."""
        tasks = [task for task, _ in self._runs.values()]
        self._runs = {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, resource_id: str, operation: str) -> None:
        if self._runs.get(resource_id.lower(), (None, ""))[1] == operation:
            del self._runs[resource_id.lower()]

    async def _run(self, resource_id: str, operation: str, machine: Machine, script: Script) -> None:
        try:
            if not script.wait:
                await self._execute(resource_id, operation, machine, script)
                return
            async with self._locks.setdefault(machine.resource_id.lower(), asyncio.Lock()):
                await self._execute(resource_id, operation, machine, script)
        except OSError as error:
            self._ctx.log.exception("run command %s", resource_id)
            self._fail(resource_id, operation, f"The script could not be run: {error}")

    def _fail(self, resource_id: str, operation: str, why: str) -> None:
        self._commands.change(resource_id, operation, "Failed", executionState="Failed", executionMessage=why)
        self._ctx.operations.fail(operation, FAILED_CODE, why)

    def _succeed(self, resource_id: str, operation: str) -> None:
        kept = self._commands.find(resource_id)
        shown = shaped(kept, instance_view=False) if kept and kept["operation"] == operation else None
        self._ctx.operations.succeed(operation, shown)

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
            self._succeed(resource_id, operation)

    def _now(self) -> str:
        return self._ctx.clock.now().isoformat()
