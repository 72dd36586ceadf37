"""Azure's refusals say who acts next: a missing role, the customer's governance, or nobody but time."""

from __future__ import annotations

import json
import time
from email.utils import formatdate

import pytest
from azure.core.exceptions import AzureError, DecodeError, HttpResponseError, IncompleteReadError

from vibedata.adapters.azure_errors import retry_after, translate


class Response:
    """As much of a pipeline's response as an exception reads."""

    def __init__(self, status: int, code: str, **headers: str) -> None:
        self.status_code, self.reason, self.headers = status, "", headers
        self._body = json.dumps({"error": {"code": code, "message": f"{code} happened."}})

    def text(self, encoding: str | None = None) -> str:
        return self._body

    def body(self) -> bytes:
        return self._body.encode()


@pytest.mark.parametrize(
    ("status", "azure", "kind", "code"),
    [
        (403, "AuthorizationFailed", "Blocked", "role-missing"),
        (403, "RequestDisallowedByPolicy", "Blocked", "azure-prohibited"),
        (409, "ScopeLocked", "Blocked", "azure-prohibited"),
        (409, "AnotherOperationInProgress", "Transient", "azure-conflict"),
        (412, "PreconditionFailed", "Transient", "azure-conflict"),
        (404, "ResourceNotFound", "Blocked", "azure-not-found"),
        (400, "BadRequest", "BadInput", "azure-refused"),
        (429, "TooManyRequests", "Transient", "azure-busy"),
    ],
)
def test_each_refusal_has_its_kind(status: int, azure: str, kind: str, code: str) -> None:
    error = translate(
        HttpResponseError(response=Response(status, azure)), doing="publish a runbook", needs="automation"
    )
    assert (error.kind, error.code) == (kind, code)
    assert error.detail["azureCode"] == azure


@pytest.mark.parametrize(
    "error",
    [
        IncompleteReadError("IncompleteRead(12 bytes read, 88 more expected)"),
        IncompleteReadError("cut", response=Response(200, "")),
        HttpResponseError("Connection broken: InvalidChunkLength"),
        DecodeError("The answer is no JSON", response=Response(200, "")),
        HttpResponseError(response=Response(302, "")),
    ],
)
def test_what_is_no_whole_answer_of_the_service_passes(error: AzureError) -> None:
    found = translate(error, doing="read the table x")
    assert (found.kind, found.code) == ("Transient", "azure-unreachable")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 507, 509, 511, 520, 522, 526, 530, 599])
def test_what_a_gateway_says_with_a_number_of_its_own_passes(status: int) -> None:
    response = Response(status, "", **{"Retry-After": "60"})
    for error in (HttpResponseError(response=response), DecodeError("no JSON", response=response)):
        found = translate(error, doing="read the table x")
        assert (found.kind, found.code) == ("Transient", "azure-busy")
        assert getattr(found, "retry_after", None) == 60


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (HttpResponseError(response=Response(501, "NotImplemented")), "azure-failed"),
        (HttpResponseError(response=Response(505, "HttpVersion")), "azure-failed"),
        (HttpResponseError(response=Response(200, "OperationFailed")), "azure-failed"),
        (AzureError("something else"), "azure-failed"),
        (DecodeError("no JSON", response=Response(404, "")), "azure-not-found"),
        (DecodeError("no JSON", response=Response(400, "")), "azure-refused"),
    ],
)
def test_what_lasts_is_told_as_before(error: AzureError, code: str) -> None:
    assert translate(error, doing="import an image").code == code


def test_a_wait_that_azure_asks_for_is_passed_on() -> None:
    busy = translate(
        HttpResponseError(response=Response(409, "Conflict", **{"Retry-After": "17"})), doing="x"
    )
    assert getattr(busy, "retry_after", None) == 17.0


def test_a_refusal_of_someone_else_does_not_name_our_identity() -> None:
    refused = translate(
        HttpResponseError(response=Response(403, "AuthorizationFailed")), doing="run a command"
    )
    assert refused.code == "role-missing"
    assert "vibedata-uami" not in f"{refused.message} {refused.hint}"


@pytest.mark.parametrize("asked", ["nan", "-1", "soon"])
def test_a_wait_that_makes_no_sense_is_none(asked: str) -> None:
    assert retry_after(HttpResponseError(response=Response(429, "Busy", **{"Retry-After": asked}))) is None


@pytest.mark.parametrize(("hours", "words"), [(-1, "60 minutes ahead of"), (1, "60 minutes behind")])
@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_a_machine_whose_clock_is_off_names_the_clock(
    status: int, hours: int, words: str
) -> None:
    answered = formatdate(time.time() + hours * 3600, usegmt=True)
    refused = HttpResponseError(response=Response(status, "AuthenticationFailed", Date=answered))
    error = translate(refused, doing="list blobs", needs="blob-data")
    assert (error.kind, error.code) == ("Blocked", "clock-skewed")
    assert f"this machine's clock is {words} Azure's" in error.message


@pytest.mark.parametrize("answered", ["", "soon", "now"])
def test_a_refusal_at_the_right_time_is_about_roles(answered: str) -> None:
    date = {"Date": formatdate(usegmt=True) if answered == "now" else answered} if answered else {}
    refused = HttpResponseError(response=Response(403, "AuthenticationFailed", **date))
    assert translate(refused, doing="list blobs", needs="blob-data").code == "role-missing"
