"""Loops: `copy` objects and the index that their bodies use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local_stack.bicep.lowering.arm import ArmCall, as_call, call, template_value
from local_stack.bicep.lowering.context import Locals
from local_stack.bicep.lowering.refusal import Refusal
from local_stack.bicep.model import Model
from local_stack.bicep.syntax import (
    For,
    Module,
    Node,
    Object,
    Output,
    Property,
    Resource,
    Spread,
    String,
    Var,
)

if TYPE_CHECKING:
    from local_stack.bicep.lowering.expressions import Expressions


def copy_index(model: Model, loop: For) -> ArmCall:
    """Return the index of a loop: nameless in resources, modules and outputs."""
    around = model.enclosing[loop]
    if isinstance(around, (Resource, Module, Output)):
        return call("copyIndex")
    if isinstance(around, Var):
        return call("copyIndex", around.name.name)
    if isinstance(around, Property) and around.name is not None:
        return call("copyIndex", "value" if is_module_parameter(model, around) else around.name)
    raise Refusal(loop, "A for-expression at this place is")


def is_module_parameter(model: Model, node: Property) -> bool:
    """Whether a property is one of a module's `params`."""
    params = model.enclosing.get(model.enclosing[node])
    if not isinstance(params, Property) or params.name != "params":
        return False
    above: Node | None = model.enclosing.get(model.enclosing[params])
    while isinstance(above, (For,)) or type(above).__name__ == "If":
        above = model.enclosing.get(above)  # type: ignore[arg-type]
    return isinstance(above, Module)


def copy_object(expressions: Expressions, name: str | None, loop: For, env: Locals) -> dict[str, Any]:
    """Return a loop over values as an entry of `copy`: only objects and strings may stand there as they are."""
    found: dict[str, Any] = {"name": name} if name is not None else {}
    found["count"] = count(expressions, loop, env)
    found["input"] = loop_input(expressions, loop, env)
    return found


def count(expressions: Expressions, loop: For, env: Locals) -> Any:
    """Return how often a loop runs."""
    return template_value(call("length", expressions.convert(loop.source, env)))


def loop_input(expressions: Expressions, loop: For, env: Locals) -> Any:
    """Return what a loop repeats."""
    body = expressions.context.followed(loop.body)
    plain = isinstance(body, Object) and not any(isinstance(each, Spread) for each in body.members)
    if plain or (isinstance(body, String) and body.literal is not None):
        return expressions.value(body, env)
    return template_value(as_call(expressions.convert(body, env)))
