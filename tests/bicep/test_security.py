"""What makes `make check-security` fail, and what it is given to look at. checkov itself runs there, not here."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from tests.bicep.deployed import deployment, resources
from tests.bicep.expressions import is_expression
from tests.bicep.security import SUFFIX, Finding, Report, flat, problems, read, skips

ROW = {"rule": "CKV_1", "resource": "Some/things.one-{suffix}", "reason": "because"}
FINDING = Finding("CKV_1", "Some/things.one-{suffix}", "Ensure it")


def report(*findings: Finding, **facts: int) -> Report:
    """Return a good report, but for what is given."""
    return Report(findings, **{"passed": 3, "resources": 2, "unreadable": 0, **facts})


def told(given: Report, rows: list[dict[str, str]]) -> str:
    """Return what is wrong, as one text."""
    return "\n".join(problems(given, rows, deployed=2))


def test_a_finding_with_a_reason_is_good() -> None:
    assert told(report(FINDING), [ROW]) == ""


def test_a_finding_without_a_reason_fails() -> None:
    assert "CKV_1 Some/things.one-{suffix}: Ensure it" in told(report(FINDING), [])
    assert "CKV_1" in told(report(FINDING), [{**ROW, "resource": "Some/things.two-{suffix}"}])


def test_a_reason_that_nothing_needs_fails() -> None:
    assert "the skip is unused" in told(report(), [ROW])


def test_a_resource_that_was_not_looked_at_fails() -> None:
    assert "1 resources of 2" in told(report(resources=1), [])


def test_a_template_that_was_not_read_fails() -> None:
    assert "could not read" in told(report(unreadable=1), [])
    assert "no rule at all" in told(report(passed=0), [])


def test_a_report_is_read_without_the_instances_suffix() -> None:
    failed = {"check_id": "CKV_1", "resource": "Some/things.one-abc", "check_name": "Ensure it"}
    summary = {"passed": 1, "resource_count": 2, "parsing_errors": 0}
    text = json.dumps({"summary": summary, "results": {"failed_checks": [failed]}})
    assert read(text, "abc") == Report((FINDING,), 1, 2, 0)


def test_the_flat_template_has_every_resource_once_and_no_expression() -> None:
    made = flat()["resources"]
    assert len(made) == len(resources())
    twice = Counter((body["type"], body["name"]) for body in made)
    assert max(twice.values()) == 1
    assert not [text for text in _texts(made) if is_expression(text)]


def test_every_skip_has_a_reason_and_a_resource_that_is_deployed() -> None:
    suffix = deployment().outputs()["nameSuffix"]
    there = {f"{body['type']}.{body['name']}".replace(suffix, SUFFIX) for body in flat()["resources"]}
    keys = Counter((row["rule"], row["resource"]) for row in skips())
    assert max(keys.values()) == 1
    for row in skips():
        assert row["resource"] in there, row
        assert len(row["reason"]) > 20, row


def _texts(value: Any) -> list[str]:
    if isinstance(value, (dict, list)):
        inner = value.values() if isinstance(value, dict) else value
        return [text for each in inner for text in _texts(each)]
    return [value] if isinstance(value, str) else []
