"""Run Commands' paths under ARM, with the action that each requires of its caller."""

from __future__ import annotations

from local_stack.core.context import Context
from local_stack.core.service import Route, Service
from local_stack.run_command.answers import VM, Answers
from local_stack.run_command.runner import Runner
from local_stack.run_command.state import Commands
from local_stack.worker.machine import Machines

ACTION = "Microsoft.Compute/virtualMachines/runCommands"
ONE = VM + "/runCommands/{name}"


class RunCommand(Service):
    """Routes and the running scripts."""

    name = "run_command"

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        commands = Commands(ctx)
        self._runner = Runner(ctx, commands)
        self._answers = Answers(ctx, commands, self._runner, Machines(ctx))

    def arm_routes(self) -> list[Route]:
        """Return the routes of a VM's commands."""
        answers = self._answers
        return [
            Route("GET", VM + "/runCommands", answers.list, "runCommand.list", f"{ACTION}/read"),
            Route("PUT", ONE, answers.put, "runCommand.createOrUpdate", f"{ACTION}/write"),
            Route("GET", ONE, answers.get, "runCommand.get", f"{ACTION}/read"),
            Route("DELETE", ONE, answers.delete, "runCommand.delete", f"{ACTION}/delete"),
        ]

    async def start(self) -> None:
        """Close what an earlier run left open."""
        self._runner.recover()

    async def stop(self) -> None:
        """End every script."""
        await self._runner.close()
