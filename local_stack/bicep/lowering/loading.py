"""What the load functions read, and which of it becomes a variable of its own."""

from __future__ import annotations

from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.files import Unreadable, load
from local_stack.bicep.lowering.context import Context
from local_stack.bicep.syntax import Call, Expression, MethodCall, String, Var, walk


def load_files(context: Context, diagnostics: Diagnostics) -> None:
    """Read every file that a load function names, in the order of the source."""
    program = context.model.program
    for declaration in program.declarations:
        for node in walk(declaration):
            if isinstance(node, (Call, MethodCall)):
                function = context.model.functions.get(node)
                if function and function.loads:
                    _load(context, diagnostics, node, function.name)


def _load(context: Context, diagnostics: Diagnostics, node: Call | MethodCall, function: str) -> None:
    arguments = [_constant(each, context, diagnostics) for each in node.arguments]
    words = [each for each in arguments if each is not None]
    if not words or len(words) < len(arguments):
        return
    try:
        context.loaded[node] = load(function, words, context.model.program.path)
    except Unreadable as problem:
        at = node.arguments[1] if problem.code == "BCP235" else node.arguments[0]
        diagnostics.error(at, problem.code, problem.message)
        return
    direct = isinstance(context.model.enclosing[node], Var)
    if function == "loadJsonContent" or not direct:
        context.names[node] = f"$fxv#{len(context.names)}"


def _constant(argument: Expression, context: Context, diagnostics: Diagnostics) -> str | None:
    inner = context.strip(argument)
    if isinstance(inner, String) and inner.literal is not None:
        return inner.literal
    diagnostics.refuse(argument, "A file path that is no plain string is")
    return None
