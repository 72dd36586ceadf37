"""Builds the ways in for alerts that somebody sends by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from vibedata.errors import BadInput
from vibedata.ports import Summary
from vibedata.ports.alerts import AlertSender
from vibedata.settings import Settings
from vibedata.wiring.engine import utc_now

PATHS = ("actiongroup", "eventhub", "http", "queue")


def send_alerts(
    settings: Settings,
    files: Sequence[tuple[str, bytes]],
    *,
    through: str,
    count: int | None,
    beat: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Send alerts; see `flows.send_alert`."""
    from vibedata.flows import send_alert as flow

    return flow.run(
        files,
        count=count,
        sender=sender(settings, through),
        clock=utc_now,
        new_id=lambda: str(uuid.uuid4()),
        beat=beat,
    )


def sender(settings: Settings, through: str) -> AlertSender:
    """Return the way in of this name, one of PATHS. Raises BadInput (settings-missing)."""
    from vibedata.adapters import alert_senders
    from vibedata.adapters.credentials import deployer_credential

    if through == "queue":
        from vibedata.wiring.alerts import AlertStores

        return alert_senders.QueueSender(AlertStores(settings).queue(), utc_now)
    if through == "eventhub":
        return alert_senders.EventHubSender(event_hub_namespace(settings), deployer_credential())
    if through == "http":
        audience = settings.alert_http_audience
        if not audience:
            raise _missing("alert_http_audience", "for whom the HTTP fallback accepts tokens")
        return alert_senders.HttpSender(functions_url(settings), deployer_credential(), audience)
    return alert_senders.ActionGroupSender(
        settings.arm_endpoint, deployer_credential(), action_group_id(settings)
    )


def action_group_id(settings: Settings) -> str:
    """Return the action group that is set, or the template's own. Raises BadInput (settings-missing)."""
    named = settings.action_group_id
    group = f"/subscriptions/{settings.subscription_id}/resourceGroups/{settings.resource_group}"
    return named or f"{group}/providers/Microsoft.Insights/actionGroups/ag-vibedata-{_suffix(settings)}"


def event_hub_namespace(settings: Settings) -> str:
    """Return the namespace that is set, or the template's own. Raises BadInput (settings-missing)."""
    return settings.event_hub_namespace or f"evhns-{_suffix(settings)}.servicebus.windows.net"


def functions_url(settings: Settings) -> str:
    """Return the Function app's address that is set, or the template's own. Raises BadInput (settings-missing)."""
    return settings.functions_url or f"https://func-operations-{_suffix(settings)}.azurewebsites.net"


def _suffix(settings: Settings) -> str:
    if not settings.name_suffix:
        raise _missing("name_suffix", "what the instance's resources are called")
    return settings.name_suffix


def _missing(name: str, what: str) -> BadInput:
    return BadInput(
        "settings-missing",
        f"The setting {name} is empty: nobody says {what}.",
        hint=f"Set VIBEDATA_{name.upper()}.",
    )
