"""The one parameter of a runbook survives the trip, and nothing else is taken for one."""

from __future__ import annotations

import base64
import json
import uuid

import pytest

from vibedata.envelope import Envelope, decode, job_name, operation_of_job
from vibedata.errors import BadInput

OPERATION = "3f6b2f0e-6f55-4b2e-9c2a-0a1d8a0b7a11"


def word(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def test_an_envelope_comes_back_as_it_was_sent() -> None:
    sent = Envelope("run_health", OPERATION, "sha256:" + "a" * 64, {"gate": True})
    assert decode(sent.encode()) == sent


def test_an_envelope_is_one_ascii_word() -> None:
    text = Envelope("run_health", args={"name": "Zürich"}).encode()
    assert text.isascii()
    assert text.split() == [text]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"schema": 2, "verb": "run_health"}, "schema is 2"),
        ({"schema": 1, "verb": "rm"}, "verb 'rm'"),
        ({"schema": 1, "verb": "run_health", "secret": "x"}, "unknown field 'secret'"),
        ({"schema": 1, "verb": "run_health", "bundle": "../../etc"}, "bundle is no sha256 digest"),
        ({"schema": 1, "verb": "run_health", "operationId": "7"}, "operationId is no GUID"),
        ({"schema": 1, "verb": "run_health", "args": [1]}, "args is no object"),
        ([], "schema is None"),
    ],
)
def test_a_wrong_envelope_is_refused_by_name(document: object, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        decode(word(document))
    assert caught.value.code == "envelope-invalid"


@pytest.mark.parametrize("text", ["", "%%%", "é", word({})[:-2] + "!", "A" * 40000, word("x" * 10)[:5]])
def test_what_is_no_envelope_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        decode(text)


def test_job_names_repeat_per_attempt() -> None:
    assert job_name(OPERATION, "run_health", 1) == job_name(OPERATION, "run_health", 1)
    assert job_name(OPERATION, "run_health", 1) != job_name(OPERATION, "run_health", 2)
    assert uuid.UUID(operation_of_job("x")).version == 5
