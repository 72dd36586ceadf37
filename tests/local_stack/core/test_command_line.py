"""`python -m local_stack`, as a person types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


class Shell:
    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "local_stack", *words, "--directory", str(self.directory)]
        return subprocess.run(command, capture_output=True, text=True, timeout=250)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("cli") / "stack")
    started = shell("up", "--account", "reserved1")
    assert started.returncode == 0, started.stderr
    assert "arm " in started.stdout
    yield shell
    assert shell("down").returncode == 0


def test_a_second_up_says_it_is_running(up: Shell) -> None:
    again = up("up")
    assert again.returncode == 0
    assert "already running" in again.stdout


def test_status_is_json_for_machines(up: Shell) -> None:
    facts = json.loads(up("status", "--json").stdout)
    assert {"arm", "identity", "blob"} <= set(facts["addresses"])
    os.kill(facts["pid"], 0)


def test_env_is_what_a_shell_evaluates(up: Shell) -> None:
    folder = up.directory / "env.d"
    folder.mkdir(exist_ok=True)
    (folder / "demo.env").write_text("# seeded\nAZURE_SUBSCRIPTION_ID=abc\nODD=it's $HOME\n")
    script = (
        up("env").stdout + 'echo "$AZURE_CLIENT_ID|$AZURE_SUBSCRIPTION_ID|$ODD|$SSL_CERT_FILE|${PATH%%:*}"\n'
    )
    words = (
        subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
        .stdout.strip()
        .split("|")
    )
    deployer = json.loads((up.directory / "deployer.json").read_text())
    assert words[:3] == [deployer["client_id"], "abc", "it's $HOME"]
    assert Path(words[3]).read_text().startswith("-----BEGIN CERTIFICATE")
    assert words[4] == str(Path(sys.executable).parent)


def test_a_broken_env_file_is_named(up: Shell) -> None:
    broken = up.directory / "env.d" / "zz.env"
    broken.parent.mkdir(exist_ok=True)
    broken.write_text("not an assignment\n")
    try:
        refused = up("env")
    finally:
        broken.unlink()
    assert refused.returncode == 3
    assert "zz.env, line 1" in refused.stderr


def test_faults_are_set_listed_and_cleared(up: Shell) -> None:
    up("faults", "add", "arm", "resource.get", "--status", "503", "--times", "2")
    up("faults", "set", "roles.propagation_seconds", "5")
    listed = json.loads(up("faults", "list", "--json").stdout)
    assert [(f["service"], f["status"], f["times"]) for f in listed["faults"]] == [("arm", 503, 2)]
    assert listed["settings"] == {"roles.propagation_seconds": "5"}
    up("faults", "clear")
    assert "No faults" in up("faults", "list").stdout


def test_a_listed_fault_tells_all_that_it_does(up: Shell) -> None:
    up("faults", "add", "arm", "resource.get", "--reset", "--after", "--times", "1")
    listed = up("faults", "list").stdout
    up("faults", "clear")
    assert {"reset=True", "after=True", "times=1"} <= set(listed.split())
    assert "rate" not in listed


@pytest.mark.parametrize("command", ["up", "down", "status", "env", "writes", "clock"])
def test_every_commands_help_has_an_example(up: Shell, command: str) -> None:
    assert f"local_stack {command}" in up(command, "--help").stdout.partition("example:")[2]


def test_a_fault_without_effect_is_refused(up: Shell) -> None:
    refused = up("faults", "add", "arm")
    assert refused.returncode == 3
    assert "needs a status" in refused.stderr


def test_the_control_listener_needs_the_key(up: Shell) -> None:
    import requests

    url = json.loads(up("status", "--json").stdout)["addresses"]["control"]
    reply = requests.post(
        url + "/stop", headers={"Authorization": "Bearer guess"}, verify=str(up.directory / "keys" / "ca.pem")
    )
    assert reply.status_code == 401
    assert up("status").returncode == 0


def test_wrong_words_are_exit_2_with_help(up: Shell) -> None:
    wrong = up("explode")
    assert wrong.returncode == 2
    assert "invalid choice" in wrong.stderr


def test_without_a_stack_the_answer_says_how_to_start_one(tmp_path: Path) -> None:
    refused = Shell(tmp_path / "none")("status")
    assert refused.returncode == 3
    assert "python -m local_stack up" in refused.stderr
    assert Shell(tmp_path / "none")("down").returncode == 0


def test_killed_it_leaves_no_child_and_starts_again(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "stack")
    assert shell("up").returncode == 0
    pid = json.loads(shell("status", "--json").stdout)["pid"]
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    assert children
    os.kill(pid, signal.SIGKILL)
    assert shell("status").returncode == 3
    again = shell("up")
    assert again.returncode == 0, again.stderr
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    pid = json.loads(shell("status", "--json").stdout)["pid"]
    assert shell("down").returncode == 0
    assert not Path(f"/proc/{pid}").exists()
