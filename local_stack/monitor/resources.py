"""`Microsoft.Insights/actionGroups`: what Azure would not take, and the status it adds to receivers."""

from __future__ import annotations

from typing import Any

from local_stack.monitor.errors import bad_group

GROUP = "Microsoft.Insights/actionGroups"
Body = dict[str, Any]
_MOST = 10
_SHORT_NAME = 12


class ActionGroups:
    """The provider of action groups."""

    async def put(self, _resource_id: str, body: Body, _previous: Body | None) -> Body:
        properties = dict(body["properties"])
        short_name = str(properties.get("groupShortName", ""))
        if not 1 <= len(short_name) <= _SHORT_NAME:
            raise bad_group("The group short name must have 1 to 12 characters.")
        names: list[str] = []
        for kind in [key for key in properties if key.endswith("Receivers")]:
            receivers = [dict(each) for each in properties[kind] or []]
            if len(receivers) > _MOST and kind != "emailReceivers":
                raise bad_group(f"An action group takes {_MOST} {kind} at most.")
            for receiver in receivers:
                _check(kind, receiver, body)
                names.append(str(receiver.get("name", "")).lower())
            if kind in ("emailReceivers", "smsReceivers"):
                receivers = [{**each, "status": "Enabled"} for each in receivers]
            properties[kind] = receivers
        if len(set(names)) < len(names):
            raise bad_group("The names of an action group's receivers must be unique.")
        return {**body, "properties": {"enabled": True, **properties}}

    async def delete(self, _resource_id: str) -> None:
        """Nothing runs for a group."""


def _check(kind: str, receiver: Body, body: Body) -> None:
    name = receiver.get("name")
    if not name:
        raise bad_group(f"Each of the {kind} needs a name.")
    if kind == "webhookReceivers" and not str(receiver.get("serviceUri", "")).startswith(
        ("https://", "http://")
    ):
        raise bad_group(f"The serviceUri of the webhook '{name}' is no http address.")
    if kind == "webhookReceivers" and receiver.get("useAadAuth") and not receiver.get("identifierUri"):
        raise bad_group(f"The secure webhook '{name}' needs an identifierUri.")
    wanted = str(receiver.get("managedIdentity") or "None")
    carried = str((body.get("identity") or {}).get("type", ""))
    if wanted.lower() == "systemassigned" and "SystemAssigned" not in carried:
        raise bad_group(f"The receiver '{name}' names the system-assigned identity, and the group has none.")
