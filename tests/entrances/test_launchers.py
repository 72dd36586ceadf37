"""The launchers as the worker runs them: another process, only what is on the machine."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vibedata.catalog import RUNBOOKS
from vibedata.envelope import Envelope

FOLDER = Path(__file__).resolve().parents[2] / "runbooks"
VERBS = [row.verb for row in RUNBOOKS]
DIGEST = "sha256:" + "b" * 64
OTHER = "sha256:" + "c" * 64
ENGINE = (
    "import json, sys\nprint(json.dumps([__file__, sys.argv[1:], sys.flags.isolated, sys.flags.no_site]))\n"
)


def interpreters() -> list[str]:
    """This interpreter, and a CPython 3.10 where one is found."""
    versions = Path(sys.base_prefix).parent.glob("3.10.*/bin/python")
    candidates = [*map(str, sorted(versions)), shutil.which("python3.10") or ""]
    return [sys.executable, *[found for found in candidates if found and _is_310(found)][:1]]


def _is_310(python: str) -> bool:
    asked = [python, "-c", "import sys; print(sys.version_info[:2])"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout == "(3, 10)\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A worker's directory with two bundles, of which the first is current."""
    for digest in (DIGEST, OTHER):
        package = tmp_path / "bundles" / digest.replace(":", "-") / "vibedata"
        package.mkdir(parents=True)
        (package / "__main__.py").write_text(ENGINE)
    (tmp_path / "current").symlink_to(tmp_path / "bundles" / DIGEST.replace(":", "-"))
    return tmp_path


def launch(
    verb: str, home: Path, *words: str, python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, str(FOLDER / f"{verb}.py"), *words],
        env={"VIBEDATA_HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def encoded(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


@pytest.mark.parametrize("python", interpreters())
@pytest.mark.parametrize("verb", VERBS)
def test_launcher_runs_the_current_bundle(home: Path, verb: str, python: str) -> None:
    word = Envelope(verb).encode()
    done = launch(verb, home, word, python=python)
    assert done.returncode == 0, done.stderr
    main, words, isolated, no_site = json.loads(done.stdout)
    assert main == str(home / "bundles" / DIGEST.replace(":", "-") / "vibedata" / "__main__.py")
    assert (words, isolated, no_site) == ([word], 1, 1)


def test_launcher_runs_the_bundle_that_the_envelope_names(home: Path) -> None:
    done = launch("run_health", home, Envelope("run_health", bundle=OTHER).encode())
    assert OTHER.replace(":", "-") in json.loads(done.stdout)[0]


@pytest.mark.parametrize(
    "words",
    [
        [],
        [""],
        ["no base64 at all"],
        ["\u00e4"],
        [encoded([1, 2])],
        [encoded("text")],
        [encoded({})],
        [Envelope("import_artifacts").encode()],
        [encoded({"verb": "run_health", "bundle": "../../../etc"})],
        [encoded({"verb": "run_health", "bundle": "sha256:" + "b" * 63 + "/"})],
        [encoded({"verb": "run_health", "bundle": DIGEST + "\n"})],
        [encoded({"verb": "run_health", "bundle": 7})],
        [encoded({"verb": "run_health", "bundle": ""})],
        [encoded({"verb": "run_health", "bundle": "sha256:" + "d" * 64})],
        [base64.urlsafe_b64encode(b"[" * 30_000).decode()],
        ["A" * 70_000],
    ],
    ids=str,
)
def test_launcher_refuses_what_is_not_for_it(home: Path, words: list[str]) -> None:
    done = launch("run_health", home, *words)
    assert done.returncode != 0
    assert done.stdout == ""
    error = json.loads(done.stderr.strip().splitlines()[-1])
    assert (error["kind"], error["code"]) == ("BadInput", "launcher-refused")
    assert error["message"].startswith("Runbook run_health was not started: ")
    assert error["hint"]


def test_worker_without_a_bundle_is_told(tmp_path: Path) -> None:
    done = launch("run_health", tmp_path, Envelope("run_health").encode())
    assert "launcher-refused" in done.stderr
    assert "current" in done.stderr


def test_launchers_differ_in_their_verb_only() -> None:
    texts = {verb: (FOLDER / f"{verb}.py").read_text("ascii") for verb in VERBS}
    assert {text.replace(f'"{verb}"', '"VERB"') for verb, text in texts.items()} == {
        texts["run_health"].replace('"run_health"', '"VERB"')
    }
