"""docs/alerts.md is held to the code: every sample with what is made of it, every kind, every legacy schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.alerts.samples import names, parsed
from vibedata.alerts import kinds, shapes
from vibedata.alerts.parsing import READERS

PAGE = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text("utf-8")


@pytest.mark.parametrize("name", names())
def test_a_sample_is_on_the_page(name: str) -> None:
    alert = parsed(name)
    row = f"| [{name}](../tests/data/alerts/{name}.json) | `{alert.kind}` | {alert.summary} |"
    assert row in PAGE


@pytest.mark.parametrize("kind", sorted({*READERS, kinds.UNKNOWN, "legacy"}))
def test_a_kind_is_on_the_page(kind: str) -> None:
    assert f"`{kind}`" in PAGE


@pytest.mark.parametrize("schema", shapes.KNOWN)
def test_a_legacy_schema_is_on_the_page(schema: str) -> None:
    assert f"| `{schema}` |" in PAGE


def test_every_kind_of_the_table_of_services_has_a_reader() -> None:
    assert {kind.name for kind in kinds.KINDS} == set(READERS)


def test_every_kind_has_a_sample() -> None:
    assert {parsed(name).kind for name in names()} == {*READERS, kinds.UNKNOWN, "legacy"}
