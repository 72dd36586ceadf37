from __future__ import annotations

from tests.local_stack.functions_host.hub import Hub
from tests.local_stack.functions_host.site import Site, await_true


def checkpoint(site: Site, hub: Hub, partition: int) -> dict[str, str] | None:
    place = f"{hub.fully_qualified}/alerts/vibedata/checkpoint/{partition}"
    container = site.blobs.get_container_client("azure-webjobs-eventhub")
    if not container.exists():
        return None
    found = [blob for blob in container.list_blobs(include=["metadata"]) if blob.name == place]
    return found[0].metadata if found else None


def kept(site: Site) -> list[int]:
    return [number for note in site.notes("kept") for number in note["numbers"]]


def test_events_come_in_batches_in_order_and_are_checkpointed(site: Site, hub: Hub) -> None:
    hub.send(1, *(f"event {number}" for number in range(12)))
    site.start()
    await_true(lambda: len(kept(site)) == 12)
    assert kept(site) == list(range(12))
    assert max(len(note["numbers"]) for note in site.notes("kept")) == 5  # maxEventBatchSize
    assert site.notes("read")[0]["bodies"][0] == "event 0"
    assert site.notes("read")[0]["enqueued"].startswith("20")
    await_true(lambda: (checkpoint(site, hub, 1) or {}).get("sequencenumber") == "11")
    assert (checkpoint(site, hub, 1) or {})["offset"].isdigit()
    assert checkpoint(site, hub, 2) is None


def test_a_new_host_goes_on_after_the_checkpoint(site: Site, hub: Hub) -> None:
    hub.send(0, "one", "two")
    first = site.start()
    await_true(lambda: kept(site) == [0, 1])
    first.stop()
    hub.send(0, "three")
    site.start()
    await_true(lambda: len(kept(site)) == 3)
    assert kept(site) == [0, 1, 2]


def test_two_workers_read_all_partitions(site: Site, hub: Hub) -> None:
    for partition in range(4):
        hub.send(partition, "slowless")
    host = site.start(workers=2)
    await_true(lambda: len(site.notes("kept")) == 4)
    assert {note["pid"] for note in site.notes("kept")} == set(host.workers())


def test_a_batch_under_way_at_a_kill_comes_again_to_the_next_worker(site: Site, hub: Hub) -> None:
    host = site.start()
    hub.send(2, "slow", "other")
    await_true(lambda: site.notes("read"))
    killed = host.kill()
    hub.send(2, "after")
    await_true(lambda: len(kept(site)) >= 3)
    assert [note["pid"] == killed for note in site.notes("read")][:2] == [True, False]
    assert kept(site)[:3] == [0, 1, 2]


def test_retries_that_are_used_up_let_the_checkpoint_advance(site: Site, hub: Hub) -> None:
    site.start()
    hub.send(3, "bad")
    await_true(lambda: len(site.notes("read")) == 3)
    assert [note["tried"] for note in site.notes("read")] == [0, 1, 2]
    await_true(lambda: (checkpoint(site, hub, 3) or {}).get("sequencenumber") == "0")
    hub.send(3, "good")
    await_true(lambda: kept(site) == [1])
    assert len(site.notes("read")) == 4


def test_a_stop_within_retries_leaves_the_batch_to_the_next_host(site: Site, hub: Hub) -> None:
    site.settings["RETRY_DELAY"] = "00:10:00"
    hub.send(3, "bad")
    host = site.start()
    await_true(lambda: site.notes("read"))
    host.stop()
    assert [note["tried"] for note in site.notes("read")] == [0]
    assert checkpoint(site, hub, 3) is None
    site.start()
    await_true(lambda: len(site.notes("read")) == 2)
