"""The Function app on this machine: the checkout's own, run by the functions host in a process beside the stack."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from demo import alerting
from demo.instance import Instance
from local_stack.core.beside import functions_host, stop_functions_host
from local_stack.core.errors import StackError

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")  # the deployer's secret is not among them
START_SECONDS = 60.0


class FunctionApp:
    """The functions host beside the stack in `stack`; `directory` keeps its settings and its output."""

    def __init__(self, stack: Path, directory: Path) -> None:
        self._stack = stack
        self._directory = directory
        self.output = directory / "host.out"

    def start(self, instance: Instance, authority: str, http_caller: str) -> str:
        """Start it unless it runs, and return its address. Raises StackError with its last words.

        `http_caller` is the client id of who may use the HTTP fallback.
        """
        running = functions_host(self._stack)
        if running:
            return running[1]
        self._directory.mkdir(parents=True, exist_ok=True)
        settings = self._directory / "local.settings.json"
        alerting.write_host_settings(settings, instance.settings, authority, http_caller)
        return self._started(settings, instance.ids["functionApp"])

    def stop(self) -> None:
        """Stop it, if it runs."""
        stop_functions_host(self._stack)

    def _started(self, settings: Path, resource_id: str) -> str:
        words = ["--app", str(ROOT), "--settings", str(settings), "--directory", str(self._stack)]
        command = [sys.executable, "-m", "local_stack.functions_host", *words, "--resource-id", resource_id]
        with self.output.open("w") as file:
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env={name: os.environ[name] for name in KEPT if name in os.environ},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and child.poll() is None:
            found = functions_host(self._stack)
            if found and found[0] == child.pid:
                return found[1]
            time.sleep(0.05)
        if child.poll() is None:
            child.terminate()
            child.wait()
        raise StackError(f"The functions host did not start; {self.output} says: {_last_words(self.output)}")


def _last_words(output: Path) -> str:
    lines = output.read_text("utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "nothing"
