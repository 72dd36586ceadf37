"""Small questions about expressions that the parts of the inference share."""

from __future__ import annotations

from local_stack.bicep.syntax import Node, NonNull, Parenthesized


def unwrapped(node: Node) -> tuple[Node, bool]:
    """Return the expression without parentheses and `!`, and whether there was a `!`."""
    asserted, inner = False, node
    while isinstance(inner, (Parenthesized, NonNull)):
        asserted = asserted or isinstance(inner, NonNull)
        inner = inner.value if isinstance(inner, Parenthesized) else inner.base
    return inner, asserted
