"""The handlers of the intake: what an action group and the host see of every outcome."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, cast

import azure.functions as func
import pytest

from functions_app import alerts as entrance
from tests.fakes.alert_queue import NOW, FakeAlertQueue, FakeCallers, FakeRejectedAlerts, busy
from tests.flows.test_receive_alert import alert, dumped
from vibedata.errors import BadInput, Blocked, Transient
from vibedata.wiring.functions import FunctionWires


class FakeWires:
    def __init__(self) -> None:
        self.queue, self.rejected, self.who = FakeAlertQueue(), FakeRejectedAlerts(), FakeCallers()
        self.trouble: Exception | None = None

    def receive_alert(self) -> dict[str, Any]:
        if self.trouble:
            raise self.trouble
        return {"queue": self.queue, "rejected": self.rejected, "clock": lambda: NOW}

    def callers(self) -> FakeCallers:
        return self.who


class Intake:
    """The blueprint's functions over fake ports."""

    def __init__(self) -> None:
        self.wires = FakeWires()
        app = func.FunctionApp()
        app.register_functions(entrance.blueprint(lambda: cast(FunctionWires, self.wires)))
        handlers = {one.get_function_name(): one.get_user_function() for one in app.get_functions()}
        self._relay, self._receive = handlers["relay_alerts"], handlers["receive_alert"]

    def relay(self, *bodies: bytes) -> None:
        self._relay([func.EventHubEvent(body=body) for body in bodies])

    def call(
        self, body: bytes, *, method: str = "POST", token: str | None = "Bearer good"
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        headers = {} if token is None else {"authorization": token}
        request = func.HttpRequest(method, "https://func/api/alerts", headers=headers, body=body)
        answer = self._receive(request)
        return answer.status_code, json.loads(answer.get_body()), dict(answer.headers)


@pytest.fixture
def intake() -> Intake:
    return Intake()


def test_a_batch_is_relayed(intake: Intake) -> None:
    intake.relay(dumped(alert(1)), dumped([alert(2), alert(3)]), dumped({"records": [alert(4)]}))
    assert len(intake.wires.queue.sent) == 4
    assert {message.origin for message in intake.wires.queue.messages} == {"eventhub"}


def test_a_bad_event_is_kept_and_raises_nothing(intake: Intake, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        intake.relay(b"\x00", dumped(alert()), b"<html>")
    assert len(intake.wires.queue.sent) == 1
    assert {kept.raw for kept in intake.wires.rejected.kept.values()} == {b"\x00", b"<html>"}
    assert "not-json" in caplog.text


@pytest.mark.parametrize("where", ["queue", "rejected"])
def test_trouble_of_our_own_is_raised_so_that_the_host_tries_again(intake: Intake, where: str) -> None:
    getattr(intake.wires, where).trouble = busy()
    with pytest.raises(Transient):
        intake.relay(dumped(alert()), b"bad")
    getattr(intake.wires, where).trouble = None
    intake.relay(dumped(alert()), b"bad")
    assert intake.wires.queue.sent
    assert intake.wires.rejected.kept


def test_an_alert_by_http_is_accepted(intake: Intake) -> None:
    status, told, _ = intake.call(dumped(alert()))
    assert (status, told) == (202, {"enqueued": 1, "rejected": []})
    assert intake.wires.queue.messages[0].origin == "http"


@pytest.mark.parametrize("body", [b"", b"hello", b"[1, 2]", b'"' + b"x" * 2**20 + b'"'])
def test_what_is_no_alert_is_accepted_with_the_reason(intake: Intake, body: bytes) -> None:
    status, told, _ = intake.call(body)
    assert status == 202
    assert told["enqueued"] == 0
    (rejected,) = told["rejected"]
    assert intake.wires.rejected.kept[rejected["kept"]].raw == body
    assert rejected["code"]
    assert rejected["reason"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_is_answered(intake: Intake, method: str) -> None:
    status, _, headers = intake.call(dumped(alert()), method=method)
    assert (status, headers["Allow"]) == (405, "POST")
    assert not intake.wires.queue.sent


@pytest.mark.parametrize("token", [None, "", "Bearer bad"])
def test_nobody_else_gets_in_and_nothing_of_the_body_is_kept(intake: Intake, token: str | None) -> None:
    for body in (dumped(alert()), b"no alert"):
        status, told, headers = intake.call(body, token=token)
        assert (status, told["code"], headers["WWW-Authenticate"]) == (401, "token-refused", "Bearer")
    assert not intake.wires.queue.sent
    assert not intake.wires.rejected.kept


def test_a_fallback_that_is_shut_is_not_there(intake: Intake) -> None:
    intake.wires.who.shut = True
    assert intake.call(dumped(alert()))[0] == 404


@pytest.mark.parametrize(
    "trouble",
    [
        busy(),
        Blocked("alert-queue-missing", "no queue", hint="make it"),
        Blocked("role-missing", "no role", hint="assign it"),
        BadInput("azure-refused", "no", hint="read it"),
    ],
)
def test_trouble_of_our_own_is_503_whatever_it_is(intake: Intake, trouble: Any) -> None:
    intake.wires.queue.trouble = trouble
    status, told, headers = intake.call(dumped(alert()))
    assert (status, told) == (503, {"code": trouble.code})
    assert headers["Retry-After"]


@pytest.mark.parametrize("trouble", [BadInput("settings-missing", "m", hint="h"), RuntimeError("a bug")])
def test_even_what_nobody_thought_of_is_no_500(intake: Intake, trouble: Exception) -> None:
    intake.wires.trouble = trouble
    assert intake.call(dumped(alert()))[0] == 503


def test_keys_that_cannot_be_had_are_no_refusal(intake: Intake) -> None:
    intake.wires.who.trouble = Transient("token-keys-unreachable", "m", hint="h")
    assert intake.call(dumped(alert()))[0] == 503


def test_no_token_gets_into_the_log(intake: Intake, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        intake.call(dumped(alert()), token="Bearer secret-token")
    assert caplog.text
    assert "secret-token" not in caplog.text


def test_the_own_samples_all_pass(intake: Intake) -> None:
    samples = sorted((Path(__file__).parents[1] / "data/alerts").glob("*.json"))
    intake.relay(*(sample.read_bytes() for sample in samples))
    assert len(intake.wires.queue.sent) == len(samples) > 30
    assert not intake.wires.rejected.kept
