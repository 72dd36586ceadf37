"""`python -m local_stack query`: people ask the stack's logs without a token."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from azure.monitor.ingestion import LogsIngestionClient

from local_stack.core.cli import main
from local_stack.threaded import ThreadedStack
from tests.local_stack.logs.seeding import seed
from vibedata.operations_table import table


def test_a_query_is_answered_in_columns_or_as_json_and_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with ThreadedStack(tmp_path / "stack", services=("identity", "arm", "logs")) as stack:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stack.ca_file))
        logs = seed(stack)
        rows = [{"EventId": one, "Details": {"n": 1}, "Message": f"{one}\x1b{'x' * 90}"} for one in "ab"]
        LogsIngestionClient(logs.ingestion_url, logs.credential).upload(
            logs.rule_id, table().stream, [{"TimeGenerated": "2026-03-01T12:00:00Z", **row} for row in rows]
        )
        before = stack.writes.last

        def asked(text: str, *more: str) -> int:
            (tmp_path / "query.kql").write_text(text)
            words = ["query", str(tmp_path / "query.kql"), "--directory", str(tmp_path / "stack"), *more]
            return main(words)

        query = f"{table().name} | order by EventId asc | project EventId, Details, Message"
        assert asked(query) == 0
        head, first, _, last = capsys.readouterr().out.splitlines()
        assert head.split() == ["EventId", "Details", "Message"]
        assert first == f'a        {{"n":1}}  a {"x" * 90}'
        assert last == "2 rows."
        assert asked(f"{query} | take 1", "--json") == 0
        assert json.loads(capsys.readouterr().out)[0]["EventId"] == "a"
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{table().name} | count".encode())))
        assert main(["query", "-", "--directory", str(tmp_path / "stack")]) == 0
        assert capsys.readouterr().out.splitlines() == ["Count", "2", "1 row."]
        assert asked(f"{table().name} | render timechart") == 3
        assert "render" in capsys.readouterr().err
        assert asked("Nowhere | count") == 3
        assert "'Nowhere'" in capsys.readouterr().err
        assert stack.writes.since(before) == []
