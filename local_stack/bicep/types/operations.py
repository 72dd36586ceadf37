"""What operators give and refuse, told at the place where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_stack.bicep.syntax import Binary, Declaration, Expression, Node, Ternary, Unary
from local_stack.bicep.types import operators
from local_stack.bicep.types.assignable import assignable, assignable_but_for_null
from local_stack.bicep.types.model import (
    BOOL,
    ERROR,
    STRING,
    BoolLiteral,
    ErrorType,
    Type,
    collapsed,
    union,
    without_null,
)

if TYPE_CHECKING:
    from local_stack.bicep.types.inference import Inference


class Operations:
    """The operations of one file."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._findings = inference.findings

    def _of(self, node: Expression) -> Type:
        return self._inference.of(node)

    def condition(self, node: Expression) -> None:
        """Note a condition that is no truth."""
        kind = self._of(node)
        if assignable(kind, BOOL):
            return
        if assignable_but_for_null(kind, BOOL):
            message = f'Expected a value of type "bool" but the provided value is of type "{kind}".'
            self._findings.warning(node, "BCP321", message)
        else:
            self._findings.error(node, "BCP046", 'Expected a value of type "bool".')

    def of(self, node: Unary | Binary | Ternary) -> Type:
        """Return what the operation gives."""
        if isinstance(node, Ternary):
            return self._ternary(node)
        if isinstance(node, Unary):
            operand = self._of(node.operand)
            if isinstance(operand, ErrorType):
                return ERROR
            given = operators.unary(node.operator, operand)
            if given is None:
                message = f'Cannot apply operator "{node.operator}" to operand of type "{operand}".'
                self._findings.error(node, "BCP044", message)
            return given or ERROR
        left, right = self._of(node.left), self._of(node.right)
        if isinstance(left, ErrorType) or isinstance(right, ErrorType):
            return ERROR
        return self._binary(node, left, right)

    def _binary(self, node: Binary, left: Type, right: Type) -> Type:
        given = operators.binary(node.operator, left, right)
        if given is not None:
            return given
        if self._in_branch(node):
            given = operators.binary(node.operator, without_null(left) or left, without_null(right) or right)
            if given is not None:
                self._note_nulls(node, left, right)
                return given
        texts = node.operator == "+" and assignable(left, STRING) and assignable(right, STRING)
        hint = " Use string interpolation instead." if texts else ""
        self._findings.error(
            node,
            "BCP045",
            f'Cannot apply operator "{node.operator}" to operands of type "{left}" and "{right}".{hint}',
        )
        return ERROR

    def _note_nulls(self, node: Binary, left: Type, right: Type) -> None:
        for side, kind in ((node.left, left), (node.right, right)):
            rest = without_null(kind)
            if rest is not None:
                text = self._inference.model.program.text[side.span.start : side.span.end].replace("\n", " ")
                self._findings.warning(
                    node,
                    "BCP321",
                    f'Expected a value of type "{rest}" but the provided value "{text}" is of type "{kind}".',
                )

    def _in_branch(self, node: Node) -> bool:
        inside, around = node, self._inference.enclosing(node)
        while around is not None and not isinstance(around, Declaration):
            if isinstance(around, Ternary) and inside is not around.condition:
                return True
            inside, around = around, self._inference.enclosing(around)
        return False

    def _ternary(self, node: Ternary) -> Type:
        condition, then, otherwise = self._of(node.condition), self._of(node.then), self._of(node.otherwise)
        if any(isinstance(each, ErrorType) for each in (condition, then, otherwise)):
            return ERROR
        self.condition(node.condition)
        if not assignable(without_null(condition) or condition, BOOL):
            return ERROR
        if isinstance(condition, BoolLiteral):
            return then if condition.value else otherwise
        return collapsed(union([then, otherwise]))
