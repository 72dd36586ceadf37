"""The syntax tree: what a file declares; the nodes of its values are `nodes`', named here too.

Nodes compare by identity, so that the binder can hang a symbol on each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from local_stack.bicep.nodes import (
    Access,
    Array,
    Binary,
    Boolean,
    Call,
    Expression,
    For,
    Identifier,
    If,
    Index,
    Integer,
    Lambda,
    MethodCall,
    Nested,
    Node,
    NonNull,
    Null,
    Object,
    Parenthesized,
    Property,
    Skipped,
    Span,
    Spread,
    String,
    Ternary,
    Unary,
    Variable,
)

__all__ = [
    "Access",
    "Array",
    "Assignment",
    "Binary",
    "Boolean",
    "Call",
    "Declaration",
    "Decorator",
    "Directive",
    "Expression",
    "For",
    "Identifier",
    "If",
    "Index",
    "Integer",
    "Lambda",
    "Metadata",
    "MethodCall",
    "Module",
    "Nested",
    "Node",
    "NonNull",
    "Null",
    "Object",
    "Output",
    "Param",
    "Parenthesized",
    "Program",
    "Property",
    "Resource",
    "Skipped",
    "Span",
    "Spread",
    "String",
    "TargetScope",
    "Ternary",
    "TypeName",
    "Unary",
    "Unsupported",
    "Using",
    "Var",
    "Variable",
    "body_of",
    "children",
    "condition_of",
    "loop_of",
    "walk",
]


@dataclass(eq=False)
class Decorator(Node):
    """`@name(args)` or `@sys.name(args)`; `call` is the expression after the `@`."""

    call: Call | MethodCall | Variable | Access

    @property
    def name(self) -> str:
        """The decorator's name without its namespace."""
        return self.call.name if isinstance(self.call, Variable) else self.call.name.name

    @property
    def arguments(self) -> list[Expression]:
        """What it is called with."""
        return self.call.arguments if isinstance(self.call, (Call, MethodCall)) else []


@dataclass(eq=False)
class TypeName(Node):
    """The type after a parameter's or output's name. `simple` is false for whatever languageVersion 1.0 lacks."""

    name: str
    simple: bool = True
    literal: str | None = None  # `param p 'x'`: the one string that is allowed


@dataclass(eq=False)
class Declaration(Node):
    """A statement; `span` runs from its keyword to its end, decorators apart."""

    name: Identifier
    decorators: list[Decorator] = field(kw_only=True, default_factory=list)

    def decorator(self, name: str) -> Decorator | None:
        """Return the first decorator of that name."""
        return next((each for each in self.decorators if each.name == name), None)


@dataclass(eq=False)
class TargetScope(Declaration):
    """`targetScope = 'subscription'`."""

    value: Expression


@dataclass(eq=False)
class Metadata(Declaration):
    """`metadata name = value`."""

    value: Expression


@dataclass(eq=False)
class Param(Declaration):
    """`param name type = default`."""

    type: TypeName
    default: Expression | None
    assign: Span | None = None


@dataclass(eq=False)
class Var(Declaration):
    """`var name = value`."""

    value: Expression


@dataclass(eq=False)
class Output(Declaration):
    """`output name type = value`."""

    type: TypeName
    value: Expression


@dataclass(eq=False)
class Resource(Declaration):
    """`resource name 'type@version' existing = value`; the value is an Object, an If or a For."""

    type: String
    existing: bool
    value: Expression


@dataclass(eq=False)
class Module(Declaration):
    """`module name 'path' = value`."""

    path: String
    value: Expression


@dataclass(eq=False)
class Unsupported(Declaration):
    """A statement that languageVersion 1.0 has no place for: `type`, `func`, `import`, ..."""

    keyword: str


@dataclass(eq=False)
class Using(Declaration):
    """`using 'main.bicep'` of a parameter file."""

    path: String


@dataclass(eq=False)
class Assignment(Declaration):
    """`param name = value` of a parameter file."""

    value: Expression


@dataclass
class Directive:
    """`#disable-next-line CODE ...`, `#disable-diagnostics CODE ...`, `#restore-diagnostics CODE ...`."""

    kind: str
    line: int
    codes: list[str]


@dataclass(eq=False)
class Program:
    """One file."""

    path: str
    text: str
    declarations: list[Declaration]
    directives: list[Directive]


def loop_of(value: Expression) -> For | None:
    """Return the loop around a resource's, module's, variable's or output's value."""
    return value if isinstance(value, For) else None


def condition_of(value: Expression) -> Expression | None:
    """Return the `if` of a resource or module."""
    inner = value.body if isinstance(value, For) else value
    return inner.condition if isinstance(inner, If) else None


def body_of(value: Expression) -> Object:
    """Return the object behind a resource's or module's loop and condition; empty where an error left none."""
    inner = value.body if isinstance(value, For) else value
    inner = inner.body if isinstance(inner, If) else inner
    return inner if isinstance(inner, Object) else Object(inner.span, [])


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes directly inside, in source order."""
    for value in vars(node).values():
        if isinstance(value, Node):
            yield value
        elif type(value) is list:
            for each in value:
                if isinstance(each, Node):
                    yield each


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and all below it, in source order."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        below = [*children(current)]
        below.reverse()
        stack += below
