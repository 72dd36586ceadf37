"""Watermarks, what was poisoned, and every kept body: fakes and the storage account keep the same promises."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.contracts.alert_account import Account
from tests.environment import World
from tests.fakes.alert_instances import FakeWatermarks
from tests.fakes.poisoned_alerts import FakeKeptBodies, FakePoisonedAlerts
from vibedata.adapters.alert_bodies import MAX_KEPT_BYTES
from vibedata.alerts.kept import KeptBody
from vibedata.alerts.poison import Diagnosis, name_of
from vibedata.errors import BadInput, Blocked

NOW = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=timezone.utc)
TOLD = Diagnosis(
    "processing-failed", "It fails.", "0" * 64, "/subscriptions/s/a", "vd-web-5xx", "5xx above 10"
)


@pytest.fixture(scope="module")
def account(world: World) -> Account:
    return Account(world, containers=("alerts-claims", "alerts-rejected"))


@pytest.fixture(params=["fake", "azure"])
def watermarks(request: pytest.FixtureRequest) -> Any:
    return FakeWatermarks() if request.param == "fake" else request.getfixturevalue("account").watermarks


@pytest.fixture(params=["fake", "azure"])
def poisoned(request: pytest.FixtureRequest) -> Any:
    return FakePoisonedAlerts() if request.param == "fake" else request.getfixturevalue("account").poisoned


def raw() -> bytes:
    return uuid.uuid4().bytes


# watermarks


def test_there_is_none_before_the_first(watermarks: Any) -> None:
    assert watermarks.read(uuid.uuid4().hex) is None


def test_a_watermark_comes_back_to_the_microsecond(watermarks: Any) -> None:
    name = uuid.uuid4().hex
    assert watermarks.advance(name, NOW) is True
    assert watermarks.read(name) == NOW


def test_a_watermark_never_goes_back(watermarks: Any) -> None:
    name = uuid.uuid4().hex
    watermarks.advance(name, NOW)
    assert watermarks.advance(name, NOW - timedelta(seconds=1)) is False
    assert watermarks.advance(name, NOW) is False
    assert watermarks.read(name) == NOW
    assert watermarks.advance(name, NOW + timedelta(microseconds=1)) is True


def test_of_many_at_once_the_latest_stands(account: Account) -> None:
    name = uuid.uuid4().hex
    moments = [NOW + timedelta(seconds=n) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda moment: account.watermarks.advance(name, moment), moments))
    assert account.watermarks.read(name) == moments[-1]


@pytest.mark.parametrize("text", ["", "a b\nc d", "é" * 31_999 + " x\n y ", "0123456789" * 20_000])
def test_a_note_comes_back_until_there_is_another(watermarks: Any, text: str) -> None:
    name = uuid.uuid4().hex
    assert watermarks.noted(name) == ""
    watermarks.note(name, "x" * 100_000)
    watermarks.note(name, text)
    assert (watermarks.noted(name), watermarks.read(name)) == (text, None)


# what was poisoned


def test_a_message_comes_back_with_what_is_known_of_it(poisoned: Any) -> None:
    data = raw()
    kept = poisoned.keep(data, claimed=None, told=TOLD, at=NOW)
    assert (kept.name, kept.told, kept.size, kept.at, kept.waits) == (name_of(data), TOLD, 16, NOW, True)
    assert poisoned.read(kept.name) == (kept, data, None)
    assert kept in poisoned.kept()


def test_the_claimed_body_lies_beside_it(poisoned: Any) -> None:
    kept = poisoned.keep(raw(), claimed=b"body", told=TOLD, at=NOW)
    assert poisoned.read(kept.name)[2] == b"body"
    assert [one.name for one in poisoned.kept()].count(kept.name) == 1, "the body is no message"


def test_the_same_message_again_changes_nothing(poisoned: Any) -> None:
    data = raw()
    first = poisoned.keep(data, claimed=b"body", told=TOLD, at=NOW)
    again = poisoned.keep(
        data, claimed=b"body", told=Diagnosis("other", "Other."), at=NOW + timedelta(hours=1)
    )
    assert again == first == poisoned.read(first.name)[0]


def test_the_same_message_again_writes_nothing(account: Account) -> None:
    data = raw()
    account.poisoned.keep(data, claimed=b"body", told=TOLD, at=NOW)
    stack = account.tenant.stack
    before = stack.writes.last
    account.poisoned.keep(data, claimed=b"body", told=TOLD, at=NOW)
    assert [one for one in stack.writes.since(before) if one.status < 300] == []


def test_one_that_was_put_back_says_so(poisoned: Any) -> None:
    kept = poisoned.keep(raw(), claimed=None, told=TOLD, at=NOW)
    poisoned.requeued(kept.name, NOW + timedelta(hours=1))
    one, data, _ = poisoned.read(kept.name)
    assert (one.requeued_at, one.waits, one.told, one.at) == (NOW + timedelta(hours=1), False, TOLD, NOW)
    assert name_of(data) == kept.name


def test_one_that_comes_back_waits_again(poisoned: Any) -> None:
    data = raw()
    kept = poisoned.keep(data, claimed=None, told=TOLD, at=NOW)
    poisoned.requeued(kept.name, NOW)
    again = poisoned.keep(data, claimed=None, told=TOLD, at=NOW + timedelta(days=1))
    assert (again.times, again.waits, again.at) == (2, True, NOW + timedelta(days=1))
    assert poisoned.read(kept.name)[0] == again


def test_what_lies_beside_a_message_is_never_older_than_the_message(account: Account) -> None:
    data = raw()
    name = account.poisoned.keep(data, claimed=b"body", told=TOLD, at=NOW).name
    container = account.service.get_container_client("alerts-rejected")

    def ages() -> list[datetime]:
        blobs = (f"poison/{name}.claimed", f"poison/{name}")
        return [container.get_blob_client(one).get_blob_properties().last_modified for one in blobs]

    first = ages()
    time.sleep(1.1)  # what a blob tells of its age is of whole seconds
    account.poisoned.requeued(name, NOW)
    put_back = ages()
    assert all(later > before for later, before in zip(put_back, first, strict=True))
    container.delete_blob(f"poison/{name}.claimed")
    time.sleep(1.1)
    account.poisoned.keep(data, claimed=b"body", told=TOLD, at=NOW)
    assert all(later > before for later, before in zip(ages(), put_back, strict=True))
    assert account.poisoned.read(name)[2] == b"body"


def test_they_are_listed_oldest_first(poisoned: Any) -> None:
    names = [
        poisoned.keep(raw(), claimed=None, told=TOLD, at=NOW + timedelta(days=n)).name for n in (3, 1, 2)
    ]
    found = [one.name for one in poisoned.kept() if one.name in names]
    assert found == [names[1], names[2], names[0]]


def test_an_empty_message_is_one(poisoned: Any) -> None:
    kept = poisoned.keep(b"", claimed=None, told=TOLD, at=NOW)
    assert poisoned.read(kept.name)[1] == b""


@pytest.mark.parametrize("name", ["0" * 64, "../x", "", "A" * 64, "%2e"])
def test_a_name_under_which_nothing_is(poisoned: Any, name: str) -> None:
    with pytest.raises(BadInput) as caught:
        poisoned.read(name)
    assert caught.value.code == "alert-poison-unknown"


@pytest.mark.parametrize(
    "text", ["émile → ∞ 🚨", "line\nline\r\nx: y", "%41%", " padded ", "x" * 5000, "🚨" * 300]
)
def test_whatever_a_reason_says_a_header_carries_it(account: Account, text: str) -> None:
    told = Diagnosis("code", text, rule=text, summary=text)
    kept = account.poisoned.keep(raw(), claimed=None, told=told, at=NOW)
    read = account.poisoned.read(kept.name)[0].told
    assert text.startswith(read.reason)
    assert read.reason == text or len(read.reason) >= 80


def test_what_somebody_else_put_there_is_passed_over(account: Account) -> None:
    container = account.service.get_container_client("alerts-rejected")
    container.upload_blob("poison/notes.txt", b"mine")
    name = name_of(raw())
    container.upload_blob(f"poison/{name}", b"by hand")
    (found,) = [one for one in account.poisoned.kept() if one.name in (name, "notes.txt")]
    assert (found.name, found.told.code, found.times, found.waits) == (name, "", 1, True)


def test_a_container_that_nobody_made_blocks(world: World) -> None:
    bare = Account(world, containers=())
    for act in (
        lambda: bare.poisoned.kept(),
        lambda: bare.poisoned.keep(b"x", claimed=None, told=TOLD, at=NOW),
    ):
        with pytest.raises(Blocked) as caught:
            act()
        assert caught.value.code == "alert-container-missing"


# every kept body


@pytest.mark.parametrize("which", ["fake", "azure"])
def test_a_kept_body_is_read_by_its_blob(which: str, request: pytest.FixtureRequest) -> None:
    path = f"alerts-rejected/sha256/{uuid.uuid4().hex}"
    bodies: Any = FakeKeptBodies(**{path: b"body"})
    if which == "azure":
        account = request.getfixturevalue("account")
        account.service.get_blob_client(*path.split("/", 1)).upload_blob(b"body")
        bodies = account.bodies
    assert bodies.read(path)[1] == b"body"
    with pytest.raises(BadInput) as caught:
        bodies.read(path + "x")
    assert caught.value.code == "alert-body-unknown"


@pytest.mark.parametrize(
    "path",
    [
        *("manifests/x", "alerts-rejected/", "alerts-rejected", "", "../alerts-claims/x"),
        *(
            "alerts-claims/../manifests/x",
            "alerts-claims/./../manifests/x",
            "alerts-claims/a/../../manifests/x",
        ),
        *(
            "alerts-claims/..%2fmanifests/x",
            "alerts-claims/%2e%2e/manifests/x",
            "alerts-claims/..\\manifests\\x",
        ),
    ],
)
def test_only_the_alerts_own_containers_are_read(account: Account, path: str) -> None:
    others = account.service.get_container_client("manifests")
    if not others.exists():
        others.create_container()
    others.upload_blob("x", b"another's", overwrite=True)
    with pytest.raises(BadInput) as caught:
        account.bodies.read(path)
    assert caught.value.code == "alert-body-unknown"


def test_an_empty_kept_body_is_one(account: Account) -> None:
    account.service.get_blob_client("alerts-claims", "empty").upload_blob(b"")
    one, raw = account.bodies.read("alerts-claims/empty")
    assert (one.path, one.size, raw) == ("alerts-claims/empty", 0, b"")


def test_one_that_is_larger_than_any_alert_is_not_read(account: Account) -> None:
    account.service.get_blob_client("alerts-rejected", "huge").upload_blob(b"x" * (MAX_KEPT_BYTES + 1))
    with pytest.raises(BadInput) as caught:
        account.bodies.read("alerts-rejected/huge")
    assert caught.value.code == "alert-body-too-large"


# what intake took for no alert

ODD = "l\u00ednea 1\r\nX-Evil: 1 \U0001f6a8 100%25"


class Rejected:
    """Rejected bodies, kept by intake's own adapter or by the fake."""

    def __init__(self, bodies: Any, account: Account | None) -> None:
        self.bodies, self._account = bodies, account

    def keep(self, raw: bytes, at: datetime, reason: str) -> str:
        if self._account is None:
            return str(self.bodies.keep(raw, at, "not-json", reason))
        told: dict[str, Any] = {"code": "not-json", "reason": reason, "received_at": at, "origin": "eventhub"}
        return f"alerts-rejected/{self._account.rejected.keep(raw, **told)}"


@pytest.fixture(params=["fake", "azure"])
def rejected(request: pytest.FixtureRequest) -> Rejected:
    account = request.getfixturevalue("account") if request.param == "azure" else None
    return Rejected(account.bodies if account else FakeKeptBodies(), account)


def test_a_rejected_body_is_read_with_what_intake_noted(rejected: Rejected) -> None:
    data = raw()
    path = rejected.keep(data, NOW, ODD)
    expected = KeptBody(path, len(data), NOW, "not-json", ODD, "eventhub")
    for name in (path, path[: len("alerts-rejected/sha256/") + 12]):
        assert rejected.bodies.read(name) == (expected, data)
    with pytest.raises(BadInput) as caught:
        rejected.bodies.read(path[:-1] + ("0" if path[-1] != "0" else "1"))
    assert caught.value.code == "alert-body-unknown"


def test_rejected_bodies_are_listed_and_nothing_else(rejected: Rejected) -> None:
    paths = {rejected.keep(raw(), NOW + timedelta(hours=hour), "why") for hour in range(3)}
    listed = {one.path: one for one in rejected.bodies.rejected()}
    assert paths <= set(listed)
    assert all(path.startswith("alerts-rejected/sha256/") for path in listed)
    assert {listed[path].at for path in paths} == {NOW + timedelta(hours=hour) for hour in range(3)}


def test_letters_that_begin_several_rejected_bodies(account: Account) -> None:
    for name in ("sha256/abcd1" + "0" * 59, "sha256/abcd2" + "0" * 59):
        account.service.get_blob_client("alerts-rejected", name).upload_blob(b"x")
    with pytest.raises(BadInput) as caught:
        account.bodies.read("alerts-rejected/sha256/abcd")
    assert caught.value.code == "alert-body-ambiguous"
    with pytest.raises(BadInput) as caught:
        account.bodies.read("alerts-rejected/sha256/0123456789")
    assert caught.value.code == "alert-body-unknown"


def test_a_note_that_was_made_plainly_is_read_too(account: Account) -> None:
    name = "sha256/" + "7" * 64
    told = {"code": "not-an-alert", "reason": "no field tells of an alert", "Origin": "http"}
    account.service.get_blob_client("alerts-rejected", name).upload_blob(b"x", metadata=told)
    one, _ = account.bodies.read(f"alerts-rejected/{name}")
    assert (one.code, one.reason, one.origin) == ("not-an-alert", "no field tells of an alert", "http")
    assert one.at is not None


def test_a_list_of_rejected_bodies_needs_the_container(world: World) -> None:
    with pytest.raises(Blocked) as caught:
        list(Account(world, containers=()).bodies.rejected())
    assert caught.value.code == "alert-container-missing"
