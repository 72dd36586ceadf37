"""References that could be plainer: parents, dependencies, symbols instead of functions, safe access."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from local_stack.bicep.linter.rule import File, Finding, Rule
from local_stack.bicep.linter.same import same
from local_stack.bicep.model import Symbol
from local_stack.bicep.syntax import (
    Access,
    Array,
    Call,
    Expression,
    Index,
    MethodCall,
    Nested,
    Node,
    NonNull,
    Property,
    Resource,
    String,
    Ternary,
    TypeName,
    Variable,
    children,
)
from local_stack.bicep.types.model import ObjectType, ResourceType, without_null
from local_stack.bicep.types.places import Places


def _parents(file: File) -> Iterator[Finding]:
    places = Places(file.inference)
    by_type: dict[str, list[Symbol]] = {}
    for symbol in file.model.resources:
        reference = file.inference.symbols.reference(symbol)
        if reference:
            by_type.setdefault(reference.type.lower(), []).append(symbol)
    for symbol in file.model.resources:
        name, reference = symbol.property_value("name"), file.inference.symbols.reference(symbol)
        if reference is None or not isinstance(name, String) or places.parent(symbol) is not None:
            continue
        above = reference.type.lower().rpartition("/")[0]
        parent = _named_parent(file, name, above) or _formatted_parent(name, by_type.get(above, []))
        if parent is not None and parent is not symbol:
            yield (
                name,
                f'Resource "{symbol.name}" has its name formatted as a child of resource "{parent.name}". '
                "The syntax can "
                "be simplified by using the parent property.",
            )


def _named_parent(file: File, name: String, above: str) -> Symbol | None:
    if len(name.segments) < 2 or not name.segments[1].startswith("/") or name.segments[0]:
        return None
    first = name.expressions[0]
    symbol = (
        file.model.symbol(first.base) if isinstance(first, Access) and first.name.name == "name" else None
    )
    if symbol is None or symbol.kind != "resource":
        return None
    reference = file.inference.symbols.reference(symbol)
    return symbol if reference is not None and reference.type.lower() == above else None


def _formatted_parent(name: String, candidates: Sequence[Symbol]) -> Symbol | None:
    for candidate in candidates:
        parent = candidate.property_value("name")
        if candidate.loop is None and parent is not None and _begins_with(name, parent):
            return candidate
    return None


def _begins_with(name: String, parent: Expression) -> bool:
    if not isinstance(parent, String):
        return (
            len(name.segments) > 1 and name.segments[1].startswith("/") and same(name.expressions[0], parent)
        )
    count = len(parent.segments)
    if len(name.segments) < count or name.segments[: count - 1] != parent.segments[:-1]:
        return False
    if not name.segments[count - 1].startswith(f"{parent.segments[-1]}/"):
        return False
    pairs = zip(name.expressions, parent.expressions)  # noqa: B905 - the name may be longer
    return len(name.expressions) >= len(parent.expressions) and all(same(one, other) for one, other in pairs)


def _dependencies(file: File) -> Iterator[Finding]:
    for symbol in [*file.model.resources, *file.model.modules]:
        listed = symbol.property_value("dependsOn")
        if not isinstance(listed, Array):
            continue
        inferred = _inferred(file, symbol)
        explicit: set[Symbol] = set()
        for item in listed.items:
            other = file.model.references.get(item) if isinstance(item, (Variable, Nested)) else None
            if other is None or other.kind not in ("resource", "module") or other.loop is not None:
                continue
            if other in inferred or other in explicit:
                yield item, f"Remove unnecessary dependsOn entry '{other.name}'."
            explicit.add(other)


def _inferred(file: File, symbol: Symbol) -> set[Symbol]:
    """Return the resources and modules that a declaration needs without being told, directly or through others."""
    found: set[Symbol] = set()
    waiting = list(_direct(file, symbol))
    while waiting:
        other = waiting.pop()
        if other not in found and other is not symbol:
            found.add(other)
            waiting.extend(_direct(file, other))
    return found


def _direct(file: File, symbol: Symbol) -> Iterator[Symbol]:
    if symbol.kind not in ("resource", "module", "var"):
        return
    if symbol.outer is not None:
        yield symbol.outer
    for node in _own_nodes(symbol.value):
        other = file.model.references.get(node) if isinstance(node, (Variable, Nested)) else None
        if other is not None and other.kind in ("resource", "module", "var"):
            yield other


def _own_nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        nested = isinstance(child, Resource)
        listed = isinstance(child, Property) and child.name == "dependsOn"
        if not nested and not listed and not isinstance(node, Nested):
            yield from _own_nodes(child)


def _functions(file: File) -> Iterator[Finding]:
    for call in file.nodes:
        if not isinstance(call, (Call, MethodCall)) or call not in file.model.functions:
            continue
        name = call.name.name
        least = 1 if name == "reference" else 2 if name.startswith("list") else 4
        if least <= len(call.arguments) <= 3 and _one_resource(file, call):
            yield (
                call,
                f'Use a resource reference instead of invoking function "{name}". This simplifies the '
                "syntax and allows "
                "Bicep to better understand your deployment dependency graph.",
            )


def _one_resource(file: File, call: Call | MethodCall) -> bool:
    candidates = _by_id(file, call.arguments[0])
    if len(call.arguments) < 2:
        return len(candidates) == 1
    version = call.arguments[1]
    if isinstance(version, Access) and version.name.name == "apiVersion":
        return file.model.symbol(version.base) in candidates
    text = version.literal if isinstance(version, String) else None
    references = [file.inference.symbols.reference(each) for each in candidates]
    return text is not None and any(
        each is not None and each.version.lower() == text.lower() for each in references
    )


def _by_id(file: File, node: Expression) -> list[Symbol]:
    if isinstance(node, Access) and node.name.name in ("id", "name"):
        symbol = file.model.symbol(node.base)
        return [symbol] if symbol is not None and symbol.kind == "resource" else []
    if not isinstance(node, (Call, MethodCall)) or node.name.name != "resourceId" or len(node.arguments) < 2:
        return []
    first = node.arguments[0]
    wanted = first.literal if isinstance(first, String) else None
    if wanted is None or "/" not in wanted:
        return []
    return [each for each in file.model.resources if _is_so_named(file, each, wanted, node.arguments[1:])]


def _is_so_named(file: File, symbol: Symbol, wanted: str, names: Sequence[Expression]) -> bool:
    reference = file.inference.symbols.reference(symbol)
    if reference is None or reference.type.lower() != wanted.lower():
        return False
    places = Places(file.inference)
    line: list[Symbol] = [symbol]
    while (above := places.parent(line[0])) is not None and above not in line:
        line.insert(0, above)
    own = [each.property_value("name") for each in line]
    return len(own) == len(names) and all(
        one is not None and same(one, other) for one, other in zip(own, names, strict=True)
    )


def _safe(file: File) -> Iterator[Finding]:
    for node in file.all(Ternary):
        if _contains_then_reads(file, node):
            yield node, "The syntax can be simplified by using the safe access (.?) operator."
    for step in file.nodes:
        if not isinstance(step, (Access, Index)) or step.safe or isinstance(file.enclosing(step), NonNull):
            continue
        base = file.type(step.base)
        if (
            isinstance(base, ObjectType)
            and not isinstance(base, ResourceType)
            and without_null(file.type(step)) is not None
        ):
            yield (
                step,
                "The property being accessed may be null. Use the (.?) operator to handle this safely.",
            )


def _contains_then_reads(file: File, node: Ternary) -> bool:
    test, then = node.condition, node.then
    if not isinstance(test, (Call, MethodCall)) or test.name.name != "contains" or len(test.arguments) != 2:
        return False
    if (
        test not in file.model.functions
        or not isinstance(then, (Access, Index))
        or not same(test.arguments[0], then.base)
    ):
        return False
    key = test.arguments[1]
    if isinstance(then, Access):
        return isinstance(key, String) and key.literal == then.name.name
    return same(key, then.index)


def _any(file: File) -> Iterator[Finding]:
    for node in file.all(TypeName):
        if node.name == "any" and file.model.program.text[node.span.start : node.span.end] == "any":
            yield node, "Avoid using an explicit 'any' type whenever possible."


RULES = (
    Rule("use-parent-property", "Warning", _parents),
    Rule("no-unnecessary-dependson", "Warning", _dependencies),
    Rule("use-resource-symbol-reference", "Warning", _functions),
    Rule("use-safe-access", "Warning", _safe),
    Rule("no-explicit-any", "Warning", _any),
)
