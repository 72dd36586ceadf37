"""Resource types, and which resource is whose child."""

from __future__ import annotations

import re

from local_stack.azure_types import AzureTypes
from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.model import Model, Parent, Symbol
from local_stack.bicep.shape import bare
from local_stack.bicep.syntax import For, Index, Nested, Variable

_TYPE = re.compile(
    r"([a-z0-9][a-z0-9.-]*(?:/[a-z0-9][a-z0-9.-]*)*)(?:@([a-z0-9][a-z0-9.-]+))?\Z", re.IGNORECASE
)


def relate(model: Model, catalogue: AzureTypes, diagnostics: Diagnostics) -> None:
    """Find each resource's parent and type, spelled as the catalogue does."""
    relation = _Relation(model, catalogue, diagnostics)
    for symbol in model.resources:
        relation.parent(symbol)
    for symbol in model.resources:
        relation.type(symbol, [])


class _Relation:
    def __init__(self, model: Model, catalogue: AzureTypes, diagnostics: Diagnostics) -> None:
        self._model, self._catalogue, self._diagnostics = model, catalogue, diagnostics

    def parent(self, symbol: Symbol) -> None:
        """Set a resource's parent: the one it is nested in, or its `parent` property."""
        if symbol.outer:
            symbol.parent = Parent(symbol.outer, None, nested=True)
            if self._inside_loop(symbol):
                message = "A nested resource cannot appear inside of a resource with a for-expression."
                self._diagnostics.error(symbol.node, "BCP160", message)
            return
        value = symbol.property_value("parent")
        if value is None:
            return
        node = bare(value)
        base, index = (node.base, node.index) if isinstance(node, Index) else (node, None)
        found = self._model.references.get(base) if isinstance(base, (Variable, Nested)) else None
        if found and found.kind == "resource" and (found.loop is not None) == (index is not None):
            symbol.parent = Parent(found, index, nested=False)
        elif found is None or found.kind != "resource":
            if not (isinstance(base, (Variable, Nested)) and found is None):
                message = (
                    'The "parent" property only permits direct references to resources. Expressions are '
                    "not supported."
                )
                self._diagnostics.error(value, "BCP240", message)
        elif found.loop is None:
            message = (
                'The "parent" property only permits direct references to resources. Expressions are '
                "not supported."
            )
            self._diagnostics.error(value, "BCP240", message)

    def _inside_loop(self, symbol: Symbol) -> bool:
        above = symbol.outer
        while above:
            if isinstance(above.value, For):
                return True
            above = above.outer
        return False

    def type(self, symbol: Symbol, path: list[Symbol]) -> tuple[str, str] | None:
        """Return a resource's type and version; None where it cannot be told, which is then reported."""
        if symbol in self._model.types:
            return self._model.types[symbol]
        if symbol in path:
            return None
        found = self._read(symbol, [*path, symbol])
        if found and symbol not in self._model.types:
            self._model.types[symbol] = self._catalogue.spelling(*found) or found
            self._check_parent(symbol)
        return self._model.types.get(symbol)

    def _read(self, symbol: Symbol, path: list[Symbol]) -> tuple[str, str] | None:
        node = symbol.resource
        text = node.type.literal
        if text is None:
            self._diagnostics.error(
                node.type, "BCP047", "String interpolation is unsupported for specifying the resource type."
            )
            return None
        match = _TYPE.match(text)
        if symbol.outer:
            return self._nested(symbol, match, path)
        if match is None or match[2] is None or "/" not in match[1]:
            if text:
                self._diagnostics.error(
                    node.type,
                    "BCP029",
                    (
                        "The resource type is not valid. Specify a valid resource type of "
                        'format "<type-name>@<apiVersion>".'
                    ),
                )
            return None
        return match[1], match[2]

    def _nested(
        self, symbol: Symbol, match: re.Match[str] | None, path: list[Symbol]
    ) -> tuple[str, str] | None:
        if symbol.outer is None:
            return None
        if match is None or "/" in match[1]:
            message = (
                f'The resource type segment "{symbol.resource.type.literal}" is invalid. Nested resources '
                "must specify a "
                "single type segment, and optionally can specify an api version using the format "
                '"<type>@<apiVersion>".'
            )
            self._diagnostics.error(symbol.resource.type, "BCP156", message)
            return None
        above = self.type(symbol.outer, path)
        if above is None:
            message = "The resource type cannot be determined due to an error in the containing resource."
            self._diagnostics.error(symbol.resource.type, "BCP157", message)
            return None
        return f"{above[0]}/{match[1]}", match[2] or above[1]

    def _check_parent(self, symbol: Symbol) -> None:
        if symbol.parent is None or symbol.parent.nested:
            return
        above = self.type(symbol.parent.symbol, [symbol])
        own = self._model.types[symbol][0]
        if above and own.lower().rpartition("/")[0] != above[0].lower():
            message = f'Resource type "{own}" is not a valid child resource of parent "{above[0]}".'
            self._diagnostics.error(symbol.property_value("parent") or symbol.node, "BCP171", message)
