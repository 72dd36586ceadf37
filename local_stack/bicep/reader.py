"""The parser's hands: looking ahead, expecting, and going on after a mistake as the compiler does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from local_stack.bicep.diagnostics import UNREADABLE_CODE, Diagnostics
from local_stack.bicep.lexer import Token
from local_stack.bicep.syntax import Identifier, Skipped, Span

T = TypeVar("T")

DEEPEST = 200


class SyntaxMistake(Exception):
    """The next token is not what the grammar wants here."""

    def __init__(self, token: Token, code: str, message: str) -> None:
        super().__init__(message)
        self.token, self.code, self.message = token, code, message


class TooDeep(Exception):
    """The text nests deeper than the stand-in follows."""


def character(wanted: str) -> tuple[str, str]:
    """Return code and message for a missing character."""
    return "BCP018", f'Expected the "{wanted}" character at this location.'


class Reader:
    """Tokens, read one after the other."""

    def __init__(self, tokens: list[Token], diagnostics: Diagnostics) -> None:
        self.tokens = tokens
        self.diagnostics = diagnostics
        self.position = 0
        self._depth = 0

    def peek(self, ahead: int = 0) -> Token:
        """Return a token without reading it; beyond the end it is `end`."""
        return self.tokens[min(self.position + ahead, len(self.tokens) - 1)]

    def peek_past_newlines(self, ahead: int = 0) -> Token:
        """Return the next token that is no newline."""
        while self.peek(ahead).kind == "newline":
            ahead += 1
        return self.peek(ahead)

    @property
    def kind(self) -> str:
        """The next token's kind."""
        return self.tokens[self.position].kind

    @property
    def at_end(self) -> bool:
        """Whether all is read."""
        return self.kind == "end"

    def read(self) -> Token:
        """Take the next token."""
        token = self.tokens[self.position]
        if token.kind != "end":
            self.position += 1
        return token

    def at_word(self, word: str) -> bool:
        """Whether the next token is that contextual keyword."""
        token = self.tokens[self.position]
        return token.kind == "name" and token.text == word

    def expect(self, kind: str, code: str = "", message: str = "") -> Token:
        """Take a token of that kind, or raise SyntaxMistake."""
        if self.kind == kind and kind != "end":
            return self.read()
        if not code:
            code, message = character(kind)
        raise SyntaxMistake(self.peek(), code, message)

    def word(self, word: str) -> Token:
        """Take that keyword, or raise SyntaxMistake."""
        if self.at_word(word):
            return self.read()
        raise SyntaxMistake(self.peek(), "BCP012", f'Expected the "{word}" keyword at this location.')

    def newlines(self) -> None:
        """Take all newlines that stand here."""
        while self.kind == "newline":
            self.read()

    def name(self, code: str, message: str) -> Identifier:
        """Take a name, or raise SyntaxMistake."""
        token = self.expect("name", code, message)
        return Identifier(token.span, token.text)

    def name_or_note(self, code: str, message: str) -> Identifier:
        """Take a name; where there is none, note it and go on with an empty one."""
        if self.kind == "name":
            return self.name(code, message)
        return Identifier(self.note_here(code, message).span, "")

    def note_here(self, code: str, message: str) -> Skipped:
        """Note a mistake of no length in front of the next token."""
        span = self.peek().span
        here = Span(span.start, span.start, span.line, span.column)
        self.diagnostics.error(here, code, message)
        return Skipped(here)

    def recover(self, parse: Callable[[], T], *until: str, quiet: bool = False) -> T | Skipped:
        """Parse; on a mistake note it at what was being parsed and skip to one of the given tokens."""
        begin = self.position
        try:
            return parse()
        except SyntaxMistake as mistake:
            return self.skip(begin, mistake.code, mistake.message, *until, quiet=quiet)

    def skip(self, begin: int, code: str, message: str, *until: str, quiet: bool = False) -> Skipped:
        """Read on to one of the given tokens and note the mistake over all that was skipped."""
        while not self.at_end and self.kind not in until:
            self.read()
        first = self.tokens[begin].span
        last = self.tokens[self.position - 1].span if self.position > begin else None
        span = first.to(last) if last else Span(first.start, first.start, first.line, first.column)
        if not quiet:
            self.diagnostics.error(span, code, message)
        return Skipped(span)

    def deeper(self, parse: Callable[[], T]) -> T:
        """Parse one level down. Raises TooDeep where a text nests without reason."""
        if self._depth >= DEEPEST:
            self.diagnostics.error(self.peek().span, UNREADABLE_CODE, f"Nested deeper than {DEEPEST} levels.")
            raise TooDeep
        self._depth += 1
        try:
            return parse()
        finally:
            self._depth -= 1


def empty(node: object) -> bool:
    """Whether a mistake of no length stands here: what follows is then not reported again."""
    if isinstance(node, Skipped):
        return node.span.start == node.span.end
    return isinstance(node, Identifier) and not node.name and node.span.start == node.span.end
