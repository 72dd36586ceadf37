"""Requests about a VM's Run Commands."""

from __future__ import annotations

from aiohttp import web

from local_stack.core.bodies import json_object
from local_stack.core.context import Context
from local_stack.run_command.errors import invalid
from local_stack.run_command.runner import Runner
from local_stack.run_command.state import Commands, checked_name, fingerprint, script_of, shaped
from local_stack.worker.machine import Machines

VM = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{vm}"


class Answers:
    """Parse, call, shape."""

    def __init__(self, ctx: Context, commands: Commands, runner: Runner, machines: Machines) -> None:
        self._ctx = ctx
        self._commands = commands
        self._runner = runner
        self._machines = machines

    async def put(self, request: web.Request) -> web.Response:
        """Run the script, unless script and open parameters are those of the last PUT."""
        machine = self._machines.get(_vm(request))
        resource_id, given = _id(request), await json_object(request, invalid)
        script = script_of(given)
        before = self._commands.find(resource_id)
        ran = before is None or before["fingerprint"] != fingerprint(given)
        request["detail"] = {"ran": ran}
        if before is not None and not ran:
            return web.json_response(shaped(before, instance_view=False), status=200)
        operation = self._ctx.operations.start(resource_id, "Microsoft.Compute")
        kept = self._commands.accept(resource_id, given, operation)
        self._runner.start(resource_id, operation, machine, script)
        body = shaped(kept, instance_view=False)
        return await self._ctx.operations.accepted(request, operation, body, status=200 if before else 201)

    async def get(self, request: web.Request) -> web.Response:
        expand = request.query.get("$expand", "").lower() == "instanceview"
        return web.json_response(shaped(self._commands.get(_id(request)), instance_view=expand))

    async def list(self, request: web.Request) -> web.Response:
        self._machines.get(_vm(request))
        expand = request.query.get("$expand", "").lower() == "instanceview"
        rows = self._commands.of_vm(_vm(request))
        return web.json_response({"value": [shaped(kept, instance_view=expand) for kept in rows]})

    async def delete(self, request: web.Request) -> web.Response:
        self._runner.cancel(_id(request))
        return web.Response(status=200 if self._commands.delete(_id(request)) else 204)


def _vm(request: web.Request) -> str:
    values = request.match_info
    return VM.format(subscription=values["subscription"], group=values["group"], vm=values["vm"])


def _id(request: web.Request) -> str:
    return f"{_vm(request)}/runCommands/{checked_name(request.match_info['name'])}"
