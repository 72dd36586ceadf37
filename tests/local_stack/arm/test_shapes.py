"""Bodies against Azure's types: on a small invented type, and on Azure's own where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local_stack.arm.shapes import Shapes
from tests.local_stack.support import Place
from tests.peers import azure_types


def ref(number: int) -> dict[str, str]:
    return {"$ref": f"#/{number}"}


def prop(number: int, flags: int = 0) -> dict:
    return {"type": ref(number), "flags": flags}


@pytest.fixture
def shapes(tmp_path: Path) -> Shapes:
    types = [
        {"$type": "ResourceType", "name": "Contoso/things@2024-01-01", "body": ref(1)},
        {
            "$type": "ObjectType",
            "name": "Contoso/things",
            "properties": {
                "name": prop(2, 9),
                "location": prop(2, 1),
                "tags": prop(3),
                "properties": prop(4),
            },
        },
        {"$type": "StringType"},
        {"$type": "ObjectType", "name": "Tags", "properties": {}, "additionalProperties": ref(2)},
        {
            "$type": "ObjectType",
            "name": "ThingProperties",
            "properties": {
                "size": prop(5),
                "mode": prop(6),
                "parts": prop(7),
                "state": prop(2, 2),
                "source": prop(8),
                "on": prop(13),
            },
        },
        {"$type": "IntegerType"},
        {"$type": "UnionType", "elements": [ref(9), ref(10)]},
        {"$type": "ArrayType", "itemType": ref(2)},
        {
            "$type": "DiscriminatedObjectType",
            "name": "Source",
            "discriminator": "type",
            "baseProperties": {"label": prop(2)},
            "elements": {"Git": ref(11)},
        },
        {"$type": "StringLiteralType", "value": "Fast"},
        {"$type": "StringLiteralType", "value": "Slow"},
        {"$type": "ObjectType", "name": "Git", "properties": {"type": prop(12, 1), "url": prop(2, 1)}},
        {"$type": "StringLiteralType", "value": "Git"},
        {"$type": "BooleanType"},
    ]
    (tmp_path / "contoso.json").write_text(json.dumps({"types": types}))
    index = {"resources": {"Contoso/things": {"2024-01-01": "contoso.json#/0"}}}
    (tmp_path / "index.json").write_text(json.dumps(index))
    return Shapes(tmp_path)


def test_a_right_body_has_nothing_against_it(shapes: Shapes) -> None:
    body = {
        "location": "x",
        "tags": {"any": "thing"},
        "properties": {
            "size": 3,
            "mode": "fast",
            "parts": ["a"],
            "state": "read-only is ignored",
            "source": {"type": "Git", "url": "u", "label": "l"},
            "on": True,
        },
    }
    assert shapes.violations("contoso/THINGS", "2025-01-01", body) == []


@pytest.mark.parametrize(
    ("properties", "wrong"),
    [
        ({"sise": 3}, "/properties/sise: Could not find member 'sise' on object of type 'ThingProperties'"),
        ({"size": "3"}, "/properties/size: '3' is no integer"),
        ({"mode": "quick"}, "/properties/mode: 'quick' is none of Fast, Slow"),
        ({"parts": ["a", 1]}, "/properties/parts/1: 1 is no string"),
        ({"parts": "a"}, "/properties/parts: 'a' is no array"),
        ({"on": "true"}, "/properties/on: 'true' is no boolean"),
        ({"source": {"type": "Svn"}}, "/properties/source/type: must be one of Git"),
        ({"source": {"type": "Git"}}, "/properties/source/url: is required"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(shapes: Shapes, properties: dict, wrong: str) -> None:
    body = {"location": "x", "properties": properties}
    assert shapes.violations("Contoso/things", "2024-01-01", body) == [wrong]


def test_everything_wrong_is_said_at_once(shapes: Shapes) -> None:
    found = shapes.violations("Contoso/things", "2024-01-01", {"properties": {"size": "3", "x": 1}})
    assert len(found) == 3


def test_without_types_everything_passes(tmp_path: Path) -> None:
    shapes = Shapes(tmp_path)
    assert not shapes.known
    assert shapes.violations("Contoso/things", "2024-01-01", {"anything": 1}) == []


@pytest.fixture
def azures_own() -> Shapes:
    """Azure's types, where they are."""
    return azure_types()


@pytest.mark.usefixtures("azures_own")
def test_a_misspelt_property_of_azures_own_is_refused_by_name(place: Place) -> None:
    body = {
        "location": "westeurope",
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "properties": {"alowSharedKeyAccess": False},
    }
    reply = place.rest("PUT", place.id("Microsoft.Storage/storageAccounts", "starts"), body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "InvalidRequestContent")
    assert "Could not find member 'alowSharedKeyAccess'" in reply.json()["error"]["message"]


@pytest.mark.usefixtures("azures_own")
def test_what_was_got_may_be_put_back_with_its_read_only_properties(place: Place) -> None:
    account = place.put(
        "Microsoft.Automation/automationAccounts", "aa", properties={"sku": {"name": "Basic"}}
    )
    assert "provisioningState" in account["properties"]
    tagged = place.rest("PUT", account["id"], {**account, "tags": {"a": "b"}})
    assert (tagged.status_code, tagged.json()["tags"]) == (200, {"a": "b"})
    changed = {**account["properties"], "provisioningState": "Failed"}
    assert place.rest("PUT", account["id"], {**account, "properties": changed}).status_code == 400
