"""Builds one stack from its directory: context, services, listeners; starts and stops them in order."""

from __future__ import annotations

import importlib
import json
import logging
from importlib.util import find_spec
from pathlib import Path

from local_stack.core.context import Context
from local_stack.core.control import control_listener
from local_stack.core.files import write_private
from local_stack.core.lock import tell_running
from local_stack.core.router import Router
from local_stack.core.service import ARM_AUDIENCES, Listener, Service

SERVICES = (
    "identity",
    "arm",
    "deployments",
    "storage",
    "key_vault",
    "dns",
    "oci_registry",
    "components",
    "logs",
    "automation",
    "run_command",
    "event_hub",
    "monitor",
)
DEPLOYER = "deployer"


class Stack:
    """A stack that can be started and stopped once. `services` narrows it, for tests of one service."""

    def __init__(
        self, directory: Path, *, reserve_accounts: tuple[str, ...] = (), services: tuple[str, ...] = SERVICES
    ) -> None:
        self.ctx = Context(directory, reserve_accounts)
        self._started: list[Service] = []
        self._add_log_file()
        self._create_deployer()
        for name in services:
            self._add(name)

    async def start(self) -> None:
        """Open every listener, then bring every service to life. Raises StackError; what was opened is closed."""
        try:
            for service in self.ctx.services.values():
                for listener in service.listeners():
                    await self.ctx.listen(service.name, listener)
            if "arm" in self.ctx.services:
                await self._open_arm()
            for service in self.ctx.services.values():
                self._started.append(service)
                await service.start()
            await self.ctx.serve(*control_listener(self.ctx))
            tell_running(self.ctx.directory, self.ctx.answering())
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close the listeners, stop the services in reverse order, close the directory's files."""
        self.ctx.stop_requested.set()
        for name in self.ctx.listening():
            await self.ctx.unlisten(name)
        while self._started:
            service = self._started.pop()
            try:
                await service.stop()
            except Exception:
                self.ctx.log.exception("stopping %s", service.name)
        await self.ctx.close()
        for handler in list(self.ctx.log.handlers):
            if getattr(handler, "baseFilename", "") == str(self._log_file()):
                self.ctx.log.removeHandler(handler)
                handler.close()

    def _add(self, name: str) -> None:
        if find_spec(f"local_stack.{name}") is None:
            return
        kind: type[Service] = importlib.import_module(f"local_stack.{name}").service
        service = kind(self.ctx)
        self.ctx.services[service.name] = service
        for resource_type, provider in service.providers().items():
            self.ctx.resources.providers[resource_type.lower()] = provider

    async def _open_arm(self) -> None:
        router = Router()
        others = [service for name, service in self.ctx.services.items() if name != "arm"]
        for service in (*others, self.ctx.services["arm"]):
            router.add(service.name, service.arm_routes())
        from local_stack.arm.errors import require_api_version

        await self.ctx.serve(
            Listener("arm", [], ARM_AUDIENCES, collapse_slashes=True, check=require_api_version), router
        )

    def _create_deployer(self) -> None:
        """Make the one application that may do everything, whose secret the directory keeps for people."""
        kept = self.ctx.directory / "deployer.json"
        if kept.exists():
            return
        principal, secret = self.ctx.create_application(DEPLOYER)
        self.ctx.roles.assign(f"/{DEPLOYER}", principal.oid, "Owner", "/")
        facts = {
            "tenant_id": principal.tenant_id,
            "client_id": principal.app_id,
            "object_id": principal.oid,
            "client_secret": secret,
        }
        write_private(kept, json.dumps(facts, indent=1).encode())

    def _log_file(self) -> Path:
        return (self.ctx.directory / "stack.log").absolute()

    def _add_log_file(self) -> None:
        handler = logging.FileHandler(self._log_file())
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        self.ctx.log.addHandler(handler)
        self.ctx.log.propagate = False
