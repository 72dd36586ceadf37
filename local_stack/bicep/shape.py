"""Small questions about expressions that need no binding."""

from __future__ import annotations

from local_stack.bicep.syntax import (
    Array,
    Boolean,
    Expression,
    Integer,
    Node,
    NonNull,
    Null,
    Object,
    Parenthesized,
    String,
    Unary,
)


def bare(node: Node) -> Node:
    """Return the expression without the parentheses and `!` around it."""
    while isinstance(node, (Parenthesized, NonNull)):
        node = node.value if isinstance(node, Parenthesized) else node.base
    return node


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
