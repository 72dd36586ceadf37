"""Runs commands one after the other and says what they took; started as a program of its own, which is small.

A child begins with the size of who started it, so the peak memory of a client is only to be had from a small parent.
Reads {"commands": [...]} from standard input, writes {"seconds", "cpu", "peak", "failed"} to standard output.
"""

import json
import os
import sys
import time


def main() -> None:
    """Run them, ending with the first that fails."""
    commands = json.load(sys.stdin)["commands"]
    peak, cpu, failed = 0, 0.0, 0
    began = time.perf_counter()
    for command in commands:
        pid = os.fork()
        if not pid:
            os.dup2(2, 1)
            os.execvp(command[0], command)
        _, failed, usage = os.wait4(pid, 0)
        peak, cpu = max(peak, usage.ru_maxrss), cpu + usage.ru_utime + usage.ru_stime
        if failed:
            break
    seconds = time.perf_counter() - began
    json.dump({"seconds": seconds, "cpu": cpu, "peak": peak, "failed": failed}, sys.stdout)


if __name__ == "__main__":
    main()
