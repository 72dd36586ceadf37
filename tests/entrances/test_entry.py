"""The worker's entrance from outside: one closing line, a code by kind, no secret, whatever comes in.

The engine runs in a process of its own, as on the worker, against an instance that gives no answer.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_settings import REQUIRED
from vibedata import entry
from vibedata.envelope import Envelope, operation_of_job
from vibedata.errors import BadInput, Blocked, Failed, Transient, VibedataError
from vibedata.ports import Summary

PASSWORD = "p4ss-0f-the-publisher"
JOB_ID = "0f0e0d0c-0b0a-4909-8807-060504030201"
OPERATION = "3f6b2f0e-6f55-4b2e-9c2a-0a1d8a0b7a11"
NOWHERE = "https://127.0.0.1:1/account/"
KEPT_CHARS = 3000  # of a Run Command's 4 KB, the closing line may take so many

Run = Callable[..., subprocess.CompletedProcess[str]]


class Metadata(BaseHTTPRequestHandler):
    """A machine's identity, whose token nobody will ever look at."""

    def do_GET(self) -> None:
        token = {"access_token": "opaque", "expires_in": "3600", "resource": "r", "token_type": "Bearer"}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(token).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def metadata() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(tmp_path: Path, metadata: str) -> Run:
    """Return what runs the engine on a worker whose instance gives no answer."""
    endpoints = {"blob_endpoint", "table_endpoint", "logs_ingestion_endpoint", "arm_endpoint"}
    settings = {**REQUIRED, **dict.fromkeys(endpoints, NOWHERE), "customer_registry": "127.0.0.1:1"}
    (tmp_path / "settings.json").write_text(json.dumps({**settings, "propagation_seconds": 0.0}), "utf-8")

    def engine(*words: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vibedata", *words],
            env={
                "PATH": os.environ["PATH"],
                "VIBEDATA_HOME": str(tmp_path),
                "AZURE_POD_IDENTITY_AUTHORITY_HOST": metadata,
                **environ,
            },
            input=stdin,
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )

    return engine


def closing(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    document = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(
    ("words", "stdin", "code"),
    [
        ((), "", "envelope-missing"),
        (("one", "two"), "", "envelope-missing"),
        (("%%%",), "", "envelope-unreadable"),
        ((Envelope("no_such_verb").encode(),), "", "envelope-invalid"),
        (("--secrets-from-stdin", Envelope("run_health").encode()), "no JSON", "secrets-unreadable"),
        (("--secrets-from-stdin", Envelope("run_health").encode()), f'["{PASSWORD}"]', "secrets-unreadable"),
    ],
)
def test_bad_input_is_one_line_of_json_and_exit_2(words: tuple[str, ...], stdin: str, code: str) -> None:
    out = io.StringIO()
    assert entry.main(list(words), io.StringIO(stdin), out) == BadInput.exit_code
    (line,) = out.getvalue().splitlines()
    error = json.loads(line)
    assert (error["kind"], error["code"]) == ("BadInput", code)
    assert error["hint"]
    assert PASSWORD not in line


def test_missing_settings_are_bad_input(run: Run, tmp_path: Path) -> None:
    (tmp_path / "settings.json").unlink()
    done = run(Envelope("run_health").encode())
    assert (done.returncode, closing(done)["code"]) == (2, "settings-missing")


@pytest.mark.parametrize("argument", ["no_such_argument", "clock"])
def test_an_argument_that_is_not_the_verbs_is_named(argument: str, run: Run, tmp_path: Path) -> None:
    done = run(Envelope("run_health", OPERATION, args={argument: 1}).encode(), AUTOMATION_JOB_ID=JOB_ID)
    assert (done.returncode, closing(done)["code"]) == (BadInput.exit_code, "args-unknown")
    assert argument in closing(done)["message"]
    assert {row["OperationId"] for row in journal(tmp_path)} == {
        OPERATION
    }  # the envelope's wins over the job's
    assert "Traceback" not in done.stdout + done.stderr


def test_an_instance_without_an_answer_is_transient_and_leaves_no_secret(run: Run, tmp_path: Path) -> None:
    secrets = json.dumps({"publisher_username": "customer-pull", "publisher_password": PASSWORD})
    word = Envelope("import_artifacts").encode()
    done = run("--secrets-from-stdin", word, stdin=secrets, AUTOMATION_JOB_ID=JOB_ID)
    error = closing(done)
    assert (done.returncode, error["kind"]) == (Transient.exit_code, "Transient")
    assert json.loads(done.stderr.splitlines()[-1]) == error
    assert "Traceback" not in done.stdout + done.stderr

    rows = journal(tmp_path)
    assert {row["OperationId"] for row in rows} == {operation_of_job(JOB_ID)}
    assert {row["JobId"] for row in rows} == {JOB_ID}
    assert (rows[-1]["Operation"], rows[-1]["Status"]) == ("import_artifacts", "Failed")
    assert rows[-1]["ErrorCode"] == error["code"]
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert PASSWORD not in done.stdout + done.stderr
    assert PASSWORD.encode() not in kept


def journal(home: Path) -> list[dict[str, Any]]:
    """Return the rows that could not be delivered and so lie on the worker's disk."""
    files = [path for path in home.rglob("*") if path.is_file() and path.name != "settings.json"]
    rows = [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]
    assert rows, "no row was kept"
    return rows


@pytest.mark.parametrize("kind", [BadInput, Blocked, Transient, Failed])
@pytest.mark.parametrize("text", ["x" * 9000, "é" * 9000, '"\\' * 4500], ids=["ascii", "escaped", "quoted"])
def test_the_closing_line_is_bounded(kind: type[VibedataError], text: str) -> None:
    out = io.StringIO()
    entry._last_line(kind("a-code", text, hint=text, detail={"tail": text}).as_dict(), out)
    assert len(out.getvalue()) <= KEPT_CHARS
    assert json.loads(out.getvalue())["code"] == "a-code"


def test_the_closing_line_of_a_long_result_is_bounded() -> None:
    out = io.StringIO()
    summary = Summary("run_health", {"health": 1}, "é" * 4000, {"components": ["x" * 9000]})
    entry._last_line(entry.result(summary, 1.0), out)
    assert len(out.getvalue()) <= KEPT_CHARS
    assert json.loads(out.getvalue())["written"] == {"health": 1}


def test_what_was_written_decides_the_status() -> None:
    assert entry.result(Summary("v", {"rows": 0}), 0.1)["status"] == "nothing to do"
    assert entry.result(Summary("v", {"rows": 2}), 0.1)["status"] == "done"
