"""Literals: numbers, strings with their holes, objects, and the lists that newlines or commas separate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from local_stack.bicep.reader import Reader, SyntaxMistake, empty
from local_stack.bicep.syntax import (
    Boolean,
    Expression,
    Identifier,
    Integer,
    Null,
    Object,
    Property,
    Resource,
    Skipped,
    Spread,
    String,
)

_LARGEST = 2**64 - 1
_PROPERTY_NAME = ("BCP022", "Expected a property name at this location.")
_STRAY = ("BCP064", "Found unexpected tokens in interpolated expression.")
_HOLE_ENDS = ("middle", "right", "newline")


class Literals(Reader):
    """What needs no operators. Expressions and declarations are filled in by its heirs."""

    if TYPE_CHECKING:

        def expression(self, complex_: bool = True) -> Expression:
            """Parse an expression (in expressions.py)."""
            ...

        def nested_resource(self) -> Any:
            """Parse a resource inside another's body (in parser.py)."""
            ...

    def literal(self) -> Expression:
        """Parse a number, a truth or null."""
        token = self.read()
        if token.kind == "null":
            return Null(token.span)
        if token.kind != "number":
            return Boolean(token.span, token.kind == "true")
        if len(token.text) > 20 or int(token.text) > _LARGEST:
            raise SyntaxMistake(token, "BCP010", "Expected a valid 64-bit signed integer.")
        return Integer(token.span, int(token.text))

    def string(self) -> String | Skipped:
        """Parse a string; one that the lexer found broken is skipped, for it has been reported."""
        begin = self.peek()
        multiline = begin.text == "'''"
        if begin.kind == "string":
            self.read()
            return (
                Skipped(begin.span)
                if begin.value is None
                else String(begin.span, [begin.value], [], multiline)
            )
        segments: list[str | None] = []
        holes: list[Expression] = []
        while self.kind in ("left", "middle"):
            segments.append(self.read().value)
            holes.append(self._hole())
        if self.kind == "right":
            segments.append(self.read().value)
        span = begin.span.to(self.tokens[self.position - 1].span)
        whole = [each for each in segments if each is not None]
        if len(whole) != len(holes) + 1:
            return Skipped(span)
        return String(span, whole, holes, multiline)

    def _hole(self) -> Expression:
        value = self.recover(lambda: self.expression(False), *_HOLE_ENDS)
        if self.kind not in (*_HOLE_ENDS, "end"):
            self.skip(self.position, *_STRAY, *_HOLE_ENDS)
        return value

    def object(self, *, resources: bool = False) -> Object:
        """Parse `{...}`; `resources` says that it is a resource's body, which may hold others."""
        begin = self.expect("{")
        members = self.deeper(lambda: self._members(resources))
        close = self.expect("}")
        return Object(begin.span.to(close.span), members)

    def _members(self, resources: bool) -> list[Any]:
        return self.elements("}", lambda: self.recover(lambda: self._member_of(resources), "newline", "}"))

    def _member_of(self, resources: bool) -> Property | Spread | Resource | Skipped:
        declares = self.at_word("resource") and self.peek(1).kind == "name"
        if resources and (self.kind == "@" or declares):
            nested: Resource | Skipped = self.nested_resource()
            return nested
        if self.kind == "...":
            return self.spread("}")
        key = self.recover(self._key, ":", "newline", "}")
        colon = self.recover(lambda: self.expect(":"), "newline", "}", quiet=empty(key))
        value = self.recover(self.expression, "newline", "}", quiet=empty(colon))
        if isinstance(key, Skipped):
            return key
        return Property(key.span.to(value.span), key, value)

    def _key(self) -> Identifier | String:
        begin = self.peek()
        if begin.kind == "name":
            return self.name(*_PROPERTY_NAME)
        if begin.kind in ("string", "left"):
            key = self.string()
            if isinstance(key, String):
                return key
        elif begin.kind in ("true", "false", "null"):
            pass
        raise SyntaxMistake(begin, *_PROPERTY_NAME)

    def spread(self, closer: str) -> Spread:
        """Parse `...value`."""
        begin = self.expect("...")
        value = self.recover(self.expression, ",", "newline", closer)
        return Spread(begin.span.to(value.span), value)

    def elements(self, closer: str, parse: Callable[[], Any]) -> list[Any]:
        """Parse the inside of an object or array: newlines or commas between, at most one comma."""
        found: list[Any] = []
        if self.kind == closer:
            return found
        self.newlines()
        while self.kind not in (closer, "end"):
            found.append(parse())
            if self.kind in (closer, "end"):
                break
            self._separator()
        return [each for each in found if not isinstance(each, Skipped)]

    def _separator(self) -> None:
        if self.kind == "newline":
            self.newlines()
        elif self.kind == ",":
            self.read()
            if self.kind == "newline":
                self.note_here("BCP238", "Unexpected new line character after a comma.")
                self.newlines()
        else:
            self.note_here("BCP236", "Expected a new line or comma character at this location.")

    def call_elements(self, closer: str, parse: Callable[[], Any]) -> list[Any]:
        """Parse the arguments of a call: commas between, newlines only behind them and at both ends."""
        found: list[Any] = []
        if self.kind == closer:
            return found
        self.newlines()
        while self.kind not in (closer, "end"):
            found.append(parse())
            if self.kind in (closer, "end"):
                break
            if not self._argument_separator(closer):
                break
            if self.kind == closer and self.tokens[self.position - 1].kind == ",":
                found.append(parse())
        return found

    def _argument_separator(self, closer: str) -> bool:
        if self.kind == "newline":
            ahead = 1
            while self.peek(ahead).kind == "newline" and self.peek(ahead).commented:
                ahead += 1
            if self.peek(ahead).kind == "end":
                return False
            if self.peek(ahead).kind != closer:
                self.note_here("BCP237", "Expected a comma character at this location.")
            self.newlines()
        elif self.kind == ",":
            self.read()
            self.newlines_after_comma(closer)
        else:
            self.note_here("BCP236", "Expected a new line or comma character at this location.")
        return True

    def newlines_after_comma(self, closer: str) -> None:
        """Take the newlines that may follow a comma; a comma before the closer misses its argument."""
        del closer
        self.newlines()
