"""What the binder found out about a file: its symbols, what each name means, which resource belongs to which."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, cast

from local_stack.bicep.functions import Function
from local_stack.bicep.syntax import (
    Call,
    Declaration,
    Expression,
    For,
    Identifier,
    Lambda,
    MethodCall,
    Module,
    Node,
    Object,
    Output,
    Program,
    Resource,
    Var,
    body_of,
    condition_of,
    loop_of,
)

Kind = Literal["param", "var", "resource", "module", "item", "index", "lambda", "namespace"]


@dataclass(eq=False)
class Symbol:
    """Something a name can mean. `node` is its declaration; a local's is the name in its loop or lambda."""

    name: str
    kind: Kind
    node: Node
    owner: For | Lambda | None = None  # of a local
    outer: Symbol | None = None  # the resource this one is nested in
    parent: Parent | None = None

    @property
    def value(self) -> Expression:
        """What a variable, resource or module is declared as."""
        return cast("Var | Resource | Module", self.node).value

    @property
    def resource(self) -> Resource:
        """The declaration of a resource."""
        return cast("Resource", self.node)

    @property
    def module(self) -> Module:
        """The declaration of a module."""
        return cast("Module", self.node)

    @property
    def declaration(self) -> Declaration:
        """The statement of what is no local name."""
        return cast("Declaration", self.node)

    @property
    def loop(self) -> For | None:
        """The loop a variable, resource or module is declared by."""
        return loop_of(self.value)

    @property
    def condition(self) -> Expression | None:
        """The `if` of a resource or module."""
        return condition_of(self.value)

    @property
    def body(self) -> Object:
        """The object of a resource or module."""
        return body_of(self.value)

    @property
    def existing(self) -> bool:
        """Whether it is an `existing` resource."""
        return isinstance(self.node, Resource) and self.node.existing

    @property
    def path(self) -> str:
        """The name with those of the resources it is nested in."""
        return f"{self.outer.path}::{self.name}" if self.outer else self.name

    def property_value(self, name: str) -> Expression | None:
        """Return the value of a property of the body."""
        found = self.body.get(name)
        return found.value if found else None


@dataclass(eq=False)
class Parent:
    """A child resource's parent; `index` picks one of a loop."""

    symbol: Symbol
    index: Expression | None
    nested: bool


@dataclass(eq=False)
class Model:
    """A bound file."""

    program: Program
    target_scope: str = "resourceGroup"
    params: list[Symbol] = field(default_factory=list)
    variables: list[Symbol] = field(default_factory=list)
    resources: list[Symbol] = field(default_factory=list)  # nested ones first, as they are emitted
    modules: list[Symbol] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    globals: dict[str, Symbol] = field(default_factory=dict)
    nested: dict[Symbol, dict[str, Symbol]] = field(default_factory=dict)
    references: dict[Node, Symbol] = field(default_factory=dict)
    functions: dict[Call | MethodCall, Function] = field(default_factory=dict)
    enclosing: dict[Node, Node] = field(default_factory=dict)  # each node's parent in the tree
    locals: dict[Identifier, Symbol] = field(default_factory=dict)
    targets: dict[Symbol, Any] = field(default_factory=dict)  # module -> Model or JSON template
    types: dict[Symbol, tuple[str, str]] = field(
        default_factory=dict
    )  # resource -> type, API version as emitted

    def symbol(self, node: Node) -> Symbol | None:
        """Return what a name refers to, through parentheses and `!`."""
        from local_stack.bicep.shape import bare

        return self.references.get(bare(node))
