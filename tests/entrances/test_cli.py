"""The command line as a stranger meets it: help with examples, one JSON document, exit codes that stay."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.builders.manifest import sample_manifest
from tests.unit.test_settings import REQUIRED
from vibedata import __version__, catalog, cli
from vibedata.errors import BadInput

COMMANDS = [
    *(["day0"], ["import-artifacts"], ["publish-runbooks"], ["bootstrap-registry"], ["run-health"]),
    *(
        ["status"],
        ["logs"],
        ["deploy", "plan"],
        ["package", "actions"],
        ["manifest", "validate"],
        ["release", "pack"],
        ["release", "push"],
    ),
    *(["release", "keygen"], ["release", "sign"], ["release", "verify"]),
    *(["receipts", "verify"], ["receipts", "list"]),
    ["alerts", "explain"],
    *(["alerts", "list"], ["alerts", "show"], ["alerts", "replay"]),
    *(["alerts", "poison", "list"], ["alerts", "poison", "show"], ["alerts", "poison", "requeue"]),
]
WRITING = [["day0"], *([row.verb.replace("_", "-")] for row in catalog.RUNBOOKS)]
# What a command is given so that nothing but the missing settings is wrong with it.
WITHOUT_SETTINGS = [["publish-runbooks"], ["bootstrap-registry"], ["run-health"], ["status"], ["logs"]]
WITHOUT_SETTINGS += [["receipts", "verify"], ["receipts", "list"]]
WITHOUT_SETTINGS += [["alerts", "list"], ["alerts", "poison", "list"]]
WRONG_WORDS = [
    ["no-such-command"],
    ["status", "--no-such-option"],
    ["status", "extra"],
    ["import-artifacts"],
    ["manifest", "validate"],
    ["manifest", "no-such-command"],
    ["release", "push"],
    ["release", "sign"],
    ["receipts", "list", "--last", "0"],
    ["alerts", "explain"],
    ["alerts", "list", "--severity", "dreadful"],
    ["alerts", "poison", "requeue"],
    ["logs", "--since"],
]


def run(*words: str, home: Path | None = None, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `vibedata` as a program, with nothing set that it could find an instance by."""
    return subprocess.run(
        [sys.executable, "-m", "vibedata", "cli", *words],
        env={"PATH": os.environ["PATH"], "VIBEDATA_HOME": str(home or "/nonexistent")},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def error_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return the error of the one JSON document on standard output; nothing else may be anywhere."""
    document = json.loads(done.stdout)
    assert done.stderr == ""
    assert set(document) == {"error"}
    assert set(document["error"]) == {"kind", "code", "message", "hint", "detail"}
    assert document["error"]["hint"]
    return dict(document["error"])


def test_every_command_is_known_to_these_tests() -> None:
    assert {words[0] for words in COMMANDS} == cli.command_names()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_shows_an_example_of_the_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*words, "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"Example: vibedata {' '.join(words)}" in told
    assert "Exit codes:" in told
    assert "--output" in told


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_what_writes_has_a_dry_run_and_an_operation_id(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*words, "--help"]) == 0
    told = capsys.readouterr().out
    assert "--dry-run" in told
    assert "--operation-id" in told


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_on_its_page(words: list[str]) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/cli.md").read_text("utf-8")
    assert re.search(rf"^\| `vibedata {' '.join(words)}\b", page, re.MULTILINE)


@pytest.mark.parametrize("words", WRONG_WORDS, ids=" ".join)
def test_wrong_words_are_exit_2_in_text_and_in_json(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == BadInput.exit_code
    told = capsys.readouterr()
    assert told.out == ""
    assert "What to do" in told.err
    if words[-1] == "--since":  # takes the next word as its own
        return
    assert cli.main([*words, "--output", "json"]) == BadInput.exit_code
    told = capsys.readouterr()
    assert json.loads(told.out)["error"]["kind"] == "BadInput"
    assert told.err == ""


@pytest.mark.parametrize(
    "option", [["--output", "json"], ["--output=json"], ["-o", "json"], ["-ojson"]], ids="".join
)
def test_every_spelling_of_json_is_understood_in_errors(option: list[str]) -> None:
    assert error_of(run("status", *option))["code"] == "settings-missing"


@pytest.mark.parametrize("words", WITHOUT_SETTINGS, ids=" ".join)
def test_missing_settings_are_exit_2_and_one_json_document(words: list[str]) -> None:
    done = run(*words, "--output", "json")
    assert done.returncode == BadInput.exit_code
    error = error_of(done)
    assert error["code"] == "settings-missing"
    assert "tenant_id" in error["detail"]["missing"]


def test_a_day0_without_its_file_is_bad_input() -> None:
    done = run("day0", "--deployment", "/nonexistent.json", "--output", "json")
    assert (done.returncode, error_of(done)["code"]) == (2, "deployment-unreadable")


def test_an_operation_id_that_is_no_guid_is_refused_at_once(tmp_path: Path) -> None:
    from tests.unit.test_settings import REQUIRED

    (tmp_path / "settings.json").write_text(json.dumps(REQUIRED), "utf-8")
    done = run("run-health", "--operation-id", "nope", "--output", "json", home=tmp_path)
    assert done.returncode == BadInput.exit_code
    assert "nope" in error_of(done)["message"]


def test_a_password_comes_on_standard_input_only() -> None:
    done = run("import-artifacts", "--publisher-username", "customer-pull", "--output", "json")
    assert (done.returncode, error_of(done)["code"]) == (2, "password-missing")


def manifest_with_faults(folder: Path) -> Path:
    """Write a manifest with three faults a schema sees and one it cannot."""
    document = sample_manifest()
    document["undeclared"] = True
    document["release"]["serial"] = "seven"
    document["components"][0]["kind"] = "spaceship"
    document["components"].append(dict(document["components"][1]))
    file = folder / "manifest.json"
    file.write_text(json.dumps(document, indent=2), "utf-8")
    return file


def test_every_violation_is_told_with_line_and_pointer(tmp_path: Path) -> None:
    file = manifest_with_faults(tmp_path)
    done = run("manifest", "validate", str(file))
    assert done.returncode == BadInput.exit_code
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stdout.splitlines() if line]
    assert all(re.match(rf"{re.escape(str(file))}:\d+: /\S*: .+\. .+", line) for line in lines), lines
    told = "\n".join(lines)
    for pointer in ("/release/serial", "/components/0/kind", "undeclared"):
        assert pointer in told
    text = file.read_text("utf-8").splitlines()
    serial = next(line for line in lines if "/release/serial" in line)
    assert '"serial"' in text[int(serial.removeprefix(f"{file}:").split(":")[0]) - 1]


def test_every_violation_is_in_the_json_document(tmp_path: Path) -> None:
    done = run("manifest", "validate", str(manifest_with_faults(tmp_path)), "--output", "json")
    assert done.returncode == BadInput.exit_code
    violations = error_of(done)["detail"]["violations"]
    assert len(violations) >= 4
    assert all(set(v) >= {"pointer", "line", "problem", "remedy"} for v in violations)
    assert all(v["remedy"] and v["line"] > 0 for v in violations)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "manifest-not-json"),
        (b'{"a": 1, "a": 2}', "manifest-duplicate-key"),
        (b"\xff\xfe{}", "manifest-not-utf8"),
        (b"[" * 5000 + b"]" * 5000, "manifest-too-deep"),
        (b'"' + b"x" * (20 << 20) + b'"', "manifest-too-large"),
    ],
    ids=["broken", "duplicate", "encoding", "deep", "large"],
)
def test_a_file_that_cannot_be_read_has_a_code(raw: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(raw)
    done = run("manifest", "validate", str(tmp_path / "manifest.json"), "--output", "json")
    assert (done.returncode, error_of(done)["code"]) == (BadInput.exit_code, code)


def test_a_valid_manifest_is_exit_0_and_one_json_document(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(sample_manifest()), "utf-8")
    done = run("manifest", "validate", str(file), "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["digest"].startswith("sha256:")


def test_the_version_is_told() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"vibedata {__version__}\n", "")


def test_nobody_sees_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("[]", "utf-8")
    done = run("status", home=tmp_path)
    assert done.returncode == BadInput.exit_code
    assert "settings-unreadable" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_identity_is_one_error_and_no_noise(tmp_path: Path) -> None:
    nowhere = {name: "https://127.0.0.1:9" for name in REQUIRED if name.endswith("_endpoint")}
    (tmp_path / "settings.json").write_text(json.dumps({**REQUIRED, **nowhere}), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "vibedata", "cli", "logs", "--output", "json"],
        env={
            "PATH": os.environ["PATH"],
            "VIBEDATA_HOME": str(tmp_path),
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 4, done.stdout
    assert error_of(done)["code"] == "azure-sign-in-failed"
