"""Answers that ask to wait, answers that fail, answers that break off: on every service that Day-0 asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.faults.cell import CONVERGED, Around, Cell
from tests.faults.rig import Rig, Run

DAY0 = 120.0  # seconds that an undisturbed run may take on a busy machine with two cores
PATIENCE = 3 * 2.0  # NFR-8: three further tries, two seconds apart
RETRY_AFTER = 3
MEGABYTE = 1 << 20

# Each service that Day-0 asks, with a call of it that every run makes: who asks is in the second half of the name.
CALLS = {
    "Entra (the worker's metadata service)": ("identity", "imds.token"),
    "Entra (the deployer's sign-in)": ("identity", "token"),
    "ARM, importImage": ("oci_registry", "registry.importImage"),
    "ARM, the import's operation": ("arm", "operation.*"),
    "ARM, the inventory": ("arm", "resource*", "*/resources"),
    "ARM, the deployments": ("deployments", "deployments.list"),
    "Run Command": ("run_command", "runCommand.createOrUpdate"),
    "registry, token": ("oci_registry", "token.issue"),
    "registry, manifest": ("oci_registry", "manifest.get"),
    "registry, blob": ("oci_registry", "blob.data"),
    "Blob": ("storage", "blob.PutBlob"),
    "Tables, read": ("storage", "table.Query*"),
    "Tables, write": ("storage", "table.Transaction"),
    "Automation, runbook": ("automation", "runbook.createOrUpdate"),
    "Automation, publish": ("automation", "runbook.publish"),
    "Automation, job": ("automation", "job.create"),
    "Logs": ("logs", "logs.ingest"),
    "Key Vault": ("key_vault", "secret.get"),
}
DOWN = {
    "ARM, importImage": "azure-busy",
    "registry, manifest": "registry-busy",
    "Blob": "azure-busy",
    "Tables, write": "azure-busy",
    "Automation, runbook": "azure-busy",
    "Logs": CONVERGED,
    "ARM, the deployments": CONVERGED,  # what they did goes unrecorded, and nothing else
}


def cells() -> list[Cell]:
    """Return the cells of the network's faults."""
    return [*_throttled(), *_bursts(), *_down(), *_resets(), *_lost_answers(), *_broken_blobs()]


def _cell(
    name: str, call: str, *, ends: str = CONVERGED, more: float = PATIENCE, quick: bool = False, **what: Any
) -> Cell:
    """Return a cell that strikes a call; blobs only as the engine reads them, not as an import copies them."""
    service, operation, *path = CALLS[call]
    if operation == "blob.data":
        return Cell(name, call, ends, DAY0 + more, around=_on_its_way_out(_script, **what), quick=quick)
    strike = {"service": service, "operation": operation, "path": path[0] if path else "*", **what}
    return Cell(name, call, ends, DAY0 + more, [strike], uses_up="times" in what, quick=quick)


def _throttled() -> list[Cell]:
    asked: dict[str, Any] = {"status": 429, "retry_after": RETRY_AFTER, "times": 1}
    name = f"429 with Retry-After {RETRY_AFTER}"
    return [
        _cell(name, call, more=RETRY_AFTER, quick=call == "registry, manifest", **asked) for call in CALLS
    ]


def _bursts() -> list[Cell]:
    return [_cell("three times 503", call, status=503, times=3) for call in CALLS]


def _down() -> list[Cell]:
    return [
        _cell("503 for ever", call, ends=code, more=4 * PATIENCE, status=503) for call, code in DOWN.items()
    ]


def _resets() -> list[Cell]:
    calls = ("ARM, importImage", "registry, manifest", "Tables, write", "Automation, job", "Run Command")
    return [_cell("reset before the answer", call, reset=True, times=1) for call in calls]


def _lost_answers() -> list[Cell]:
    calls = (
        "ARM, importImage",
        "Blob",
        "Tables, write",
        "Automation, publish",
        "Automation, job",
        "Run Command",
    )
    return [_cell("done, but the answer is lost", call, reset=True, after=True, times=1) for call in calls]


def _broken_blobs() -> list[Cell]:
    """Return the cells of blobs that break off: what has come is not asked for again."""
    bundle, script = "the bundle, on its way to a bare worker", "a runbook's script"
    rows = [
        (f"reset after 1 MB of {bundle}", _on_its_way_out(_bundle, cut_after=MEGABYTE, times=1), True),
        (
            f"three resets, 1 MB apart, of {bundle}",
            _on_its_way_out(_bundle, cut_after=MEGABYTE, times=3),
            True,
        ),
        (
            "reset after 1 MB of the bundle that an import verifies",
            _on_its_way_out(_bundle, cut_after=MEGABYTE, times=1),
            False,
        ),
        (f"reset after 100 bytes of {script}", _on_its_way_out(_script, cut_after=100, times=1), False),
    ]
    return [
        Cell(
            name,
            "registry, blob",
            CONVERGED,
            2 * DAY0,
            around=around,
            bare=bare,
            check=_nothing_twice,
            quick=name.startswith("three"),
        )
        for name, around, bare in rows
    ]


def _on_its_way_out(which: Callable[[Rig], str], **what: Any) -> Around:
    """Return what strikes a blob as the customer's registry sends it, after the import has brought it there."""

    @contextmanager
    def around(rig: Rig, run: Run) -> Iterator[None]:
        rig.stack.faults.add("oci_registry", "blob.data", path=f"/blobs/{which(rig)}", skip=1, **what)
        yield

    return around


def _bundle(rig: Rig) -> str:
    return rig.bundle_layer


def _script(rig: Rig) -> str:
    return rig.world.release().manifest.runbooks[0].content.digest


def _nothing_twice(rig: Rig, run: Run) -> list[str]:
    """Return the blobs of which more bytes were sent than an undisturbed run is sent."""
    usual = rig.usual_warm if run.warm else rig.usual_bare
    return [
        f"{sent} bytes of {path} were sent instead of {usual[path]}"
        for path, sent in run.sent.items()
        if path.startswith("/blobs/") and sent > usual[path]
    ]
