"""What calls give: overloads by their arguments, methods of resources, and lambdas by the arrays they run over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from local_stack.bicep.functions import fewest_arguments
from local_stack.bicep.model import Symbol
from local_stack.bicep.syntax import Call, Decorator, Expression, Lambda, MethodCall
from local_stack.bicep.types import functions
from local_stack.bicep.types.access import Accesses
from local_stack.bicep.types.assignable import assignable, assignable_but_for_null
from local_stack.bicep.types.inference_helpers import unwrapped
from local_stack.bicep.types.model import (
    ANY,
    ERROR,
    INT,
    SECURE_STRING,
    AnyType,
    ArrayType,
    ErrorType,
    IntLiteral,
    LambdaType,
    ModuleType,
    ObjectType,
    ResourceType,
    StringLiteral,
    Type,
    nullable,
)

if TYPE_CHECKING:
    from local_stack.bicep.types.inference import Inference

_LONGEST_TEXT = 100_000
_LITERALS = (StringLiteral, IntLiteral)
_PURE = ("format", "base64", "padLeft", "substring", "take", "skip", "trim", "uri", "first", "last")


class Calls:
    """The calls of one file."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._findings = inference.findings

    def of(self, node: Call | MethodCall) -> Type:
        """Return what the call gives."""
        if isinstance(self._inference.enclosing(node), Decorator):
            return ANY
        if isinstance(node, MethodCall):
            symbol = self._inference.model.references.get(node.base)
            if symbol is None or symbol.kind != "namespace":
                return self._method(node)
        kinds = [self._recovered(each) for each in node.arguments]
        return self._named(node, node.name.name, kinds)

    def lambda_parameter(self, node: Lambda, symbol: Symbol) -> Type:
        """Return what a lambda's parameter stands for: the items that its function runs over."""
        call = self._inference.enclosing(node)
        if not isinstance(call, (Call, MethodCall)) or call.name.name == "mapValues":
            return ANY
        source = self._inference.of(call.arguments[0]) if call.arguments[0] is not node else ANY
        names = [each.name for each in node.parameters]
        if not isinstance(source, ArrayType):
            return ANY
        position = names.index(symbol.name)
        if call.name.name == "reduce":
            return (ANY, source.item, INT)[min(position, 2)]
        if position == 1 and call.name.name in ("map", "filter"):
            return INT
        return source.item

    def _recovered(self, node: Expression) -> Type:
        kind = self._inference.of(node)
        return ANY if isinstance(kind, ErrorType) else kind

    def _method(self, node: MethodCall) -> Type:
        kind = self._inference.of(node.base)
        if isinstance(kind, ErrorType):
            return ERROR
        if isinstance(kind, (ResourceType, ModuleType)):
            kind = kind.body
        inner, asserted = unwrapped(node.base)
        symbol = self._inference.model.references.get(inner)
        if not asserted and Accesses(self._inference).may_be_disabled(symbol):
            self._findings.warning(
                node.name,
                "BCP422",
                f'A resource of type "{nullable(kind)}" may or may not exist when this function is called, which could '
                "cause the deployment to fail.",
            )
        for each in node.arguments:
            self._inference.of(each)
        if not isinstance(kind, (ObjectType, AnyType)):
            self._findings.error(
                node.name,
                "BCP067",
                f'Cannot call functions on type "{kind}". An "object" type is required.',
            )
            return ERROR
        return SECURE_STRING if node.name.name == "getSecret" else ANY

    def _named(self, node: Call | MethodCall, name: str, kinds: list[Type]) -> Type:
        known = functions.overloads(name)
        ways = [each for each in known if _counted(each, len(kinds))]
        if not known or not ways:
            return ANY if node in self._inference.model.functions and not known else ERROR
        function = self._inference.model.functions.get(node)
        if function is None or len(kinds) < fewest_arguments(function, self._inference.model.target_scope):
            return ERROR
        if name == "deployment" and self._inference.model.target_scope == "resourceGroup":
            return functions.DEPLOYMENT
        if name == "any" and kinds:
            return ANY
        fitting = [each for each in ways if _fits(each, kinds)]
        if not fitting:
            return self._refused(node, ways, kinds)
        if name in ("union", "intersection", "concat", "format") and any(
            isinstance(each, AnyType) for each in kinds
        ):
            return ANY if len(fitting) > 1 else fitting[0].result
        folded = _folded(name, kinds)
        if folded is not None:
            return folded
        if len(fitting) > 1 and any(isinstance(each, AnyType) for each in kinds):
            return ANY
        return functions.result(fitting[0], kinds)

    def _refused(
        self, node: Call | MethodCall, ways: Sequence[functions.Overload], kinds: list[Type]
    ) -> Type:
        misfits = [_misfit(each, kinds) for each in ways]
        for way, index in zip(ways, misfits, strict=True):
            rest = assignable_but_for_null(kinds[index], way.takes(index))
            if rest is not None:
                self._note_null(node.arguments[index], kinds[index], way.takes(index))
                return self._named(node, way.name, [*kinds[:index], rest, *kinds[index + 1 :]])
        if len(ways) > 1 and len(set(misfits)) == 1:
            self._no_overload(node.arguments[misfits[0]], ways, kinds[misfits[0]], misfits[0])
        else:
            index = max(misfits)
            way = ways[misfits.index(index)]
            self._findings.error(
                node.arguments[index],
                "BCP070",
                f'Argument of type "{kinds[index]}" is not assignable to parameter of type "{way.takes(index)}".',
            )
        return ERROR

    def _note_null(self, at: Expression, given: Type, wanted: Type) -> None:
        message = f'Expected a value of type "{wanted}" but the provided value is of type "{given}".'
        self._findings.warning(at, "BCP321", message)

    def _no_overload(
        self, at: Expression, ways: Sequence[functions.Overload], given: Type, index: int
    ) -> None:
        lines = [
            f'\n  Overload {number} of {len(ways)}, "{way.signature}", gave the following error:\n    Argument of type '
            f'"{given}" is not assignable to parameter of type "{way.takes(index)}".'
            for number, way in enumerate(ways, 1)
        ]
        self._findings.error(at, "BCP048", f"Cannot resolve function overload.{''.join(lines)}")


def _counted(way: functions.Overload, count: int) -> bool:
    return way.least <= count and (way.most is None or count <= way.most)


def _fits(way: functions.Overload, kinds: Sequence[Type]) -> bool:
    return all(_takes(way.takes(index), kind) for index, kind in enumerate(kinds))


def _takes(wanted: Type, kind: Type) -> bool:
    return isinstance(kind, LambdaType) or assignable(kind, wanted)


def _misfit(way: functions.Overload, kinds: Sequence[Type]) -> int:
    return next(index for index, kind in enumerate(kinds) if not _takes(way.takes(index), kind))


def _folded(name: str, kinds: Sequence[Type]) -> Type | None:
    """Return what a pure function gives for literals, as far as it is worked out here; ANY for the rest of them."""
    if not kinds or not all(isinstance(each, _LITERALS) for each in kinds):
        return None
    first = kinds[0]
    if name in ("toLower", "toUpper") and isinstance(first, StringLiteral):
        return StringLiteral(first.value.lower() if name == "toLower" else first.value.upper())
    texts = [each.value for each in kinds if isinstance(each, StringLiteral)]
    if name == "replace" and len(texts) == 3:
        short = len(texts[0]) * (len(texts[2]) + 1) <= _LONGEST_TEXT
        return StringLiteral(texts[0].replace(texts[1], texts[2])) if texts[1] and short else ANY
    return ANY if name in _PURE else None
