"""Azure's own types, where a copy of them is at hand: a misspelt property is refused here as it would be there.

Without them (see local_stack/azure_types.py) bodies are kept as they are given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local_stack.azure_types import AzureTypes

_REQUIRED, _READ_ONLY = 1, 2
_ENVELOPE = ("id", "name", "type", "apiVersion")
_MOST = 20

Type = dict[str, Any]


class Shapes:
    """Says what is wrong with a resource's body."""

    def __init__(self, folder: Path | None = None) -> None:
        self._types = AzureTypes(folder)

    @property
    def known(self) -> bool:
        """Whether there are types to check against."""
        return self._types.known

    def violations(self, resource_type: str, api_version: str, body: dict[str, Any]) -> list[str]:
        """Return what Azure's type says against the body, each with its path; an unknown type has nothing against."""
        raw = self._types.nearest(resource_type, api_version)
        if raw is None:
            return []
        check = _Check(raw.types)
        resource = raw.declaration
        kind = check.resolved(resource["body"])
        chooser = kind.get("discriminator")
        if chooser in _ENVELOPE and chooser not in body:
            return []  # the name in the address chooses the shape, and a body need not repeat it
        given = {key: value for key, value in body.items() if key not in _ENVELOPE or key == chooser}
        check.value(kind, given, "", skip=_ENVELOPE)
        return check.found[:_MOST]


class _Check:
    """One walk over a body and its type."""

    def __init__(self, types: list[Type]) -> None:
        self.types = types
        self.found: list[str] = []

    def resolved(self, reference: dict[str, str]) -> Type:
        return self.types[int(reference["$ref"].removeprefix("#/"))]

    def value(self, kind: Type, given: Any, path: str, skip: tuple[str, ...] = ()) -> None:
        """Note what is wrong with `given` at `path`."""
        name = kind["$type"]
        if name == "ObjectType":
            self._object(kind, given, path, skip)
        elif name == "DiscriminatedObjectType":
            self._discriminated(kind, given, path)
        elif name == "ArrayType":
            self._array(kind, given, path)
        elif name == "UnionType":
            if not any(self._fits(self.resolved(each), given) for each in kind["elements"]):
                self._note(path, f"{given!r} is none of {self._words(kind)}")
        elif not self._fits(kind, given):
            self._note(path, f"{given!r} is no {_word(kind)}")

    def _object(self, kind: Type, given: Any, path: str, skip: tuple[str, ...] = ()) -> None:
        if not isinstance(given, dict):
            self._note(path, f"{given!r} is no object")
            return
        properties: dict[str, Any] = kind.get("properties", {})
        by_lower = {key.lower(): key for key in properties}
        for key, value in given.items():
            known = by_lower.get(key.lower())
            if known:
                if value is not None and not properties[known]["flags"] & _READ_ONLY:
                    self.value(self.resolved(properties[known]["type"]), value, f"{path}/{key}")
            elif "additionalProperties" in kind:
                self.value(self.resolved(kind["additionalProperties"]), value, f"{path}/{key}")
            else:
                self._note(
                    f"{path}/{key}", f"Could not find member '{key}' on object of type '{kind['name']}'"
                )
        self._require(properties, given, path, skip)

    def _require(
        self, properties: dict[str, Any], given: dict[str, Any], path: str, skip: tuple[str, ...]
    ) -> None:
        present = {key.lower() for key in given}
        for key, facts in properties.items():
            needed = facts["flags"] & _REQUIRED and not facts["flags"] & _READ_ONLY
            if needed and key.lower() not in present and key not in skip:
                self._note(f"{path}/{key}", "is required")

    def _discriminated(self, kind: Type, given: Any, path: str) -> None:
        if not isinstance(given, dict):
            self._note(path, f"{given!r} is no object")
            return
        chosen = kind["elements"].get(given.get(kind["discriminator"]))
        if chosen is None:
            self._note(f"{path}/{kind['discriminator']}", f"must be one of {', '.join(kind['elements'])}")
            return
        element = self.resolved(chosen)
        merged = {**element, "properties": {**kind["baseProperties"], **element["properties"]}}
        self._object(merged, given, path)

    def _array(self, kind: Type, given: Any, path: str) -> None:
        if not isinstance(given, list):
            self._note(path, f"{given!r} is no array")
            return
        for index, each in enumerate(given):
            self.value(self.resolved(kind["itemType"]), each, f"{path}/{index}")

    def _fits(self, kind: Type, given: Any) -> bool:
        name = kind["$type"]
        if name == "StringLiteralType":
            return isinstance(given, str) and given.lower() == kind["value"].lower()
        if name == "StringType":
            return isinstance(given, str)
        if name == "IntegerType":
            return isinstance(given, (int, float)) and not isinstance(given, bool)
        if name == "BooleanType":
            return isinstance(given, bool)
        if name in ("ObjectType", "DiscriminatedObjectType", "ArrayType", "UnionType"):
            inner = _Check(self.types)
            inner.value(kind, given, "")
            return not inner.found
        return True

    def _words(self, kind: Type) -> str:
        return ", ".join(_word(self.resolved(each)) for each in kind["elements"])

    def _note(self, path: str, words: str) -> None:
        self.found.append(f"{path or '/'}: {words}")


def _word(kind: Type) -> str:
    return str(kind.get("value") or kind["$type"].removesuffix("Type").lower())
