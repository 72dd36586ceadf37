from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.local_stack.functions_host.site import Site, await_true

LEASE_SECONDS = 6.0  # of what a killed worker held, and short of what a busy machine may stand still


def test_a_message_is_processed_once_and_deleted(site: Site) -> None:
    host = site.start()
    site.send({"job": 1}, {"job": 2})
    await_true(lambda: len(site.notes("done")) == 2 and site.left() == 0)
    assert {note["job"] for note in site.notes("done")} == {1, 2}
    assert {note["dequeued"] for note in site.notes("done")} == {1}
    counted = host.metrics()["workers"][0]
    assert counted["functions"]["work"]["succeeded"] == 2
    assert counted["functions"]["work"]["age_count"] == 2
    assert counted["rssBytes"] > 1_000_000
    ends = [event for event in site.logged("end") if event["function"] == "work"]
    assert {event["id"] for event in ends} == {note["invocation"] for note in site.notes("begun")}


def test_a_failed_message_comes_back_at_once_and_is_done(site: Site) -> None:
    site.start()
    site.send({"job": 1, "fail": 2})
    await_true(lambda: site.notes("done") and site.left() == 0)
    assert [note["dequeued"] for note in site.notes("begun")] == [1, 2, 3]
    assert not _exists(site, "jobs-poison")


def test_a_message_that_always_fails_goes_to_the_poison_queue_as_it_was(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    site.start()
    site.send({"job": 1, "fail": 99})
    await_true(lambda: site.notes("poisoned") and site.left() == 0)
    assert [note["dequeued"] for note in site.notes("begun")] == [1, 2, 3]
    assert json.loads(site.notes("poisoned")[0]["body"]) == {"job": 1, "fail": 99}
    assert [event["dequeueCount"] for event in site.logged("poisoned")] == [3]
    said = capfd.readouterr().err
    assert said.count("Executed 'Functions.work' (Failed, Id=") == 3
    assert "ValueError at" in said
    assert "a secret" not in said


def test_what_is_no_base64_is_poisoned_without_a_call(site: Site) -> None:
    site.settings["AzureWebJobs.poisoned.Disabled"] = "true"
    host = site.start()
    site.queue.send_message("{plain: text & <more>}")
    await_true(lambda: _exists(site, "jobs-poison") and site.left("jobs-poison") == 1 and site.left() == 0)
    assert site.notes("begun") == []
    assert site.queues.get_queue_client("jobs-poison").receive_message().content == "{plain: text & <more>}"
    assert host.metrics()["workers"][0]["functions"]["work"]["also"]["undecodable"] == 3


def test_a_worker_killed_within_a_call_gives_the_message_back_after_its_lease(site: Site) -> None:
    host = site.start(lease=LEASE_SECONDS)
    site.send({"job": 1, "seconds": 30, "times": 1})
    await_true(lambda: site.notes("begun"))
    killed = host.kill()
    host.await_workers(other_than=killed)
    await_true(lambda: site.notes("done") and site.left() == 0)
    assert [note["dequeued"] for note in site.notes("begun")] == [1, 2]
    assert [note["pid"] == killed for note in site.notes("begun")] == [True, False]


def test_nothing_is_lost_while_workers_are_killed_again_and_again(site: Site) -> None:
    site.settings["AzureFunctionsJobHost__extensions__queues__maxDequeueCount"] = "50"
    site.send(*({"job": number, "seconds": 0.1} for number in range(60)))
    host = site.start(workers=2, lease=LEASE_SECONDS)
    for turn in range(4):
        await_true(lambda turn=turn: len(site.notes("done")) >= 10 * (turn + 1))
        host.kill(turn % 2)
    await_true(lambda: len({note["job"] for note in site.notes("done")}) == 60 and site.left() == 0)
    assert (
        len(site.notes("done")) - 60 <= 4 * 6
    )  # done again is what was in flight at a kill, and not yet deleted


def test_a_long_call_keeps_its_message_by_renewing_the_lease(site: Site) -> None:
    host = site.start(lease=LEASE_SECONDS)
    for job in range(1, 4):  # a machine that stands still for longer than the lease loses it, but not always
        site.send({"job": job, "seconds": LEASE_SECONDS + 2})
        await_true(lambda: site.notes("done") and site.left() == 0)
        if [note["dequeued"] for note in site.notes("begun") if note["job"] == job] == [1]:
            break
    else:
        pytest.fail("no message was kept")
    assert host.metrics()["workers"][0]["functions"]["work"]["also"]["leasesRenewed"] >= 2


def test_no_more_run_at_once_than_batch_and_threshold_allow(site: Site) -> None:
    site.send(*({"job": number, "seconds": 0.2 + 1.8 * (number % 2)} for number in range(16)))
    site.settings["PYTHON_THREADPOOL_THREAD_COUNT"] = "20"
    site.start()
    await_true(lambda: len(site.notes("done")) == 16)
    changes = sorted(
        [(note["at"], 1) for note in site.notes("begun")] + [(note["at"], -1) for note in site.notes("done")]
    )
    running, most = 0, 0
    for _, change in changes:
        running += change
        most = max(most, running)
    assert 4 < most <= 6  # batchSize 4 + newBatchThreshold 2


def test_two_workers_share_a_queue_and_each_message_is_done_once(site: Site) -> None:
    host, sent = site.start(workers=2), 0
    while {note["pid"] for note in site.notes("done")} != set(host.workers()):
        assert sent < 2000, "one of them does nothing"
        site.send(*({"job": number, "seconds": 0.05} for number in range(sent, sent + 40)))
        sent += 40
        await_true(lambda sent=sent: len(site.notes("done")) == sent and site.left() == 0)
    assert sorted(note["job"] for note in site.notes("done")) == list(range(sent))


def test_a_stop_finishes_what_is_in_flight_and_leaves_the_rest(site: Site) -> None:
    site.settings["PYTHON_THREADPOOL_THREAD_COUNT"] = "20"
    host = site.start()
    site.send(*({"job": number, "seconds": 1} for number in range(60)))
    await_true(lambda: len(site.notes("begun")) >= 4)
    host.stop()
    assert len(site.notes("done")) == len(site.notes("begun")) < 60
    assert site.left() == 60 - len(site.notes("done"))


def test_a_queue_that_comes_later_and_storage_that_fails_are_waited_for(site: Site) -> None:
    site.settings["Jobs"] = "later"
    host = site.start()
    site.queue = site.queues.create_queue("later")
    site.stack.faults.add("storage", "queue.GetMessages", status=503, times=6)
    site.stack.faults.add("storage", "queue.DeleteMessage", reset=True, after=True, times=1)
    site.send({"job": 1})
    await_true(lambda: site.notes("done") and site.left("later") == 0)
    site.stack.faults.clear()
    assert len(site.notes("done")) == 1
    assert host.metrics()["workers"][0]["functions"]["work"]["succeeded"] == 1


def test_a_function_that_takes_too_long_ends_its_worker(site: Site) -> None:
    site.settings["AzureFunctionsJobHost__functionTimeout"] = "00:00:01"
    host = site.start(lease=LEASE_SECONDS)
    first = host.workers()[0]
    site.send({"job": 1, "seconds": 30})
    await_true(lambda: len(site.notes("begun")) >= 2)
    assert site.notes("begun")[1]["pid"] != first
    assert site.notes("begun")[1]["dequeued"] == 2
    assert site.logged("end")[0]["error"] == "FunctionTimeoutException"


def test_without_the_role_nothing_is_received_and_the_log_says_so(
    new_site: Callable[..., Site], capfd: pytest.CaptureFixture[str]
) -> None:
    site = new_site(roles=("Storage Blob Data Owner",))
    site.start()
    site.send({"job": 1})
    said = ""
    deadline = time.monotonic() + 60
    while "AuthorizationPermissionMismatch" not in said and time.monotonic() < deadline:
        time.sleep(0.1)
        said += capfd.readouterr().err
    assert "work cannot receive: cannot receive from queue jobs: 403 AuthorizationPermissionMismatch" in said
    assert site.identity.header not in said
    assert site.notes("begun") == []


def _exists(site: Site, queue: str) -> bool:
    return queue in [each.name for each in site.queues.list_queues()]
