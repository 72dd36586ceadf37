from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.oci.rig import Rig

ROOT = Path(__file__).resolve().parents[2]
TYPES = ["--artifact-type", "application/vnd.example", "--layer-type", "application/vnd.example.layer.tar"]


class Shell:
    """Runs `python -m oci` with a home that holds wrong credentials for every other tool."""

    def __init__(self, folder: Path, rig: Rig) -> None:
        home = folder / "home"
        (home / ".docker").mkdir(parents=True)
        hosts = list(rig.hosts.values())
        auths = {host: {"auth": "d3Jvbmc6d3Jvbmc="} for host in hosts}
        (home / ".docker/config.json").write_text(json.dumps({"auths": auths}))
        lines = [f"machine {host.partition(':')[0]} login wrong password wrong\n" for host in hosts]
        (home / ".netrc").write_text("".join(lines))
        (home / ".netrc").chmod(0o600)
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "SSL_CERT_FILE": str(rig.stack.ca_file),
        }

    def run(self, *arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "oci", *arguments], cwd=self.folder, env={**self.environment, **more},
            input=stdin, capture_output=True, text=True, timeout=180,
        )  # fmt: skip

    def json(self, *arguments: str, **more: str) -> dict[str, Any]:
        done = self.run(*arguments, "--output", "json", **more)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def shell(tmp_path: Path, rig: Rig) -> Shell:
    return Shell(tmp_path, rig)


def test_a_release_goes_from_a_folder_to_a_registry_to_a_stick_and_back(
    shell: Shell, rig: Rig, publisher_token: tuple[str, str]
) -> None:
    user, secret = publisher_token
    known = {"OCI_USERNAME": user, "OCI_PASSWORD": secret}
    (shell.folder / "src/pkg").mkdir(parents=True)
    (shell.folder / "src/pkg/a.py").write_text("x = 1\n")
    place = f"{rig.hosts['publisher']}/vibedata/bundle"

    packed = shell.json("pack", "--tree", "src", "oci:out:1.0", *TYPES)
    pushed = shell.json("push", "oci:out:1.0", f"{place}:1.0", **known)
    assert (pushed["digest"], pushed["changed"]) == (packed["digest"], 4)
    assert shell.json("push", "oci:out:1.0", f"{place}:1.0", **known)["changed"] == 0
    assert shell.json("inspect", place, **known) == {"tags": ["1.0"]}
    assert shell.json("inspect", f"{place}:1.0", **known)["manifest"]["layers"][0]["mediaType"] == TYPES[3]
    assert shell.json("verify", f"{place}@{packed['digest']}", **known)["blobsVerified"] == 2
    assert shell.json("copy", f"{place}:1.0", "oci:stick", **known)["tagsWritten"] == ["1.0"]
    assert shell.json("pull", "oci:stick:1.0", "--to", "back")["digest"] == packed["digest"]
    assert (shell.folder / "back/pkg/a.py").read_text() == "x = 1\n"


def test_a_password_comes_on_standard_input(shell: Shell, rig: Rig, publisher_token: tuple[str, str]) -> None:
    user, secret = publisher_token
    place = f"{rig.hosts['publisher']}/vibedata/none:1"
    done = shell.run("inspect", place, "--username", user, "--password-stdin", stdin=secret + "\n")
    assert done.returncode == 5
    assert "error oci-not-found" in done.stderr
    done = shell.run("inspect", place, "--username", user, "--password-stdin", stdin="wrong\n")
    assert done.returncode == 3
    assert "error oci-unauthorized" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["pull", "oci:absent:1", "--to", "x"], 5),
        (["pull", "no-registry:1", "--to", "x"], 2),
        (["pack", "absent", "oci:o:1", *TYPES], 2),
        (["pack", "oci:o:1", *TYPES], 2),
        (["pack", "--tree", "absent", "oci:o:1", *TYPES], 2),
        (["pack", "home/.netrc", "r.example/o:1", *TYPES], 2),
        (["pull", "oci:absent", "--to", "x", "--password-stdin"], 2),
    ],
)
def test_a_mistake_ends_with_its_code_and_a_hint(shell: Shell, arguments: list[str], code: int) -> None:
    done = shell.run(*arguments)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error oci-")
    told = shell.run(*arguments, "--output", "json")
    assert {"code", "message", "hint"} == set(json.loads(told.stdout))
    assert told.stderr == ""


def test_help_shows_examples(shell: Shell) -> None:
    assert "examples:" in shell.run("--help").stdout


def test_a_list_is_copied_at_once_and_one_that_fails_is_named(
    shell: Shell, rig: Rig, publisher_token: tuple[str, str]
) -> None:
    user, secret = publisher_token
    known = {"OCI_USERNAME": user, "OCI_PASSWORD": secret}
    lines = ["# artifacts"]
    for number in range(3):
        (shell.folder / f"f{number}").write_text(str(number))
        shell.json("pack", f"f{number}", f"oci:out:t{number}", *TYPES)
        lines.append(f"oci:out:t{number} {rig.hosts['publisher']}/vibedata/many:t{number}")
    (shell.folder / "good.txt").write_text("\n".join(lines))
    assert shell.json("push", "--list", "good.txt", **known)["copied"] == 3
    assert shell.json("push", "--list", "good.txt", **known)["changed"] == 0

    (shell.folder / "bad.txt").write_text(
        "\n".join([*lines, f"oci:out:absent {rig.hosts['publisher']}/vibedata/many:x"])
    )
    done = shell.run("push", "--list", "bad.txt", "--output", "json", **known)
    told = json.loads(done.stdout)
    assert (done.returncode, told["exitCode"], told["copied"], told["failed"]) == (5, 5, 3, 1)
    assert [row.get("code") for row in told["artifacts"]] == [None, None, None, "oci-not-found"]

    lines = shell.run("push", "--list", "bad.txt", **known).stdout.splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["present", "present", "present", "failed", "error"]
    assert "copied: 3" in lines


@pytest.mark.parametrize(
    "text", ["", "one\n", "a b c\n", "oci:out:1 oci:b:1\noci:out:2 oci:b:1\n", "oci:out oci:b:1\n"],
    ids=["nothing", "one place", "three places", "a target twice", "no tag"],
)  # fmt: skip
def test_a_list_that_is_none_is_refused_before_anything_is_sent(shell: Shell, text: str) -> None:
    (shell.folder / "list.txt").write_text(text)
    done = shell.run("copy", "--list", "list.txt")
    assert (done.returncode, done.stderr[:16]) == (2, "error oci-usage:")
