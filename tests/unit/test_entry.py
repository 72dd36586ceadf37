"""The last line of output is always one JSON object, whatever went wrong, and short enough to be kept whole."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.operations_log import RecordingLog
from tests.unit.test_settings import REQUIRED
from vibedata import entry, redact, wiring
from vibedata.envelope import Envelope
from vibedata.errors import BadInput, Blocked, Failed, Transient, expected
from vibedata.ports import Summary
from vibedata.recorder import Recorder

OPERATION = "3f6b2f0e-6f55-4b2e-9c2a-0a1d8a0b7a11"
BUNDLE = "sha256:" + "b" * 64


def run(*argv: str, stdin: str = "") -> tuple[int, dict[str, object]]:
    out = io.StringIO()
    code = entry.main(list(argv), io.StringIO(stdin), out)
    return code, json.loads(out.getvalue().splitlines()[-1])


def test_an_envelope_for_another_bundle_is_refused() -> None:
    code, error = run(Envelope("run_health", bundle=BUNDLE).encode())
    assert (code, error["code"]) == (2, "bundle-mismatch")


class Gone(io.StringIO):
    """Standard input that cannot be read."""

    def read(self, size: int | None = -1) -> str:
        raise OSError("the other side has gone")


def test_what_nobody_foresaw_is_a_code_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    assert entry.main(["--secrets-from-stdin", Envelope("run_health").encode()], Gone(), out) == 5
    told = capsys.readouterr().err
    assert json.loads(told)["code"] == "unexpected"
    assert json.loads(out.getvalue()) == json.loads(told)


def test_an_error_of_ours_stays_itself() -> None:
    ours = Blocked("role-missing", "no role", hint="assign it")
    assert expected(ours) is ours


def test_a_secret_in_a_foreign_error_is_masked() -> None:
    redact.register("s3cr3t-of-the-publisher")
    told = json.dumps(expected(ValueError("https://u:s3cr3t-of-the-publisher@host")).as_dict())
    assert "s3cr3t" not in told
    assert redact.MASK in told


def test_a_long_error_keeps_its_code_within_what_azure_keeps(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    error = Failed("health-gate", "→" * 9000, hint="ü" * 9000, detail={"components": ["x" * 9000]})
    entry._last_line(error.as_dict(), out)
    assert len(out.getvalue()) < 4096
    assert json.loads(out.getvalue())["code"] == "health-gate"


class FakeWires(wiring.Wires):
    """Wires whose one verb does what the test says, and whose log keeps its rows."""

    def __init__(self, does: Callable[[], Summary], *_: object) -> None:
        self._does = does
        self.log = RecordingLog()

    def operations_log(self) -> RecordingLog:
        return self.log

    def flow(self, verb: str) -> tuple[Callable[..., Summary], dict[str, Any]]:
        def flow(*, recorder: Recorder, clock: Callable[[], datetime]) -> Summary:
            recorder.event("looked", "Observed", message=f"{verb} at {clock():%H}")
            return self._does()

        return flow, {}


def raising(error: Exception) -> Callable[[], Summary]:
    def does() -> Summary:
        raise error

    return does


@pytest.mark.parametrize(
    ("does", "exit_code", "status", "row"),
    [
        (lambda: Summary("run_health", {"health": 2}, "2 rows."), 0, "done", ("Succeeded", "")),
        (lambda: Summary("run_health", {"health": 0}), 0, "nothing to do", ("Succeeded", "")),
        (raising(BadInput("b", "m", hint="h")), 2, "b", ("Failed", "b")),
        (raising(Blocked("k", "m", hint="h")), 3, "k", ("Failed", "k")),
        (raising(Transient("t", "m", hint="h")), 4, "t", ("Failed", "t")),
        (raising(Failed("f", "m", hint="h")), 5, "f", ("Failed", "f")),
        (raising(ZeroDivisionError("of 1 by 0")), 5, "unexpected", ("Failed", "unexpected")),
    ],
    ids=["done", "nothing to do", "bad input", "blocked", "transient", "failed", "unexpected"],
)
def test_how_a_verb_ends_is_its_exit_code_its_last_line_and_its_closing_row(
    does: Callable[[], Summary],
    exit_code: int,
    status: str,
    row: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("VIBEDATA_HOME", str(tmp_path))
    (tmp_path / "settings.json").write_text(json.dumps(REQUIRED), "utf-8")
    made: list[FakeWires] = []
    out = io.StringIO()
    code = entry.main(
        [Envelope("run_health", OPERATION).encode()],
        io.StringIO(),
        out,
        wires=lambda *given: made.append(FakeWires(does, *given)) or made[-1],
    )
    last = json.loads(out.getvalue().splitlines()[-1])
    assert (code, last.get("status") or last["code"]) == (exit_code, status)
    assert "Traceback" not in out.getvalue()
    closing = made[0].log.rows[-1]
    assert (closing["Operation"], closing["Status"], closing["ErrorCode"]) == ("run_health", *row)
    assert {kept["OperationId"] for kept in made[0].log.rows} == {OPERATION}
    assert made[0].log.flushes >= 1


def test_two_runs_of_one_verb_in_an_operation_are_told_apart_and_a_retry_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Phases 14 and 15 both start a job: had their rows one id, readers would show the later alone."""
    monkeypatch.setenv("VIBEDATA_HOME", str(tmp_path))
    (tmp_path / "settings.json").write_text(json.dumps(REQUIRED), "utf-8")

    def ids(runbook: str) -> list[str]:
        wires = JobWires(lambda: Summary("start_job", {}))
        envelope = Envelope("start_job", OPERATION, args={"runbook": runbook})
        assert entry.main([envelope.encode()], io.StringIO(), io.StringIO(), wires=lambda *_: wires) == 0
        return [kept["EventId"] for kept in wires.log.rows if kept["Operation"] == "start_job"]

    first, second = ids("bootstrap_registry"), ids("run_health")
    assert len({*first, *second}) == 4
    assert ids("bootstrap_registry") == first


class JobWires(FakeWires):
    """Wires of a verb that takes the runbook to start."""

    def flow(self, verb: str) -> tuple[Callable[..., Summary], dict[str, Any]]:
        def flow(*, runbook: str, recorder: Recorder, clock: Callable[[], datetime]) -> Summary:
            recorder.event("looked", "Observed", message=f"{runbook} at {clock():%H}")
            return self._does()

        return flow, {}
