"""The last line of output is always one JSON object, whatever went wrong, and short enough to be kept whole."""

from __future__ import annotations

import io
import json

import pytest

from vibedata import entry, redact
from vibedata.envelope import Envelope
from vibedata.errors import Blocked, Failed, expected

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
