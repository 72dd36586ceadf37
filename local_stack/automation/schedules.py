"""Schedules and the links from them to runbooks. They fire on the stack's clock."""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta, timezone
from typing import Any

from local_stack.automation.errors import bad_request, conflict, not_found
from local_stack.automation.runbooks import Runbooks
from local_stack.automation.state import Account
from local_stack.core.context import Context

LEAD = timedelta(minutes=5)
STEPS = {
    "Minute": timedelta(minutes=1),
    "Hour": timedelta(hours=1),
    "Day": timedelta(days=1),
    "Week": timedelta(weeks=1),
}
NEVER = datetime(9999, 12, 31, 23, 59, tzinfo=timezone.utc)


class Schedules:
    """Schedules and links of all accounts."""

    def __init__(self, ctx: Context, runbooks: Runbooks) -> None:
        self._ctx = ctx
        self._runbooks = runbooks
        self._schedules = ctx.store.collection("automation", "schedules")
        self._links = ctx.store.collection("automation", "links")

    def put(self, account: Account, name: str, given: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """Create or replace a schedule, and say whether it is new. Raises WireError (BadRequest)."""
        properties = given.get("properties", {})
        frequency, interval = _repetition(properties)
        start = _time(properties.get("startTime"), "startTime")
        expiry = _time(properties["expiryTime"], "expiryTime") if properties.get("expiryTime") else NEVER
        before = self._schedules.get(account.key(name))
        now = self._ctx.clock.now()
        if start < now + LEAD and not (before and _time(before["start"], "startTime") == start):
            raise bad_request("The start time of the schedule must be at least 5 minutes in the future.")
        kept = {
            "account": account.id,
            "name": name,
            "frequency": frequency,
            "interval": interval,
            "start": start.isoformat(),
            "expiry": expiry.isoformat(),
            "zone": properties.get("timeZone") or "UTC",
            "description": properties.get("description"),
            "enabled": True,
            "created": before["created"] if before else now.isoformat(),
            "changed": now.isoformat(),
        }
        kept["next"] = _iso(_next(kept, now))
        self._schedules[account.key(name)] = kept
        return kept, before is None

    def enable(self, account: Account, name: str, given: dict[str, Any]) -> dict[str, Any]:
        """Switch a schedule on or off, or describe it anew. Raises WireError (NotFound)."""
        kept = self.get(account, name)
        properties = given.get("properties", {})
        kept["enabled"] = bool(properties.get("isEnabled", kept["enabled"]))
        kept["description"] = properties.get("description", kept["description"])
        kept["next"] = _iso(_next(kept, self._ctx.clock.now()))
        self._schedules[account.key(name)] = kept
        return kept

    def get(self, account: Account, name: str) -> dict[str, Any]:
        """Return a schedule. Raises WireError (NotFound)."""
        kept: dict[str, Any] | None = self._schedules.get(account.key(name))
        if kept is None:
            raise not_found("schedule", name)
        return kept

    def all(self, account: Account) -> list[dict[str, Any]]:
        """Return the account's schedules."""
        return [kept for _, kept in self._schedules.prefixed(account.key(""))]

    def delete(self, account: Account, name: str) -> None:
        """Remove a schedule with its links. Raises WireError (NotFound)."""
        self.get(account, name)
        self.unlink(account, "schedule", name)
        del self._schedules[account.key(name)]

    def put_link(self, account: Account, link_id: str, given: dict[str, Any]) -> dict[str, Any]:
        """Create a link. Raises WireError (Conflict, NotFound, BadRequest)."""
        if account.key(link_id) in self._links:
            raise conflict(f"A job schedule with the id '{link_id}' already exists.")
        properties = given.get("properties", {})
        schedule = self.get(account, str((properties.get("schedule") or {}).get("name") or ""))
        runbook = self._runbooks.get(account, str((properties.get("runbook") or {}).get("name") or ""))
        if runbook["properties"]["state"] == "New":
            raise bad_request(f"The runbook '{runbook['name']}' has no published version.")
        kept = {
            "account": account.id,
            "id": link_id,
            "schedule": schedule["name"],
            "runbook": runbook["name"],
            "runOn": properties.get("runOn"),
            "parameters": properties.get("parameters") or {},
        }
        self._links[account.key(link_id)] = kept
        return kept

    def link(self, account: Account, link_id: str) -> dict[str, Any]:
        """Return a link. Raises WireError (NotFound)."""
        kept: dict[str, Any] | None = self._links.get(account.key(link_id))
        if kept is None:
            raise not_found("job schedule", link_id)
        return kept

    def links(self, account: Account) -> list[dict[str, Any]]:
        """Return the account's links."""
        return [kept for _, kept in self._links.prefixed(account.key(""))]

    def delete_link(self, account: Account, link_id: str) -> None:
        """Remove a link. Raises WireError (NotFound)."""
        self.link(account, link_id)
        del self._links[account.key(link_id)]

    def unlink(self, account: Account, side: str, name: str) -> None:
        """Remove the links of a schedule or a runbook that goes."""
        for kept in self.links(account):
            if kept[side].lower() == name.lower():
                del self._links[account.key(kept["id"])]

    def earliest(self) -> datetime:
        """Return when the next schedule of any account is due."""
        return min(
            (_time(kept["next"], "next") for kept in self._schedules.values() if kept["next"]), default=NEVER
        )

    def due(self) -> list[dict[str, Any]]:
        """Return the links to start now, and move their schedules on; what was missed is not made up for."""
        now = self._ctx.clock.now()
        started = []
        for key, kept in list(self._schedules.items()):
            if not kept["next"] or _time(kept["next"], "next") > now:
                continue
            self._schedules[key] = {**kept, "next": _iso(_next(kept, now))}
            mine = self._links.prefixed(f"{kept['account'].lower()}/")
            started += [link for _, link in mine if link["schedule"] == kept["name"]]
        return started


def _repetition(properties: dict[str, Any]) -> tuple[str, int]:
    frequency = str(properties.get("frequency") or "")
    if properties.get("advancedSchedule"):
        raise bad_request("The local stack has no advanced schedules.")
    if frequency not in (*STEPS, "Month", "OneTime"):
        raise bad_request(f"The schedule frequency '{frequency}' is invalid.")
    try:
        interval = int(properties.get("interval") or 1)
    except (TypeError, ValueError):
        raise bad_request("The schedule interval is no number.") from None
    if not 1 <= interval <= 100:
        raise bad_request("The schedule interval must lie between 1 and 100.")
    return frequency, interval


def _time(text: Any, what: str) -> datetime:
    try:
        when = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise bad_request(f"The {what} '{text}' is no date and time.") from None
    return when if when.tzinfo else when.replace(tzinfo=timezone.utc)


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _next(kept: dict[str, Any], now: datetime) -> datetime | None:
    """Return the first firing after `now`; None when there is none any more."""
    start, expiry = _time(kept["start"], "start"), _time(kept["expiry"], "expiry")
    if not kept["enabled"]:
        return None
    if start > now:
        found = start
    elif kept["frequency"] == "OneTime":
        return None
    elif kept["frequency"] == "Month":
        found = _next_month(start, kept["interval"], now)
    else:
        step = STEPS[kept["frequency"]] * kept["interval"]
        found = start + step * ((now - start) // step + 1)
    return found if found <= expiry else None


def _next_month(start: datetime, interval: int, now: datetime) -> datetime:
    months, found = 0, start
    while found <= now:
        months += interval
        year, month = divmod(start.month - 1 + months, 12)
        last = calendar.monthrange(start.year + year, month + 1)[1]
        found = start.replace(year=start.year + year, month=month + 1, day=min(start.day, last))
    return found
