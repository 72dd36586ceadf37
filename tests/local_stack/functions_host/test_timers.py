from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from local_stack.functions_host.errors import HostError
from local_stack.functions_host.schedule import Schedule
from local_stack.threaded import ThreadedStack
from tests.local_stack.functions_host.site import Site, await_true


def status_of(site: Site) -> dict[str, str]:
    blob = f"timers/{site.settings['WEBSITE_SITE_NAME']}/Host.Functions.hourly/status"
    client = site.blobs.get_blob_client("azure-webjobs-hosts", blob)
    return json.loads(client.download_blob().readall()) if client.exists() else {}


@pytest.fixture(autouse=True)
def ten_past(small_stack: ThreadedStack) -> None:
    """Begin where the next full hour is far away: the stack's clock goes on by itself."""
    now = small_stack.clock.now()
    small_stack.clock.advance(3600 + 600 - 60 * now.minute - now.second)


def test_a_timer_fires_when_the_stacks_clock_comes_to_it(site: Site) -> None:
    site.start(workers=2)
    await_true(lambda: status_of(site))
    assert site.notes("hourly") == []
    site.stack.clock.advance(3600)
    await_true(lambda: site.notes("hourly"))
    assert [note["past_due"] for note in site.notes("hourly")] == [
        False
    ]  # one instance, however many workers
    await_true(lambda: status_of(site)["Last"] > "2001")
    planned = datetime.fromisoformat(status_of(site)["Next"])
    assert (planned.minute, planned.second) == (0, 0)


def test_a_missed_occurrence_is_made_up_for_once_at_the_next_start(site: Site) -> None:
    host = site.start()
    await_true(lambda: status_of(site))
    host.stop()
    site.stack.clock.advance(3 * 3600)
    second = site.start()
    await_true(lambda: site.notes("hourly"))
    assert [note["past_due"] for note in site.notes("hourly")] == [True]
    await_true(lambda: status_of(site)["Last"] > "2001")
    second.stop()
    site.start()
    assert len(site.notes("hourly")) == 1


def test_a_test_fires_a_timer_now(site: Site) -> None:
    host = site.start()
    assert host.fire("hourly")["ok"]
    assert len(site.notes("hourly")) == 1


def test_a_stop_lets_a_running_timer_finish(site: Site) -> None:
    site.settings["HOURLY_SECONDS"] = "0.5"
    host = site.start()
    await_true(lambda: status_of(site))
    site.stack.clock.advance(3600)
    await_true(lambda: [event for event in site.logged("start") if event["function"] == "hourly"])
    host.stop()
    assert len(site.notes("hourly")) == 1


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("0 */15 * * * *", "2026-01-01T00:07:03+00:00", "2026-01-01T00:15:00+00:00"),
        ("*/15 * * * *", "2026-01-01T00:07:03+00:00", "2026-01-01T00:15:00+00:00"),
        ("30 0 6 * * Mon-Fri", "2026-01-03T00:00:00+00:00", "2026-01-05T06:00:30+00:00"),
        ("0 0 0 13 * 5", "2026-01-01T00:00:00+00:00", "2026-02-13T00:00:00+00:00"),  # the 13th AND a Friday
        ("*/10 * * * * *", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:10+00:00"),
    ],
)
def test_ncrontab(text: str, after: str, expected: str) -> None:
    found = Schedule(text, "f").next(datetime.fromisoformat(after))
    assert found == datetime.fromisoformat(expected)
    assert found.tzinfo is not None
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text", ["", "* * *", "0 0 0 * * 7", "0 0 0 30 2 *", "@hourly", "00:05:00", "0 61 * * * *", "0 0 0 L * *"]
)
def test_what_is_no_ncrontab_is_refused_by_the_functions_name(text: str) -> None:
    with pytest.raises(HostError, match="nightly"):
        Schedule(text, "nightly")


def test_frequent_schedules_keep_no_status() -> None:
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert Schedule("*/30 * * * * *", "f").is_frequent(now)
    assert not Schedule("0 * * * * *", "f").is_frequent(now)
