"""Whether two expressions are written the same, blanks and comments apart."""

from __future__ import annotations

from local_stack.bicep.syntax import Node, Span


def same(one: object, other: object) -> bool:
    """Return whether two nodes say the same."""
    if isinstance(one, Node) and isinstance(other, Node):
        if type(one) is not type(other):
            return False
        left, right = vars(one), vars(other)
        return all(same(left[key], right[key]) for key in left if not isinstance(left[key], Span))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(left, right) for left, right in zip(one, other))  # noqa: B905
    return one == other
