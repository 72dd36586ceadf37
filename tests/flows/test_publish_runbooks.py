from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.builders.manifest import sample_manifest
from tests.fakes.blobs import FakeArtifactBlobs
from tests.fakes.leases import FakeLeases, FakeReleasePointer
from tests.fakes.operations_log import RecordingLog
from tests.fakes.receipts import FakeReceipts
from tests.fakes.runbooks import FakeRunbooks, Killed
from tests.fakes.trust import FakeReleaseTrust, record
from vibedata import automation, envelope, retry
from vibedata.catalog import RUNBOOKS
from vibedata.errors import BadInput, Blocked, Failed, Transient
from vibedata.flows.publish_runbooks import publish_runbooks
from vibedata.manifest import digest_of
from vibedata.operations import Operation
from vibedata.ports import Summary
from vibedata.recorder import Recorder

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=timezone.utc)
VERBS = [row.verb for row in RUNBOOKS]


class World:
    """An imported release, an Automation account, and the time."""

    def __init__(self) -> None:
        self.runbooks, self.blobs, self.pointer = FakeRunbooks(), FakeArtifactBlobs(), FakeReleasePointer()
        self.leases, self.receipts = FakeLeases(), FakeReceipts()
        self.log, self.now = RecordingLog(), NOW
        self.slept: list[float] = []
        self.release({})

    def release(self, contents: dict[str, bytes], **retries: int) -> None:
        """Import a release whose runbooks have these contents (default: a line each)."""
        document = sample_manifest()
        document["networkRetryPolicies"].update(retries)
        for item in document["runbooks"]:
            content = contents.get(item["name"], f"print({item['name']!r})\n".encode())
            digest = digest_of(content)
            item["artifact"]["content"] = {"digest": digest, "size": len(content)}
            self.blobs.put("artifacts", digest, content)
        self.pointer.put(record(json.dumps(document).encode(), self.blobs))

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def run(self, **changes: Any) -> Summary:
        operation = Operation("0b8e6a0c-6a8a-4a9e-9a35-0d6d3d5a0001", "publish_runbooks", "instance-1", 8)
        arguments: dict[str, Any] = {
            "runbooks": self.runbooks,
            "blobs": self.blobs,
            "releases": self.pointer,
            "release_trust": FakeReleaseTrust(self.pointer),
            "leases": self.leases,
            "receipts": self.receipts,
            "worker_group": "vibedata-workers",
            "propagation_seconds": 10.0,
            "pause": self.sleep,
            "recorder": Recorder(operation, self.log, lambda: self.now),
            "clock": lambda: self.now,
        }
        return publish_runbooks(**{**arguments, **changes})


@pytest.fixture
def world() -> World:
    return World()


def test_empty_account_gets_every_runbook_published_scheduled_and_linked(world: World) -> None:
    summary = world.run()
    assert summary.written == {"runbooks": len(RUNBOOKS), "schedules": 1, "schedule_links": 1}
    for verb in VERBS:
        record = world.runbooks.get(verb)
        assert record is not None
        assert (record.state, record.kind, record.runtime) == ("Published", "Python", "Python-3.10")
        assert record.tags["vibedata-digest"] == digest_of(world.runbooks.published(verb) or b"")
    schedule = world.runbooks.schedules["run_health"]
    assert (schedule.unit, schedule.every) == ("Hour", 1)
    assert schedule.start >= NOW + timedelta(minutes=5)
    (link,) = world.runbooks.links.values()
    told = envelope.decode(link.parameter)
    assert (told.verb, told.operation_id, told.bundle, told.args) == ("run_health", None, None, {})
    assert link.worker_group == "vibedata-workers"


def test_a_record_that_was_forged_makes_nothing_run(world: World) -> None:
    evil = json.dumps({**sample_manifest(), "runbooks": []}).encode()
    world.blobs.put("manifests", digest_of(evil), evil)
    assert world.pointer.record is not None
    world.pointer.record = replace(world.pointer.record, manifest_digest=digest_of(evil))
    with pytest.raises(Blocked) as caught:
        world.run()
    assert caught.value.code == "release-signature-mismatch"
    assert world.runbooks.writes == []


def test_second_run_writes_nothing(world: World) -> None:
    world.run()
    world.runbooks.writes.clear()
    world.now += timedelta(days=1)
    summary = world.run()
    assert world.runbooks.writes == []
    assert summary.changed == 0
    assert summary.message == "Nothing to do."


def test_killed_before_any_write_and_run_again_ends_the_same(world: World) -> None:
    world.run()
    writes, end = len(world.runbooks.writes), (world.runbooks.kept, world.runbooks.links)
    for survived in range(writes):
        again = World()
        again.runbooks.dies_after = survived
        with pytest.raises(Killed):
            again.run()
        again.runbooks.dies_after = None
        again.run()
        assert (again.runbooks.kept, again.runbooks.links) == end
        assert again.run().changed == 0


@pytest.mark.parametrize(
    "rewrite",
    [lambda text: text.replace(b"\n", b"\r\n"), lambda text: b"\xef\xbb\xbf" + text],
    ids=["line ends", "byte order mark"],
)
def test_what_the_service_does_to_a_text_is_no_drift(world: World, rewrite: Callable[[bytes], bytes]) -> None:
    world.runbooks.rewrite = rewrite
    world.run()
    assert world.run().changed == 0


def test_service_that_changes_the_text_is_found_out(world: World) -> None:
    world.runbooks.rewrite = lambda text: text.replace(b"print", b"pr?nt")
    with pytest.raises(Failed) as caught:
        world.run()
    assert caught.value.code == "runbook-drift"
    assert caught.value.detail["differences"] == ["its published content has another SHA-256"]


def test_new_release_replaces_only_what_it_changes(world: World) -> None:
    world.run()
    world.runbooks.writes.clear()
    world.release({"run_health": b"print('new')\n"})
    assert world.run().written["runbooks"] == 1
    assert world.runbooks.writes == ["create run_health", "draft run_health", "publish run_health"]
    assert world.runbooks.published("run_health") == b"print('new')\n"


def test_edited_runbook_is_published_again_from_the_release(world: World) -> None:
    world.run()
    world.runbooks.replace_draft("run_health", b"print('by hand')\n")
    world.run()
    assert world.runbooks.kept["run_health"].record.state == "Published"
    assert b"by hand" not in (world.runbooks.published("run_health") or b"")


def test_runbook_of_nobody_is_reported_and_left_alone(world: World) -> None:
    world.runbooks.create("customers_own", kind="PowerShell", runtime="", description="", tags={})
    before = world.runbooks.kept["customers_own"]
    summary = world.run()
    assert summary.data["unknown"] == ["customers_own"]
    assert world.runbooks.kept["customers_own"] is before
    assert ("publish_runbooks/unknown-runbooks", "Observed") in world.log.steps()


def test_changed_schedule_link_is_deleted_and_created(world: World) -> None:
    world.run()
    world.runbooks.writes.clear()
    summary = world.run(worker_group="other-workers")
    assert world.runbooks.writes == ["delete link", "link run_health"]
    assert summary.written == {"runbooks": 0, "schedules": 0, "schedule_links": 1}


@pytest.mark.parametrize("change", [{"every": 7}, {"unit": "Day"}, {"enabled": False}])
def test_schedule_that_another_hand_changed_is_made_anew_with_its_link(
    world: World, change: dict[str, Any]
) -> None:
    world.run()
    schedules = world.runbooks.schedules
    schedules["run_health"] = replace(schedules["run_health"], **change)
    summary = world.run()
    assert summary.written == {"runbooks": 0, "schedules": 1, "schedule_links": 1}
    assert (schedules["run_health"].unit, schedules["run_health"].every) == ("Hour", 1)
    assert len(world.runbooks.links) == 1


def test_dry_run_tells_and_writes_nothing(world: World) -> None:
    summary = world.run(dry_run=True)
    assert world.runbooks.writes == []
    assert summary.changed == 0
    assert summary.planned == {"runbooks": len(RUNBOOKS), "schedules": 1, "schedule_links": 1}
    assert summary.message.startswith("To do: 4 runbooks")


def test_no_imported_release_blocks(world: World) -> None:
    with pytest.raises(Blocked) as caught:
        world.run(releases=FakeReleasePointer())
    assert caught.value.code == "release-not-imported"


def test_tampered_runbook_never_reaches_the_account(world: World) -> None:
    digest = digest_of(b"print('run_health')\n")
    world.blobs.tamper("artifacts", digest, b"print('evil')\n")
    with pytest.raises(Failed) as caught:
        world.run()
    assert caught.value.code == "blob-tampered"
    assert world.runbooks.writes == []


def test_role_that_spreads_in_time_is_waited_for(world: World) -> None:
    world.runbooks.failing = [Blocked("role-missing", "not yet", hint="wait")] * 2
    assert world.run().written["runbooks"] == len(RUNBOOKS)
    assert world.slept


def test_role_that_never_comes_blocks_after_its_time(world: World) -> None:
    world.runbooks.failing = [Blocked("role-missing", "never", hint="assign it")] * 100
    with pytest.raises(Blocked) as caught:
        world.run()
    assert caught.value.code == "role-missing"
    assert world.now - NOW <= timedelta(seconds=11)


def test_chance_failure_is_tried_again(world: World) -> None:
    world.runbooks.failing = [Transient("azure-busy", "busy", hint="wait")]
    assert world.run().written["runbooks"] == len(RUNBOOKS)


def test_the_manifests_retry_numbers_count_until_the_registrys_are_known(world: World) -> None:
    world.release({}, attempts=5, delaySeconds=7)
    world.runbooks.failing = [Transient("azure-busy", "busy", hint="wait")] * 5
    world.run()
    assert world.slept == [7.0] * 5
    world.runbooks.failing = [Transient("azure-busy", "busy", hint="wait")] * 5
    with pytest.raises(Transient):
        world.run(network=lambda: retry.network(1, 3))
    assert world.slept[5:] == [3.0]


def test_type_that_cannot_be_changed_is_the_services_own_error(world: World) -> None:
    world.runbooks.create("run_health", kind="PowerShell", runtime="", description="", tags={})
    with pytest.raises(BadInput) as caught:
        world.run()
    assert caught.value.code == "azure-refused"


def test_every_runbook_has_its_rows(world: World) -> None:
    world.run()
    published = [
        row["Component"]
        for row in world.log.rows
        if row["Operation"] == "publish_runbooks/publish-runbook" and row["Status"] == "Succeeded"
    ]
    assert published == VERBS


def test_content_hash_ignores_line_ends_and_nothing_else() -> None:
    one = automation.content_hash(b"a\nb\n")
    assert automation.content_hash(b"\xef\xbb\xbfa\r\nb\r\n") == one
    assert automation.content_hash(b"a\nb") != one
    assert automation.content_hash(b"a \nb\n") != one
