"""The main job, end to end: a fresh managed resource group becomes a known-good baseline, and stays one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from demo.instance import Instance
from tests.environment import World
from tests.journeys.conftest import Walk
from vibedata import deploying, retry, wiring
from vibedata.adapters.automation_jobs import AzureJobs
from vibedata.envelope import decode, job_name

# What a second run may still write: who it is, its Run Commands and jobs, its lease and its log.
REPEATED = {
    "token.issue",
    "token",
    "token.exchange",
    "runCommand.createOrUpdate",
    "job.create",
    "logs.ingest",
    "registry.importImage",
    "table.UpdateEntity",
}


@pytest.fixture
def reader(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, metadata_url: Callable[[str], str]
) -> wiring.Wires:
    """The wires of someone on the worker who only reads."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", metadata_url(instance.deployment.vm_id))
    return wiring.Wires.from_settings(instance.settings)


def test_day0_brings_a_fresh_instance_to_the_baseline(
    instance: Instance, day0: Callable[..., Walk], reader: wiring.Wires
) -> None:
    walk = day0(instance)
    assert walk.states() == {7: "done", 8: "done", 14: "done", 15: "done"}

    shown = reader.show_status()
    assert shown["overall"]["status"] == "Healthy"
    probed = [c for c in shown["components"] if c["reason"] != "no-check-defined"]
    assert {c["status"] for c in probed} == {"Healthy"}

    rows = next(reader.read_logs(since="1h", operation_id=walk.operation_id, follow=False))
    assert {row["Phase"] for row in rows if row["Phase"]} >= {7, 8, 14, 15}
    ended = {row["Operation"] for row in rows if row["Status"] == "Succeeded"}
    assert {"import_artifacts", "publish_runbooks", "bootstrap_registry", "run_health", "start_job"} <= ended
    assert len({row["EventId"] for row in rows}) == len(rows)
    assert "password" not in json.dumps(rows).lower()

    arms = _arms(reader).values()
    assert {row["Phase"] for row in arms} == {1, 2, 5, 6}
    assert {"deployment/01-identity", "deployment/06-foundation"} <= {row["Operation"] for row in arms}
    assert {row["InstanceId"] for row in arms} == {instance.settings.instance_id}

    jobs = AzureJobs(reader.credential(), instance.settings)
    started = [
        jobs.get(job_name(walk.operation_id, verb, 1)) for verb in ("bootstrap_registry", "run_health")
    ]
    assert {decode(job.parameter).bundle for job in started} == {instance.deployment.bundle_digest}
    for verb in ("start_job", "run_health"):
        assert reader.flow(verb)[1]["network"]() == retry.network(3, 2), "read from the registry"


def test_day0_twice_writes_nothing_the_second_time(
    instance: Instance, day0: Callable[..., Walk], reader: wiring.Wires
) -> None:
    day0(instance)
    told = _arms(reader)
    again = day0(instance)
    assert _arms(reader) == told, "what Azure Resource Manager did is told once"
    assert set(again.states().values()) == {"nothing to do"}
    assert again.operations() <= REPEATED
    (latest,) = again.of("registry.importImage")
    assert latest.detail["changedTags"] == []
    assert latest.detail["changedManifests"] == []
    assert {"leases"} == {write.path.split("/")[2].split("(")[0] for write in again.of("table.UpdateEntity")}


def test_the_same_operation_again_finds_its_jobs_done(instance: Instance, day0: Callable[..., Walk]) -> None:
    first = day0(instance)
    again = day0(instance, first.operation_id)
    assert [write for write in again.of("job.create") if write.status < 400] == []
    assert again.states()[15] in ("done", "nothing to do")


def test_the_publishers_password_is_left_nowhere(
    warm_instance: Callable[..., Instance], day0: Callable[..., Walk], world: World
) -> None:
    instance = warm_instance()
    walk = day0(instance)
    password = deploying.publisher_secrets(instance.deployment)["VIBEDATA_PUBLISHER_PASSWORD"].encode()
    assert len(password) > 16
    files = [path for path in instance.home.rglob("*") if path.is_file() and "bundles" not in path.parts]
    assert files
    assert [path for path in files if password in path.read_bytes()] == []

    arm = world.arm(instance.settings.subscription_id)
    commands = f"{instance.deployment.vm_id}/runCommands"
    shown = [
        arm.get(f"{commands}/{write.path.rsplit('/', 1)[1]}", **{"$expand": "instanceView"})
        for write in walk.of("runCommand.createOrUpdate")
    ]
    assert len(shown) == 4
    assert password.decode() not in json.dumps(shown)
    assert password not in (world.stack.directory / "stack.log").read_bytes()
    assert password.decode() not in str(walk.writes)


def _arms(reader: wiring.Wires) -> dict[str, dict[str, Any]]:
    """Return the rows of what Azure Resource Manager did itself, by their EventId."""
    rows = next(reader.read_logs(since="1h", operation_id=None, follow=False))
    return {row["EventId"]: row for row in rows if row["Operation"].startswith("deployment/")}
