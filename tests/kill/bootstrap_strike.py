"""Runs inside bootstrap.py: notes what durable thing it is about to do, and dies with -9 before the one it was told.

The harness puts this text ahead of the script's last two lines. Python's own audit events name what the script does,
so a step that is added to it is found by itself. Standard library only.
"""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

DURABLE = {
    "os.mkdir", "os.rename", "os.symlink", "os.link", "os.chown", "os.chmod", "os.remove", "os.truncate",
    "shutil.rmtree", "subprocess.Popen", "urllib.Request",
}  # fmt: skip
PURE = {"token", "pull_token", "layer"}  # they ask, and leave nothing
DURING_SECONDS = 0.3  # a child process is at work by then, and not done
HELPERS = {"send", "field", "insist", "ask", "start", "look", "read", "read_some", "pull"}


def watch_bootstrap(plan, script):
    """Follow the script whose globals are `script` from here on."""
    parent, counts = os.getpid(), {}

    def hook(event, args):
        if event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            reach("open", str(args[0]))
        elif event in DURABLE:
            reach(event, str(args[0]) if args else "")

    def reach(event, about):
        function = "compile" if os.getpid() != parent else innermost(script)
        if not function or function in PURE or about in (plan["trace"], plan["mark"], os.devnull):
            return
        counts[function, event] = count = counts.get((function, event), 0) + 1
        point = ["bootstrap", function, "", "before", event, count]
        if count & (count - 1) == 0:  # 1, 2, 4, 8 ...: enough to know how many
            note(point)
        if point == plan["at"]:
            die()
        if event == "subprocess.Popen" and function != "run_verb":  # the verb has cells of its own
            during = ["bootstrap", function, "", "during", event, count]
            note(during)
            if during == plan["at"]:
                threading.Timer(DURING_SECONDS, die).start()

    def note(point):
        with Path(plan["trace"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(point) + "\n")

    def die():
        Path(plan["mark"]).touch()
        os.killpg(os.getpgid(0), signal.SIGKILL)
        time.sleep(60)

    sys.addaudithook(hook)


def innermost(script):
    """Return the script's own function that is running, without its helpers for requests; empty for none."""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        own = frame.f_globals is script and code.co_name not in HELPERS and not code.co_name.startswith("<")
        if own and code.co_name not in ("hook", "reach", "note", "die", "innermost", "watch_bootstrap"):
            return code.co_name
        frame = frame.f_back
    return ""
