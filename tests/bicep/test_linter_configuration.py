"""bicepconfig.json: the nearest one counts, and what it asks for in vain is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local_stack.bicep.linter import Unusable, nearest
from tests.bicep.things import found

_UNUSED = "var v = 1\n"


def _configure(folder: Path, rules: dict[str, Any], **core: Any) -> None:
    text = json.dumps({"analyzers": {"core": {**core, "rules": rules}}})
    (folder / "bicepconfig.json").write_text(text)


def _levels(folder: Path) -> list[tuple[str, str]]:
    return [(each.level, each.code) for each in found(folder, _UNUSED)]


def test_a_rule_has_a_level_of_its_own(tmp_path: Path) -> None:
    assert _levels(tmp_path) == [("Warning", "no-unused-vars")]


@pytest.mark.parametrize(("level", "told"), [("error", "Error"), ("info", "Info"), ("warning", "Warning")])
def test_a_level_is_set(tmp_path: Path, level: str, told: str) -> None:
    _configure(tmp_path, {"no-unused-vars": {"level": level}})
    assert _levels(tmp_path) == [(told, "no-unused-vars")]


def test_a_rule_and_the_whole_linter_are_switched_off(tmp_path: Path) -> None:
    _configure(tmp_path, {"no-unused-vars": {"level": "off"}})
    assert _levels(tmp_path) == []
    _configure(tmp_path, {"no-unused-vars": {"level": "error"}}, enabled=False)
    assert _levels(tmp_path) == []


def test_the_nearest_file_upwards_counts_alone(tmp_path: Path) -> None:
    inner = tmp_path / "one" / "two"
    inner.mkdir(parents=True)
    _configure(tmp_path, {"no-unused-vars": {"level": "error"}})
    assert _levels(inner) == [("Error", "no-unused-vars")]
    _configure(tmp_path / "one", {"no-unused-params": {"level": "error"}})
    assert _levels(inner) == [("Warning", "no-unused-vars")]


def test_comments_and_commas_at_the_end_are_read(tmp_path: Path) -> None:
    text = '{ // said\n "analyzers": { /* here */ "core": { "rules": { "no-unused-vars": { "level": "off", }, }, } } }'
    (tmp_path / "bicepconfig.json").write_text(text)
    assert _levels(tmp_path) == []


def test_a_text_in_quotes_is_not_taken_for_a_comment(tmp_path: Path) -> None:
    (tmp_path / "bicepconfig.json").write_text(
        '{"analyzers": {"core": {"rules": {"x": {"level": "off", "u": "a//b,}"}}}}}'
    )
    assert nearest(tmp_path / "main.bicep").value("x", "U", None) == "a//b,}"


def test_a_rule_that_is_not_there_is_said_once(tmp_path: Path) -> None:
    _configure(
        tmp_path, {"no-such-rule": {"level": "error"}, "what-if-short-circuiting": {"level": "warning"}}
    )
    text = "module m 'part.bicep' = {\n  name: 'm'\n}\n"
    diagnostics = found(tmp_path, text, part="output o int = 1\n")
    assert [(Path(each.path).name, each.level, each.code) for each in diagnostics] == [
        ("bicepconfig.json", "Warning", "VBC011"),
        ("bicepconfig.json", "Info", "VBC011"),
    ]
    assert '"no-such-rule"' in diagnostics[0].message


def test_an_experimental_feature_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bicepconfig.json").write_text(
        '{"experimentalFeaturesEnabled": {"symbolicNameCodegen": true, "other": false}}'
    )
    errors = [each for each in found(tmp_path, "output o int = 1\n") if each.is_error]
    assert [each.code for each in errors] == ["VBC001"]
    assert '"symbolicNameCodegen"' in errors[0].message


def test_a_feature_that_is_no_longer_experimental_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "bicepconfig.json").write_text('{"experimentalFeaturesEnabled": {"extensibility": true}}')
    said = [each for each in found(tmp_path, "output o int = 1\n") if '"extensibility"' in each.message]
    assert [(each.level, each.code) for each in said] == [("Info", "VBC011")]


@pytest.mark.parametrize("text", ["{", '{"analyzers": {"core": {"rules": {"x": {"level": "loud"}}}}}'])
def test_a_configuration_that_cannot_be_used_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "bicepconfig.json").write_text(text)
    with pytest.raises(Unusable):
        nearest(tmp_path / "main.bicep")
    assert ("Error", "BCP271") in _levels(tmp_path)
