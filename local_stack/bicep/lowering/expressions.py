"""Expressions to ARM: literals stay literals where JSON stands, all else becomes calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from local_stack.bicep.functions import SCOPES
from local_stack.bicep.lowering.arm import Arm, access, call, integer, template_key, template_value
from local_stack.bicep.lowering.context import NONE, Context, Locals
from local_stack.bicep.lowering.loops import copy_index, copy_object
from local_stack.bicep.lowering.members import Members
from local_stack.bicep.lowering.refusal import Refusal
from local_stack.bicep.lowering.values import json_arm, json_value
from local_stack.bicep.syntax import (
    Access,
    Array,
    Binary,
    Boolean,
    Call,
    Expression,
    For,
    Index,
    Integer,
    Lambda,
    MethodCall,
    Nested,
    Node,
    Null,
    Object,
    Property,
    Spread,
    String,
    Ternary,
    Unary,
    Variable,
)

_OPERATORS = {
    "==": "equals",
    "<": "less",
    "<=": "lessOrEquals",
    ">": "greater",
    ">=": "greaterOrEquals",
    "&&": "and",
    "||": "or",
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "%": "mod",
    "??": "coalesce",
}
_SMALLEST = -(2**63)


class Expressions(Members):
    """The expressions of one file."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._converters: dict[type, Callable[[Any, Locals], Arm]] = {
            String: self._string,
            Integer: lambda node, _: integer(self._integer(node)),
            Boolean: self._boolean,
            Null: lambda _node, _: call("null"),
            Object: self._object,
            Array: self._array,
            Variable: self._variable,
            Call: self._call,
            MethodCall: self._call,
            Access: self.access,
            Index: self.index,
            Nested: self.whole,
            Unary: self._unary,
            Binary: self._binary,
            Ternary: self._ternary,
            Lambda: self._lambda,
        }

    def convert(self, node: Expression, env: Locals = NONE) -> Arm:
        """Return the expression as ARM knows it."""
        inner = self.context.followed(node)
        converter = self._converters.get(type(inner))
        if converter is None:
            raise Refusal(
                inner, "A for-expression at this place is" if isinstance(inner, For) else "This expression is"
            )
        return converter(inner, env)

    def value(self, node: Expression, env: Locals = NONE) -> Any:
        """Return the expression as it stands in a template's JSON."""
        inner = self.context.followed(node)
        if isinstance(inner, Boolean):
            return inner.value
        if isinstance(inner, Null):
            return None
        if isinstance(inner, Object) and not any(isinstance(each, Spread) for each in inner.members):
            return self.members(inner.properties, env)
        if isinstance(inner, Array) and not any(isinstance(each, Spread) for each in inner.items):
            return [self.value(each, env) for each in inner.items if not isinstance(each, Spread)]
        if isinstance(inner, Integer):
            return self._integer(inner)
        if isinstance(inner, Unary) and inner.operator == "-" and isinstance(inner.operand, Integer):
            return self._integer(inner)
        if inner in self.context.loaded and inner not in self.context.names:
            return json_value(self.context.loaded[inner])
        if self._is_scope(inner):
            return {}
        return template_value(self.convert(inner, env))

    def members(self, properties: list[Property], env: Locals = NONE) -> dict[str, Any]:
        """Return properties as JSON; those that loop come first, under `copy`."""
        loops = [each for each in properties if isinstance(each.value, For)]
        found: dict[str, Any] = {}
        if loops:
            found["copy"] = [self.copy(each, env) for each in loops]
        for each in properties:
            if not isinstance(each.value, For):
                found[template_key(self.key(each, env))] = self.value(each.value, env)
        return found

    def copy(self, looping: Property, env: Locals) -> dict[str, Any]:
        """Return a property's loop as an entry of `copy`."""
        if looping.name is None or not isinstance(looping.value, For):
            raise Refusal(looping.key, "A for-expression under an interpolated name is")
        return copy_object(self, looping.name, looping.value, env)

    def key(self, each: Property, env: Locals) -> Arm:
        """Return a property's name."""
        return self.convert(each.key, env) if isinstance(each.key, String) else each.key.name

    def _integer(self, node: Integer | Unary) -> int:
        operand = cast("Integer", node.operand if isinstance(node, Unary) else node)
        value = -operand.value if isinstance(node, Unary) else operand.value
        if not _SMALLEST <= value < -_SMALLEST:
            raise Refusal(node, "Expected a valid 64-bit signed integer.", "BCP010")
        return value

    def _boolean(self, node: Boolean, _env: Locals) -> Arm:
        return call("true" if node.value else "false")

    def _string(self, node: String, env: Locals) -> Arm:
        if node.literal is not None:
            return node.literal
        parts = [segment.replace("{", "{{").replace("}", "}}") for segment in node.segments]
        text = parts[0] + "".join(f"{{{number}}}{part}" for number, part in enumerate(parts[1:]))
        return call("format", text, *(self.convert(each, env) for each in node.expressions))

    def _object(self, node: Object, env: Locals) -> Arm:
        if any(isinstance(each.value, For) for each in node.properties):
            raise Refusal(node, "A for-expression inside an expression is")
        chunks = self._chunks(node.members, lambda run: self._create_object(run, env), env)
        if not any(isinstance(each, Spread) for each in node.members):
            return chunks[0] if chunks else call("createObject")
        return call("shallowMerge", call("createArray", *chunks))

    def _create_object(self, run: list[Any], env: Locals) -> Arm:
        flat: list[Arm] = []
        for each in run:
            flat += [self.key(each, env), self.convert(each.value, env)]
        return call("createObject", *flat)

    def _array(self, node: Array, env: Locals) -> Arm:
        chunks = self._chunks(
            node.items, lambda run: call("createArray", *(self.convert(each, env) for each in run)), env
        )
        if not any(isinstance(each, Spread) for each in node.items):
            return chunks[0] if chunks else call("createArray")
        return call("flatten", call("createArray", *chunks))

    def _chunks(self, items: list[Any], create: Callable[[list[Any]], Arm], env: Locals) -> list[Arm]:
        """Cut at the spreads."""
        chunks: list[Arm] = []
        run: list[Any] = []
        for item in items:
            if isinstance(item, Spread):
                chunks += [create(run)] if run else []
                chunks.append(self.convert(item.value, env))
                run = []
            else:
                run.append(item)
        return chunks + ([create(run)] if run else [])

    def _variable(self, node: Variable, env: Locals) -> Arm:
        symbol = self.context.model.references[node]
        if symbol.kind == "param":
            return call("parameters", symbol.name)
        if symbol.kind == "var":
            return call("variables", symbol.name)
        if symbol.kind in ("resource", "module"):
            return self.whole(node, env)
        if symbol.kind == "namespace":
            raise Refusal(node, "A namespace as a value is")
        if symbol in env:
            return env[symbol]
        if symbol.kind == "lambda":
            return call("lambdaVariables", symbol.name)
        loop = cast("For", symbol.owner)
        index = copy_index(self.context.model, loop)
        return index if symbol.kind == "index" else access(self.convert(loop.source, env), index)

    def _call(self, node: Call | MethodCall, env: Locals) -> Arm:
        if node in self.context.names:
            return call("variables", self.context.names[node])
        if node in self.context.loaded:
            return json_arm(self.context.loaded[node])
        function = self.context.model.functions.get(node)
        if function is None:
            return self.method(cast("MethodCall", node), env)
        if function.name == "nameof":
            return _name_of(self.context.strip(node.arguments[0]))
        if self._is_scope(node):
            return call("createObject")
        return call(node.name.name, *(self.convert(each, env) for each in node.arguments))

    def _is_scope(self, node: Node) -> bool:
        """Whether it is a scope with a name, such as `resourceGroup('x')`, which has no value of its own."""
        if not isinstance(node, (Call, MethodCall)) or not node.arguments:
            return False
        function = self.context.model.functions.get(node)
        return function is not None and function.name in SCOPES

    def _unary(self, node: Unary, env: Locals) -> Arm:
        if node.operator == "!":
            return call("not", self.convert(node.operand, env))
        if isinstance(node.operand, Integer):
            return integer(self._integer(node))
        return call("sub", 0, self.convert(node.operand, env))

    def _binary(self, node: Binary, env: Locals) -> Arm:
        operand = self.compared if node.operator in ("==", "!=") else self.convert
        left, right = operand(node.left, env), operand(node.right, env)
        if node.operator in ("=~", "!~"):
            left, right = call("toLower", left), call("toLower", right)
        if node.operator in ("!=", "!~"):
            return call("not", call("equals", left, right))
        return call("equals" if node.operator == "=~" else _OPERATORS[node.operator], left, right)

    def _ternary(self, node: Ternary, env: Locals) -> Arm:
        return call("if", *(self.convert(each, env) for each in (node.condition, node.then, node.otherwise)))

    def _lambda(self, node: Lambda, env: Locals) -> Arm:
        return call("lambda", *(each.name for each in node.parameters), self.convert(node.body, env))


def _name_of(node: Node) -> Arm:
    if isinstance(node, Variable):
        return node.name
    if isinstance(node, (Access, Nested)):
        return node.name.name
    if isinstance(node, Index) and isinstance(node.index, String) and node.index.literal is not None:
        return node.index.literal
    raise Refusal(
        node, 'The "nameof" function can only be used with an expression which has a name.', "BCP408"
    )
