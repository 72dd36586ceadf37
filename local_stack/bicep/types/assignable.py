"""Whether a value of one type may stand where another is wanted; what is inside objects is looked at elsewhere."""

from __future__ import annotations

from local_stack.bicep.types.model import (
    AnyType,
    ArrayType,
    BoolLiteral,
    BoolType,
    DiscriminatedType,
    ErrorType,
    IntLiteral,
    IntType,
    LambdaType,
    ModuleType,
    NeverType,
    NullType,
    ObjectType,
    ParentType,
    ResourceType,
    ScopeType,
    Severity,
    StringLiteral,
    StringType,
    Type,
    UnionType,
    scope_of,
    without_null,
)

_GENERAL = ((StringType, StringLiteral), (IntType, IntLiteral), (BoolType, BoolLiteral))


def assignable(given: Type, wanted: Type) -> bool:
    """Return whether the value may stand there."""
    if isinstance(given, (AnyType, ErrorType, NeverType)) or isinstance(wanted, (AnyType, ErrorType)):
        return True
    if isinstance(given, LambdaType) or isinstance(wanted, LambdaType):
        return isinstance(given, LambdaType) and isinstance(wanted, LambdaType)
    if isinstance(wanted, ScopeType) and scope_of(given) is not None:
        return True
    if _is_dependency(wanted):
        return scope_of(given) is not None or (
            isinstance(given, ArrayType) and scope_of(given.item) is not None
        )
    if isinstance(wanted, ParentType) and isinstance(given, ResourceType):
        return is_parent(given, wanted)
    if isinstance(given, (ResourceType, ModuleType)):
        return assignable(given.body, wanted)
    return _values(given, wanted)


def is_parent(given: ResourceType, wanted: ParentType) -> bool:
    """Return whether the resource's type is what the child's parent must be."""
    return given.reference.type.lower() == wanted.name.lower()


def assignable_but_for_null(given: Type, wanted: Type) -> Type | None:
    """Return what is left of the value's type without its null, where only the null is in the way."""
    rest = without_null(given)
    return rest if rest is not None and assignable(rest, wanted) else None


def _is_dependency(wanted: Type) -> bool:
    """Return whether it is what `dependsOn` lists: resources, modules, and loops of them."""
    if not isinstance(wanted, UnionType):
        return False
    return all(
        isinstance(each.item if isinstance(each, ArrayType) else each, ScopeType) for each in wanted.members
    )


def _values(given: Type, wanted: Type) -> bool:
    literals = (StringLiteral, IntLiteral, BoolLiteral)
    if isinstance(given, literals) and isinstance(wanted, literals):
        return type(given) is type(wanted) and given.value == wanted.value
    for general, literal in _GENERAL:
        if isinstance(given, general) and isinstance(wanted, literal):
            return bool(given.severity & Severity.LOOSE)
        if isinstance(given, (general, literal)) and isinstance(wanted, general):
            return True
    if isinstance(given, NullType) and isinstance(wanted, NullType):
        return True
    if isinstance(given, ArrayType) and isinstance(wanted, ArrayType):
        return True
    shapes = (ObjectType, DiscriminatedType)
    if isinstance(given, shapes) and isinstance(wanted, shapes):
        return True
    if isinstance(given, UnionType):
        return all(assignable(each, wanted) for each in given.members)
    return isinstance(wanted, UnionType) and any(assignable(given, each) for each in wanted.members)
