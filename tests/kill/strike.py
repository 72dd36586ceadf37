"""Runs inside the worker's engine: notes every point that a run passes, and dies with -9 at the one it was told.

The harness puts this file in the place of the bundle's `__main__.py`, behind a line `PLAN = {...}`. The product has no
hook for it: `wires` is the seam of `vibedata/entry.py`, and every client of the engine speaks through `http.client`.
The whole process group dies, bootstrap included, as when the platform ends a script or a job. Standard library only.
"""

import http.client
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

CHANGING = {"POST", "PUT", "PATCH", "MERGE", "DELETE"}
ASKING = ("/oauth2/", "/token", "/query")  # POSTs that change nothing
DELIVERY = "/streams/"  # the log's own way out, which is no part of any step


class Point:
    """Where a run is: the verb, its innermost open step, and the kind of thing that has just happened there."""

    def __init__(self, plan):
        self.plan = plan
        self.verb = ""
        self.open = [("", "")]
        self.counts = {}
        self.lock = threading.RLock()

    def row(self, row):
        """Take note of a row that the log has accepted."""
        self.verb, _, step = row["Operation"].partition("/")
        status, name = row["Status"], (step, row["Component"])
        if status == "Started":
            self.open.append(name)
        self.reach("row", name, status)
        if status in ("Succeeded", "Failed") and name in self.open[1:]:
            self.open.remove(name)

    def answered(self, method, path):
        """Take note of a request whose effect is durable and whose answer nobody has read yet."""
        if DELIVERY in path:
            self.reach("delivery", ("", ""), method)  # in a thread of its own: which step is open is chance
        elif method not in CHANGING or any(word in path for word in ASKING):
            self.reach("read", self.open[-1], method)
        else:
            self.reach("change", self.open[-1], method)

    def reach(self, kind, name, what):
        """Note one point; die when it is the one."""
        with self.lock:
            where = [self.verb, *name, kind, what if kind == "row" else ""]
            key = json.dumps(where)
            self.counts[key] = self.counts.get(key, 0) + 1
            reached = [*where, self.counts[key]]
            self.note(reached)
            if reached == self.plan["at"]:
                die(self.plan)

    def note(self, reached):
        """Add a line to the trace."""
        with Path(self.plan["trace"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(reached) + "\n")


def die(plan):
    """Leave a mark, then end the whole process group; nothing of it runs on."""
    Path(plan["mark"]).touch()
    os.killpg(os.getpgid(0), signal.SIGKILL)
    time.sleep(60)


def watch_requests(point):
    """Have every HTTP client of this process tell of its answers."""
    connection = http.client.HTTPConnection
    put, get = connection.putrequest, connection.getresponse

    def putrequest(self, method, url, *args, **options):
        self.asked = (method, url)
        return put(self, method, url, *args, **options)

    def getresponse(self, *args, **options):
        response = get(self, *args, **options)
        point.answered(*self.asked)
        return response

    connection.putrequest, connection.getresponse = putrequest, getresponse


def wires_of(point):
    """Return the engine's wires, whose operations log tells of its rows."""
    from vibedata import wiring

    class Watched:
        def __init__(self, log):
            self.log = log

        def write(self, rows):
            self.log.write(rows)
            for row in rows:
                point.row(row)

        def __getattr__(self, name):
            return getattr(self.log, name)

    class Wires(wiring.Wires):
        def operations_log(self):
            return Watched(super().operations_log())

    return Wires


def main(plan, argv):
    """Run the verb as the bundle's own `__main__.py` does, watched; returns its exit code."""
    sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]
    from vibedata import entry

    point = Point(plan)
    watch_requests(point)
    return entry.main(argv, wires=wires_of(point))
