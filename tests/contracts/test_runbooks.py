"""What every Runbooks port does, in memory and in Automation alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from local_stack.threaded import ThreadedStack
from tests.fakes.runbooks import FakeRunbooks
from tests.local_stack.automation.world import account, own_stack
from vibedata.adapters.automation import AzureRunbooks
from vibedata.automation import ScheduleLink, ScheduleRecord
from vibedata.errors import BadInput, Blocked, Transient, VibedataError
from vibedata.ports import Runbooks

LINK_ID = "0b8e6a0c-6a8a-4a9e-9a35-0d6d3d5a0001"
TEXT = b"print('one')\nprint('two')\n"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    with own_stack(tmp_path_factory.mktemp("runbooks")) as stack:
        yield stack


@pytest.fixture(params=["fake", "azure"])
def port(request: pytest.FixtureRequest, own: ThreadedStack) -> Runbooks:
    if request.param == "fake":
        return FakeRunbooks()
    at = account(own)
    return AzureRunbooks(at.credential, at.settings)


def create(port: Runbooks, name: str = "run_health", **changes: object) -> None:
    facts = {"kind": "Python", "runtime": "Python-3.10", "description": "d", "tags": {"a": "b"}}
    port.create(name, **{**facts, **changes})  # type: ignore[arg-type]


def publish(port: Runbooks, content: bytes = TEXT) -> None:
    create(port)
    port.replace_draft("run_health", content)
    port.publish("run_health")


def schedule(every: int = 1) -> ScheduleRecord:
    start = (datetime.now(timezone.utc) + timedelta(minutes=10)).replace(second=0, microsecond=0)
    return ScheduleRecord("run_health", "Hour", every, start)


def link(**changes: str) -> ScheduleLink:
    return replace(ScheduleLink(LINK_ID, "run_health", "run_health", "workers", "abc"), **changes)


def test_empty_account_has_nothing(port: Runbooks) -> None:
    assert port.all() == []
    assert port.get("run_health") is None
    assert port.published("run_health") is None
    assert port.schedule("run_health") is None
    assert port.link(LINK_ID) is None


def test_created_runbook_is_new_and_has_no_content(port: Runbooks) -> None:
    create(port)
    found = port.get("run_health")
    assert found is not None
    assert (found.name, found.state, found.kind, found.runtime) == (
        "run_health",
        "New",
        "Python",
        "Python-3.10",
    )
    assert found.tags == {"a": "b"}
    assert port.published("run_health") is None
    assert port.all() == [found]


def test_draft_is_not_published_until_it_is(port: Runbooks) -> None:
    publish(port)
    assert port.published("run_health") == TEXT
    port.replace_draft("run_health", b"print('three')\n")
    found = port.get("run_health")
    assert found is not None
    assert found.state == "Edit"
    assert port.published("run_health") == TEXT
    port.publish("run_health")
    assert port.published("run_health") == b"print('three')\n"


def test_create_again_changes_tags_and_keeps_the_content(port: Runbooks) -> None:
    publish(port)
    create(port, tags={"c": "d"})
    found = port.get("run_health")
    assert found is not None
    assert (found.tags, found.state) == ({"c": "d"}, "Published")
    assert port.published("run_health") == TEXT


def test_type_is_for_ever(port: Runbooks) -> None:
    create(port)
    with pytest.raises(BadInput) as caught:
        create(port, kind="PowerShell")
    assert caught.value.code == "azure-refused"


def test_publish_without_draft_is_refused(port: Runbooks) -> None:
    create(port)
    with pytest.raises(BadInput):
        port.publish("run_health")


def test_schedule_is_given_back(port: Runbooks) -> None:
    wanted = schedule()
    port.put_schedule(wanted)
    assert port.schedule("run_health") == wanted
    port.delete_schedule("run_health")
    port.delete_schedule("run_health")
    assert port.schedule("run_health") is None


def test_link_is_given_back_with_its_parameter(port: Runbooks) -> None:
    publish(port)
    port.put_schedule(schedule())
    port.put_link(link())
    assert port.link(LINK_ID) == link()
    port.delete_link(LINK_ID)
    port.delete_link(LINK_ID)
    assert port.link(LINK_ID) is None
    port.put_link(link(parameter="other"))
    assert port.link(LINK_ID) == link(parameter="other")


def test_link_cannot_be_put_twice(port: Runbooks) -> None:
    publish(port)
    port.put_schedule(schedule())
    port.put_link(link())
    with pytest.raises(Transient) as caught:
        port.put_link(link())
    assert caught.value.code == "azure-conflict"


def test_deleted_schedule_takes_its_link_along(port: Runbooks) -> None:
    publish(port)
    port.put_schedule(schedule())
    port.put_link(link())
    port.delete_schedule("run_health")
    assert port.link(LINK_ID) is None


CALLS: list[Callable[[Runbooks], object]] = [
    lambda port: port.all(),
    lambda port: create(port),
    lambda port: port.schedule("run_health"),
    lambda port: port.put_link(link()),
]


@pytest.mark.parametrize("call", CALLS)
def test_missing_role_is_named(own: ThreadedStack, call: Callable[[Runbooks], object]) -> None:
    at = account(own)
    stranger, secret = own.create_application("stranger")
    port = AzureRunbooks(at.as_application(stranger.app_id, secret), at.settings)
    with pytest.raises(Blocked) as caught:
        call(port)
    assert caught.value.code == "role-missing"
    assert caught.value.detail["role"] == "Automation Contributor"


@pytest.mark.parametrize(
    ("fault", "code"), [({"status": 503}, "azure-busy"), ({"reset": True}, "azure-unreachable")]
)
def test_trouble_is_transient(own: ThreadedStack, fault: dict[str, object], code: str) -> None:
    at = account(own)
    port = AzureRunbooks(at.credential, at.settings)
    own.faults.add("automation", "runbook.list", times=1, **fault)
    with pytest.raises(VibedataError) as caught:
        port.all()
    assert (caught.value.code, caught.value.kind) == (code, "Transient")
    assert port.all() == []
