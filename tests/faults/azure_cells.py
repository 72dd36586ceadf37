"""Tokens that end too soon, roles that are still on their way, a clock that is off, storage that restarts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from local_stack.core.context import Context
from tests.faults.cell import CONVERGED, Around, Cell
from tests.faults.network_cells import DAY0
from tests.faults.rig import Rig, Run

SPREAD = 12  # seconds that a role takes
COPY = 6  # seconds that the slow import takes: longer than its token lives


def cells() -> list[Cell]:
    """Return the cells of Azure's own faults."""
    return [*_tokens(), *_roles(), *_clock(), *_restarts()]


def _tokens() -> list[Cell]:
    slow = {"service": "registry_import", "latency": COPY, "times": 1}
    return [
        Cell(
            f"tokens live {COPY - 2} s, the import takes {COPY}",
            "Entra",
            CONVERGED,
            DAY0 + COPY,
            [slow],
            {"identity.token_seconds": COPY - 2},
        ),
        Cell(
            f"tokens live {COPY - 2} s, the bundle's import takes {COPY}",
            "Entra, bare worker",
            CONVERGED,
            DAY0 + COPY,
            [slow],
            {"identity.token_seconds": COPY - 2},
            bare=True,
        ),
        Cell("registry tokens live 2 s", "registry", CONVERGED, DAY0, [], {"oci_registry.token_seconds": 2}),
        Cell(
            "a registry token is refused as it expires in the middle of a run",
            "registry",
            CONVERGED,
            DAY0,
            [
                {"service": "oci_registry", "operation": "manifest.get", "status": 401, "times": 1, "skip": 9,
                 "code": "UNAUTHORIZED"},
            ],
        ),
    ]  # fmt: skip


def _roles() -> list[Cell]:
    refused = {"status": 403, "code": "AuthorizationFailed", "times": 4}
    calls = {
        "importImage": ("oci_registry", "registry.importImage"),
        "Blob": ("storage", "blob.PutBlob"),
        "Tables": ("storage", "table.*"),
        "Automation": ("automation", "runbook.list"),
        "the inventory": ("arm", "resource*", "*/resources"),
    }
    some = [
        Cell(
            "403 for the first four calls",
            name,
            CONVERGED,
            DAY0 + 1 + 2 + 4 + 8,
            [{"service": service, "operation": operation, "path": path[0] if path else "*", **refused}],
        )
        for name, (service, operation, *path) in calls.items()
    ]
    return [
        *some,
        Cell(
            f"every role needs {SPREAD} s to spread",
            "all services",
            CONVERGED,
            DAY0 + 2 * SPREAD,
            bends={"roles.propagation_seconds": SPREAD},
            given={"propagation_seconds": 120.0},
        ),
        Cell(
            f"every role needs {SPREAD} s to spread",
            "all services, bare worker",
            CONVERGED,
            2 * DAY0 + 2 * SPREAD,
            bends={"roles.propagation_seconds": SPREAD},
            given={"propagation_seconds": 120.0},
            bare=True,
        ),
        Cell(
            "a role has not spread when patience (5 s) ends",
            "all services",
            "role-missing",
            DAY0,
            bends={"roles.propagation_seconds": 25},
            given={"propagation_seconds": 5.0},
        ),
    ]


def _clock() -> list[Cell]:
    rows = (
        ("10 minutes behind", 600, CONVERGED),
        ("10 minutes ahead of", -600, CONVERGED),
        ("an hour behind", 3600, "clock-skewed"),
        ("an hour ahead of", -3600, "clock-skewed"),
    )
    return [
        Cell(
            f"the worker's clock is {words} Azure's",
            "the worker",
            ends,
            DAY0,
            bends={"clock.skew_seconds": skew},
        )
        for words, skew, ends in rows
    ]


def _restarts() -> list[Cell]:
    places = {
        "as the first blob is stored": "blob.PutBlob",
        "as the registry is written": "table.Transaction",
        "as the lease is taken": "table.InsertEntity",
    }
    return [
        Cell(f"storage restarts {when}", "Blob, Tables", CONVERGED, DAY0 + 10, around=_restart_at(operation))
        for when, operation in places.items()
    ]


def _restart_at(operation: str) -> Around:
    """Return what restarts Azurite while a call of that operation is held, and lets that call through into it."""

    @contextmanager
    def around(rig: Rig, run: Run) -> Iterator[None]:
        fault = rig.stack.faults.add("storage", operation, latency=0.3, times=1)
        stop = threading.Event()

        def watch() -> None:
            while fault.id in {one.id for one in rig.stack.faults.list()}:
                if stop.wait(0.01):
                    return
            rig.stack.call(_restart)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    return around


async def _restart(ctx: Context) -> None:
    storage = ctx.services["storage"]
    await storage.azurite.restart()  # type: ignore[attr-defined]


def wait_for(done: object, seconds: float = 30.0) -> None:
    """Wait until `done()` is true. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)
