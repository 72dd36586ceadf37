"""What each command of `python -m local_stack` does; the words are in `cli.py`."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from local_stack.core.beside import FILE, functions_host, stop_functions_host
from local_stack.core.client import ControlClient
from local_stack.core.daemon import run_foreground, start_detached, stop
from local_stack.core.environment import environment
from local_stack.core.errors import StackError
from local_stack.core.lock import running

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FOLLOW_SECONDS = 0.5


def up(given: argparse.Namespace) -> None:
    facts = running(given.directory)
    if facts:
        print(f"The stack is already running (process {facts['pid']}) in {given.directory}.")
    elif given.foreground:
        run_foreground(given.directory, tuple(given.account), lambda: _print_table(given.directory))
        return
    else:
        facts = start_detached(given.directory, tuple(given.account))
        print(f"The stack is up (process {facts['pid']}) in {given.directory}.")
    _print_table(given.directory)


def down(given: argparse.Namespace) -> None:
    stop_functions_host(given.directory)
    was_running = stop(given.directory)
    print(f"Stopped; its state stays in {given.directory}." if was_running else "No stack was running.")


def status(given: argparse.Namespace) -> None:
    client = ControlClient(given.directory)
    facts = client.call("GET", "/status")
    if given.json:
        print(json.dumps({"pid": client.pid, **facts}))
        return
    print(f"Running (process {client.pid}), its time {facts['time']}, {facts['writes']} writes, ", end="")
    print(f"{facts['faults']} faults set.")
    _print_table(given.directory)


def env(given: argparse.Namespace) -> None:
    values = environment(given.directory, ControlClient(given.directory).addresses["identity"])
    values |= _dropped_in(given.directory / "env.d")
    if given.json:
        print(json.dumps(values))
        return
    for name, value in values.items():
        print(f"export {name}={shlex.quote(value)}")
    print(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"')


def faults_list(given: argparse.Namespace) -> None:
    found = ControlClient(given.directory).call("GET", "/faults")
    if given.json:
        print(json.dumps(found))
        return
    for fault in found["faults"]:
        usual = {"rate": 1.0, "message": fault["message"]}
        shown = {k: v for k, v in fault.items() if v not in (None, False, "*", usual.get(k))}
        print("  ".join(f"{key}={value}" for key, value in shown.items()))
    for name, value in found["settings"].items():
        print(f"setting {name}={value}")
    if not (found["faults"] or found["settings"]):
        print("No faults are set.")


def faults_add(given: argparse.Namespace) -> None:
    names = (
        "service",
        "operation",
        "status",
        "retry_after",
        "latency",
        "reset",
        "after",
        "cut_after",
        "skip",
        "times",
        "rate",
        "path",
    )
    made = ControlClient(given.directory).call(
        "POST", "/faults", {name: getattr(given, name) for name in names}
    )
    print(f"Fault {made['id']} is set for {made['service']} {made['operation']}.")


def faults_set(given: argparse.Namespace) -> None:
    ControlClient(given.directory).call("PUT", f"/faults/settings/{given.name}", {"value": given.value})
    print(f"{given.name} is {given.value} now.")


def faults_clear(given: argparse.Namespace) -> None:
    ControlClient(given.directory).call("DELETE", "/faults")
    print("All faults and settings are cleared (component states are not: set them to healthy).")


def faults_restart(given: argparse.Namespace) -> None:
    ControlClient(given.directory).call("POST", "/services/storage/restart", {})
    print("Azurite was restarted.")


def faults_component(given: argparse.Namespace) -> None:
    body = {"state": given.state, "seconds": given.seconds}
    ControlClient(given.directory).call("PUT", f"/services/components/states/{given.name}", body)
    print(f"Component {given.name} is {given.state} now.")


def writes(given: argparse.Namespace) -> None:
    client = ControlClient(given.directory)
    seen = given.since
    while True:
        entries = client.call("GET", f"/writes?since={seen}&limit=1000")
        for entry in entries:
            seen = entry["seq"]
            print(json.dumps(entry) if given.json else _line(entry), flush=True)
        if not entries:
            if not given.follow:
                return
            time.sleep(_FOLLOW_SECONDS)


def clock(given: argparse.Namespace) -> None:
    answer = ControlClient(given.directory).call("POST", "/clock", {"seconds": given.advance})
    print(answer["time"])


def _line(entry: dict[str, Any]) -> str:
    moment = entry["time"][11:23]
    who = entry["principal"] or "-"
    words = f"{entry['seq']:>6} {moment} {entry['service']:<13} {entry['operation']:<30} {entry['status']}"
    return f"{words}  {who}  {entry['method']} {entry['path']}"


def _print_table(directory: Path) -> None:
    facts = running(directory) or {"addresses": {}}
    host = functions_host(directory)
    addresses = {**facts["addresses"], **({"functions": host[1]} if host else {})}
    for name, url in sorted(addresses.items()):
        print(f"  {name:<24} {url}")
    if facts["addresses"] and not host and (directory / FILE).exists():
        print("  functions                does not run: start it again as it was started")
    print(f'Use it: eval "$(python -m local_stack env --directory {directory})"', flush=True)


def _dropped_in(folder: Path) -> dict[str, str]:
    values: dict[str, str] = {}
    for file in sorted(folder.glob("*.env")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            name, equals, value = line.partition("=")
            if not line.strip() or line.startswith("#"):
                continue
            if not equals or not _NAME.fullmatch(name):
                raise StackError(f"{file}, line {number}: expected NAME=value.")
            values[name] = value
    return values
