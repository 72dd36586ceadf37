"""Day-0: the entrance that walks the sequence after the infrastructure stands (RFC-60 phases 7, 8, 14, 15).

Each phase is one managed Run Command on the worker, started through ARM and awaited (D2); a phase that runs as an
Automation job is a Run Command with the verb `start_job`. In Azure the template does the same; here a person, a demo
or a test does. A phase starts only after the gate before it has closed (D8).
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vibedata import sequence
from vibedata.automation import closing_document, written_counts
from vibedata.envelope import Envelope
from vibedata.errors import BadInput, Blocked, Failed, Transient, VibedataError
from vibedata.ports import RunCommands
from vibedata.settings import Settings

KINDS: dict[str, type[VibedataError]] = {kind.kind: kind for kind in (BadInput, Blocked, Transient, Failed)}


@dataclass(frozen=True)
class Deployment:
    """What the template's parameters carry: where the instance is, and the root of trust (D3)."""

    settings: Settings
    vm_id: str
    location: str
    bundle_repository: str
    bundle_digest: str
    publisher_vault_url: str = ""
    publisher_secret: str = ""
    publisher_username: str = ""


@dataclass(frozen=True)
class Phase:
    """An action of sequence.json that a Run Command starts."""

    number: int
    name: str
    verb: str
    as_job: bool
    args: Mapping[str, Any]
    secrets: tuple[str, ...]
    timeout_seconds: int


@dataclass
class PhaseState:
    """How a phase stands: waiting, running, done, nothing to do, failed."""

    phase: Phase
    state: str = "waiting"
    seconds: float = 0.0
    written: dict[str, int] = field(default_factory=dict)
    message: str = ""
    error: VibedataError | None = None
    began: float | None = None

    def elapsed(self) -> float:
        """Return the seconds so far, of a phase that runs or has run."""
        return time.monotonic() - self.began if self.began is not None and not self.seconds else self.seconds


def phases() -> list[Phase]:
    """Return the sequence, in the order in which its gates close."""
    names = {phase.number: phase.name for phase in sequence.phases()}
    return [
        Phase(
            number=step.phase,
            name=names[step.phase],
            verb=step.name,
            as_job=step.as_job,
            args=step.args or {},
            secrets=step.secrets,
            timeout_seconds=step.timeout_seconds,
        )
        for step in sequence.actions()
    ]


def walk(
    deployment: Deployment,
    run_commands: RunCommands,
    *,
    script: str,
    operation_id: str,
    attempt: str,
    secrets: Mapping[str, str],
) -> Iterator[list[PhaseState]]:
    """Run the phases in order, yielding all their states at every change; raises the failed phase's error."""
    states = [PhaseState(phase) for phase in phases()]
    yield states
    for state in states:
        state.state, state.began = "running", time.monotonic()
        yield states
        try:
            _run(state, deployment, run_commands, script, operation_id, attempt, secrets)
        except VibedataError as error:
            state.seconds = time.monotonic() - state.began
            state.state, state.error, state.message = "failed", error, f"{error.code}: {error.message}"
            yield states
            raise
        state.seconds = time.monotonic() - state.began
        yield states


def _run(
    state: PhaseState,
    deployment: Deployment,
    run_commands: RunCommands,
    script: str,
    operation_id: str,
    attempt: str,
    secrets: Mapping[str, str],
) -> None:
    phase = state.phase
    outcome = run_commands.run(
        f"phase-{phase.number:02d}-{phase.verb.replace('_', '-')}",
        script=script,
        parameters=parameters(deployment, envelope(phase, operation_id), attempt),
        protected={name: value for name, value in secrets.items() if "publisher" in phase.secrets},
        timeout_seconds=phase.timeout_seconds,
    )
    closing = closing_line(outcome.output)
    if outcome.exit_code != 0:
        raise error_of(closing, outcome.exit_code, outcome.error or outcome.output, phase)
    state.state = str(closing.get("status") or "done")
    state.written = written_counts(closing)
    state.message = str(closing.get("message") or "")


def envelope(phase: Phase, operation_id: str) -> Envelope:
    """Return what the phase's Run Command runs: the verb itself, or `start_job` for it."""
    if phase.as_job:
        return Envelope("start_job", operation_id, args={"runbook": phase.verb, "args": dict(phase.args)})
    return Envelope(phase.verb, operation_id, args=dict(phase.args))


def parameters(deployment: Deployment, envelope: Envelope, attempt: str) -> dict[str, str]:
    """Return the Run Command's open parameters, which bootstrap.py reads as environment variables."""
    document = json.dumps(asdict(deployment.settings), sort_keys=True, separators=(",", ":"))
    return {
        "VIBEDATA_SETTINGS": base64.urlsafe_b64encode(document.encode()).decode().rstrip("="),
        "VIBEDATA_ENVELOPE": envelope.encode(),
        "VIBEDATA_BUNDLE": deployment.bundle_digest,
        "VIBEDATA_BUNDLE_REPOSITORY": deployment.bundle_repository,
        "VIBEDATA_ATTEMPT": attempt,
    }


def closing_line(output: str) -> dict[str, Any]:
    """Return the JSON object on the last line of a verb's output, or an empty one."""
    return closing_document(output) or {}


def error_of(closing: Mapping[str, Any], exit_code: int, tail: str, phase: Phase) -> VibedataError:
    """Return the error that a phase's own closing line names, or one made of its exit code and its last words."""
    kind = KINDS.get(str(closing.get("kind")))
    if kind and closing.get("code"):
        own = closing.get("detail")
        detail = {**(own if isinstance(own, dict) else {}), "phase": phase.number, "verb": phase.verb}
        message, hint = (str(closing.get(key) or "") for key in ("message", "hint"))
        return kind(str(closing["code"]), message, hint=hint, detail=detail)
    return Failed(
        "phase-died",
        f"Phase {phase.number} ({phase.verb}) ended with exit code {exit_code} and no closing line.",
        hint="Run Day-0 again with the same --operation-id; what was done stays done.",
        detail={"tail": tail[-800:], "phase": phase.number, "verb": phase.verb},
    )
