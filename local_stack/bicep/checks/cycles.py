"""Declarations that need themselves."""

from __future__ import annotations

from collections.abc import Iterator

from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.syntax import Nested, Node, Output, Resource, Variable, children

Uses = dict[Symbol, list[tuple[Node, Symbol]]]


def check_cycles(model: Model, diagnostics: Diagnostics) -> None:
    """Report every use that closes a circle, and every use of what is in one."""
    uses = _uses(model)
    cycles = {symbol: cycle for symbol in _suspects(uses) if (cycle := _cycle(symbol, uses))}
    for symbol, used in uses.items():
        for node, target in used:
            cycle = cycles.get(target, [])
            if not cycle or isinstance(node, Resource):
                continue
            if symbol not in cycle:
                message = f'The referenced declaration with name "{target.name}" is not valid.'
                diagnostics.error(node, "BCP062", message)
            elif len(cycle) == 1:
                message = "This expression is referencing its own declaration, which is not allowed."
                diagnostics.error(node, "BCP079", message)
            else:
                names = '" -> "'.join(each.name for each in cycle)
                diagnostics.error(node, "BCP080", f'The expression is involved in a cycle ("{names}").')


def _uses(model: Model) -> Uses:
    declared = [*model.params, *model.variables, *model.resources, *model.modules]
    found: Uses = {symbol: list(_used(symbol.node, model)) for symbol in declared}
    for symbol in model.resources:
        above = symbol.outer
        while above:
            found[symbol].append((symbol.node, above))
            above = above.outer
    for output in model.outputs:
        stand_in = Symbol(output.name.name, "var", output)
        found[stand_in] = list(_used(output, model))
    return found


def _used(node: Node, model: Model) -> Iterator[tuple[Node, Symbol]]:
    for child in children(node):
        if isinstance(child, Resource):
            continue
        if isinstance(child, (Variable, Nested)):
            target = model.references.get(child)
            if target and target.kind in ("param", "var", "resource", "module"):
                yield child, target
        yield from _used(child, model)


def _suspects(uses: Uses) -> list[Symbol]:
    """Return the symbols that are in a cycle or lead to one: those left when all that need nothing are taken away."""
    waiting = {symbol: len(used) for symbol, used in uses.items()}
    users: dict[Symbol, list[Symbol]] = {}
    for symbol, used in uses.items():
        for _, target in used:
            users.setdefault(target, []).append(symbol)
    done = [symbol for symbol, count in waiting.items() if not count]
    for symbol in done:
        for user in users.get(symbol, []):
            waiting[user] -= 1
            if not waiting[user]:
                done.append(user)
    return [symbol for symbol, count in waiting.items() if count]


def _cycle(start: Symbol, uses: Uses) -> list[Symbol]:
    """Return the shortest way from a symbol back to itself."""
    if isinstance(start.node, Output):
        return []
    ways: dict[Symbol, Symbol] = {}
    queue = [start]
    for current in queue:
        for _, target in uses.get(current, []):
            if target is start:
                return _back(current, start, ways)
            if target not in ways:
                ways[target] = current
                queue.append(target)
    return []


def _back(last: Symbol, start: Symbol, ways: dict[Symbol, Symbol]) -> list[Symbol]:
    path = [last]
    while path[-1] is not start:
        path.append(ways[path[-1]])
    return path[::-1]
