"""The folder of Azure's types: both layouts, any letter case, and the real folder where there is one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local_stack.azure_types import AzureTypes
from local_stack.bicep.compilation import Compilation
from local_stack.bicep.types.bodies import Catalogue, named
from local_stack.bicep.types.model import Flag, ObjectType
from tests.bicep.things import catalogue
from tests.peers import azure_types

_TYPES = [
    {"$type": "StringType"},
    {"$type": "ObjectType", "name": "Microsoft.X/ys", "properties": {"name": {"type": {"$ref": "#/0"}, "flags": 9}}},
    {
        "$type": "ResourceType", "name": "Microsoft.X/ys@2024-01-01", "body": {"$ref": "#/1"},
        "readableScopes": 8, "writableScopes": 8,
    },
]  # fmt: skip


@pytest.fixture
def checkout(tmp_path: Path) -> AzureTypes:
    """A checkout of the public repository, with one type."""
    folder = tmp_path / "generated" / "x" / "microsoft.x" / "2024-01-01"
    folder.mkdir(parents=True)
    (folder / "types.json").write_text(json.dumps(_TYPES, indent=2))
    return AzureTypes(tmp_path)


def test_a_checkout_is_read_without_an_index(checkout: AzureTypes) -> None:
    assert checkout.known
    assert checkout.named
    assert checkout.spelling("microsoft.x/YS", "2024-01-01") == ("Microsoft.X/ys", "2024-01-01")
    assert checkout.spelling("microsoft.x/ys", "2023-01-01") is None
    raw = checkout.resource("MICROSOFT.X/ys", "2024-01-01")
    assert raw is not None
    assert raw.declaration["name"] == "Microsoft.X/ys@2024-01-01"


def test_a_cut_knows_more_names_than_descriptions(tmp_path: Path) -> None:
    types = catalogue(tmp_path)
    assert types.versions("microsoft.test/things") == ["2020-01-01", "2024-01-01"]
    assert types.resource("microsoft.test/things", "2024-01-01") is not None
    assert types.resource("microsoft.test/things", "2020-01-01") is None
    nearest = types.nearest("microsoft.test/things", "2030-01-01")
    assert nearest is not None
    assert nearest.declaration["name"].endswith("@2024-01-01")


def test_an_absent_folder_knows_nothing(tmp_path: Path) -> None:
    types = AzureTypes(tmp_path / "absent")
    assert not types.known
    assert not types.named
    assert types.resource("Microsoft.X/ys", "2024-01-01") is None


def test_every_type_at_hand_becomes_a_body_that_can_be_read_to_its_end() -> None:
    azure_types()
    types = AzureTypes()
    made = Catalogue(types)
    index = json.loads((types.folder / "index.json").read_text())["resources"]
    assert len(index) > 300
    for name, versions in index.items():
        reference = named(f"{name}@{max(versions)}")
        assert reference is not None, name
        body = made.resource(reference).body
        if isinstance(body, ObjectType):
            assert body.properties["dependsOn"].flags & Flag.WRITE_ONLY
            for each in body.properties.values():
                assert each.type.name


def test_a_child_whose_name_decides_its_shape_is_held_against_it(tmp_path: Path) -> None:
    azure_types()
    kind = "Microsoft.Web/sites/basicPublishingCredentialsPolicies"
    version = max(AzureTypes().versions(kind))
    text = (
        f"resource app 'Microsoft.Web/sites@{version}' existing = {{\n  name: 'app'\n}}\n"
        f"resource ftp '{kind}@{version}' = {{\n  parent: app\n  name: 'ftp'\n  properties: {{ alow: false }}\n}}\n"
    )
    (tmp_path / "main.bicep").write_text(text)
    compilation = Compilation()
    compilation.build(tmp_path / "main.bicep")
    found = [(each.line, each.column, each.level, each.code) for each in compilation.diagnostics]
    assert (7, 17, "Warning", "BCP089") in found
