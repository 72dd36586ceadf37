"""The nodes of the syntax tree that are values: expressions and their parts, each with its place.

Nodes compare by identity, so that the binder can hang a symbol on each of them. Columns count UTF-16 units, as the
compiler's own diagnostics do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from local_stack.bicep.syntax import Resource


class Span(NamedTuple):
    """Where a node begins (1-based line and UTF-16 column) and which characters of the text it covers."""

    start: int
    end: int
    line: int
    column: int

    def to(self, other: Span) -> Span:
        """Return the span from the start of this one to the end of the other."""
        return Span(self.start, other.end, self.line, self.column)


@dataclass(eq=False)
class Node:
    """Anything that stands somewhere in a file."""

    span: Span


@dataclass(eq=False)
class Identifier(Node):
    """A name, where it is written."""

    name: str


@dataclass(eq=False)
class String(Node):
    """`'a${b}c'`: one more segment than expressions; a plain literal has a single segment."""

    segments: list[str]
    expressions: list[Expression]
    multiline: bool = False

    @property
    def literal(self) -> str | None:
        """The text of a string without interpolation."""
        return None if self.expressions else self.segments[0]


@dataclass(eq=False)
class Integer(Node):
    """`5`; a sign in front is a Unary."""

    value: int


@dataclass(eq=False)
class Boolean(Node):
    """`true` or `false`."""

    value: bool


@dataclass(eq=False)
class Null(Node):
    """`null`."""


@dataclass(eq=False)
class Skipped(Node):
    """What could not be read; a diagnostic says why."""


@dataclass(eq=False)
class Spread(Node):
    """`...value` in an object or an array."""

    value: Expression


@dataclass(eq=False)
class Array(Node):
    """`[a, b]`."""

    items: list[Expression | Spread]


@dataclass(eq=False)
class Property(Node):
    """`key: value` of an object."""

    key: Identifier | String
    value: Expression

    @property
    def name(self) -> str | None:
        """The key, unless it is interpolated."""
        return self.key.name if isinstance(self.key, Identifier) else self.key.literal


@dataclass(eq=False)
class Object(Node):
    """`{ a: 1 }`; in a resource's body also its nested resources, in source order."""

    members: list[Property | Spread | Resource]

    @property
    def properties(self) -> list[Property]:
        """The members that are properties."""
        return [member for member in self.members if isinstance(member, Property)]

    @property
    def resources(self) -> list[Resource]:
        """The members that are nested resources."""
        return [member for member in self.members if not isinstance(member, (Property, Spread))]

    def get(self, name: str) -> Property | None:
        """Return the first property of that name."""
        return next((each for each in self.properties if each.name == name), None)


@dataclass(eq=False)
class Variable(Node):
    """A bare name used as a value (the compiler's VariableAccess)."""

    name: str


@dataclass(eq=False)
class Call(Node):
    """`name(args)`."""

    name: Identifier
    arguments: list[Expression]


@dataclass(eq=False)
class MethodCall(Node):
    """`base.name(args)`."""

    base: Expression
    name: Identifier
    arguments: list[Expression]


@dataclass(eq=False)
class Access(Node):
    """`base.name`, or with `safe` `base.?name`."""

    base: Expression
    name: Identifier
    safe: bool = False


@dataclass(eq=False)
class Index(Node):
    """`base[index]`, with `safe` `base[?index]`, with `from_end` `base[^index]`."""

    base: Expression
    index: Expression
    safe: bool = False
    from_end: bool = False


@dataclass(eq=False)
class Nested(Node):
    """`base::name`: a resource nested in another."""

    base: Expression
    name: Identifier


@dataclass(eq=False)
class NonNull(Node):
    """`base!`."""

    base: Expression


@dataclass(eq=False)
class Unary(Node):
    """`-a` or `!a`."""

    operator: str
    operand: Expression


@dataclass(eq=False)
class Binary(Node):
    """`left operator right`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(eq=False)
class Ternary(Node):
    """`condition ? then : otherwise`."""

    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(eq=False)
class Parenthesized(Node):
    """`(value)`."""

    value: Expression


@dataclass(eq=False)
class Lambda(Node):
    """`(a, b) => body`."""

    parameters: list[Identifier]
    body: Expression


@dataclass(eq=False)
class For(Node):
    """`[for (item, index) in source: body]`; in a resource or module the body is an Object or an If."""

    item: Identifier
    index: Identifier | None
    source: Expression
    body: Expression


@dataclass(eq=False)
class If(Node):
    """`if (condition) { ... }`, only as the value of a resource or module."""

    condition: Expression
    body: Expression


Expression: TypeAlias = (
    String
    | Integer
    | Boolean
    | Null
    | Array
    | Object
    | Variable
    | Call
    | MethodCall
    | Access
    | Index
    | Nested
    | NonNull
    | Unary
    | Binary
    | Ternary
    | Parenthesized
    | Lambda
    | For
    | If
    | Skipped
)
