"""Values that are known when a parameter file is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from local_stack.bicep.diagnostics import Diagnostics, suggestion
from local_stack.bicep.files import Unreadable, load
from local_stack.bicep.functions import SYS, expected_arguments
from local_stack.bicep.shape import bare
from local_stack.bicep.syntax import (
    Access,
    Array,
    Boolean,
    Call,
    Expression,
    Integer,
    MethodCall,
    Node,
    Null,
    Object,
    Property,
    Skipped,
    Spread,
    String,
    Unary,
    Variable,
)

_VAULT = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.KeyVault/vaults/{}"
_COUNTS = {"readEnvironmentVariable": (1, 2), "getSecret": (4, 5)}


class Secret(NamedTuple):
    """A value that ARM fetches from a vault."""

    reference: dict[str, Any]


class Evaluation:
    """The values of one file. What the stand-in does not evaluate is refused."""

    def __init__(
        self, path: str, named: Mapping[str, Expression], environment: Mapping[str, str], notes: Diagnostics
    ) -> None:
        self._path, self._named, self._environment, self._notes = path, named, environment, notes
        self._open: list[str] = []

    def value(self, node: Expression) -> Any:
        """Return what an expression comes to; what is wrong with it is noted, and None stands for it."""
        inner = bare(node)
        if isinstance(inner, String):
            return self._string(inner)
        if isinstance(inner, (Integer, Boolean)):
            return inner.value
        if isinstance(inner, Unary) and inner.operator == "-" and isinstance(inner.operand, Integer):
            return -inner.operand.value
        if isinstance(inner, (Null, Skipped)):
            return None
        if isinstance(inner, Array) and not any(isinstance(each, Spread) for each in inner.items):
            return [self.value(each) for each in inner.items if not isinstance(each, Spread)]
        if isinstance(inner, Object) and all(isinstance(each, Property) for each in inner.members):
            return self._object(inner)
        if isinstance(inner, Variable):
            return self._variable(inner)
        if isinstance(inner, Access):
            return self._access(inner)
        if isinstance(inner, (Call, MethodCall)):
            return self._call(inner)
        return self._refuse(inner, "This expression in a parameter file is")

    def _refuse(self, node: Node, what: str) -> None:
        self._notes.refuse(node, what)

    def _string(self, node: String) -> Any:
        text = node.segments[0]
        for hole, segment in zip(node.expressions, node.segments[1:], strict=True):
            value = self.value(hole)
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                return self._refuse(hole, "This value inside a string of a parameter file is")
            text += f"{value}{segment}"
        return text

    def _object(self, node: Object) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in node.properties:
            if each.name is None:
                self._refuse(each.key, "An interpolated key in a parameter file is")
            elif each.name in found:
                message = (
                    f'The property "{each.name}" is declared multiple times in this object. Remove or '
                    "rename the duplicate properties."
                )
                self._notes.error(each.key, "BCP025", message)
            else:
                found[each.name] = self.value(each.value)
        return found

    def _variable(self, node: Variable) -> Any:
        if node.name not in self._named:
            self._notes.error(
                node, "BCP057", f'The name "{node.name}" does not exist in the current context.'
            )
            return None
        if node.name in self._open:
            message = "This expression is referencing its own declaration, which is not allowed."
            cycle = '" -> "'.join(self._open[self._open.index(node.name) :])
            several = len(self._open) - self._open.index(node.name) > 1
            self._notes.error(
                node,
                "BCP080" if several else "BCP079",
                f'The expression is involved in a cycle ("{cycle}").' if several else message,
            )
            return None
        self._open.append(node.name)
        try:
            return self.value(self._named[node.name])
        finally:
            self._open.pop()

    def _access(self, node: Access) -> Any:
        base = self.value(node.base)
        if isinstance(base, dict) and node.name.name in base:
            return base[node.name.name]
        return self._refuse(node, "Reading this property in a parameter file is")

    def _call(self, node: Call | MethodCall) -> Any:
        name = node.name.name
        function = SYS.get(name)
        least, most = _COUNTS.get(name) or (
            (function.least, function.most) if function and function.loads else (-1, -1)
        )
        qualified = isinstance(node, Call) or (
            isinstance(node.base, Variable) and node.base.name in ("sys", "az")
        )
        if least < 0 or not qualified:
            return self._refuse(node.name, f"The function '{name}' in a parameter file is")
        if not least <= len(node.arguments) <= most:
            self._notes.error(
                node, "BCP071", f"Expected {expected_arguments(least, most)}, but got {len(node.arguments)}."
            )
            return None
        arguments = [self.value(each) for each in node.arguments]
        for argument, value in zip(node.arguments, arguments, strict=True):
            if not isinstance(value, str):
                self._notes.error(argument, "BCP032", "The value must be a compile-time constant.")
                return None
        if name == "readEnvironmentVariable":
            return self._variable_of_environment(node, arguments)
        if name == "getSecret":
            return _secret(arguments)
        return self._load(node, arguments)

    def _variable_of_environment(self, node: Call | MethodCall, arguments: list[str]) -> str | None:
        if arguments[0] in self._environment:
            return self._environment[arguments[0]]
        if len(arguments) > 1:
            return arguments[1]
        meant = suggestion(arguments[0], sorted(self._environment))
        hint = f' Did you mean "{meant}"?' if meant else ""
        message = (
            f'Environment variable "{arguments[0]}" does not exist and there\'s no default value set.{hint}'
        )
        self._notes.error(node.arguments[0], "BCP427", message)
        return None

    def _load(self, node: Call | MethodCall, arguments: list[str]) -> Any:
        try:
            return load(node.name.name, arguments, self._path)
        except Unreadable as problem:
            self._notes.error(node.arguments[0], problem.code, problem.message)
            return None


def _secret(arguments: list[str]) -> Secret:
    reference: dict[str, Any] = {
        "keyVault": {"id": _VAULT.format(*arguments[:3])},
        "secretName": arguments[3],
    }
    if len(arguments) > 4:
        reference["secretVersion"] = arguments[4]
    return Secret(reference)
