"""Takes a request apart, asks the store or the receivers, and shapes the answer."""

from __future__ import annotations

import json

from aiohttp import web

from local_stack.core.arm_ids import scope_of
from local_stack.core.context import Context
from local_stack.monitor import errors
from local_stack.monitor.instances import Instances
from local_stack.monitor.listing import KEPT, Bends, in_scope, page
from local_stack.monitor.payloads import shown, tellings
from local_stack.monitor.receivers import Receivers

PAGE_SIZE, LAG, RANGE_BY = "monitor.page_size", "monitor.lag_seconds", "monitor.range_by"
_LARGEST = 250
_LAG_SECONDS = 1.0
_SWEEP_SECONDS = 3600.0


class Answers:
    """The handlers, and the instances that they share."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.receivers = Receivers(ctx)
        self._instances: Instances | None = None
        self._swept = 0.0

    @property
    def instances(self) -> Instances:
        """The alert instances, opened at the first use."""
        if self._instances is None:
            self._instances = Instances(self._ctx.files("monitor") / "alerts.db")
        return self._instances

    async def stop(self) -> None:
        """End what is under way and close the store."""
        await self.receivers.stop()
        if self._instances:
            self._instances.close()
            self._instances = None

    async def deliver(self, request: web.Request) -> web.Response:
        """POST {actionGroupId}/deliver: an alert fires, or is resolved. No operation of Azure's: it stands for one."""
        group_id = request["arm_path"].rsplit("/", 1)[0]
        group = self._ctx.resources.get(group_id)
        if group is None:
            raise errors.group_not_found(group_id)
        payload = await request.read()
        alerts = self._remember(payload)
        enabled = group["properties"].get("enabled", True)
        results = await self.receivers.deliver(group, payload) if enabled else []
        request["detail"] = {
            "alerts": alerts,
            "receivers": [{key: r[key] for key in ("name", "type", "status")} for r in results],
        }
        return web.json_response({"alerts": alerts, "enabled": enabled, "receivers": results}, status=202)

    async def alerts(self, request: web.Request) -> web.Response:
        """GET {scope}/providers/Microsoft.AlertsManagement/alerts"""
        faults = self._ctx.faults
        bends = Bends(int(faults.setting(PAGE_SIZE, _LARGEST)), self._lag(), faults.text(RANGE_BY, "changed"))
        scope = scope_of(request["arm_path"])
        return web.json_response(page(request, scope, self.instances, self._ctx.clock.now(), bends))

    async def alert(self, request: web.Request) -> web.Response:
        """GET {scope}/providers/Microsoft.AlertsManagement/alerts/{alert}"""
        path: str = request["arm_path"]
        scope, _, guid = path.partition("/providers/Microsoft.AlertsManagement/alerts/")
        subscription = "/".join(path.split("/")[:3])
        known = f"{subscription}/providers/microsoft.alertsmanagement/alerts/{guid}"
        found = self.instances.get(known)
        if found is None or not in_scope(found, scope):
            raise errors.alert_not_found(path)
        return web.json_response(shown(found, self._lag()))

    def _remember(self, payload: bytes) -> list[str]:
        try:
            document = json.loads(payload)
        except (ValueError, RecursionError):
            raise errors.bad_payload("The alert is no JSON.") from None
        now = self._ctx.clock.now()
        told = list(tellings(document, now))
        for each in told:
            self.instances.tell(each, now.timestamp())
        if now.timestamp() - self._swept > _SWEEP_SECONDS:
            self._swept = now.timestamp()
            self.instances.expire((now - KEPT).timestamp())
        return [each.id for each in told]

    def _lag(self) -> float:
        return self._ctx.faults.setting(LAG, _LAG_SECONDS)
