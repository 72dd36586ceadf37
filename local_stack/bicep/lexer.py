"""Characters to tokens. Newlines are tokens, for they end items and statements; strings are cut at their `${` holes."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.strings import multiline_piece, multiline_value, string_piece
from local_stack.bicep.syntax import Directive, Span

_BLANK = re.compile(r"[ \t]+")
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_OPEN_COMMENT = re.compile(r"/\*.*", re.DOTALL)
_DIRECTIVE = re.compile(r"#(disable-next-line|disable-diagnostics|restore-diagnostics)\b([^\r\n]*)")
_CODE = re.compile(r"[A-Za-z0-9_-]+")
_NEWLINE = re.compile(r"[\r\n]+")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"[0-9]+")
_PUNCTUATION = re.compile(r"\.\.\.|\?\?|::|!=|!~|<=|>=|==|=~|=>|&&|\|\||[{}()\[\]@,.?:;+\-%*/^!<>=|]")
_MULTILINE = re.compile(r"(\$*)'''")
_WORDS = {"true", "false", "null"}
_LONGEST_NAME = 255


@dataclass(eq=False)
class Token:
    """`kind` is the punctuation or word itself, or name, number, string, left, middle, right, newline, end, bad."""

    kind: str
    text: str
    span: Span
    value: str | None = None  # a string piece's text, escapes undone; None where it is broken
    commented: bool = False  # a comment stands right before it


class Lines:
    """Turns offsets into lines and UTF-16 columns."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0] + [match.end() for match in re.finditer(r"\r\n|\n|\r", text)]
        self._ascii = text.isascii()

    def span(self, start: int, end: int) -> Span:
        """Return the span between two offsets."""
        line = bisect_right(self._starts, start)
        begin = self._starts[line - 1]
        wide = 0 if self._ascii else sum(ord(each) > 0xFFFF for each in self._text[begin:start])
        return Span(start, end, line, start - begin + 1 + wide)


class Lexer:
    """One pass over a text."""

    def __init__(self, text: str, diagnostics: Diagnostics) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.directives: list[Directive] = []
        self._lines = Lines(text)
        self._diagnostics = diagnostics
        self._at = 0
        self._holes: list[
            int | None
        ] = []  # open `${` (its number of `$` in a multi-line string, 0 in a plain one), `{`
        self._commented = False

    def run(self) -> list[Token]:
        """Return all tokens, the last being `end`."""
        while True:
            self._skip_trivia()
            if self._at >= len(self.text):
                break
            self._token()
        self._add("end", self._at)
        return self.tokens

    def _skip_trivia(self) -> None:
        self._commented = False
        while True:
            if match := _BLANK.match(self.text, self._at):
                self._at = match.end()
            elif match := _COMMENT.match(self.text, self._at):
                self._at, self._commented = match.end(), True
            elif match := _OPEN_COMMENT.match(self.text, self._at):
                self._error(
                    self._at,
                    match.end(),
                    "BCP002",
                    (
                        "The multi-line comment at this location is not terminated. "
                        "Terminate it with the */ character sequence."
                    ),
                )
                self._at = match.end()
            elif (
                not self._commented
                and (match := _DIRECTIVE.match(self.text, self._at))
                and self._begins_line()
            ):
                self._directive(match)
            else:
                return

    def _begins_line(self) -> bool:
        begin = max(self.text.rfind("\n", 0, self._at), self.text.rfind("\r", 0, self._at)) + 1
        return not self.text[begin : self._at].strip(" \t")

    def _directive(self, match: re.Match[str]) -> None:
        rest = match[2].split("//")[0].split("/*")[0]
        span = self._lines.span(match.start(), match.end())
        codes = [word for word in rest.split() if _CODE.fullmatch(word)]
        if not codes:
            self._diagnostics.error(
                span,
                "BCP226",
                (
                    "Expected at least one diagnostic code at this location. "
                    'Valid format is "#disable-next-line diagnosticCode1 diagnosticCode2 ..."'
                ),
            )
        self.directives.append(Directive(match[1], span.line, codes))
        self._at = match.start(2) + len(rest)

    def _token(self) -> None:
        start = self._at
        text = self.text
        if match := _WORD.match(text, start):
            self._word(match)
        elif match := _NEWLINE.match(text, start):
            self._newline(match)
        elif match := _MULTILINE.match(text, start):
            self._at = match.end()
            self._multiline(start, match.end(), len(match[1]), first=True)
        elif text[start] == "'":
            self._at = start + 1
            self._string(start, first=True)
        elif text[start] == "}" and self._holes and self._holes[-1] is not None:
            self._resume(start, self._holes[-1])
        elif match := _NUMBER.match(text, start):
            self._at = match.end()
            self._add("number", start)
        elif match := _PUNCTUATION.match(text, start):
            self._punctuation(match)
        else:
            self._unknown(start)

    def _word(self, match: re.Match[str]) -> None:
        self._at = match.end()
        self._add(match[0] if match[0] in _WORDS else "name", match.start())
        if len(match[0]) > _LONGEST_NAME:
            self._error(
                match.start(),
                match.end(),
                "BCP024",
                (
                    f"The identifier exceeds the limit of {_LONGEST_NAME}. "
                    "Reduce the length of the identifier."
                ),
            )

    def _newline(self, match: re.Match[str]) -> None:
        if self._holes:
            self._holes.clear()
            self._broken(self._at, self._at)
            self._add("right", self._at)
            return
        self._at = match.end()
        self._add("newline", match.start())

    def _punctuation(self, match: re.Match[str]) -> None:
        self._at = match.end()
        if self._holes and match[0] == "{":
            self._holes.append(None)
        elif self._holes and match[0] == "}":
            self._holes.pop()
        self._add(match[0], match.start())

    def _unknown(self, start: int) -> None:
        self._at = start + 1
        character = self.text[start]
        if character == '"':
            self._error(
                start,
                start + 1,
                "BCP103",
                f'The following token is not recognized: "{character}". '
                "Strings are defined using single quotes in bicep.",
            )
        else:
            self._error(start, start + 1, "BCP001", f'The following token is not recognized: "{character}".')
        self._add("bad", start)

    def _resume(self, start: int, dollars: int) -> None:
        self._at = start + 1
        if dollars:
            self._multiline(start, self._at, dollars, first=False)
        else:
            self._string(start, first=False)

    def _string(self, start: int, *, first: bool) -> None:
        piece = string_piece(self.text, self._at)
        self._at = piece.end
        for begin, end, code, message in piece.errors:
            self._error(start if begin is None else begin, end, code, message)
        self._piece(start, first, piece.continues, piece.value if not piece.errors else None, 0)

    def _multiline(self, start: int, begin: int, dollars: int, *, first: bool) -> None:
        end, value_end, continues, closed = multiline_piece(self.text, begin, dollars)
        self._at = end
        if not closed:
            self._error(
                start,
                end,
                "BCP140",
                ("The multi-line string at this location is not terminated. Terminate it with \"'''\"."),
            )
        value = self.text[begin:value_end]
        self._piece(
            start, first, continues, (multiline_value(value) if first else value) if closed else None, dollars
        )
        self.tokens[-1].text = "'''"

    def _piece(self, start: int, first: bool, continues: bool, value: str | None, dollars: int) -> None:
        if continues:
            self._add("left" if first else "middle", start, value)
            if first:
                self._holes.append(dollars)
        else:
            self._add("string" if first else "right", start, value)
            if not first:
                self._holes.pop()

    def _broken(self, start: int, end: int) -> None:
        self._error(
            start,
            end,
            "BCP004",
            ("The string at this location is not terminated due to an unexpected new line character."),
        )

    def _error(self, start: int, end: int, code: str, message: str) -> None:
        self._diagnostics.error(self._lines.span(start, end), code, message)

    def _add(self, kind: str, start: int, value: str | None = None) -> None:
        text = self.text[start : self._at] if kind not in ("string", "left", "middle", "right") else "'"
        self.tokens.append(Token(kind, text, self._lines.span(start, self._at), value, self._commented))
        self._commented = False
