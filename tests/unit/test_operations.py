"""Rows of the operations log: complete, bounded, deterministic, without credentials; and the table they go to."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from vibedata import redact
from vibedata.operations import (
    MAX_DETAILS_BYTES,
    MAX_MESSAGE_CHARS,
    Event,
    Operation,
    details_bytes,
    event_id,
    fold,
    overflow,
    row,
)
from vibedata.operations_table import (
    data_flows,
    docs_page,
    problems,
    stream_declarations,
    table,
    table_schema,
)

AT = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=timezone.utc)
OPERATION = Operation("11111111-1111-4111-8111-111111111111", "import_artifacts", "inst-1", 7)


def made(**event: object) -> dict:
    return row(OPERATION, Event(**{"name": "resolve", "status": "Started", "at": AT, **event}))


def test_a_row_has_exactly_the_tables_columns() -> None:
    assert problems(made()) == []
    assert list(made()) == [column.name for column in table().columns]


def test_a_row_with_a_stray_or_missing_or_wrong_column_is_named() -> None:
    whole = made()
    assert problems({**whole, "Extra": 1}) == ["Extra is no column"]
    assert problems({k: v for k, v in whole.items() if k != "Phase"}) == ["Phase is missing"]
    assert problems({**whole, "Phase": "7"}) == ["Phase is str, the column is int"]
    assert problems({**whole, "DurationMs": True}) == ["DurationMs is bool, the column is long"]
    assert problems({**whole, "OperationId": ""}) == ["OperationId is required and empty"]
    assert problems({**whole, "EventTime": None}) == ["EventTime is required and empty"]


def test_the_event_id_says_what_happened_and_not_when() -> None:
    later = AT + timedelta(hours=1)
    assert made()["EventId"] == made(at=later, message="other", details={"attempt": 2})["EventId"]
    assert made()["EventId"] == event_id(OPERATION.operation_id, "import_artifacts", "resolve", "", "Started")


@pytest.mark.parametrize(
    "change", [{"name": "other"}, {"component": "api"}, {"status": "Failed"}, {"key": "second"}]
)
def test_another_event_has_another_id(change: dict) -> None:
    assert made()["EventId"] != made(**change)["EventId"]


def test_event_ids_are_the_same_on_every_machine() -> None:
    assert event_id("op", "a", "b") == "d1a37411-37a1-5008-948a-b15188acf24c"


def test_a_message_is_bounded() -> None:
    assert len(made(message="x" * 10_000)["Message"]) == MAX_MESSAGE_CHARS


def test_details_become_plain_json() -> None:
    details = made(details={"path": Path("a"), "bad": float("nan"), "set": {1}, 5: (1, 2)})["Details"]
    assert details == {"path": "a", "bad": "nan", "set": [1], "5": [1, 2]}
    json.dumps(details, allow_nan=False)


def test_text_that_is_no_text_does_not_break_the_row() -> None:
    whole = made(message="file \udc80", component="\ud800", details={"\udc80": "\udc80"})
    sent = json.dumps(whole, ensure_ascii=False).encode()
    assert b"file " in sent


def test_deep_details_end() -> None:
    deep: dict = {}
    for _ in range(5000):
        deep = {"a": deep}
    assert redact.TOO_DEEP in json.dumps(made(details=deep))


def test_small_details_stay_in_their_row() -> None:
    whole = made(details={"a": "x" * (MAX_DETAILS_BYTES - 8)})
    assert details_bytes(whole) == MAX_DETAILS_BYTES
    assert overflow(whole) == (whole, None)


def test_large_details_go_to_a_blob_named_by_their_content() -> None:
    whole = made(details={"a": "x" * MAX_DETAILS_BYTES, "list": [1, 2, 3], "n": 5})
    fitting, apart = overflow(whole)
    assert apart is not None
    assert json.loads(apart.content) == whole["Details"]
    assert apart.name == "sha256/" + hashlib.sha256(apart.content).hexdigest()
    assert fitting["Details"]["blob"] == apart.name
    assert fitting["Details"]["bytes"] == len(apart.content)
    assert fitting["Details"]["preview"] == {"a": "x" * 256, "list": "3 items", "n": 5}
    assert details_bytes(fitting) < MAX_DETAILS_BYTES
    assert overflow(whole) == overflow(json.loads(json.dumps(whole)))
    assert problems(fitting) == []


def test_a_preview_is_small_whatever_the_details_are() -> None:
    fitting, _ = overflow(made(details={f"{'k' * 1000}{n}": "v" * 1000 for n in range(1000)}))
    assert details_bytes(fitting) < MAX_DETAILS_BYTES


def test_folding_keeps_the_newest_of_each_event_oldest_first() -> None:
    first, second = made(at=AT), made(at=AT + timedelta(seconds=5), message="again")
    other = made(at=AT + timedelta(seconds=1), status="Succeeded")
    assert fold([second, other, first]) == [other, second]
    assert fold([]) == []


JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        f"token {JWT} refused",
        "Authorization: Bearer abcdef0123456789",
        "Authorization: Basic dXNlcjpodW50ZXIyLXNlY3JldA==",
        "password=hunter2-secret",
        '{"password": "hunter2-secret"}',
        "client_secret=hunter2-secret&x=1",
        "https://a.blob.core/x?sv=1&sig=hunter2-secret%3D",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hunter2-secret==;",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2-secret\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_credentials_are_masked_wherever_they_stand(text: str) -> None:
    whole = made(message=text, remedy=text, details={"list": [{"deep": text}]})
    everything = json.dumps(whole)
    assert "hunter2-secret" not in everything
    assert "hunter2" not in everything
    assert JWT not in everything
    assert "abcdef0123456789" not in everything
    assert "dXNlcjpodW50ZXIyLXNlY3JldA" not in everything
    assert redact.MASK in whole["Message"]


def test_values_under_telling_keys_are_masked() -> None:
    details = made(details={"publisher_password": "x", "password": "x", "Client-Secret": "y", "token": ""})[
        "Details"
    ]
    assert details["password"] == details["Client-Secret"] == redact.MASK
    assert details["publisher_password"] == redact.MASK
    assert details["token"] == ""


def test_a_registered_secret_is_masked_in_every_spelling() -> None:
    redact.register("pa/ss w\u00f6rd")
    text = "raw pa/ss w\u00f6rd url pa%2Fss%20w%C3%B6rd b64 cGEvc3Mgd8O2cmQ="
    assert made(message=text)["Message"] == f"raw {redact.MASK} url {redact.MASK} b64 {redact.MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "sha256:" + "a" * 64,
        "the password was refused",
        "signature sig-1 verified",
        "3 of 5 tokens",
        "basic auth",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert made(message=text)["Message"] == text


def test_a_short_value_is_never_registered() -> None:
    redact.register("a")
    assert made(message="banana")["Message"] == "banana"


def test_stream_table_and_flow_speak_of_the_same_columns() -> None:
    stream = {c["name"]: c["type"] for c in stream_declarations()[table().stream]["columns"]}
    schema = {c["name"]: c["type"].lower() for c in table_schema()["columns"]}
    assert stream == schema
    (flow,) = data_flows("law")
    assert flow["streams"] == [table().stream]
    assert flow["outputStream"] == f"Custom-{table_schema()['name']}"


def test_columns_are_what_azure_allows() -> None:
    allowed = {"string", "int", "long", "real", "boolean", "datetime", "dynamic"}
    for column in table().columns:
        assert column.type in allowed
        assert column.name.isidentifier() and len(column.name) <= 45
        assert column.description.endswith(".")


def test_the_docs_page_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "operations-table.md"
    assert page.read_text("utf-8") == docs_page(), (
        "run: python -m vibedata.operations_table > docs/operations-table.md"
    )
