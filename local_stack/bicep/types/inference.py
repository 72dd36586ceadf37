"""The type of every expression of one file, worked out when it is asked for and once."""

from __future__ import annotations

from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.syntax import (
    Access,
    Array,
    Binary,
    Boolean,
    Call,
    Declaration,
    Expression,
    For,
    If,
    Index,
    Integer,
    Lambda,
    MethodCall,
    Module,
    Node,
    NonNull,
    Null,
    Object,
    Param,
    Parenthesized,
    Property,
    Resource,
    Spread,
    String,
    Ternary,
    Unary,
    Var,
    Variable,
)
from local_stack.bicep.types.access import Accesses
from local_stack.bicep.types.assignable import assignable, assignable_but_for_null
from local_stack.bicep.types.bodies import Catalogue
from local_stack.bicep.types.calls import Calls
from local_stack.bicep.types.findings import Findings
from local_stack.bicep.types.model import (
    ANY,
    ARRAY,
    ERROR,
    NULL,
    ArrayType,
    BoolLiteral,
    ErrorType,
    Flag,
    IntLiteral,
    IntType,
    LambdaType,
    ObjectType,
    TupleType,
    Type,
    union,
    without_null,
)
from local_stack.bicep.types.model import Property as TypeProperty
from local_stack.bicep.types.operations import Operations
from local_stack.bicep.types.symbols import Symbols
from local_stack.bicep.types.texts import interpolated

_LONGEST_LOOP = 799
_LARGEST = 2**63 - 1


class Inference:
    """One file's types. What is wrong with an expression is noted while its type is worked out."""

    def __init__(self, model: Model, catalogue: Catalogue, findings: Findings) -> None:
        self.model, self.catalogue, self.findings = model, catalogue, findings
        self.symbols = Symbols(self)
        self._accesses = Accesses(self)
        self._calls = Calls(self)
        self._operations = Operations(self)
        self._known: dict[Node, Type] = {}
        self._busy: set[Node] = set()

    def of(self, node: Expression) -> Type:
        """Return the type of an expression."""
        if node not in self._known:
            if node in self._busy:
                return ERROR
            self._busy.add(node)
            self._known[node] = self._infer(node)
            self._busy.discard(node)
        return self._known[node]

    def enclosing(self, node: Node) -> Node | None:
        """Return the node around."""
        return self.model.enclosing.get(node)

    def declared_value(self, node: Node) -> Expression | None:
        """Return what the variable behind a name is declared as."""
        symbol = self.model.references.get(node) if isinstance(node, Variable) else None
        return symbol.value if symbol and symbol.kind == "var" else None

    def is_local(self, node: Variable) -> bool:
        """Return whether the name is a loop's or lambda's own."""
        symbol = self.model.references.get(node)
        return symbol is not None and symbol.kind in ("item", "index", "lambda")

    def place_of_missing(self, node: Node) -> tuple[Node, str]:
        """Return where a missing property is reported, and the word for what lacks it."""
        around = self.enclosing(node)
        if isinstance(around, Property):
            return around.key, "object"
        if isinstance(around, (Resource, Module, Var)):
            return around.name, type(around).__name__.lower()
        if isinstance(around, (For, If)):
            return self.place_of_missing(around)
        if isinstance(around, Declaration) and not isinstance(around, Param):
            return around.name, type(around).__name__.lower()
        return node, "object"

    def is_existing_body(self, node: Node) -> bool:
        """Return whether the object is the body of an `existing` resource."""
        around = self.enclosing(node)
        if isinstance(around, If):
            around = self.enclosing(around)
        return isinstance(around, Resource) and around.existing

    def local(self, symbol: Symbol) -> Type:
        """Return what a loop's or lambda's own name holds."""
        owner = symbol.owner
        if isinstance(owner, Lambda):
            return self._calls.lambda_parameter(owner, symbol)
        assert isinstance(owner, For)  # noqa: S101 - the binder's own promise
        source = self.of(owner.source)
        if symbol.kind == "index":
            longest = source.longest if isinstance(source, ArrayType) else None
            return IntType(0, longest - 1 if longest else _LONGEST_LOOP)
        return source.item if isinstance(source, ArrayType) else ANY

    def _infer(self, node: Expression) -> Type:
        if isinstance(node, (String, Integer, Boolean, Null)):
            return self._literal(node)
        if isinstance(node, (Access, Index)):
            return self._accesses.of(node)
        if isinstance(node, (Call, MethodCall)):
            return self._calls.of(node)
        if isinstance(node, Parenthesized):
            return self.of(node.value)
        if isinstance(node, (Array, Object)):
            return self._array(node) if isinstance(node, Array) else self._object(node)
        if isinstance(node, (Unary, Binary, Ternary)):
            return self._operations.of(node)
        if isinstance(node, If):
            self._operations.condition(node.condition)
            return self.of(node.body)
        if isinstance(node, For):
            return self._loop(node)
        if isinstance(node, Lambda):
            return LambdaType(self.of(node.body))
        if isinstance(node, NonNull):
            base = self.of(node.base)
            return without_null(base) or base
        return self._name(node)

    def _name(self, node: Expression) -> Type:
        symbol = self.model.references.get(node)
        if symbol is None:
            return ERROR
        kind = self.symbols.of(symbol)
        if isinstance(kind, ErrorType) and isinstance(node, Variable) and self.symbols.is_settled(symbol):
            message = f'The referenced declaration with name "{node.name}" is not valid.'
            self.findings.error(node, "BCP062", message)
        return kind

    def _literal(self, node: String | Integer | Boolean | Null) -> Type:
        if isinstance(node, String):
            return interpolated(node.segments, [self.of(each) for each in node.expressions])
        if isinstance(node, Integer):
            return IntLiteral(node.value) if node.value <= _LARGEST else IntType()
        return BoolLiteral(node.value) if isinstance(node, Boolean) else NULL

    def _array(self, node: Array) -> Type:
        items: list[Type] = []
        spread: list[Type] = []
        failed = False
        for each in node.items:
            kind = self.of(each.value if isinstance(each, Spread) else each)
            if isinstance(kind, ErrorType):
                failed = True
            elif not isinstance(each, Spread):
                items.append(kind)
            elif isinstance(kind, TupleType):
                items.extend(kind.items)
            else:
                spread.append(kind.item if isinstance(kind, ArrayType) else ANY)
        if failed:
            return ERROR
        return ArrayType(union([*items, *spread])) if spread else TupleType(items)

    def _object(self, node: Object) -> Type:
        names = [each.name for each in node.properties if each.name is not None]
        failed = len(set(names)) != len(names)
        properties: dict[str, TypeProperty] = {}
        extra: list[Type] = []
        for member in node.members:
            if isinstance(member, Resource):
                continue
            kind = self.of(member.value)
            if isinstance(member, Property) and isinstance(member.key, String) and member.name is None:
                failed = failed or isinstance(self.of(member.key), ErrorType)
            failed = failed or isinstance(kind, ErrorType)
            if isinstance(member, Spread):
                self._spread(kind, properties, extra)
            elif member.name is None:
                extra.append(kind)
            else:
                properties[member.name] = TypeProperty(member.name, kind, Flag.REQUIRED)
        if failed:
            return ERROR
        return ObjectType("object", properties, TypeProperty("*", union(extra)) if extra else None)

    @staticmethod
    def _spread(kind: Type, properties: dict[str, TypeProperty], extra: list[Type]) -> None:
        if isinstance(kind, ObjectType):
            properties.update(kind.properties)
            if kind.extra:
                extra.append(kind.extra.type)
        else:
            extra.append(ANY)

    def _loop(self, node: For) -> Type:
        source = self.of(node.source)
        body = self.of(node.body)
        if isinstance(source, ErrorType) or isinstance(body, ErrorType):
            return ERROR
        if not assignable(source, ARRAY) and not assignable_but_for_null(source, ARRAY):
            self.findings.error(
                node.source,
                "BCP137",
                f'Loop expected an expression of type "array" but the provided value is of type "{source}".',
            )
            return ERROR
        return ArrayType(body)
