"""Faults as clients meet them: an answer that breaks off, a clock that is off, tokens that end, an early return."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError

from local_stack.core.faults import Faults
from local_stack.core.store import Store
from local_stack.threaded import ThreadedStack
from tests.local_stack.support import Rest, arm_client, deployer_credential

ARM = "https://management.azure.com/.default"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedStack]:
    directory = tmp_path_factory.mktemp("faults") / "stack"
    with ThreadedStack(directory, services=("identity", "arm")) as stack:
        yield stack


@pytest.fixture
def small(shared: ThreadedStack) -> Iterator[ThreadedStack]:
    shared.faults.clear()
    yield shared
    shared.faults.clear()


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    return Faults(Store(tmp_path / "stack.db"))


def endpoints(stack: ThreadedStack) -> requests.Response:
    url = f"{stack.addresses.url('arm')}/metadata/endpoints?api-version=2022-09-01"
    return requests.get(url, verify=str(stack.ca_file), stream=True, timeout=60)


@pytest.mark.parametrize("after", [0, 1, 100])
def test_an_answer_breaks_off_after_so_many_bytes(small: ThreadedStack, after: int) -> None:
    whole = endpoints(small).content
    before = small.ctx.served["/metadata/endpoints"]
    small.faults.add("arm", "metadata.endpoints", cut_after=after, times=1)
    got = b""
    with pytest.raises(requests.exceptions.RequestException):
        for piece in endpoints(small).iter_content(1):
            got += piece
    assert got == whole[:after]
    assert small.ctx.served["/metadata/endpoints"] - before == after
    assert endpoints(small).content == whole


def test_an_answer_that_is_shorter_comes_whole(small: ThreadedStack) -> None:
    whole = endpoints(small).content
    small.faults.add("arm", "metadata.endpoints", cut_after=len(whole) + 1, times=1)
    assert endpoints(small).content == whole


def test_the_first_requests_may_be_spared(faults: Faults) -> None:
    faults.add("logs", status=503, skip=2, times=1)
    struck = [faults.take("logs", "logs.ingest", "/") is not None for _ in range(4)]
    assert struck == [False, False, True, False]


def test_who_comes_back_too_early_is_noted(faults: Faults) -> None:
    faults.add("logs", status=429, retry_after=600, times=1)
    faults.take("logs", "logs.ingest", "/a")
    faults.take("logs", "logs.ingest", "/b")
    assert faults.hasty == []
    faults.take("logs", "logs.ingest", "/a")
    assert [(one.operation, one.path) for one in faults.hasty] == [("logs.ingest", "/a")]
    assert 500 < faults.hasty[0].early <= 600


def test_who_waits_as_asked_is_not_noted(faults: Faults) -> None:
    faults.add("logs", status=429, retry_after=1, times=1)
    faults.take("logs", "logs.ingest", "/a")
    time.sleep(1.05)
    faults.take("logs", "logs.ingest", "/a")
    assert faults.hasty == []


def test_azures_clock_can_be_ahead(small: ThreadedStack) -> None:
    early = deployer_credential(small).get_token(ARM)
    small.faults.set("clock.skew_seconds", 7200)
    shown = parsedate_to_datetime(endpoints(small).headers["Date"]).timestamp()
    assert 7000 < shown - time.time() < 7400
    assert (
        Rest(small, early.token)("GET", "/subscriptions").json()["error"]["code"]
        == "ExpiredAuthenticationToken"
    )
    late = deployer_credential(small).get_token(ARM)
    assert Rest(small, late.token)("GET", "/subscriptions").status_code == 200
    small.faults.set("clock.skew_seconds", 0)
    refused = Rest(small, late.token)("GET", "/subscriptions")
    assert refused.json()["error"]["code"] == "InvalidAuthenticationToken"
    assert "not yet valid" in refused.json()["error"]["message"]


def test_tokens_can_live_shorter_and_a_client_gets_new_ones(small: ThreadedStack) -> None:
    small.faults.set("identity.token_seconds", 200)
    arm = arm_client(small, str(uuid.uuid4()))
    token = deployer_credential(small).get_token(ARM).token
    arm.resource_groups.create_or_update("rg", {"location": "westeurope"})
    small.faults.set("clock.skew_seconds", 250)
    assert Rest(small, token)("GET", "/subscriptions").status_code == 401
    assert arm.resource_groups.get("rg").name == "rg"


def test_a_wrong_secret_is_still_refused_while_clocks_differ(small: ThreadedStack) -> None:
    small.faults.set("clock.skew_seconds", -7200)
    with pytest.raises(ClientAuthenticationError):
        arm_client(small, str(uuid.uuid4()), ("nobody", "secret")).resource_groups.get("rg")
