"""The verbs that own Automation, with the real client against the stack: what the write log says of them."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local_stack.threaded import ThreadedStack
from tests.builders.manifest import sample_manifest
from tests.fakes.blobs import FakeArtifactBlobs
from tests.fakes.leases import FakeLeases, FakeReleasePointer
from tests.fakes.operations_log import RecordingLog
from tests.fakes.receipts import FakeReceipts
from tests.fakes.trust import FakeReleaseTrust, record
from tests.local_stack.automation.world import WORKERS, Account, account
from vibedata.adapters.automation import AzureRunbooks
from vibedata.adapters.automation_jobs import AzureJobs
from vibedata.catalog import RUNBOOKS
from vibedata.errors import Blocked, Failed, VibedataError
from vibedata.flows.publish_runbooks import publish_runbooks
from vibedata.flows.start_job import start_job
from vibedata.manifest import digest_of
from vibedata.operations import Operation
from vibedata.ports import Summary
from vibedata.recorder import Recorder

LAUNCHERS = Path(__file__).resolve().parents[3] / "runbooks"


class Release:
    """This repository's launchers, imported."""

    def __init__(self) -> None:
        self.blobs, self.pointer = FakeArtifactBlobs(), FakeReleasePointer()
        document = sample_manifest()
        for item in document["runbooks"]:
            content = (LAUNCHERS / f"{item['name']}.py").read_bytes()
            item["artifact"]["content"] = {"digest": digest_of(content), "size": len(content)}
            self.blobs.put("artifacts", digest_of(content), content)
        self.pointer.put(record(json.dumps(document).encode(), self.blobs))


def recorder(at: Account, verb: str) -> Recorder:
    return Recorder(Operation(str(uuid.uuid4()), verb, "i", 8), RecordingLog(), at.stack.clock.now)


def publish(at: Account, **changes: Any) -> Summary:
    release = Release()
    arguments: dict[str, Any] = {
        "runbooks": AzureRunbooks(at.credential, at.settings),
        "blobs": release.blobs,
        "releases": release.pointer,
        "release_trust": FakeReleaseTrust(release.pointer),
        "leases": FakeLeases(),
        "receipts": FakeReceipts(),
        "worker_group": WORKERS,
        "propagation_seconds": 0.5,
        "pause": time.sleep,
        "recorder": recorder(at, "publish_runbooks"),
        "clock": at.stack.clock.now,
    }
    return publish_runbooks(**{**arguments, **changes})


def start(at: Account, operation_id: str, **changes: Any) -> Summary:
    arguments: dict[str, Any] = {
        "runbook": "run_health",
        "operation_id": operation_id,
        "jobs": AzureJobs(at.credential, at.settings),
        "worker_group": WORKERS,
        "poll_seconds": 0.05,
        "deadline_seconds": 60.0,
        "propagation_seconds": 0.5,
        "pause": time.sleep,
        "recorder": recorder(at, "start_job"),
        "clock": at.stack.clock.now,
    }
    return start_job(**{**arguments, **changes})


@pytest.fixture
def engine(tmp_path: Path, own: ThreadedStack) -> Callable[[str], Account]:
    """Make an account whose worker has a current bundle with this program as its engine."""

    def make(program: str) -> Account:
        package = tmp_path / "home" / "bundles" / ("sha256-" + "b" * 64) / "vibedata"
        package.mkdir(parents=True)
        (package / "__main__.py").write_text(program)
        (tmp_path / "home" / "current").symlink_to(package.parent)
        return account(own, environment=f"VIBEDATA_HOME={tmp_path / 'home'}")

    return make


def test_second_publish_writes_nothing_at_all(at: Account, own: ThreadedStack) -> None:
    first = publish(at)
    assert first.written == {"runbooks": len(RUNBOOKS), "schedules": 1, "schedule_links": 1}
    before = own.writes.last
    second = publish(at)
    assert second.changed == 0
    assert own.writes.since(before, service="automation") == []


@pytest.mark.parametrize("rewrite", ["crlf", "bom"])
def test_service_that_rewrites_texts_makes_no_second_write(
    at: Account, own: ThreadedStack, rewrite: str
) -> None:
    own.faults.set("automation.rewrite_content", rewrite)
    publish(at)
    before = own.writes.last
    assert publish(at).changed == 0
    assert own.writes.since(before, service="automation") == []


@pytest.mark.parametrize(
    "operation", ["runbook.createOrUpdate", "runbookDraft.replaceContent", "runbook.publish"]
)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_run_that_breaks_at_a_step_is_finished_by_the_next(
    at: Account, own: ThreadedStack, operation: str, after: bool
) -> None:
    own.faults.add("automation", operation, status=500, after=after, path="*/run_health*")
    runbooks = AzureRunbooks(at.credential, at.settings)
    with contextlib.suppress(VibedataError):  # a lost answer may be made good within the run
        publish(at, runbooks=runbooks, pause=lambda seconds: None)
    assert after or (runbooks.published("run_health") is None)
    own.faults.clear()
    publish(at)
    assert publish(at).changed == 0
    assert runbooks.published("run_health") == (LAUNCHERS / "run_health.py").read_bytes()


def test_throttled_publish_waits_as_asked_and_ends(at: Account, own: ThreadedStack) -> None:
    own.faults.add("automation", "runbook.publish", status=429, retry_after=1, times=1)
    began = time.monotonic()
    assert publish(at).written["runbooks"] == len(RUNBOOKS)
    assert time.monotonic() - began >= 1


def test_job_runs_the_launcher_the_launcher_runs_the_bundle(engine: Callable[[str], Account]) -> None:
    at = engine(
        "import json, os, sys\nprint('words')\nprint(json.dumps({'verb': 'run_health', "
        "'written': {'health_rows': 2}, 'message': 'm', 'data': {'argv': sys.argv[1:], 'path': sys.path,"
        " 'job': os.environ['AUTOMATION_JOB_ID'], 'flags': list(sys.flags)}}))\n"
    )
    publish(at)
    operation_id = str(uuid.uuid4())
    summary = start(at, operation_id, args={"gate": True})
    assert summary.written == {"health_rows": 2}
    data = summary.data["result"]["data"]
    assert data["job"] == summary.data["job"]
    assert len(data["argv"]) == 1
    assert not [entry for entry in data["path"] if "site-packages" in entry]
    again = start(at, operation_id, args={"gate": True})
    assert (again.data["started"], again.data["job"]) == (False, summary.data["job"])


def test_engines_own_error_reaches_the_deployment(engine: Callable[[str], Account]) -> None:
    error = Blocked("component-missing", "no api", hint="deploy it").as_dict()
    at = engine(f"import sys\nprint('noise', file=sys.stderr)\nsys.exit({json.dumps(error)!r})\n")
    publish(at)
    operation_id = str(uuid.uuid4())
    with pytest.raises(Blocked) as caught:
        start(at, operation_id)
    assert "component-missing: no api" in caught.value.message
    assert caught.value.hint == "deploy it"
    with pytest.raises(Blocked) as again:
        start(at, operation_id)
    assert again.value.detail["job"] != caught.value.detail["job"]


def test_worker_without_a_bundle_says_so(at: Account) -> None:
    publish(at)
    with pytest.raises(Failed) as caught:
        start(at, str(uuid.uuid4()))
    assert "launcher-refused" in caught.value.message


def test_schedule_starts_the_verb_with_an_operation_of_its_own(
    engine: Callable[[str], Account], own: ThreadedStack
) -> None:
    at = engine("import sys\nprint(sys.argv[1])\n")
    publish(at)
    own.clock.advance(timedelta(minutes=15).total_seconds())
    deadline = time.monotonic() + 60
    while not (found := list(at.client.job.list_by_automation_account(*at.at))):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert at.wait(found[0].name or "").status == "Completed"
