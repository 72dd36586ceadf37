"""Where Azure Monitor answers: below ARM, before the generic resources."""

from __future__ import annotations

from local_stack.core.context import Context
from local_stack.core.resources import Provider
from local_stack.core.service import Route, Service
from local_stack.monitor.answers import Answers
from local_stack.monitor.resources import GROUP, ActionGroups

_GROUP = "{scope:/subscriptions/.+}/providers/Microsoft.Insights/actionGroups/{group}"
_ALERTS = "{scope:/subscriptions/.+}/providers/Microsoft.AlertsManagement/alerts"
_READ = "Microsoft.AlertsManagement/alerts/read"


class MonitorService(Service):
    """Action groups and alert instances."""

    name = "monitor"

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self._answers = Answers(ctx)

    def arm_routes(self) -> list[Route]:
        deliver = "Microsoft.Insights/actionGroups/deliver/action"
        return [
            Route("POST", _GROUP + "/deliver", self._answers.deliver, "alert.deliver", action=deliver),
            Route("GET", _ALERTS, self._answers.alerts, "alerts.list", action=_READ),
            Route("GET", _ALERTS + "/{alert}", self._answers.alert, "alerts.get", action=_READ),
        ]

    def providers(self) -> dict[str, Provider]:
        return {GROUP: ActionGroups()}

    async def stop(self) -> None:
        await self._answers.stop()
