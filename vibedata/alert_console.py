"""What people see of alerts: tables and lines for whoever is on call. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vibedata import console
from vibedata.ports import Summary

SHORT_CHARS = 12


def incidents(summary: Summary) -> None:
    """Show incidents as a table."""
    headings = ("id", "state", "severity", "component", "rule", "first", "last", "told", "summary")
    rows = [
        (
            *(one["id"], one["state"], one["severity"], one["component"] or "-", one["rule"] or "-"),
            *(_time(one["firstAt"]), _time(one["lastAt"])),
            f"{one['deliveries']}{'r' if one['reconciled'] else ''}",
            one["summary"],
        )
        for one in summary.data["incidents"]
    ]
    out = console.screen()
    if rows:
        out.print(console.table(headings, rows))
    out.print(summary.message)


def incident(summary: Summary) -> None:
    """Show everything of one incident."""
    one = summary.data["incident"]
    out = console.screen()
    out.print(f"{one['state']}  {one['severity']}  {one['summary']}", soft_wrap=True)
    for name in ("alertId", "rule", "kind", "component", "openedAt", "closedAt", "operationId"):
        out.print(f"  {name:<12} {one[name] or '-'}", soft_wrap=True)
    told = [
        (_time(step["at"]), step["condition"], _how(step), step["verdict"] or "-", step["eventId"])
        for step in summary.data["deliveries"]
    ]
    out.print(console.table(("at", "condition", "by", "notice", "event"), told, "Deliveries"))
    _log(summary.data, out)
    for link in summary.data["links"]:
        out.print(f"{link['name']}: {link['url']}", soft_wrap=True)


def poisoned(summary: Summary) -> None:
    """Show what was given up as a table."""
    headings = ("name", "at", "code", "times", "requeued", "rule", "reason")
    rows = [
        (
            *(one["name"][:SHORT_CHARS], _time(one["at"]), one["code"], one["times"]),
            *(_time(one["requeuedAt"]), one["rule"] or "-", one["reason"]),
        )
        for one in summary.data["poisoned"]
    ]
    out = console.screen()
    if rows:
        out.print(console.table(headings, rows))
    out.print(summary.message)


def poisoned_one(summary: Summary) -> None:
    """Show one that was given up, and its message."""
    one = summary.data
    out = console.screen()
    for name in ("name", "at", "code", "reason", "summary", "alertId", "deliveryKey", "times", "requeuedAt"):
        out.print(f"{name:<12} {one[name] or '-'}", soft_wrap=True)
    out.print("")
    out.print(_harmless(one["body"] or one["message"]), soft_wrap=True)


def closing(summary: Summary) -> None:
    """Show how a command ended."""
    state = summary.status
    out = console.screen()
    out.print(f"{state}  {summary.message}", soft_wrap=True)


def _log(data: Mapping[str, Any], out: Any) -> None:
    rows = [
        (_time(row.get("EventTime")), row.get("Status", ""), row.get("Operation", ""), row.get("Message", ""))
        for row in data["rows"]
    ]
    if rows:
        out.print(console.table(("at", "status", "operation", "message"), rows, "Rows in the operations log"))
    else:
        out.print(f"No rows in the operations log. {data['rowsMissing']}".strip(), soft_wrap=True)


def _how(step: Mapping[str, Any]) -> str:
    return "reconciliation" if step["reconciled"] else "delivery"


def _harmless(text: str) -> str:
    """Return a text that anybody may have written as a terminal may show it: no control characters."""
    return "".join(mark if mark.isprintable() or mark in "\n\t" else repr(mark)[1:-1] for mark in text)


def _time(told: Any) -> str:
    return str(told)[:19].replace("T", " ") if told else "-"
