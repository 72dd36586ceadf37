"""Loops and conditions: what stands around the body of a resource or module, and loops over plain values."""

from __future__ import annotations

from local_stack.bicep.expressions import Expressions
from local_stack.bicep.reader import SyntaxMistake, character, empty
from local_stack.bicep.syntax import Expression, For, Identifier, If, Object, Parenthesized, Skipped


class Blocks(Expressions):
    """Loops and conditions."""

    def loop(self, declares: str = "") -> For:
        """Parse `[for ...]`; `declares` says that the body is a `resource`'s or `module`'s."""
        begin = self.expect("[")
        self.newlines()
        self.word("for")
        item, index = self._loop_names()
        inside = self.recover(lambda: self.word("in"), "]", "newline", quiet=not item.name)
        source = self.recover(self.expression, ":", "]", "newline", quiet=empty(inside))
        colon = self.recover(lambda: self.expect(":"), "]", "newline", quiet=empty(source))
        body = self.recover(
            (lambda: self._loop_body(declares == "resource")) if declares else self.expression,
            "]",
            "newline",
            quiet=empty(colon),
        )
        if not isinstance(body, Skipped):
            self.newlines()
        close = self.recover(lambda: self.expect("]"), "]", "newline", quiet=empty(body))
        if isinstance(close, Skipped) and self.kind == "]":
            self.read()
        return For(begin.span.to(close.span), item, index, source, body)

    def _loop_names(self) -> tuple[Identifier, Identifier | None]:
        if self.kind == "name":
            return self.name("BCP136", "Expected a loop item variable identifier at this location."), None
        if self.kind != "(":
            where = self.note_here(
                "BCP162", 'Expected a loop item variable identifier or "(" at this location.'
            )
            return Identifier(where.span, ""), None
        begin = self.peek().span
        names = [
            self._parameter(each) for each in self._between_parentheses(lambda: self.expression(False), False)
        ]
        if len(names) == 2:
            return names[0], names[1]
        if not any(not each.name for each in names):
            self.diagnostics.error(
                begin,
                "BCP249",
                (
                    "Expected loop variable block to consist of exactly 2 elements "
                    f"(item variable and index variable), but found {len(names)}."
                ),
            )
        return Identifier(begin, ""), None

    def _loop_body(self, resources: bool) -> Object | If:
        if self.kind == "{":
            return self.object(resources=resources)
        if self.at_word("if"):
            return self.condition(resources, "]")
        raise SyntaxMistake(
            self.peek(), "BCP167", 'Expected the "{" character or the "if" keyword at this location.'
        )

    def condition(self, resources: bool, *until: str) -> If:
        """Parse `if (...) {...}`."""
        begin = self.word("if")
        condition = self.recover(lambda: self._only_parenthesized(), *until, "{", "newline")
        body = self.recover(
            lambda: self.object(resources=resources), *until, "newline", quiet=isinstance(condition, Skipped)
        )
        return If(begin.span.to(body.span), condition, body)

    def _only_parenthesized(self) -> Expression:
        if self.kind != "(":
            raise SyntaxMistake(self.peek(), *character("("))
        begin = self.peek()
        values = self._between_parentheses(self.expression)
        end = self.tokens[self.position - 1].span
        if len(values) == 1:
            return Parenthesized(begin.span.to(end), values[0])
        self.diagnostics.error(begin.span, "BCP243", "Parentheses must contain exactly one expression.")
        return Skipped(begin.span.to(end))
