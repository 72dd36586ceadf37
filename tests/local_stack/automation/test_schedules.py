from __future__ import annotations

import time
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.automation import models as m

from local_stack.threaded import ThreadedStack
from tests.local_stack.automation.world import WORKERS, Account


def hourly(at: Account, start: datetime, name: str = "hourly", frequency: str = "Hour") -> m.Schedule:
    properties = m.ScheduleCreateOrUpdateProperties(
        start_time=start, frequency=frequency, interval=None if frequency == "OneTime" else 1, time_zone="UTC"
    )
    wanted = m.ScheduleCreateOrUpdateParameters(name=name, properties=properties)
    return at.client.schedule.create_or_update(*at.at, name, wanted)


def link(at: Account, schedule: str = "hourly", link_id: str = "", **parameters: str) -> str:
    link_id = link_id or str(uuid.uuid4())
    properties = m.JobScheduleCreateProperties(
        schedule=m.ScheduleAssociationProperty(name=schedule),
        runbook=m.RunbookAssociationProperty(name="sample"),
        run_on=WORKERS,
        parameters=parameters,
    )
    at.client.job_schedule.create(*at.at, link_id, m.JobScheduleCreateParameters(properties=properties))
    return link_id


def jobs(at: Account, count: int) -> list[m.JobCollectionItem]:
    """Wait for so many jobs, and a moment longer for one too many."""
    deadline = time.monotonic() + 60
    while len(found := list(at.client.job.list_by_automation_account(*at.at))) < count:
        assert time.monotonic() < deadline, f"{len(found)} jobs"
        time.sleep(0.02)
    time.sleep(0.15)
    return list(at.client.job.list_by_automation_account(*at.at))


def next_run(at: Account, schedule: str) -> datetime:
    found = at.client.schedule.get(*at.at, schedule).properties
    assert found is not None
    assert found.next_run is not None
    return found.next_run


def test_schedule_starts_jobs_on_the_stacks_clock(at: Account, own: ThreadedStack) -> None:
    at.publish("sample", "import sys\nprint(sys.argv[1:])\n")
    hourly(at, own.clock.now() + timedelta(minutes=10))
    link(at, word="given")
    assert jobs(at, 0) == []
    own.clock.advance(11 * 60)
    (first,) = jobs(at, 1)
    assert first.name
    assert str(uuid.UUID(first.name)) == first.name
    assert at.wait(first.name).started_by == "schedule hourly"
    assert at.output(first.name) == "['given']"
    own.clock.advance(3600)
    assert len(jobs(at, 2)) == 2


def test_what_was_missed_is_not_made_up_for(at: Account, own: ThreadedStack) -> None:
    at.publish("sample", "print(1)\n")
    hourly(at, own.clock.now() + timedelta(minutes=10))
    link(at)
    own.clock.advance(5 * 3600)
    assert len(jobs(at, 1)) == 1
    assert timedelta(0) < next_run(at, "hourly") - own.clock.now() <= timedelta(hours=1)


def test_one_time_schedule_fires_once(at: Account, own: ThreadedStack) -> None:
    at.publish("sample", "print(1)\n")
    hourly(at, own.clock.now() + timedelta(minutes=10), "once", "OneTime")
    link(at, "once")
    own.clock.advance(3600)
    own.clock.advance(24 * 3600)
    assert len(jobs(at, 1)) == 1


def test_disabled_or_deleted_schedule_starts_nothing(at: Account, own: ThreadedStack) -> None:
    at.publish("sample", "print(1)\n")
    for name in ("off", "gone"):
        hourly(at, own.clock.now() + timedelta(minutes=10), name)
        link(at, name)
    off = m.ScheduleUpdateParameters(properties=m.ScheduleUpdateProperties(is_enabled=False))
    at.client.schedule.update(*at.at, "off", off)
    at.client.schedule.delete(*at.at, "gone")
    own.clock.advance(3600)
    assert jobs(at, 0) == []
    assert len(list(at.client.job_schedule.list_by_automation_account(*at.at))) == 1


def test_start_must_be_five_minutes_ahead(at: Account, own: ThreadedStack) -> None:
    with pytest.raises(HttpResponseError) as caught:
        hourly(at, own.clock.now() + timedelta(minutes=4))
    assert caught.value.status_code == 400
    assert "5 minutes" in str(caught.value)


def test_put_with_the_same_start_is_taken_though_it_has_passed(at: Account, own: ThreadedStack) -> None:
    start = own.clock.now() + timedelta(minutes=6)
    hourly(at, start)
    own.clock.advance(3600)
    found = hourly(at, start).properties
    assert found is not None
    assert found.start_time == start


def test_month_keeps_to_the_last_day(at: Account, own: ThreadedStack) -> None:
    year = own.clock.now().year + 1
    start = datetime(year, 1, 31, 12, tzinfo=timezone.utc)
    hourly(at, start, "monthly", "Month")
    own.clock.advance((start - own.clock.now()).total_seconds() + 60)
    deadline = time.monotonic() + 60
    while (following := next_run(at, "monthly")) == start:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert (following.month, following.day) == (2, 29 if year % 4 == 0 else 28)


def test_second_link_of_the_same_id_conflicts(at: Account, own: ThreadedStack) -> None:
    at.publish("sample", "print(1)\n")
    hourly(at, own.clock.now() + timedelta(minutes=10))
    link_id = link(at)
    with pytest.raises(ResourceExistsError):
        link(at, link_id=link_id)
    at.client.job_schedule.delete(*at.at, link_id)
    link(at, link_id=link_id)


def test_list_of_links_leaves_parameters_out(at: Account, own: ThreadedStack) -> None:
    at.publish("sample", "print(1)\n")
    hourly(at, own.clock.now() + timedelta(minutes=10))
    link_id = link(at, word="x")
    (listed,) = at.client.job_schedule.list_by_automation_account(*at.at)
    assert listed.properties is not None
    assert listed.properties.parameters == {}
    whole = at.client.job_schedule.get(*at.at, link_id).properties
    assert whole is not None
    assert whole.parameters == {"word": "x"}


def test_link_needs_schedule_and_published_runbook(at: Account, own: ThreadedStack) -> None:
    with pytest.raises(ResourceNotFoundError):
        link(at)
    hourly(at, own.clock.now() + timedelta(minutes=10))
    with pytest.raises(ResourceNotFoundError):
        link(at)


def test_deleted_runbook_takes_its_links_along(at: Account, own: ThreadedStack) -> None:
    at.publish("sample", "print(1)\n")
    hourly(at, own.clock.now() + timedelta(minutes=10))
    link(at)
    at.client.runbook.delete(*at.at, "sample")
    assert list(at.client.job_schedule.list_by_automation_account(*at.at)) == []
