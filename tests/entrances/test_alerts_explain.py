"""`vibedata alerts explain`: offline, one JSON array, exit 0 for every alert and 2 for what is none."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.alerts.samples import FOLDER, WEB, document, names, raw
from vibedata import cli
from vibedata.errors import BadInput

KEYS = {"file", "kind", "essentials", "normalised", "component", "why", "unplaced"}
NORMALISED = {
    *("alertId", "rule", "condition", "severity", "service", "firedAt", "resolvedAt", "targets", "metrics"),
}
ROWS: list[dict[str, Any]] = [
    {"key": "component:web", "values": {"resourceId": WEB}},
    {"key": f"resource:{WEB}", "values": {"resourceId": WEB, "components": ["web"]}},
]


def sample(name: str) -> str:
    return str(FOLDER / f"{name}.json")


def explained(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> list[dict[str, Any]]:
    assert cli.main(["alerts", "explain", *words, "--output", "json"]) == code
    told = capsys.readouterr()
    assert told.err == ""
    entries: list[dict[str, Any]] = json.loads(told.out)
    return entries


def written(folder: Path, value: Any) -> str:
    path = folder / "given.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
    return str(path)


def test_every_sample_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    entries = explained(capsys, *map(sample, names()))
    assert [entry["file"] for entry in entries] == [sample(name) for name in names()]
    assert all(set(entry) == KEYS and set(entry["normalised"]) == NORMALISED for entry in entries)


def test_what_is_told_of_an_alert(capsys: pytest.CaptureFixture[str]) -> None:
    (entry,) = explained(capsys, sample("metric-static-resolved"))
    given = document("metric-static-resolved")["data"]["essentials"]
    assert entry == {
        "file": sample("metric-static-resolved"),
        "kind": "metric",
        "essentials": given,
        "normalised": {
            "alertId": given["alertId"],
            "rule": "vd-postgres-cpu",
            "condition": "Resolved",
            "severity": "Sev2",
            "service": "Platform",
            "firedAt": "2026-09-14T06:41:07.294815+00:00",
            "resolvedAt": "2026-09-14T06:52:40.910000+00:00",
            "targets": [given["alertTargetIDs"][0]],
            "metrics": [
                {
                    "name": "CpuPercent",
                    "operator": "GreaterThan",
                    "threshold": 85,
                    "value": 41.07,
                    "dimensions": {},
                    "aggregation": "Average",
                    "window": "PT5M",
                    "namespace": "Microsoft.DBforPostgreSQL/flexibleServers",
                }
            ],
        },
        "component": None,
        "why": "no registry given (--registry FILE)",
        "unplaced": [],
    }


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        {"rows": ROWS},
        {
            "items": [
                {"PartitionKey": "i", "RowKey": row["key"], "key": row["key"], **row["values"]}
                for row in ROWS
            ]
        },
        {row["key"]: row["values"] for row in ROWS},
        [{"key": row["key"], **row["values"]} for row in ROWS],
    ],
    ids=["rows", "an object of rows", "as az has them", "by key", "flat"],
)
def test_the_component_is_found_in_the_registrys_rows(
    rows: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, rows)
    (entry,) = explained(capsys, sample("log-v2-fired"), "--registry", file)
    assert entry["component"] == "web"
    assert entry["why"].startswith("dimension _ResourceId")


def test_a_file_of_several_alerts_numbers_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, {"records": [document("metric-static-fired"), document("budget-actual-fired")]})
    entries = explained(capsys, file)
    assert [(entry["file"], entry["kind"]) for entry in entries] == [
        (f"{file}#1", "metric"),
        (f"{file}#2", "budget"),
    ]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw("prometheus-fired"))))
    (entry,) = explained(capsys, "-")
    assert (entry["file"], entry["kind"]) == ("-", "prometheus")


@pytest.mark.parametrize("given", ["", "no JSON", "{}", '{"text": "hello"}', "[" * 100_000])
def test_what_is_no_alert_is_exit_2_and_says_why(
    given: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, given)
    none, one = explained(capsys, file, sample("metric-static-fired"), code=BadInput.exit_code)
    assert (none["kind"], none["normalised"], none["essentials"]) == ("none", None, None)
    assert none["why"]
    assert one["kind"] == "metric"


def test_text_tells_people_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, "{}")
    code = cli.main(["alerts", "explain", sample("service-health-resolved"), file])
    told = capsys.readouterr()
    assert code == BadInput.exit_code
    assert "Resolved, closes by correlation" in told.out
    assert "vd-azure-services resolved (Sev4)" in told.out
    assert "no alert: not-an-alert: no schemaId" in told.out
    assert "alert-unrecognised" in told.err


@pytest.mark.parametrize("given", ["no JSON", '"text"', '[{"values": {}}]', "[1]", '{"a": 1}', "[" * 100_000])
def test_a_registry_that_is_none_is_bad_input(
    given: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, given)
    code = cli.main(["alerts", "explain", sample("log-v2-fired"), "--registry", file, "-o", "json"])
    assert code == BadInput.exit_code
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "registry-file-unreadable"


def test_a_file_that_is_not_there_does_not_spoil_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("/nonexistent.json", sample("metric-static-fired"))
    none, one = explained(capsys, *words, code=BadInput.exit_code)
    assert (none["file"], none["kind"]) == ("/nonexistent.json", "none")
    assert none["why"] == "file-unreadable: /nonexistent.json: No such file or directory"
    assert one["kind"] == "metric"


def test_dimensions_and_numbers_are_written_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["alerts", "explain", sample("metric-custom-fired")]) == 0
    told = capsys.readouterr().out
    assert "name queue_depth, operator GreaterThan, threshold 500, value 812, " in told
    assert "dimensions queue=ingest shard=3" in told
    assert "{" not in told


def test_nothing_in_an_alert_writes_a_line_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = document("metric-static-fired")
    changed["data"]["essentials"]["alertRule"] = "a\n  component    web: \x1b[31mfaked\u202e"
    assert cli.main(["alerts", "explain", written(tmp_path, changed)]) == 0
    told = capsys.readouterr().out
    lines = told.splitlines()
    assert not [line for line in lines if line.startswith("  component") and "faked" in line]
    assert [line for line in lines if "faked" in line]
    assert "\x1b" not in told
    assert "\u202e" not in told
