"""Expressions: binary operators by precedence, everything else by descent, newlines where the grammar heeds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from local_stack.bicep.literals import Literals
from local_stack.bicep.reader import SyntaxMistake, TooDeep, character, empty
from local_stack.bicep.syntax import (
    Access,
    Array,
    Binary,
    Call,
    Expression,
    For,
    Identifier,
    Index,
    Lambda,
    MethodCall,
    Nested,
    NonNull,
    Parenthesized,
    Skipped,
    Spread,
    Ternary,
    Unary,
    Variable,
)

_PRECEDENCE = {
    "*": 100,
    "/": 100,
    "%": 100,
    "+": 90,
    "-": 90,
    "<": 80,
    "<=": 80,
    ">": 80,
    ">=": 80,
    "==": 70,
    "!=": 70,
    "=~": 70,
    "!~": 70,
    "&&": 50,
    "||": 40,
    "??": 30,
}
_CLOSERS = ("right", "}", ")", "]", "newline")
_LONGEST_CHAIN = 200
_MEMBER_NAME = ("BCP020", "Expected a function or property name at this location.")
_STATEMENTS = frozenset(
    [
        "metadata",
        "targetScope",
        "type",
        "param",
        "var",
        "func",
        "resource",
        "module",
        "output",
        "import",
        "provider",
        "extension",
        "test",
        "assert",
    ]
)


class Expressions(Literals):
    """The expression half of the parser. `complex_` says whether `{` and `[` may begin a value here."""

    if TYPE_CHECKING:

        def loop(self) -> For:
            """Parse `[for ...]` (in blocks.py)."""
            ...

    def expression(self, complex_: bool = True) -> Expression:
        """Parse an expression with its ternary."""
        return self.deeper(lambda: self._ternary(complex_))

    def _ternary(self, complex_: bool) -> Expression:
        condition = self._binary(complex_, 0)
        if self.peek_past_newlines().kind != "?":
            return condition
        self.newlines()
        self.read()
        then = self.recover(lambda: self.expression(complex_), ":", *_CLOSERS)
        if not isinstance(then, Skipped) and self.peek_past_newlines().kind == ":":
            self.newlines()
        colon = self.recover(lambda: self.expect(":"), *_CLOSERS, quiet=empty(then))
        otherwise = self.recover(lambda: self.expression(complex_), *_CLOSERS, quiet=empty(colon))
        return Ternary(condition.span.to(otherwise.span), condition, then, otherwise)

    def _binary(self, complex_: bool, precedence: int) -> Expression:
        current = self._unary(complex_)
        for _ in range(_LONGEST_CHAIN):
            operator = self.peek()
            binds = _PRECEDENCE.get(operator.kind, -1)
            if binds <= precedence:
                return current
            self.read()
            right = self._operand(complex_, binds)
            current = Binary(current.span.to(right.span), operator.kind, current, right)
        raise self.too_long()

    def _operand(self, complex_: bool, binds: int) -> Expression:
        return self.recover(lambda: self._binary(complex_, binds), *_CLOSERS)

    def _unary(self, complex_: bool) -> Expression:
        operator = self.peek()
        if operator.kind not in ("-", "!"):
            return self._member(complex_)
        self.read()
        operand = self.recover(lambda: self._member(complex_), *_CLOSERS)
        return Unary(operator.span.to(operand.span), operator.kind, operand)

    def _member(self, complex_: bool) -> Expression:
        current = self._primary(complex_)
        steps: dict[str, Callable[[Expression, bool], Expression]] = {
            "[": self._index,
            ".": self._dot,
            "::": self._nested,
            "!": self._non_null,
        }
        for _ in range(_LONGEST_CHAIN):
            step = steps.get(self.kind)
            if step is None:
                return current
            current = step(current, complex_)
        raise self.too_long()

    def too_long(self) -> TooDeep:
        """Return the refusal of a chain of operators that would need as deep a walk."""
        self.diagnostics.error(
            self.peek().span, "VBC002", f"A chain of more than {_LONGEST_CHAIN} operators."
        )
        return TooDeep()

    def _optional(self, kind: str) -> bool:
        if self.kind != kind:
            return False
        self.read()
        return True

    def _index(self, base: Expression, complex_: bool) -> Expression:
        self.read()
        safe, from_end = self._optional("?"), self._optional("^")
        index: Expression
        if self.kind == "]":
            index = self.note_here("BCP117", "An empty indexer is not allowed. Specify a valid expression.")
        else:
            index = self.expression(complex_)
        close = self.expect("]")
        return Index(base.span.to(close.span), base, index, safe, from_end)

    def _dot(self, base: Expression, complex_: bool) -> Expression:
        self.read()
        question = self.peek()
        safe = self._optional("?")
        name = self.name_or_note(*_MEMBER_NAME)
        if self.kind != "(":
            return Access(base.span.to(name.span), base, name, safe)
        arguments = self._arguments(complex_)
        if safe:
            message = "The `.?` (safe dereference) operator may not be used on instance function invocations."
            self.diagnostics.error(question.span, "BCP322", message)
        return MethodCall(base.span.to(self.tokens[self.position - 1].span), base, name, arguments)

    def _nested(self, base: Expression, complex_: bool) -> Expression:
        del complex_
        self.read()
        name = self.name_or_note(*_MEMBER_NAME)
        return Nested(base.span.to(name.span), base, name)

    def _non_null(self, base: Expression, complex_: bool) -> Expression:
        del complex_
        return NonNull(base.span.to(self.read().span), base)

    def _primary(self, complex_: bool) -> Expression:
        token = self.peek()
        if token.kind in ("number", "true", "false", "null"):
            return self.literal()
        if token.kind in ("string", "left"):
            return self.string()
        if token.kind in ("{", "["):
            return self._complex(complex_)
        if token.kind == "(":
            return self._parenthesized(complex_)
        if token.kind == "name":
            return self._named(complex_)
        raise SyntaxMistake(
            token,
            "BCP009",
            (
                "Expected a literal value, an array, an object, a parenthesized expression, "
                "or a function call at this location."
            ),
        )

    def _complex(self, allowed: bool) -> Expression:
        token = self.peek()
        if not allowed:
            raise SyntaxMistake(token, "BCP087", "Array and object literals are not allowed here.")
        if token.kind == "{":
            return self.object()
        following = self.peek_past_newlines(1)
        if following.kind == "name" and following.text == "for":
            return self.loop()
        return self._array()

    def _array(self) -> Array:
        begin = self.expect("[")
        items = self.elements("]", lambda: self.recover(self._item, "newline", "]"))
        close = self.expect("]")
        return Array(begin.span.to(close.span), items)

    def _item(self) -> Expression | Spread:
        return self.spread("]") if self.kind == "..." else self.expression()

    def _named(self, complex_: bool) -> Expression:
        token = self.read()
        name = Identifier(token.span, token.text)
        if self.kind == "(":
            arguments = self._arguments(complex_)
            return Call(name.span.to(self.tokens[self.position - 1].span), name, arguments)
        if self.kind == "=>":
            return self._lambda(token.span, [name])
        return Variable(token.span, token.text)

    def _lambda(self, begin: Any, parameters: list[Identifier]) -> Lambda:
        self.expect("=>")
        if self.peek_past_newlines().text not in _STATEMENTS:
            self.newlines()
        body = self.recover(self.expression, "newline", ")")
        return Lambda(begin.to(body.span), parameters, body)

    def _parenthesized(self, complex_: bool) -> Expression:
        begin = self.peek()
        values = self._between_parentheses(lambda: self.expression(complex_))
        end = self.tokens[self.position - 1].span
        if self.kind == "=>":
            return self._lambda(begin.span, [self._parameter(each) for each in values])
        if len(values) == 1:
            return Parenthesized(begin.span.to(end), values[0])
        self.diagnostics.error(begin.span, "BCP243", "Parentheses must contain exactly one expression.")
        return Skipped(begin.span.to(end))

    def _parameter(self, value: Expression) -> Identifier:
        if isinstance(value, Variable):
            return Identifier(value.span, value.name)
        if not isinstance(value, Skipped):
            self.diagnostics.error(value, "BCP015", "Expected a variable identifier at this location.")
        return Identifier(value.span, "")

    def _between_parentheses(
        self, parse: Callable[[], Expression], newlines: bool = True
    ) -> list[Expression]:
        self.expect("(")
        skip = self.newlines if newlines else lambda: None
        values: list[Expression] = []
        skip()
        while self.kind not in (")", "end"):
            values.append(self.recover(parse, *_CLOSERS, ","))
            skip()
            if self.kind != ",":
                break
            self.read()
            skip()
        quiet = bool(values) and empty(values[-1])
        self.recover(lambda: self.expect(")"), "right", "}", "]", "newline", quiet=quiet)
        return values

    def _arguments(self, complex_: bool) -> list[Expression]:
        self.expect("(")
        values = self.call_elements(
            ")", lambda: self.recover(lambda: self.expression(complex_), "newline", ",", ")")
        )
        if self.kind == ")":
            self.read()
        else:
            self.note_here(*character(")"))
        return values
