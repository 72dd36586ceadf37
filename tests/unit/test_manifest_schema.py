"""The contract itself: strict, described, and true of the release that this repository packs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.builders.manifest import artifact, sample_manifest
from vibedata import manifest
from vibedata.catalog import RUNBOOKS
from vibedata.manifest_shape import schema

ROOT = Path(__file__).resolve().parents[2]
LITERAL_CONDITIONS = ("if", "then", "else", "allOf")


def objects(part: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object type that the schema declares, with where it is."""
    if isinstance(part, dict):
        if part.get("type") == "object":
            yield path, part
        for key, inner in part.items():
            if key not in LITERAL_CONDITIONS:
                yield from objects(inner, f"{path}/{key}")
    elif isinstance(part, list):
        for index, inner in enumerate(part):
            yield from objects(inner, f"{path}/{index}")


def test_the_schema_is_a_valid_2020_12_schema_with_a_name() -> None:
    Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema()["$id"]
    assert "schemaVersion" in schema()["required"]


@pytest.mark.parametrize(("path", "part"), list(objects(schema())))
def test_nothing_undeclared_is_accepted_and_everything_is_described(path: str, part: dict[str, Any]) -> None:
    assert part["additionalProperties"] is False
    assert part["description"].endswith(".")
    for name, declared in part.get("properties", {}).items():
        target = schema()["$defs"].get(declared.get("$ref", "").rpartition("/")[2], {})
        assert (declared.get("description") or target.get("description") or "").endswith("."), (
            f"{path}/{name}"
        )


def test_every_object_type_was_looked_at() -> None:
    assert len(list(objects(schema()))) >= 12


def test_the_published_copy_is_the_contract() -> None:
    assert (ROOT / "manifest.schema.json").read_bytes() == (
        ROOT / "vibedata/contracts/manifest.schema.json"
    ).read_bytes()


def test_the_contract_alone_accepts_the_sample() -> None:
    assert list(Draft202012Validator(schema()).iter_errors(sample_manifest())) == []


def test_the_demo_release_makes_a_valid_manifest() -> None:
    description = json.loads((ROOT / "demo/release/release.json").read_text("utf-8"))
    for component in description["components"]:
        files = ROOT / "demo/release/components" / component["name"]
        assert files.is_dir() == (component["kind"] != "azure-resource"), component["name"]
        if files.is_dir():
            component["artifact"] = artifact(f"vibedata/components/{component['name']}")
    found = sample_manifest(components=description["components"])
    view = manifest.parse(json.dumps(found).encode())
    kinds = {component.kind for component in view.components}
    assert kinds == {"container", "function-app", "helm-chart", "database-migration", "azure-resource"}
    assert {component.required for component in view.components} == {True, False}
    assert {row.verb for row in RUNBOOKS} <= {runbook.name for runbook in view.runbooks}


def test_the_manual_names_every_field() -> None:
    manual = (ROOT / "docs/manifest.md").read_text("utf-8")
    names = {name for _, part in objects(schema()) for name in part.get("properties", {})}
    assert {name for name in names if f"`{name}`" not in manual} == set()
