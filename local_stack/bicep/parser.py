"""Statements: what a file declares. Everything that languageVersion 1.0 lacks is refused here by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_stack.bicep.blocks import Blocks
from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.lexer import Lexer, Token
from local_stack.bicep.reader import SyntaxMistake, TooDeep, empty
from local_stack.bicep.syntax import (
    Assignment,
    Call,
    Declaration,
    Decorator,
    Expression,
    Identifier,
    Metadata,
    Module,
    Output,
    Param,
    Program,
    Resource,
    Skipped,
    String,
    TargetScope,
    TypeName,
    Unsupported,
    Using,
    Var,
    Variable,
)
from local_stack.bicep.typenames import type_name

_UNKNOWN = (
    "BCP007",
    (
        "This declaration type is not recognized. Specify a metadata, parameter, variable, "
        "resource, or output declaration."
    ),
)
_UNKNOWN_IN_PARAMS = (
    "BCP337",
    "This declaration type is not valid for a Bicep Parameters file. Supported declarations: "
    '"using", "extends", "param", "var", "type".',
)
_RESOURCE_TYPE = (
    "BCP068",
    'Expected a resource type string. Specify a valid resource type of format "<type-name>@<apiVersion>".',
)
_MODULE_PATH = (
    "BCP097",
    "Expected a module path string. This should be a relative path to another bicep file, "
    "e.g. 'myModule.bicep' or '../parent/myModule.bicep'",
)
_BODY = ("BCP118", 'Expected the "{" character, the "[" character, or the "if" keyword at this location.')
_REFUSED = ("type", "func", "import", "extension", "provider", "test", "assert")


def parse(text: str, path: str, diagnostics: Diagnostics | None = None) -> Program:
    """Return the tree of a file; what is wrong with it goes to `diagnostics`."""
    return Parser(text, path, diagnostics or Diagnostics(path)).program()


class Parser(Blocks):
    """One file."""

    def __init__(self, text: str, path: str, diagnostics: Diagnostics) -> None:
        lexer = Lexer(text.removeprefix("\ufeff"), diagnostics)
        super().__init__(lexer.run(), diagnostics)
        self._parameters = path.endswith(".bicepparam")
        self._program = Program(path, lexer.text, [], lexer.directives)

    def program(self) -> Program:
        """Parse all statements."""
        try:
            while not self.at_end:
                self._statement()
        except TooDeep:
            pass
        return self._program

    def _statement(self) -> None:
        if self.kind == "newline":
            self.read()
            return
        found = self.recover(self._declaration, "newline")
        if isinstance(found, Skipped):
            return
        self._program.declarations.append(found)
        if self.at_end:
            return
        self.recover(self.line_end, "newline")

    def _declaration(self) -> Declaration | Skipped:
        decorators = self.decorators()
        token = self.peek()
        kinds = self._parameter_kinds() if self._parameters else self._kinds()
        parse_kind = kinds.get(token.text) if token.kind == "name" else None
        if parse_kind is None:
            if decorators:
                self.note_here("BCP132", "Expected a declaration after the decorator.")
                return Skipped(token.span)
            raise SyntaxMistake(token, *(_UNKNOWN_IN_PARAMS if self._parameters else _UNKNOWN))
        found = parse_kind()
        found.decorators = decorators
        return found

    def _kinds(self) -> dict[str, Callable[[], Declaration]]:
        return {
            "targetScope": self._target_scope,
            "metadata": self._metadata,
            "param": self._param,
            "var": self._var,
            "resource": self.resource,
            "module": self._module,
            "output": self._output,
            **dict.fromkeys(_REFUSED, self._unsupported),
        }

    def _parameter_kinds(self) -> dict[str, Callable[[], Declaration]]:
        return {
            "using": self._using,
            "param": self._assignment,
            "var": self._var,
            **dict.fromkeys(("extends", "import", "type", "extension", "extensionConfig"), self._unsupported),
        }

    def decorators(self) -> list[Decorator]:
        """Parse the decorators in front of a statement, each with its newline."""
        found: list[Decorator] = []
        while self.kind == "@":
            begin = self.read()
            call = self.recover(self._decorator, "newline")
            if not isinstance(call, Skipped):
                found.append(Decorator(begin.span.to(call.span), call))
            self.recover(self.line_end, "newline")
            self.newlines()
        return found

    def line_end(self) -> Token:
        """Take the newline that ends a statement or decorator, or raise SyntaxMistake."""
        return self.expect("newline", "BCP019", "Expected a new line character at this location.")

    def _decorator(self) -> Any:
        token = self.peek()
        if token.kind != "name":
            raise SyntaxMistake(token, "BCP123", "Expected a namespace or decorator name at this location.")
        current: Expression = self._named(True)
        while self.kind == ".":
            current = self._dot(current, True)
        if not isinstance(current, (Variable, Call)) and not hasattr(current, "name"):
            raise SyntaxMistake(token, "BCP123", "Expected a namespace or decorator name at this location.")
        return current

    def _named_as(self, what: str, code: str, *until: str) -> Identifier:
        article = "an" if what[0] in "aeio" else "a"
        message = f"Expected {article} {what} identifier at this location."
        found = self.recover(lambda: self.name(code, message), *until)
        return Identifier(found.span, "") if isinstance(found, Skipped) else found

    def _value(self, before: object) -> Expression:
        sign = self.recover(lambda: self.expect("="), "newline", quiet=empty(before))
        return self.recover(self.expression, "newline", quiet=empty(sign))

    def _target_scope(self) -> TargetScope:
        begin = self.read()
        self.recover(lambda: self.expect("="), "newline")
        value = self.recover(self.expression, "newline")
        return TargetScope(begin.span.to(value.span), Identifier(begin.span, begin.text), value)

    def _metadata(self) -> Metadata:
        begin = self.read()
        name = self._named_as("metadata", "BCP266", "=", "newline")
        value = self._value(name)
        return Metadata(begin.span.to(value.span), name, value)

    def _param(self) -> Param:
        begin = self.read()
        name = self._named_as("parameter", "BCP013", "name", "newline")
        kind = self.recover(lambda: type_name(self), "=", "{", "newline", quiet=empty(name))
        sign = self.peek().span if self.kind == "=" else None
        default = self.recover(self._default, "newline", quiet=empty(kind))
        end = self.tokens[self.position - 1].span
        declared = TypeName(kind.span, "any", simple=True) if isinstance(kind, Skipped) else kind
        return Param(begin.span.to(end), name, declared, default, sign)

    def _default(self) -> Expression | None:
        if self.kind in ("newline", "end"):
            return None
        if self.kind != "=":
            raise SyntaxMistake(
                self.peek(), "BCP008", 'Expected the "=" token, or a newline at this location.'
            )
        self.read()
        return self.recover(self.expression, "newline")

    def _var(self) -> Declaration:
        begin = self.read()
        name = self._named_as("variable", "BCP015", "name", "newline")
        if self.kind not in ("=", "newline", "end") and not empty(name):
            kind = self.recover(lambda: type_name(self), "=", "newline")
            if not isinstance(kind, Skipped):
                self.diagnostics.refuse(kind, "A variable with a type (it needs languageVersion 2.0) is")
        value = self._value(name)
        return Var(begin.span.to(value.span), name, value)

    def _output(self) -> Output:
        begin = self.read()
        name = self._named_as("output", "BCP016", "name", "newline")
        kind = self.recover(lambda: type_name(self), "=", "newline", quiet=empty(name))
        value = self._value(kind)
        declared = TypeName(kind.span, "any", simple=True) if isinstance(kind, Skipped) else kind
        return Output(begin.span.to(value.span), name, declared, value)

    def resource(self) -> Resource:
        """Parse a resource declaration."""
        begin = self.read()
        name = self._named_as("resource", "BCP017", "string", "left", "newline")
        kind = self.recover(lambda: self._required_string(_RESOURCE_TYPE), "=", "newline", quiet=empty(name))
        existing = self.at_word("existing")
        if existing:
            self.read()
        value = self._body(kind, resources=True)
        text = String(kind.span, [""], []) if isinstance(kind, Skipped) else kind
        return Resource(begin.span.to(value.span), name, text, existing, value)

    def nested_resource(self) -> Resource | Skipped:
        """Parse a resource inside another's body, with its decorators."""
        decorators = self.decorators()
        if not self.at_word("resource"):
            self.note_here("BCP132", "Expected a declaration after the decorator.")
            return Skipped(self.peek().span)
        found = self.resource()
        found.decorators = decorators
        return found

    def _module(self) -> Module:
        begin = self.read()
        name = self._named_as("module", "BCP096", "string", "left", "newline")
        path = self.recover(lambda: self._required_string(_MODULE_PATH), "=", "newline", quiet=empty(name))
        value = self._body(path, resources=False)
        text = String(path.span, [""], []) if isinstance(path, Skipped) else path
        return Module(begin.span.to(value.span), name, text, value)

    def _body(self, before: object, *, resources: bool) -> Expression:
        sign = self.recover(lambda: self.expect("="), "{", "newline", quiet=empty(before))
        following = self.peek_past_newlines()
        if not isinstance(sign, Skipped) and following.kind == "name" and following.text == "if":
            self.newlines()
        return self.recover(lambda: self._body_value(resources), "newline", quiet=empty(sign))

    def _body_value(self, resources: bool) -> Expression:
        if self.at_word("if"):
            return self.condition(resources)
        if self.kind == "{":
            return self.object(resources=resources)
        if self.kind == "[":
            return self.loop("resource" if resources else "module")
        raise SyntaxMistake(self.peek(), *_BODY)

    def _required_string(self, mistake: tuple[str, str]) -> String:
        begin = self.peek()
        found = self.string() if begin.kind in ("string", "left") else None
        if isinstance(found, String):
            return found
        raise SyntaxMistake(begin, *mistake)

    def _using(self) -> Declaration:
        begin = self.read()
        if self.at_word("none"):
            self.diagnostics.refuse(begin.span, "'using none' is")
        wanted = (
            "Expected a Bicep file path string. This should be a relative path to another bicep file, "
            "e.g. 'myModule.bicep' or '../parent/myModule.bicep'"
        )
        path = self.recover(lambda: self._required_string(("BCP257", wanted)), "newline")
        text = String(path.span, [""], []) if isinstance(path, Skipped) else path
        return Using(begin.span.to(text.span), Identifier(begin.span, "using"), text)

    def _assignment(self) -> Assignment:
        begin = self.read()
        name = self._named_as("parameter", "BCP013", "name", "newline")
        value = self._value(name)
        return Assignment(begin.span.to(value.span), name, value)

    def _unsupported(self) -> Unsupported:
        begin = self.read()
        why = "languageVersion 2.0 or later" if begin.text in _REFUSED else "more than this stand-in compiles"
        self.diagnostics.refuse(begin.span, f"The '{begin.text}' statement (it needs {why}) is")
        braces = 0
        while not self.at_end and not (
            self.kind == "newline" and braces <= 0 and self.peek_past_newlines().kind != "|"
        ):
            braces += {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}.get(self.read().kind, 0)
        name = Identifier(begin.span, begin.text)
        return Unsupported(begin.span, name, begin.text)
