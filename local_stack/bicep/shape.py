"""Small questions about expressions that need no binding."""

from __future__ import annotations

from collections.abc import Iterator

from local_stack.bicep.syntax import (
    Access,
    Array,
    Binary,
    Boolean,
    Call,
    Expression,
    For,
    Index,
    Integer,
    MethodCall,
    Node,
    NonNull,
    Null,
    Object,
    Parenthesized,
    String,
    Ternary,
    Unary,
    Variable,
    children,
)

_INCONSTANT = (Access, Binary, Call, For, Index, MethodCall, Parenthesized, Ternary, Variable)


def bare(node: Node) -> Node:
    """Return the expression without the parentheses and `!` around it."""
    while isinstance(node, (Parenthesized, NonNull)):
        node = node.value if isinstance(node, Parenthesized) else node.base
    return node


def inconstant(node: Node) -> Iterator[Node]:
    """Yield what makes an expression no constant, the outermost of each: the compiler works nothing out there."""
    if isinstance(node, String):
        if node.literal is None:
            yield node
    elif isinstance(node, _INCONSTANT) or (isinstance(node, Unary) and node.operator != "-"):
        yield node
    else:
        for each in children(node):
            yield from inconstant(each)


def literal_type(node: Expression) -> str | None:
    """Return the type of a literal as the compiler words it; None for what is no literal."""
    inner = bare(node)
    if isinstance(inner, String):
        return "string" if inner.literal is None else f"'{escaped(inner.literal)}'"
    if isinstance(inner, Integer):
        return str(inner.value)
    if isinstance(inner, Unary) and inner.operator == "-" and isinstance(inner.operand, Integer):
        return f"-{inner.operand.value}"
    if isinstance(inner, Boolean):
        return str(inner.value).lower()
    if isinstance(inner, Null):
        return "null"
    if isinstance(inner, Object):
        return "object"
    return "array" if isinstance(inner, Array) else None


def escaped(text: str) -> str:
    """Return the text as it would be written between quotes."""
    pairs = [("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), ("${", "\\${")]
    for plain, written in pairs:
        text = text.replace(plain, written)
    return text
