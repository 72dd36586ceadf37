"""What a verb that changes the instance holds and leaves: the lease while it works, a receipt for what it did."""

from __future__ import annotations

import pytest

from tests.builders.manifest import SUFFIX
from tests.builders.release import publish
from tests.fakes.blobs import FakeArtifactBlobs
from tests.fakes.component_registry import Killed
from tests.fakes.receipts import FakeReceipts
from tests.flows.registry_world import RegistryWorld
from tests.flows.test_import_artifacts import World as Importing
from tests.flows.test_publish_runbooks import VERBS
from tests.flows.test_publish_runbooks import World as Publishing
from vibedata import receipt_chain
from vibedata.automation import schedule_digest
from vibedata.catalog import RUNBOOKS
from vibedata.errors import Blocked, Failed, Transient
from vibedata.manifest import digest_of


@pytest.fixture
def publishing() -> Publishing:
    return Publishing()


@pytest.fixture
def importing() -> Importing:
    return Importing()


@pytest.fixture
def registry() -> RegistryWorld:
    return RegistryWorld()


def told(receipts: FakeReceipts) -> list[tuple[str, str, str]]:
    """Return subject, before and after of every receipt; the chain must be whole."""
    found = receipts.read()
    assert receipt_chain.first_break(receipts.instance_id, found) is None
    return [(one.subject, one.before, one.after) for one in receipt_chain.chain(found)]


def test_published_runbooks_and_schedules_have_receipts(publishing: Publishing) -> None:
    summary = publishing.run()
    runbooks = [
        (f"runbook/{verb}", "", digest_of(publishing.runbooks.published(verb) or b"")) for verb in VERBS
    ]
    scheduled = next(row for row in RUNBOOKS if row.schedule)
    schedule = (f"schedule/{scheduled.verb}", "", schedule_digest(scheduled, "vibedata-workers"))
    assert sorted(told(publishing.receipts)) == sorted([*runbooks, schedule])
    head = publishing.receipts.read().head
    assert head is not None
    assert summary.data["receipts"] == {"head": head.text, "new": len(RUNBOOKS) + 1}


def test_a_receipt_names_operation_actor_release_and_time(publishing: Publishing) -> None:
    publishing.run()
    one = receipt_chain.chain(publishing.receipts.read())[0]
    assert one.operation_id == "0b8e6a0c-6a8a-4a9e-9a35-0d6d3d5a0001"
    assert (one.verb, one.at) == ("publish_runbooks", publishing.now.isoformat())
    assert publishing.pointer.record is not None
    assert one.release == publishing.pointer.record.digest


def test_a_second_run_leaves_no_receipt_and_tells_the_same_head(publishing: Publishing) -> None:
    first = publishing.run()
    again = publishing.run()
    assert publishing.receipts.settlings == 1
    assert again.data["receipts"] == {"head": first.data["receipts"]["head"], "new": 0}


def test_the_operations_log_keeps_the_head(publishing: Publishing) -> None:
    summary = publishing.run()
    (head,) = receipt_chain.heads_in(publishing.log.rows[-1:], "instance-1")
    assert head.text == summary.data["receipts"]["head"]


def test_a_new_release_leaves_receipts_of_what_it_changed(publishing: Publishing) -> None:
    publishing.run()
    old = digest_of(publishing.runbooks.published("run_health") or b"")
    publishing.release({"run_health": b"print('new')\n"})
    publishing.run()
    assert told(publishing.receipts)[-1] == ("runbook/run_health", old, digest_of(b"print('new')\n"))


def test_another_worker_group_leaves_a_receipt_of_the_schedule(publishing: Publishing) -> None:
    publishing.run()
    publishing.run(worker_group="others")
    subject, before, after = told(publishing.receipts)[-1]
    assert subject == "schedule/run_health"
    assert before != after


def test_a_run_killed_before_its_receipts_has_them_written_by_the_next(publishing: Publishing) -> None:
    publishing.receipts.failing = [Killed()]  # type: ignore[list-item]
    with pytest.raises(Killed):
        publishing.run()
    assert told(publishing.receipts) == []
    assert publishing.run().changed == 0
    undisturbed = Publishing()
    undisturbed.run()
    assert told(publishing.receipts) == told(undisturbed.receipts)


def test_a_run_that_fails_half_way_leaves_receipts_of_its_half(publishing: Publishing) -> None:
    publishing.runbooks.rewrite = lambda text: text.replace(VERBS[1].encode(), b"other")
    with pytest.raises(Failed) as caught:
        publishing.run()
    assert caught.value.code == "runbook-drift"
    assert [subject for subject, _, _ in told(publishing.receipts)] == [f"runbook/{VERBS[0]}"]
    publishing.runbooks.rewrite = lambda text: text
    publishing.run()
    undisturbed = Publishing()
    undisturbed.run()
    assert told(publishing.receipts) == told(undisturbed.receipts)


def test_receipts_that_cannot_be_written_are_tried_again_and_then_fail_the_run(
    publishing: Publishing,
) -> None:
    publishing.receipts.failing = [Transient("azure-busy", "busy", hint="wait")]
    assert publishing.run().data["receipts"]["new"] == len(RUNBOOKS) + 1
    again = Publishing()
    again.receipts.failing = [Failed("receipts-broken", "damaged", hint="verify")] * 9
    with pytest.raises(Failed) as caught:
        again.run()
    assert caught.value.code == "receipts-broken"
    assert again.leases.held == {}


@pytest.mark.parametrize("dry_run", [False, True])
def test_the_lease_is_held_while_the_verb_runs_and_given_back(
    publishing: Publishing, registry: RegistryWorld, dry_run: bool
) -> None:
    publishing.run(dry_run=dry_run)
    registry.bootstrap(dry_run=dry_run)
    for leases in (publishing.leases, registry.leases):
        assert leases.fences == {"instance": 1}
        assert leases.held == {}
    assert bool(told(publishing.receipts)) is not dry_run
    assert bool(told(registry.receipts)) is not dry_run


def test_who_finds_the_lease_held_changes_nothing(publishing: Publishing, registry: RegistryWorld) -> None:
    for world in (publishing, registry):
        world.leases.acquire("instance", owner="another operation")
    with pytest.raises(Blocked) as published:
        publishing.run()
    with pytest.raises(Blocked) as bootstrapped:
        registry.bootstrap()
    for caught in (published, bootstrapped):
        assert caught.value.code == "lease-held"
        assert caught.value.detail["owner"] == "another operation"
    assert (publishing.runbooks.writes, registry.registry.writes) == ([], 0)
    assert told(publishing.receipts) == told(registry.receipts) == []


def test_health_is_probed_while_another_operation_holds_the_lease(registry: RegistryWorld) -> None:
    registry.bootstrap()
    registry.leases.acquire("instance", owner="an import")
    assert registry.health().written == {"health": 6}


def test_the_lease_is_given_back_by_a_verb_that_fails(publishing: Publishing) -> None:
    publishing.runbooks.failing = [Blocked("azure-prohibited", "a policy", hint="exempt")]
    with pytest.raises(Blocked):
        publishing.run()
    assert publishing.leases.held == {}


def test_a_holder_that_lost_its_lease_stops_between_runbooks(publishing: Publishing) -> None:
    """Automation starts a job from the top again: the newer run of the same operation fences the older one."""

    class Overtaken(type(publishing.runbooks)):  # type: ignore[misc]
        def publish(self, name: str) -> None:
            super().publish(name)
            if name == VERBS[1]:
                publishing.leases.acquire("instance", owner="0b8e6a0c-6a8a-4a9e-9a35-0d6d3d5a0001")

    with pytest.raises(Failed) as caught:
        publishing.run(runbooks=Overtaken())
    assert caught.value.code == "lease-lost"
    assert told(publishing.receipts) == [], "a fenced holder leaves no receipts: the newer one does"
    assert publishing.leases.held["instance"][1] == 2, "the newer one still holds it"


def test_a_holder_looks_at_its_lease_while_it_waits(publishing: Publishing) -> None:
    publishing.runbooks.failing = [Transient("azure-busy", "busy", hint="wait", retry_after=120.0)]
    publishing.run()
    assert max(publishing.slept) <= 10.0
    assert sum(publishing.slept) == 120.0
    assert publishing.leases.checks >= 12


def test_the_component_registry_has_one_receipt_whatever_its_size(registry: RegistryWorld) -> None:
    summary = registry.bootstrap()
    ((subject, before, after),) = told(registry.receipts)
    assert (subject, before) == ("component-registry", "")
    assert after.startswith("sha256:")
    assert summary.data["receipts"]["new"] == 1


def test_an_unchanged_registry_leaves_none_whenever_it_is_looked_at(registry: RegistryWorld) -> None:
    registry.bootstrap()
    registry.pause(3600.0)
    registry.health()
    registry.bootstrap()
    assert len(told(registry.receipts)) == 1


def test_a_changed_registry_follows_on_the_last(registry: RegistryWorld) -> None:
    registry.bootstrap()
    ((_, _, first),) = told(registry.receipts)
    registry.component("api").update(version="1.5.0")
    registry.release(registry.document)
    registry.bootstrap()
    assert told(registry.receipts)[-1][:2] == ("component-registry", first)


def test_a_registry_that_lacks_a_component_has_its_receipt_too(registry: RegistryWorld) -> None:
    registry.inventory.remove(f"app-studio-{SUFFIX}")
    with pytest.raises(Blocked) as caught:
        registry.bootstrap()
    assert caught.value.code == "component-missing"
    assert len(told(registry.receipts)) == 1


def test_a_fenced_holder_writes_no_component(registry: RegistryWorld) -> None:
    registry.registry.fence = 2  # another run has taken the lease over and written
    with pytest.raises(Failed) as caught:
        registry.bootstrap()
    assert caught.value.code == "lease-lost"
    assert (registry.registry.writes, told(registry.receipts)) == (0, [])


def test_an_import_has_receipts_of_images_release_and_bundle(importing: Importing) -> None:
    published = publish()
    importing.publish(*published)
    bundle = digest_of(b"the engine that runs")
    summary = importing.run(running_bundle=bundle)
    receipts = told(importing.receipts)
    images = {subject: after for subject, _, after in receipts[:-2]}
    assert set(images.values()) == {packed.digest for packed in [published.release, *published.parts]}
    assert all(importing.customer.tags[_named(subject)] == after for subject, after in images.items())
    assert receipts[-2:] == [("release", "", published.release.digest), ("worker/bundle", "", bundle)]
    assert summary.data["receipts"]["new"] == len(receipts)


def test_a_second_import_leaves_no_receipt(importing: Importing) -> None:
    importing.publish(*publish())
    importing.run()
    importing.run()
    assert importing.receipts.settlings == 1


def test_an_import_that_fails_has_receipts_of_what_it_brought_and_none_of_the_release(
    importing: Importing,
) -> None:
    published = publish()
    importing.publish(*published)
    with pytest.raises(Blocked):
        importing.run(blobs=RefusingBlobs())
    half = told(importing.receipts)
    assert half
    assert "release" not in {subject for subject, _, _ in half}
    importing.run()
    undisturbed = Importing()
    undisturbed.publish(*published)
    undisturbed.run()
    assert told(importing.receipts) == told(undisturbed.receipts)


class RefusingBlobs(FakeArtifactBlobs):
    """A storage account in which a policy forbids to write."""

    def put(self, container: str, digest: str, data: bytes) -> bool:
        raise Blocked("azure-prohibited", "a policy", hint="exempt")


def _named(subject: str) -> tuple[str, str]:
    """Return repository and tag of an image's subject."""
    repository, _, tag = subject.removeprefix("registry/").rpartition(":")
    return repository, tag
