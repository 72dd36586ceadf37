"""What every Jobs port does, in memory and in Automation alike."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from local_stack.threaded import ThreadedStack
from tests.fakes.jobs import FakeJobs, Fate
from tests.local_stack.automation.world import WORKERS, account, own_stack
from vibedata.adapters.automation_jobs import AzureJobs
from vibedata.automation import ENDED_BADLY, ENDED_WELL, JobRecord
from vibedata.errors import Blocked
from vibedata.ports import Jobs

WELL = Fate(output="hello\nlast line")
BADLY = Fate(("New", "Running", "Failed"), exception="it broke")
TEXT = """import sys
print("hello")
if sys.argv[1] == "fail":
    sys.exit("it broke")
print("last line")
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    with own_stack(tmp_path_factory.mktemp("jobs")) as stack:
        yield stack


@dataclass
class World:
    """A port, and how it starts a job of the one published runbook that ends well or badly."""

    port: Jobs
    start: Callable[[str, bool], bool]

    def ended(self, name: str) -> JobRecord:
        """Wait for the job's end."""
        deadline = time.monotonic() + 60
        while (job := self.port.get(name)).status not in ENDED_WELL | ENDED_BADLY:
            assert time.monotonic() < deadline, job
            time.sleep(0.02)
        return job


@pytest.fixture(params=["fake", "azure"])
def world(request: pytest.FixtureRequest, own: ThreadedStack) -> World:
    if request.param == "fake":
        fake = FakeJobs(["sample"])

        def start_fake(name: str, well: bool) -> bool:
            fake.fates = [WELL if well else BADLY]
            word = "succeed" if well else "fail"
            return fake.start(name, runbook="sample", worker_group=WORKERS, parameter=word)

        return World(fake, start_fake)
    at = account(own)
    at.publish("sample", TEXT)
    real = AzureJobs(at.credential, at.settings)
    return World(
        real,
        lambda name, well: real.start(
            name, runbook="sample", worker_group=WORKERS, parameter="succeed" if well else "fail"
        ),
    )


def test_job_completes_with_its_output(world: World) -> None:
    name = str(uuid.uuid4())
    assert world.start(name, True)
    job = world.ended(name)
    assert job == JobRecord(name, "sample", "Completed", "succeed", "")
    assert world.port.output(name) == "hello\nlast line"


def test_failed_job_leaves_its_exception(world: World) -> None:
    name = str(uuid.uuid4())
    assert world.start(name, False)
    job = world.ended(name)
    assert (job.status, job.exception) == ("Failed", "it broke")


def test_name_is_taken_for_ever(world: World) -> None:
    name = str(uuid.uuid4())
    assert world.start(name, False)
    world.ended(name)
    assert not world.start(name, True)
    assert world.ended(name).status == "Failed"


def test_runbook_that_is_not_published_blocks(world: World) -> None:
    with pytest.raises(Blocked) as caught:
        world.port.start(str(uuid.uuid4()), runbook="nobody", worker_group=WORKERS, parameter="x")
    assert caught.value.code == "runbook-not-published"


def test_unknown_job_is_named(world: World) -> None:
    with pytest.raises(Blocked) as caught:
        world.port.get(str(uuid.uuid4()))
    assert caught.value.code == "azure-not-found"


def test_missing_role_is_named(own: ThreadedStack) -> None:
    at = account(own)
    at.publish("sample", TEXT)
    stranger, secret = own.create_application("stranger")
    port = AzureJobs(at.as_application(stranger.app_id, secret), at.settings)
    with pytest.raises(Blocked) as caught:
        port.start(str(uuid.uuid4()), runbook="sample", worker_group=WORKERS, parameter="x")
    assert caught.value.code == "role-missing"
    assert caught.value.detail["role"] == "Automation Contributor"
