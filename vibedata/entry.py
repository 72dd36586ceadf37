"""The entrance of runbooks and Run Commands: envelope in; rows, one closing line and an exit code out.

The one place that looks at an error's kind. The last line of output is always one JSON object, the result or the
error, because Azure keeps only the end of a Run Command's output and shows a job's last error line (D2).
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TextIO

from vibedata import catalog, settings, wiring
from vibedata.envelope import Envelope, decode, operation_of_job
from vibedata.errors import BadInput, expected
from vibedata.operations import Operation, Row
from vibedata.ports import Summary
from vibedata.recorder import Recorder

MAX_SECRET_BYTES = 16 * 1024
MAX_RESULT_CHARS = 3000  # a Run Command keeps the last 4 KB
MAX_TEXT_CHARS = 1200


def main(
    argv: list[str],
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    *,
    wires: Callable[..., wiring.Wires] = wiring.Wires,
) -> int:
    """Run what the envelope names and return the exit code (0 done, 2 bad input, 3 blocked, 4 transient, 5 failed)."""
    out = stdout or sys.stdout
    try:
        envelope, secrets = _arguments(argv, stdin or sys.stdin)
        _refuse_other_bundle(envelope)
        configuration = settings.load(os.environ)
        summary, seconds = run(envelope, configuration, secrets, watch=_printing(out), wires=wires)
    except Exception as caught:  # noqa: BLE001 - the reader gets a code and a remedy, not a traceback
        error = expected(caught)
        for stream in (sys.stderr, out):
            _last_line(error.as_dict(), stream)
        return error.exit_code
    _last_line(result(summary, seconds), out)
    return 0


def run(
    envelope: Envelope,
    configuration: settings.Settings,
    secrets: Mapping[str, str],
    *,
    clock: Callable[[], datetime] = wiring.utc_now,
    watch: Callable[[Row], None] = lambda _: None,
    wires: Callable[..., wiring.Wires] = wiring.Wires,
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
    wired = wires(configuration, secrets, operation.operation_id, clock)
    recorder = Recorder(operation, wired.operations_log(), clock, watch)
    began = time.monotonic()
    try:
        with recorder.step("", key=_told_apart(envelope)) as step:
            summary = _call(envelope, wired, recorder, clock)
            step.message, step.details = summary.message, {"written": dict(summary.written)}
    finally:
        recorder.close()
    return summary, time.monotonic() - began


def result(summary: Summary, seconds: float) -> dict[str, Any]:
    """Return the closing line of a verb that ended well."""
    return {
        "verb": summary.verb,
        "status": summary.status,
        "written": dict(summary.written),
        **({"planned": dict(summary.planned)} if summary.planned else {}),
        "seconds": round(seconds, 2),
        "message": summary.message,
        "data": dict(summary.data),
    }


def step_line(row: Row) -> str:
    """Return a row as one plain line of progress."""
    took = f" {row['DurationMs']} ms" if row.get("DurationMs") is not None else ""
    said = " ".join(str(row[key]) for key in ("ErrorCode", "Message") if row.get(key))
    return " ".join(f"{row['Operation']} {row['Component']} {row['Status']}{took} {said}".split())


def _told_apart(envelope: Envelope) -> str:
    """Return what tells the runs of one verb within one operation apart: phases 14 and 15 both start a job."""
    return str(envelope.args.get("runbook") or "")


def _printing(out: TextIO) -> Callable[[Row], None]:
    return lambda row: print(step_line(row), file=out, flush=True)


def _call(
    envelope: Envelope, wires: wiring.Wires, recorder: Recorder, clock: Callable[[], datetime]
) -> Summary:
    try:
        flow, ports = wires.flow(envelope.verb)
        _refuse_unknown_args(envelope, flow, ports)
        return flow(**ports, **envelope.args, recorder=recorder, clock=clock)
    except Exception as error:
        raise expected(error) from error


def _refuse_unknown_args(
    envelope: Envelope, flow: Callable[..., Summary], ports: Mapping[str, object]
) -> None:
    known = set(inspect.signature(flow).parameters) - set(ports) - {"recorder", "clock"}
    unknown = sorted(set(envelope.args) - known)
    if unknown:
        raise BadInput(
            "args-unknown",
            f"{envelope.verb} takes no argument {unknown[0][:100]!r}; it takes {', '.join(sorted(known))}.",
            hint="Start the runbook through `vibedata`, which knows the verb's arguments.",
        )


def _refuse_other_bundle(envelope: Envelope) -> None:
    running = wiring.running_bundle()
    if envelope.bundle and envelope.bundle != running:
        raise BadInput(
            "bundle-mismatch",
            f"The envelope is for the bundle {envelope.bundle}; this is {running or 'none, but a checkout'}.",
            hint="Start the runbook through its launcher, which finds the bundle that the envelope names.",
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
    short.update({key: _cut(str(short[key])) for key in ("message", "hint") if key in short})
    return {**short, "truncated": True}


def _cut(text: str) -> str:
    """Shorten a text until its JSON, where one character may take six, is short enough."""
    while len(json.dumps(text)) > MAX_TEXT_CHARS:
        text = text[: len(text) * 3 // 4]
    return text
