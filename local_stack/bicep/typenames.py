"""The type after a parameter's or output's name: a plain name here; all other type syntax means languageVersion 2.0."""

from __future__ import annotations

from local_stack.bicep.reader import Reader, SyntaxMistake
from local_stack.bicep.syntax import TypeName

_PLAIN = ("array", "bool", "int", "object", "string")
_NAMES = '"array", "bool", "int", "object", "string"'
_OPENERS = {"{": "}", "[": "]", "(": ")", "<": ">"}
_ENDS = ("=", "newline", "end")


def type_name(reader: Reader) -> TypeName:
    """Parse a type. Raises SyntaxMistake where there is none; refuses what languageVersion 1.0 lacks."""
    begin = reader.peek()
    if begin.kind == "string" and begin.value is not None and not _continues(reader):
        reader.read()
        return TypeName(begin.span, "string", literal=begin.value)
    if begin.kind in ("string", "left", "number", "true", "false", "null", "{", "[", "(", "-", "|", "!"):
        return _refused(reader)
    if begin.kind != "name":
        raise SyntaxMistake(
            begin,
            "BCP279",
            (
                "Expected a type at this location. Please specify a valid type expression or "
                f"one of the following types: {_NAMES}."
            ),
        )
    if _continues(reader) or begin.text == "resource":
        return _refused(reader)
    reader.read()
    return TypeName(begin.span, begin.text, simple=begin.text in (*_PLAIN, "any"))


def _continues(reader: Reader) -> bool:
    return reader.peek(1).kind in ("[", "?", "!", "|", ".", "<") or _union_follows(reader)


def _union_follows(reader: Reader) -> bool:
    ahead = 1
    while reader.peek(ahead).kind == "newline":
        ahead += 1
    return reader.peek(ahead).kind == "|"


def _refused(reader: Reader) -> TypeName:
    """Skip a type that only languageVersion 2.0 can hold, and say so."""
    begin = reader.peek()
    reader.diagnostics.refuse(begin.span, "This type syntax (it needs languageVersion 2.0) is")
    closers: list[str] = []
    while not reader.at_end:
        kind = reader.kind
        if not closers and (kind == "=" or (kind == "newline" and reader.peek_past_newlines().kind != "|")):
            break
        if closers and kind == closers[-1]:
            closers.pop()
        elif kind in _OPENERS:
            closers.append(_OPENERS[kind])
        reader.read()
    return TypeName(begin.span, "any", simple=False)
