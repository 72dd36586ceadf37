"""What people see: tables, live phases and closing lines, and their JSON twins. Decides nothing."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from vibedata.errors import VibedataError

COLOURS = {
    "done": "green",
    "nothing to do": "cyan",
    "planned": "yellow",
    "running": "yellow",
    "waiting": "dim",
    "failed": "red",
    "Healthy": "green",
    "Succeeded": "green",
    "Started": "dim",
    "Degraded": "yellow",
    "Progressing": "yellow",
    "Unknown": "magenta",
    "Unhealthy": "red",
    "Failed": "red",
}

UNCOUNTABLE = {"health": "health row"}


def screen() -> Console:
    """Return standard output as a console; a pipe gets plain text, wide enough not to be cut."""
    return Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 160)


def print_json(document: Any) -> None:
    """Write one JSON document to standard output."""
    print(json.dumps(document, indent=2, default=str))


def print_error(error: VibedataError, as_json: bool) -> None:
    """Show an error: what, where, and what to do next."""
    told = error.as_dict()
    if as_json:
        print_json({"error": told})
        return
    out = Console(stderr=True, highlight=False, markup=False, emoji=False)
    out.print(
        Text.assemble((f"{told['kind']} {told['code']}", "bold red"), f": {told['message']}"), soft_wrap=True
    )
    out.print(Text.assemble(("What to do: ", "bold"), told["hint"]), soft_wrap=True)


def harmless(text: str) -> str:
    """Return a text that anybody may have written as a terminal may show it: no control characters but line and tab."""
    return "".join(mark if mark.isprintable() or mark in "\n\t" else repr(mark)[1:-1] for mark in text)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> Table:
    """Return a table whose known state words are coloured."""
    shown = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(harmless(str(cell)), style=COLOURS.get(str(cell), "")) for cell in row))
    return shown


def show_table(out: Console, shown: Table) -> None:
    """Show a table; where it is no terminal, without the blanks that fill up a line."""
    if out.is_terminal:
        out.print(shown)
        return
    with out.capture() as captured:
        out.print(shown)
    for line in captured.get().splitlines():
        out.print(line.rstrip(), soft_wrap=True)


def written(counts: Mapping[str, int]) -> str:
    """Return counts as words: `4 runbooks, 1 schedule`; nothing written is a dash."""
    words = [counted(count, kind.replace("_", " ")) for kind, count in counts.items() if count]
    return ", ".join(words) or "-"


def counted(count: int, kind: str) -> str:
    """Return a count of things, whose kind may be given as one or as many: `1 policy`, `2 policies`."""
    one = UNCOUNTABLE.get(kind) or re.sub(r"(?<=[^s])s$", "", re.sub(r"ies$", "y", kind))
    return f"{count} {one if count == 1 else re.sub(r'y$', 'ie', one) + 's'}"


def phase_table(states: Sequence[Any]) -> Table:
    """Return Day-0's table: state, seconds and what was written, phase by phase."""
    rows = [
        (
            s.phase.number,
            s.phase.name,
            s.phase.verb,
            s.state,
            f"{s.elapsed():.1f}" if s.began is not None else "",
            s.message
            if s.state == "failed"
            else written(s.written)
            if s.state in ("done", "nothing to do")
            else "",
        )
        for s in states
    ]
    return table(("phase", "name", "verb", "state", "seconds", "written"), rows)


def show_phases(states: Sequence[Any]) -> None:
    """Show phases as they stand."""
    show_table(screen(), phase_table(states))


def follow_phases(run: Callable[[Callable[[Sequence[Any]], None]], None]) -> None:
    """Show phases while `run` works: a live table on a terminal, one plain line per change otherwise."""
    console = screen()
    if console.is_terminal:
        current: list[Any] = []
        with Live(get_renderable=lambda: phase_table(current), console=console, refresh_per_second=8):
            run(lambda states: current.__setitem__(slice(None), states))
        return
    seen: dict[int, str] = {}
    run(lambda states: _lines(states, seen, console))


def _lines(states: Sequence[Any], seen: dict[int, str], console: Console) -> None:
    for s in states:
        if s.state != "waiting" and seen.get(s.phase.number) != s.state:
            seen[s.phase.number] = s.state
            tail = (
                ""
                if s.state == "running"
                else f"  {s.elapsed():5.1f} s  {s.message if s.error else written(s.written)}"
            )
            console.print(
                f"phase {s.phase.number:>2}  {s.phase.verb:<20} {s.state:<14}{tail}", soft_wrap=True
            )


def summary(done: Any, seconds: float, operation_id: str) -> None:
    """Show how a verb ended."""
    console = screen()
    console.print(
        Text.assemble((done.status, COLOURS[done.status]), f"  {done.verb}  {seconds:.1f} s  {done.message}"),
        soft_wrap=True,
    )
    if done.changed:
        console.print(f"written: {written(done.written)}")
    elif done.status == "planned":
        console.print(f"would be written: {written(done.planned)}")
    _changes(done.data, console)
    console.print(f"operation {operation_id}", style="dim")


def _changes(data: Mapping[str, Any], console: Console) -> None:
    """Show a registry's difference field by field, and what discovery could not place, each with what to do."""
    for change in data.get("difference", []):
        console.print(f"{change['action']:<7} {change['key']}", soft_wrap=True)
        for name, (before, after) in change["fields"].items() if change["action"] == "update" else ():
            console.print(f"          {name}: {before!r} -> {after!r}", soft_wrap=True)
    for kind in ("missing", "unmatched"):
        for one in data.get(kind, []):
            if not one.get("infrastructure"):
                console.print(
                    f"{kind}: {one.get('component') or one.get('resourceId')}: {one['remedy']}",
                    soft_wrap=True,
                )


def status(shown: Mapping[str, Any]) -> None:
    """Show the release, the instance's health and every component."""
    release, whole = shown["release"], shown["overall"]
    console = screen()
    head = Text.assemble(
        f"release {release.get('version', '?')}, health ", (whole["status"], COLOURS.get(whole["status"], ""))
    )
    if whole.get("cause"):
        head.append(f" because of {', '.join(whole['cause'])}")
    console.print(head)
    rows = [
        (c["name"], c["version"], c["shortDigest"], c["endpoint"], c["status"], _reason(c))
        for c in shown["components"]
    ]
    show_table(console, table(("component", "version", "digest", "endpoint", "health", "reason"), rows))


def rows(batches: Iterable[Sequence[Mapping[str, Any]]], *, as_json: bool, follow: bool) -> None:
    """Show operations rows as they come; JSON is one document, or one line each when following."""
    console, gathered = screen(), []
    for batch in batches:
        for row in batch:
            if as_json and follow:
                print(json.dumps(row, default=str), flush=True)
            elif as_json:
                gathered.append(row)
            else:
                console.print(_log_line(row), soft_wrap=True)
    if as_json and not follow:
        print_json({"rows": gathered})


def receipts(shown: Mapping[str, Any]) -> None:
    """Show the receipts and the chain's head."""
    rows = [
        (
            one["seq"],
            one["at"][:19].replace("T", " "),
            *(one["verb"], one["subject"], _short(one["before"]), _short(one["after"])),
        )
        for one in shown["receipts"]
    ]
    console = screen()
    headings = ("seq", "at", "verb", "subject", "before", "after")
    if rows:
        show_table(console, table(headings, rows))
    else:
        console.print("No receipt matches.")
    console.print(f"head {shown['head']}", soft_wrap=True)


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12] or "-"


def _log_line(row: Mapping[str, Any]) -> Text:
    state = str(row.get("Status", ""))
    took = row.get("DurationMs")
    tail = " ".join(str(row[key]) for key in ("ErrorCode", "Message") if row.get(key))
    return Text.assemble(
        (str(row.get("EventTime") or row.get("TimeGenerated"))[:19].replace("T", " "), "dim"),
        "  ",
        (f"{state:<10}", COLOURS.get(state, "")),
        f" {row.get('Operation', ''):<38} {row.get('Component', ''):<20}",
        f" {took} ms" if took is not None else "",
        f"  {harmless(tail)}" if tail else "",
    )


def _reason(component: Mapping[str, Any]) -> str:
    cause = component.get("cause") or []
    reason = component.get("message") or component.get("reason") or ""
    return f"{reason} (because of {', '.join(cause)})" if cause else str(reason)


def progress() -> Callable[[Mapping[str, Any]], None]:
    """Return what shows the steps that end while a verb runs, on standard error."""
    out = Console(stderr=True, highlight=False, markup=False, emoji=False)

    def show(row: Mapping[str, Any]) -> None:
        if row["Status"] != "Started" and "/" in row["Operation"]:
            out.print(_log_line(row), soft_wrap=True)

    return show


def plain(lines: Iterable[str]) -> None:
    """Show lines as they are."""
    for line in lines:
        print(line)


def plain_progress(line: str) -> None:
    """Show a step of long work at once."""
    print(line, flush=True)
