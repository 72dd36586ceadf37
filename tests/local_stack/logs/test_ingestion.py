"""The ingestion API through Microsoft's own client, as strict and as silent as Azure's."""

from __future__ import annotations

import gzip
import io
import json
from datetime import datetime, timedelta, timezone

import pytest
import requests
from azure.core.exceptions import HttpResponseError
from azure.monitor.ingestion import LogsIngestionClient
from azure.monitor.query import LogsQueryClient

from tests.local_stack.logs.seeding import Instance, put, rule_body, seed
from vibedata.operations_table import table

NOW = datetime.now(timezone.utc)


def client(logs: Instance, **more: object) -> LogsIngestionClient:
    return LogsIngestionClient(logs.ingestion_url, logs.credential, retry_total=0, **more)


def upload(logs: Instance, rows: list[dict]) -> None:
    client(logs).upload(logs.rule_id, table().stream, rows)


def rows_of(logs: Instance, query: str = "VibeData_Operations_CL") -> list[dict]:
    reader = LogsQueryClient(logs.credential, endpoint=logs.query_url, audience="https://api.loganalytics.io")
    (found,) = reader.query_workspace(logs.customer_id, query, timespan=None).tables
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def test_a_row_comes_back_with_its_types(logs: Instance) -> None:
    upload(
        logs,
        [
            {
                "TimeGenerated": NOW.isoformat(),
                "EventId": "e1",
                "Phase": 7,
                "DurationMs": 2**40,
                "Details": {"a": [1, "ü"]},
            }
        ],
    )
    (row,) = rows_of(logs)
    assert row["TimeGenerated"] == NOW
    assert (row["EventId"], row["Phase"], row["DurationMs"]) == ("e1", 7, 2**40)
    assert json.loads(row["Details"]) == {"a": [1, "ü"]}
    assert row["Type"] == "VibeData_Operations_CL"
    assert row["TenantId"] == logs.customer_id


def test_unknown_columns_are_dropped_and_wrong_types_are_null(logs: Instance) -> None:
    upload(logs, [{"TimeGenerated": NOW.isoformat(), "EventId": 5, "Phase": "7", "Surprise": "x"}])
    (row,) = rows_of(logs)
    assert "Surprise" not in row
    assert row["EventId"] == ""  # a string is never null in Kusto
    assert row["Phase"] is None
    assert row["DurationMs"] is None


@pytest.mark.parametrize(
    "given",
    [None, "yesterday", (NOW - timedelta(days=3)).isoformat(), (NOW + timedelta(days=2)).isoformat()],
    ids=["absent", "no time", "too old", "too far ahead"],
)
def test_an_implausible_time_becomes_the_time_of_receipt(logs: Instance, given: str | None) -> None:
    upload(logs, [{"TimeGenerated": given, "EventTime": (NOW - timedelta(days=3)).isoformat()}])
    (row,) = rows_of(logs)
    assert abs(row["TimeGenerated"] - datetime.now(timezone.utc)) < timedelta(seconds=30)
    assert row["EventTime"] == NOW - timedelta(days=3)


def test_a_time_within_two_days_is_kept(logs: Instance) -> None:
    old = NOW - timedelta(days=1, hours=23)
    upload(logs, [{"TimeGenerated": old.isoformat()}])
    assert rows_of(logs)[0]["TimeGenerated"] == old


def test_a_field_is_cut_at_64_kb(logs: Instance) -> None:
    upload(logs, [{"Message": "ä" * 50_000}])
    assert rows_of(logs)[0]["Message"] == "ä" * 32_768


def test_more_than_one_megabyte_is_refused_packed_or_not(logs: Instance) -> None:
    big = json.dumps([{"Message": "x" * 1_100_000}]).encode()
    with pytest.raises(HttpResponseError) as unpacked:
        client(logs).upload(logs.rule_id, table().stream, io.BytesIO(big))
    with pytest.raises(HttpResponseError) as packed:
        client(logs).upload(logs.rule_id, table().stream, io.BytesIO(gzip.compress(big)))
    assert unpacked.value.status_code == packed.value.status_code == 413
    assert "ContentLengthLimitExceeded" in str(packed.value)
    assert rows_of(logs) == []


@pytest.mark.parametrize("body", [b'{"a": 1}', b"[1]", b"nonsense", b""])
def test_a_body_that_is_no_array_of_objects_is_refused(logs: Instance, body: bytes) -> None:
    with pytest.raises(HttpResponseError) as refused:
        client(logs).upload(logs.rule_id, table().stream, io.BytesIO(body))
    assert refused.value.status_code == 400


def test_an_unknown_stream_or_rule_is_refused(logs: Instance) -> None:
    with pytest.raises(HttpResponseError) as stream:
        client(logs).upload(logs.rule_id, "Custom-Other", [{}])
    with pytest.raises(HttpResponseError) as rule:
        client(logs).upload("dcr-" + "0" * 32, table().stream, [{}])
    assert (stream.value.status_code, rule.value.status_code) == (400, 404)
    assert "InvalidStream" in str(stream.value)


def test_without_the_role_on_the_rule_it_is_403(logs: Instance) -> None:
    stranger = seed(logs.stack, roles=False)
    with pytest.raises(HttpResponseError) as refused:
        upload(stranger, [{"EventId": "e"}])
    assert refused.value.status_code == 403
    assert stranger.rule_id in str(refused.value)


def test_a_role_counts_only_once_it_has_spread(logs: Instance) -> None:
    logs.stack.faults.set("roles.propagation_seconds", 600)
    late = seed(logs.stack)
    with pytest.raises(HttpResponseError) as refused:
        upload(late, [{"EventId": "e"}])
    assert refused.value.status_code == 403
    logs.stack.clock.advance(601)
    upload(late, [{"EventId": "e"}])


def test_a_token_for_another_audience_is_refused(logs: Instance) -> None:
    with pytest.raises(HttpResponseError) as refused:
        client(logs, credential_scopes=["https://management.azure.com/.default"]).upload(
            logs.rule_id, table().stream, [{}]
        )
    assert refused.value.status_code == 401


def test_a_throttled_call_says_when_to_come_back(logs: Instance) -> None:
    logs.stack.faults.add("logs", "logs.ingest", status=429, retry_after=7, times=1)
    with pytest.raises(HttpResponseError) as refused:
        upload(logs, [{"EventId": "e"}])
    assert refused.value.status_code == 429
    assert refused.value.response.headers["Retry-After"] == "7"
    upload(logs, [{"EventId": "e"}])


def test_each_call_is_one_entry_of_the_write_log(logs: Instance) -> None:
    before = logs.stack.writes.last
    upload(logs, [{"EventId": "1"}, {"EventId": "2"}])
    rows_of(logs)
    (write,) = logs.stack.writes.since(before, service="logs")
    assert (write.service, write.operation, write.status) == ("logs", "logs.ingest", 204)
    assert write.detail == {"stream": table().stream, "rows": 2, "tables": {"VibeData_Operations_CL": 2}}


def test_a_workspace_keeps_its_ids_when_put_again(logs: Instance) -> None:
    again = put(logs.arm, logs.workspace["id"], {"location": "westeurope"}, "2025-07-01")
    rule = put(logs.arm, logs.rule["id"], rule_body(logs.workspace["id"], logs.endpoint["id"]))
    assert again["properties"]["customerId"] == logs.customer_id
    assert rule["properties"]["immutableId"] == logs.rule_id


@pytest.mark.parametrize(
    "change",
    [
        {"streamDeclarations": {"NoPrefix": {"columns": []}}},
        {"dataCollectionEndpointId": None},
        {
            "dataFlows": [
                {"streams": ["Custom-Other"], "destinations": ["law"], "outputStream": "Custom-X_CL"}
            ]
        },
        {
            "dataFlows": [
                {"streams": [table().stream], "destinations": ["law"], "outputStream": "Custom-Missing_CL"}
            ]
        },
        {
            "dataFlows": [
                {"streams": [table().stream], "destinations": ["law"], "transformKql": "source | take 1"}
            ]
        },
    ],
)
def test_a_rule_that_azure_would_refuse_is_refused(logs: Instance, change: dict) -> None:
    body = rule_body(logs.workspace["id"], logs.endpoint["id"], **change)
    with pytest.raises(HttpResponseError) as refused:
        put(logs.arm, logs.rule["id"] + "-2", body)
    assert refused.value.status_code == 400


def test_a_direct_rule_brings_its_own_endpoint(logs: Instance) -> None:
    body = rule_body(logs.workspace["id"], logs.endpoint["id"], dataCollectionEndpointId=None)
    made = put(logs.arm, logs.rule["id"] + "-direct", {**body, "kind": "Direct"})
    assert made["properties"]["endpoints"]["logsIngestion"] == logs.ingestion_url


def test_plain_http_clients_see_azures_error_body(logs: Instance) -> None:
    reply = requests.post(
        f"{logs.ingestion_url}/dataCollectionRules/{logs.rule_id}/streams/s?api-version=2023-01-01", json=[]
    )
    assert reply.status_code == 401
    assert set(reply.json()["error"]) == {"code", "message"}


def test_rows_outlive_a_restart(tmp_path, monkeypatch) -> None:
    from local_stack.threaded import ThreadedStack

    services = ("identity", "arm", "logs")
    with ThreadedStack(tmp_path / "stack", services=services) as stack:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stack.ca_file))
        logs = seed(stack)
        upload(logs, [{"EventId": "kept"}])
    with ThreadedStack(tmp_path / "stack", services=services) as stack:
        logs.stack = stack
        assert [row["EventId"] for row in rows_of(logs)] == ["kept"]
