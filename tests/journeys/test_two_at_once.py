"""Two operations at once, as processes of their own: one works, the other says who holds the lease.

A holder that was killed is waited out; one that wakes up after another has taken over is refused what it would still
have written.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from azure.data.tables import TableClient

from demo.instance import Instance
from local_stack.core.environment import client_environment
from local_stack.identity.state import imds_authority
from local_stack.threaded import ThreadedStack
from tests.contracts.tenant import Identity
from tests.environment import World
from vibedata import deploying
from vibedata.adapters.tables import table_client
from vibedata.receipt_rows import receipt_key

ROOT = Path(__file__).resolve().parents[2]
LEASE_SECONDS = 3.0
LONG_LEASE_SECONDS = 18.0  # of a holder that has to renew in time, however busy the machine is
ONE, TWO = "11111111-6f55-4b2e-9c2a-0a1d8a0b7a11", "22222222-6f55-4b2e-9c2a-0a1d8a0b7a11"


class Worker:
    """A worker of an instance; starts `vibedata` on it."""

    def __init__(self, stack: ThreadedStack, instance: Instance, metadata: str) -> None:
        self.stack, self.instance = stack, instance
        self._started: list[subprocess.Popen[str]] = []
        self._environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            **client_environment(stack.ctx),
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": metadata,
            "VIBEDATA_HOME": str(instance.home),
        }

    def start(
        self, *words: str, stdin: str = "", lease_seconds: float = LEASE_SECONDS
    ) -> subprocess.Popen[str]:
        """Start a command."""
        process = subprocess.Popen(
            [sys.executable, "-m", "vibedata", "cli", *words, "--output", "json"],
            cwd=ROOT,
            env={**self._environment, "VIBEDATA_LEASE_SECONDS": str(lease_seconds)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        self._started.append(process)
        return process

    def publish(self, operation_id: str, **more: float) -> subprocess.Popen[str]:
        """Start phase 8."""
        return self.start("publish-runbooks", "--operation-id", operation_id, **more)

    def holding(self, operation_id: str, seconds: float, **more: float) -> subprocess.Popen[str]:
        """Start phase 8 and return when it holds the lease and waits that long for an answer."""
        fault = self.stack.faults.add("automation", "runbook.get", latency=seconds, times=1)
        process = self.publish(operation_id, **more)
        until = time.monotonic() + 60
        while fault.id in {one.id for one in self.stack.faults.list()}:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.02)
        return process

    def table(self, name: str) -> TableClient:
        """Return a table of the instance as vibedata-uami writes it."""
        uami = self.stack.ctx.principals.of_resource(self.instance.ids["uami"])
        assert uami
        return table_client(self.instance.settings.table_endpoint, name, Identity(self.stack, uami))

    def end(self) -> None:
        """Kill what still runs."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def imported(world: World, tmp_path_factory: pytest.TempPathFactory) -> Worker:
    """A worker on which phases 7, 8 and 14 have run in one operation, each a process of this checkout."""
    instance = world.instance(tmp_path_factory.mktemp("imported") / "worker")
    instance.home.mkdir(parents=True, exist_ok=True)
    (instance.home / "settings.json").write_text(json.dumps(asdict(instance.settings)), "utf-8")
    made = Worker(world.stack, instance, imds_authority(world.stack.ctx, instance.deployment.vm_id))
    secrets = deploying.publisher_secrets(instance.deployment)
    user = ("--publisher-username", secrets["VIBEDATA_PUBLISHER_USERNAME"], "--password-stdin")
    day0 = ("--operation-id", ONE)
    result(made.start("import-artifacts", *user, *day0, stdin=secrets["VIBEDATA_PUBLISHER_PASSWORD"]))
    result(made.publish(ONE))
    result(made.start("bootstrap-registry", *day0))
    return made


@pytest.fixture
def worker(stack: ThreadedStack, imported: Worker) -> Iterator[Worker]:
    yield imported
    imported.end()


def result(process: subprocess.Popen[str], code: int = 0) -> dict[str, Any]:
    """Return the one JSON document of a process that ends with this exit code."""
    out, err = process.communicate(timeout=180)
    assert process.returncode == code, out + err
    document = json.loads(out)
    return dict(document["error"] if code else document)


def test_three_verbs_have_left_receipts_and_the_log_keeps_their_head(worker: Worker) -> None:
    verified = result(worker.start("receipts", "verify", "--with-log"))
    assert verified["heldAgainst"]["log"] >= 3
    listed = result(worker.start("receipts", "list"))
    assert (listed["head"], len(listed["receipts"])) == (verified["head"], verified["count"])
    kinds = {one["subject"].partition("/")[0] for one in listed["receipts"]}
    assert kinds == {"registry", "release", "runbook", "schedule", "component-registry"}
    assert {one["actor"] for one in listed["receipts"]} == {"vibedata-uami"}
    assert {one["operation_id"] for one in listed["receipts"]} == {ONE}


def test_of_two_at_once_one_works_and_the_other_names_it(worker: Worker) -> None:
    working = worker.holding(ONE, seconds=1, lease_seconds=LONG_LEASE_SECONDS)
    slow = worker.stack.faults.add("automation", latency=LONG_LEASE_SECONDS / 6)
    refused = result(worker.publish(TWO, lease_seconds=LONG_LEASE_SECONDS), 3)
    assert refused["code"] == "lease-held"
    assert refused["detail"]["owner"] == ONE
    assert refused["detail"]["until"] in refused["message"]
    assert ONE in refused["message"]
    worker.stack.faults.remove(slow.id)
    assert result(working)["status"] == "nothing to do"
    assert result(worker.publish(TWO))["status"] == "nothing to do"


def test_a_killed_holder_is_waited_out(worker: Worker) -> None:
    worker.holding(ONE, seconds=60).kill()
    began = time.monotonic()
    assert result(worker.publish(TWO))["status"] == "nothing to do"
    assert time.monotonic() - began >= LEASE_SECONDS * 0.5  # waited out, and no longer than its term
    worker.holding(ONE, seconds=60).kill()
    assert result(worker.publish(ONE))["status"] == "nothing to do"  # its own operation need not wait


@pytest.mark.parametrize("operation", [TWO, ONE], ids=["another operation", "the same, started again"])
def test_a_holder_that_wakes_up_too_late_writes_nothing_more(worker: Worker, operation: str) -> None:
    late = worker.holding(ONE, seconds=10)
    late.send_signal(signal.SIGSTOP)
    assert result(worker.publish(operation))["status"] == "nothing to do"
    head = result(worker.start("receipts", "verify"))["head"]
    time.sleep(LEASE_SECONDS)
    late.send_signal(signal.SIGCONT)
    refused = result(late, 5)
    assert refused["code"] == "lease-lost"
    assert refused["hint"]
    assert result(worker.start("receipts", "verify", "--head", head))["head"] == head


def test_health_is_probed_whoever_holds_the_lease(worker: Worker) -> None:
    held = worker.holding(ONE, seconds=100)
    assert result(worker.start("run-health"))["verb"] == "run_health"
    assert held.poll() is None


def test_an_edit_in_the_table_is_found_by_the_command(worker: Worker) -> None:
    table = worker.table("receipts")
    rows = {"PartitionKey": worker.instance.settings.instance_id, "RowKey": receipt_key(3)}
    before = table.get_entity(rows["PartitionKey"], rows["RowKey"])["Actor"]
    table.update_entity({**rows, "Actor": "nobody"})
    try:
        found = result(worker.start("receipts", "verify"), 5)
    finally:
        table.update_entity({**rows, "Actor": before})
    assert found["code"] == "receipts-broken"
    assert (found["detail"]["seq"], found["detail"]["what"]) == (3, "edited")
    assert result(worker.start("receipts", "verify"))["count"] > 3
