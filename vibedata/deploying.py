"""`vibedata day0`: read a deployment's parameters, walk its phases, and show them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from vibedata import console, day0
from vibedata.day0 import Deployment, PhaseState
from vibedata.errors import BadInput, VibedataError
from vibedata.settings import Settings
from vibedata.wiring import deployer

BOOTSTRAP = Path(__file__).resolve().parent.parent / "runbooks" / "bootstrap.py"


def run(file: Path, operation_id: str, *, dry_run: bool, as_json: bool) -> None:
    """Walk the phases of the deployment in `file`; raises the error of the phase that failed."""
    deployment = load(file)
    states = [PhaseState(phase) for phase in day0.phases()]
    if dry_run:
        console.print_json({"phases": [as_dict(s) for s in states]}) if as_json else console.show_phases(
            states
        )
        return

    def work(show: Callable[[Sequence[PhaseState]], None]) -> None:
        for current in walk(deployment, operation_id):
            states[:] = current
            show(current)

    try:
        work(lambda _: None) if as_json else console.follow_phases(work)
    except VibedataError as error:
        error.detail.setdefault("phases", [as_dict(state) for state in states])
        error.detail.setdefault("operationId", operation_id)
        raise
    if as_json:
        console.print_json({"operationId": operation_id, "phases": [as_dict(state) for state in states]})


def walk(deployment: Deployment, operation_id: str) -> Any:
    """Return the walk over the phases, wired to Azure as the deployer."""
    return day0.walk(
        deployment,
        deployer.run_commands(deployment.settings, deployment.vm_id, deployment.location),
        script=_bootstrap(),
        operation_id=operation_id,
        attempt=str(uuid.uuid4()),
        secrets=publisher_secrets(deployment),
    )


def publisher_secrets(deployment: Deployment) -> dict[str, str]:
    """Read the publisher's pull token from its public vault, as the template's `getSecret` does."""
    password = deployer.deployer_secrets(deployment.publisher_vault_url).get(deployment.publisher_secret)
    return {
        "VIBEDATA_PUBLISHER_USERNAME": deployment.publisher_username,
        "VIBEDATA_PUBLISHER_PASSWORD": password,
    }


def as_dict(state: PhaseState) -> dict[str, Any]:
    """Return a phase's state for `--output json`."""
    return {
        "phase": state.phase.number,
        "name": state.phase.name,
        "verb": state.phase.verb,
        "state": state.state,
        "seconds": round(state.elapsed(), 2),
        "written": state.written,
        "message": state.message,
    }


def load(file: Path) -> Deployment:
    """Read a deployment file. Raises BadInput (deployment-unreadable, deployment-invalid)."""
    try:
        document = json.loads(file.read_text("utf-8"))
        settings = Settings(**document.pop("settings"))
        return Deployment(settings=settings, **document)
    except (OSError, ValueError) as error:
        raise BadInput(
            "deployment-unreadable",
            f"{file}: {error}",
            hint="Give the JSON file of the deployment's parameters.",
        ) from error
    except (KeyError, TypeError, AttributeError) as error:
        needed = [f.name for f in fields(Deployment) if f.default is MISSING]
        raise BadInput(
            "deployment-invalid",
            f"{file}: {error}",
            hint=f"It needs {', '.join(needed)}; docs/cli.md shows one.",
        ) from error


def _bootstrap() -> str:
    try:
        return BOOTSTRAP.read_text("ascii")
    except OSError as error:
        raise BadInput(
            "bootstrap-missing",
            f"No bootstrap script: {error}",
            hint="Run day0 from a checkout or a complete bundle.",
        ) from error
