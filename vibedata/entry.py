"""The entrance of runbooks and Run Commands: envelope in; rows, one closing line and an exit code out.

The one place that looks at an error's kind. The last line of output is always one JSON object, the result or the
error, because Azure keeps only the end of a Run Command's output and shows a job's last error line (D2).
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, TextIO

from vibedata import catalog, settings, wiring
from vibedata.envelope import Envelope, decode, operation_of_job
from vibedata.errors import BadInput, Failed, VibedataError
from vibedata.operations import Operation
from vibedata.ports import Summary
from vibedata.recorder import Recorder

MAX_SECRET_BYTES = 16 * 1024
MAX_RESULT_CHARS = 3000  # a Run Command keeps the last 4 KB


def main(argv: list[str], stdin: TextIO | None = None, stdout: TextIO | None = None) -> int:
    """Run what the envelope names and return the exit code (0 done, 2 bad input, 3 blocked, 4 transient, 5 failed)."""
    out = stdout or sys.stdout
    try:
        envelope, secrets = _arguments(argv, stdin or sys.stdin)
        summary, seconds = run(envelope, settings.load(os.environ), secrets)
    except VibedataError as error:
        _last_line(error.as_dict(), out)
        print(json.dumps(_bounded(error.as_dict())), file=sys.stderr, flush=True)
        return error.exit_code
    _last_line(result(summary, seconds), out)
    return 0


def run(
    envelope: Envelope,
    configuration: settings.Settings,
    secrets: Mapping[str, str],
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
) -> tuple[Summary, float]:
    """Run one verb with its real ports, recorded from its first row to its closing one; returns how it ended."""
    job_id = os.environ.get("AUTOMATION_JOB_ID", "")
    operation = Operation(
        operation_id=_operation_id(envelope, job_id),
        verb=envelope.verb,
        instance_id=configuration.instance_id,
        phase=getattr(catalog.runbook(envelope.verb), "phase", None),
        actor="vibedata-uami",
        job_id=job_id,
    )
    wires = wiring.Wires(configuration, secrets, operation.operation_id, clock)
    recorder = Recorder(operation, wires.operations_log(), clock)
    began = time.monotonic()
    try:
        with recorder.step("") as step:
            summary = _call(envelope, wires, recorder, clock)
            step.message, step.details = summary.message, {"written": dict(summary.written)}
    finally:
        recorder.close()
    return summary, time.monotonic() - began


def result(summary: Summary, seconds: float) -> dict[str, Any]:
    """Return the closing line of a verb that ended well."""
    return {
        "verb": summary.verb,
        "status": "done" if summary.changed else "nothing to do",
        "written": dict(summary.written),
        "seconds": round(seconds, 2),
        "message": summary.message,
        "data": dict(summary.data),
    }


def _call(
    envelope: Envelope, wires: wiring.Wires, recorder: Recorder, clock: Callable[[], datetime]
) -> Summary:
    try:
        flow, ports = wires.flow(envelope.verb)
        return flow(**ports, **envelope.args, recorder=recorder, clock=clock)
    except VibedataError:
        raise
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise _unexpected(error) from error
        raise BadInput(
            "args-unknown",
            f"{envelope.verb}: {error}",
            hint="Start the runbook through `vibedata`, which knows the verb's arguments.",
        ) from error
    except Exception as error:
        raise _unexpected(error) from error


def _unexpected(error: Exception) -> Failed:
    frames = [
        f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno} {f.name}"
        for f in traceback.extract_tb(error.__traceback__)
    ]
    return Failed(
        "unexpected",
        f"{type(error).__name__}: {str(error)[:400]}",
        hint="Run again; if it stays, send this row's OperationId to the publisher.",
        detail={"frames": frames[-8:]},
    )


def _arguments(argv: list[str], stdin: TextIO) -> tuple[Envelope, dict[str, str]]:
    words = [word for word in argv if word != "--secrets-from-stdin"]
    if len(words) != 1:
        raise BadInput(
            "envelope-missing", "Give exactly one envelope.", hint="See docs/runbooks.md, 'By hand'."
        )
    return decode(words[0]), _secrets(stdin) if len(words) < len(argv) else {}


def _secrets(stdin: TextIO) -> dict[str, str]:
    try:
        document = json.loads(stdin.read(MAX_SECRET_BYTES))
        return {str(key): str(value) for key, value in document.items()}
    except (ValueError, AttributeError):
        raise BadInput(
            "secrets-unreadable",
            "Standard input holds no JSON object of secrets.",
            hint="Leave out --secrets-from-stdin.",
        ) from None


def _operation_id(envelope: Envelope, job_id: str) -> str:
    return envelope.operation_id or (operation_of_job(job_id) if job_id else str(uuid.uuid4()))


def _last_line(document: dict[str, Any], out: TextIO) -> None:
    print(json.dumps(_bounded(document), default=str), file=out, flush=True)


def _bounded(document: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(document, default=str)) <= MAX_RESULT_CHARS:
        return document
    short = {key: value for key, value in document.items() if key not in ("data", "detail")}
    short["message"] = str(short.get("message", ""))[:1000]
    return {**short, "truncated": True}
