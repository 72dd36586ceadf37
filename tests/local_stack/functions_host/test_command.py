from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from local_stack.core.beside import functions_host, stop_functions_host
from tests.local_stack.functions_host.site import APP, Site, await_true


def start(site: Site, settings: Path) -> subprocess.Popen[str]:
    settings.write_text(json.dumps({"IsEncrypted": False, "Values": site.settings}))
    words = ["--app", str(APP), "--settings", str(settings), "--directory", str(site.stack.directory)]
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "local_stack.functions_host",
            *words,
            "--resource-id",
            site.id,
            "--lease",
            "1",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_command_runs_an_app_with_its_identity_until_it_is_told_to_stop(
    site: Site, tmp_path: Path
) -> None:
    running = start(site, tmp_path / "local.settings.json")
    try:
        await_true(lambda: functions_host(site.stack.directory))
        site.send({"job": 1})
        await_true(lambda: site.notes("done"))
        url = functions_host(site.stack.directory)
        assert stop_functions_host(site.stack.directory)
    finally:
        running.kill()
    said = running.stdout.read() if running.stdout else ""
    assert url
    assert f"The functions host is up at {url[1]}" in said
    assert site.identity.header not in said


def test_workers_end_when_their_host_is_killed(site: Site, tmp_path: Path) -> None:
    running = start(site, tmp_path / "local.settings.json")
    await_true(lambda: functions_host(site.stack.directory))
    site.send({"job": 1})
    await_true(lambda: site.notes("begun"))
    worker = site.notes("begun")[0]["pid"]
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    await_true(lambda: not _is_there(worker))
    if running.stdout:
        running.stdout.close()


def _is_there(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text("ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
