"""A small catalogue of invented types, in the layout of Azure's own, and a way to compile a text against it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from local_stack.azure_types import AzureTypes
from local_stack.bicep.compilation import Compilation
from local_stack.bicep.diagnostics import Diagnostic

REQUIRED, READ_ONLY, WRITE_ONLY, FIXED = 1, 2, 4, 8
NAMES = (
    "Microsoft.Test/Things@2024-01-01", "Microsoft.Test/Things@2020-01-01", "Microsoft.Test/things/parts@2024-01-01",
    "Microsoft.Test/seen@2024-01-01", "Microsoft.Test/grants@2024-01-01", "Microsoft.Test/jobs@2024-01-01",
    "Microsoft.Test/named@2024-01-01",
)  # fmt: skip


def catalogue(folder: Path) -> AzureTypes:
    """Write the folder and return it as the compiler reads it."""
    types = _Types()
    types.resource("Microsoft.Test/Things", 8, 8, types.thing())
    types.resource("Microsoft.Test/things/parts", 8, 8, {"name": types.text(), "properties": types.part()})
    types.resource("Microsoft.Test/seen", 8, 0, {"name": types.text()})
    types.resource("Microsoft.Test/grants", 31, 31, {"name": types.text(), "properties": types.part()})
    types.job("Microsoft.Test/jobs")
    types.write(folder)
    return AzureTypes(folder)


def found(folder: Path, text: str, name: str = "main.bicep", **others: str) -> list[Diagnostic]:
    """Compile a text against the catalogue, beside other files, and return what was found in all of them."""
    (folder / "types").mkdir(exist_ok=True)
    for other, content in others.items():
        (folder / f"{other}.bicep").write_text(content)
    (folder / name).write_text(text)
    compilation = Compilation(catalogue(folder / "types"))
    compilation.build(folder / name)
    return compilation.diagnostics


def codes(diagnostics: list[Diagnostic]) -> list[tuple[int, int, str, str]]:
    """Return place, level and code of each, without the linter's and the remarks."""
    return [
        (each.line, each.column, each.level, each.code)
        for each in diagnostics
        if not each.from_linter and each.level != "Info"
    ]


class _Types:
    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []
        self.index: dict[str, dict[str, str]] = {}

    def add(self, kind: str, **facts: Any) -> dict[str, str]:
        self.all.append({"$type": kind, **facts})
        return {"$ref": f"#/{len(self.all) - 1}"}

    def text(self, **facts: Any) -> dict[str, Any]:
        return {"type": self.add("StringType", **facts), "flags": REQUIRED | FIXED}

    def words(self, *words: str, open_: bool = False) -> dict[str, str]:
        elements = [self.add("StringLiteralType", value=each) for each in words]
        return self.add("UnionType", elements=[*elements, *([self.add("StringType")] if open_ else [])])

    def object(self, name: str, **properties: tuple[dict[str, str], int]) -> dict[str, str]:
        held = {key: {"type": kind, "flags": flags} for key, (kind, flags) in properties.items()}
        return self.add("ObjectType", name=name, properties=held)

    def thing(self) -> dict[str, Any]:
        string, number = self.add("StringType"), self.add("IntegerType", minValue=1, maxValue=9)
        inner = self.object("ThingInner", size=(number, 0), label=(string, REQUIRED))
        properties = self.object(
            "ThingProperties",
            tier=(self.words("Hot", "Cool"), 0), speed=(self.words("Fast", open_=True), 0),
            count=(number, 0), on=(self.add("BooleanType"), 0), state=(string, READ_ONLY),
            password=(self.add("StringType", sensitive=True), WRITE_ONLY),
            inners=(self.add("ArrayType", itemType=inner), 0),
            fixed=(string, FIXED),
        )  # fmt: skip
        return {
            "name": self.text(minLength=3, maxLength=10, pattern="^[a-z0-9]+$"),
            "location": {"type": string, "flags": REQUIRED},
            "kind": {"type": self.words("One", "Two"), "flags": 0},
            "properties": {"type": properties, "flags": 0},
        }

    def part(self) -> dict[str, Any]:
        return {"type": self.object("PartProperties", value=(self.add("StringType"), REQUIRED)), "flags": 0}

    def job(self, name: str) -> None:
        string = self.add("StringType")
        shell = self.object(
            "Shell", kind=(self.add("StringLiteralType", value="Shell"), REQUIRED), script=(string, REQUIRED)
        )
        python = self.object(
            "Python", kind=(self.add("StringLiteralType", value="Python"), REQUIRED), module=(string, 0)
        )
        base = {**self.common(name), "name": {"type": string, "flags": REQUIRED | FIXED}}
        body = self.add(
            "DiscriminatedObjectType", name=name, discriminator="kind", baseProperties=base,
            elements={"Shell": shell, "Python": python},
        )  # fmt: skip
        self._declare(name, 8, 8, body)

    def common(self, name: str) -> dict[str, Any]:
        kinds = {
            "id": self.add("StringType"),
            "type": self.add("StringLiteralType", value=name),
            "apiVersion": self.add("StringLiteralType", value="2024-01-01"),
        }
        return {key: {"type": kind, "flags": READ_ONLY | FIXED} for key, kind in kinds.items()}

    def resource(self, name: str, readable: int, writable: int, own: dict[str, Any]) -> None:
        properties = {**self.common(name), **own}
        self._declare(name, readable, writable, self.add("ObjectType", name=name, properties=properties))

    def _declare(self, name: str, readable: int, writable: int, body: dict[str, str]) -> None:
        self.add(
            "ResourceType",
            name=f"{name}@2024-01-01",
            body=body,
            readableScopes=readable,
            writableScopes=writable,
        )
        self.index[name] = {"2024-01-01": f"test.json#/{len(self.all) - 1}"}

    def write(self, folder: Path) -> None:
        (folder / "index.json").write_text(json.dumps({"resources": self.index}))
        (folder / "test.json").write_text(json.dumps({"types": self.all}))
        (folder / "names.txt.gz").write_bytes(gzip.compress("\n".join(NAMES).encode()))
