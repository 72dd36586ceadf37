"""What people see of alerts: tables and lines for whoever is on call. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vibedata import console
from vibedata.ports import Summary

SHORT_CHARS = 12
WHAT_IS_KNOWN = (
    *("name", "at", "code", "reason", "origin", "summary", "alertId", "deliveryKey"),
    *("bytes", "times", "requeuedAt"),
)
WIDE_CHARS = 120  # narrower, a sentence in a table's last column would be a column of single words
MAX_SHOWN = 50  # of a storm's incidents: the gravest come first, and the last line has to be seen


def incidents(summary: Summary) -> None:
    """Show incidents as a table."""
    headings = ("id", "state", "severity", "component", "first", "last", "told", "summary")
    listed = summary.data["incidents"]
    rows = [
        (
            *(one["id"], one["state"], one["severity"], one["component"] or "-"),
            *(_time(one["firstAt"]), _time(one["lastAt"])),
            f"{one['deliveries']}{'r' if one['reconciled'] else ''}",
            one["summary"],
        )
        for one in listed[:MAX_SHOWN]
    ]
    out = console.screen()
    _listing(out, headings, rows)
    out.print(summary.message, end=" " if len(listed) > MAX_SHOWN else "\n")
    if len(listed) > MAX_SHOWN:
        more = "--component, --severity and --since choose, --output json has all"
        out.print(f"The gravest {MAX_SHOWN} are shown: {more}.", soft_wrap=True)
    out.print(_waiting(summary.data), soft_wrap=True)


def _waiting(data: Mapping[str, Any]) -> str:
    """Return a sentence about the queues: what waits there is in no incident yet."""
    if data["waiting"] is None:
        return f"What waits on the queues is not known: {data['waitingMissing']}"
    (first, count), *others = data["waiting"].items()
    verb = "waits" if count == 1 else "wait"
    more = "".join(f", {number} in {name}" for name, number in others)
    return f"{console.counted(count, 'message')} {verb} in the queue {first}{more}."


def incident(summary: Summary) -> None:
    """Show everything of one incident."""
    one = summary.data["incident"]
    out = console.screen()
    out.print(f"{one['state']}  {one['severity']}  {one['summary']}", soft_wrap=True)
    for name in ("alertId", "rule", "kind", "component", "openedAt", "closedAt", "operationId"):
        why = _why(summary.data["rows"]) if name == "component" and not one[name] else ""
        out.print(f"  {name:<12} {one[name] or '-'}{why}", soft_wrap=True)
    told = [
        (_time(step["at"]), step["condition"], _how(step), step["eventId"], _verdict(step["verdict"]))
        for step in summary.data["deliveries"]
    ]
    _listing(out, ("at", "condition", "by", "event", "notice"), told, "Deliveries")
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
    _listing(out, headings, rows)
    out.print(summary.message)


def rejected(summary: Summary) -> None:
    """Show what intake took for no alert as a table."""
    rows = [
        (
            _short(one["name"]),
            _time(one["at"]),
            one["origin"] or "-",
            one["code"] or "-",
            one["bytes"],
            one["reason"],
        )
        for one in summary.data["rejected"]
    ]
    out = console.screen()
    _listing(out, ("name", "at", "origin", "code", "bytes", "reason"), rows)
    out.print(summary.message, soft_wrap=True)


def poisoned_one(summary: Summary) -> None:
    """Show one that was given up, and its message."""
    one = summary.data
    out = console.screen()
    for name in WHAT_IS_KNOWN:
        out.print(console.harmless(f"{name:<12} {one[name] or '-'}"), soft_wrap=True)
    out.print("")
    out.print(console.harmless(one["body"] or one["message"]), soft_wrap=True)


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
        _listing(out, ("at", "status", "operation", "message"), rows, "Rows in the operations log")
    else:
        out.print(f"No rows in the operations log. {data['rowsMissing']}".strip(), soft_wrap=True)


def _listing(out: Any, headings: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> None:
    """Show a table whose last column is a sentence; on a narrow screen the sentence stands below its row."""
    if not rows:
        return
    if out.width >= WIDE_CHARS:
        console.show_table(out, console.table(headings, rows, title or None))
        return
    lines = [[console.harmless(str(cell)) for cell in row] for row in (headings, *rows)]
    widths = [max(map(len, column)) for column in zip(*(line[:-1] for line in lines), strict=True)]
    if title:
        out.print(title)
    for number, line in enumerate(lines):
        cells = zip(line, widths, strict=False)
        out.print("  ".join(f"{cell:<{width}}" for cell, width in cells).rstrip(), soft_wrap=True)
        if number:
            out.print(f"    {line[-1]}", soft_wrap=True)


def _short(path: str) -> str:
    """Return the name of a kept body with the first letters of its digest, by which it can be called too."""
    place, slash, name = path.rpartition("/")
    return f"{place}{slash}{name[:SHORT_CHARS]}"


def _verdict(text: str) -> str:
    word, colon, why = (text or "-").removeprefix("suppressed:").partition(":")
    return f"{word}: {why}" if colon and why else word


def _why(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return why no component is known, as the newest row that tells it has it."""
    details = [row["Details"] for row in rows if isinstance(row.get("Details"), Mapping)]
    told = [str(one["componentWhy"]) for one in details if one.get("componentWhy")]
    return f", because {told[-1]}" if told else ""


def _how(step: Mapping[str, Any]) -> str:
    return "reconciliation" if step["reconciled"] else "delivery"


def _time(told: Any) -> str:
    return str(told)[:19].replace("T", " ") if told else "-"
