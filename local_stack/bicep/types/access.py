"""What `a.b`, `a.?b` and `a[b]` give, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from local_stack.bicep.diagnostics import quoted
from local_stack.bicep.model import Symbol
from local_stack.bicep.syntax import Access, Index, Node, NonNull, Parenthesized, Span
from local_stack.bicep.types.assignable import assignable
from local_stack.bicep.types.findings import earlier, inaccuracy
from local_stack.bicep.types.indexing import Indexing
from local_stack.bicep.types.model import (
    ANY,
    ERROR,
    NULL,
    OBJECT,
    AnyType,
    BoolLiteral,
    BoolType,
    DiscriminatedType,
    ErrorType,
    Flag,
    ModuleType,
    NullType,
    ObjectType,
    ResourceType,
    Type,
    UnionType,
    nullable,
    union,
    warns_for_properties,
    without_null,
)
from local_stack.bicep.types.spelling import meant

if TYPE_CHECKING:
    from local_stack.bicep.types.inference import Inference

Step: TypeAlias = "Access | Index"
ALWAYS_KNOWN = ("id", "name", "type", "apiVersion")


class Accesses:
    """The accesses of one file."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._findings = inference.findings
        self._indexing = Indexing(self, inference)

    def of(self, node: Step) -> Type:
        """Return the type of a chain of accesses; a `.?` in it makes the rest of the chain nullable."""
        steps = _chain(node)
        kind = self._inference.of(steps[0].base)
        removed, before = False, None
        previous: Symbol | None = None
        for step in steps:
            symbol = self._symbol(step.base)
            used = symbol
            if step.safe or (before is not None and before.safe):
                if isinstance(kind, NullType):
                    return kind
                rest = without_null(kind)
                if rest is not None:
                    removed, kind = True, rest
                elif step.safe and self._may_be_absent(step, symbol, previous, before):
                    removed, used = True, None
            target = self._declared_around(node, previous, used)
            kind = (
                self._indexing.of(step, kind, target)
                if isinstance(step, Index)
                else self._named(step, kind, target)
            )
            before, previous = step, symbol
        return nullable(kind) if removed else kind

    def may_be_disabled(self, symbol: Symbol | None) -> bool:
        """Return whether a resource or module has a condition that is not known to be true."""
        if symbol is None or symbol.kind not in ("resource", "module"):
            return False
        if symbol.condition is not None:
            kind = self._inference.of(symbol.condition)
            if symbol.kind == "module":
                return not (isinstance(kind, BoolLiteral) and kind.value)
            if isinstance(kind, BoolType) or (isinstance(kind, BoolLiteral) and not kind.value):
                return True
        return self.may_be_disabled(symbol.outer)

    def _may_be_absent(
        self, step: Step, symbol: Symbol | None, previous: Symbol | None, before: Step | None
    ) -> bool:
        return self.may_be_disabled(symbol) or (
            isinstance(before, Index) and self.may_be_disabled(previous) and step is not before
        )

    def _symbol(self, node: Node) -> Symbol | None:
        inner = node
        while isinstance(inner, (Parenthesized, NonNull)):
            if isinstance(inner, NonNull):
                return None
            inner = inner.value
        return self._inference.model.references.get(inner)

    def _declared_around(self, node: Node, previous: Symbol | None, symbol: Symbol | None) -> Symbol | None:
        for each in (previous, symbol):
            if each is None or each.kind not in ("resource", "module"):
                continue
            if self._inside(node, each):
                return None
            if (each.loop is not None) is (each is previous):
                return each
        return None

    def _inside(self, node: Node, symbol: Symbol) -> bool:
        around: Node | None = node
        while around is not None:
            if around is symbol.node:
                return True
            around = self._inference.enclosing(around)
        return False

    def _named(self, step: Access, kind: Type, symbol: Symbol | None) -> Type:
        name = step.name
        if isinstance(kind, (ModuleType, ResourceType)):
            kind = kind.body
        if isinstance(kind, ErrorType) or not name.name:
            return ERROR
        rest = without_null(kind)
        if rest is not None:
            self.note_null(self._dot(step), kind)
            return self._named(step, rest, None)
        known = name.name == "name" or (
            symbol is not None and symbol.kind == "resource" and name.name in ALWAYS_KNOWN
        )
        if self.may_be_disabled(symbol) and not known:
            self.note_null(self._dot(step), nullable(kind))
        return self.property(kind, name, name.name, step.safe)

    def property(self, kind: Type, at: Node, name: str, safe: bool) -> Type:
        """Return the type of a property by its name."""
        if isinstance(kind, ObjectType):
            return self._of_object(kind, at, name, safe)
        if isinstance(kind, (AnyType, DiscriminatedType)):
            return ANY
        if isinstance(kind, UnionType):
            return self._of_members(kind, name)
        if assignable(kind, OBJECT):
            return ANY
        self.refuse(
            at, safe, "BCP055", f'Cannot access properties of type "{kind}". An "object" type is required.'
        )
        return NULL if safe else ERROR

    @staticmethod
    def _of_members(kind: UnionType, name: str) -> Type:
        found: list[Type] = []
        for each in kind.members:
            held = each.properties.get(name) if isinstance(each, ObjectType) else None
            if held is None:
                return ANY
            found.append(held.type)
        return union(found)

    def _of_object(self, kind: ObjectType, at: Node, name: str, safe: bool) -> Type:
        held = kind.properties.get(name) or kind.extra
        warn = safe or warns_for_properties(kind)
        if held is None:
            self._unknown(kind, at, name, warn)
            return ANY if warn else ERROR
        if held.flags & Flag.WRITE_ONLY:
            message = f'The property "{name}" on type "{kind}" is write-only. Write-only properties cannot be accessed.'
            self._findings.note(at, warn, "BCP077", message)
            if not warn:
                return ERROR
        if held.flags & Flag.FALLBACK:
            message = (
                f'The property "{name}" does not exist in the resource or type definition, although it '
                "might still be valid."
            )
            self._findings.add(at, "Info" if safe else "Warning", "BCP187", message + inaccuracy(True))
        return held.type

    def _unknown(self, kind: ObjectType, at: Node, name: str, warn: bool) -> None:
        readable = [key for key, each in kind.properties.items() if not each.flags & Flag.WRITE_ONLY]
        readable.sort(key=str.lower)
        told = f'The type "{kind}" does not contain property "{name}".'
        if not readable:
            self._findings.note(at, warn, "BCP052", told)
            return
        probable = meant(name, readable)
        if probable:
            self._findings.note(at, warn, "BCP083", f'{told} Did you mean "{probable}"?')
        else:
            self._findings.note(
                at, warn, "BCP053", f"{told} Available properties include {quoted(readable)}."
            )

    def refuse(self, at: Node, safe: bool, code: str, message: str) -> None:
        """Note a wrong access, which behind a `.?` is only a warning."""
        self._findings.note(at, safe, code, message)

    def note_null(self, at: Span, kind: Type) -> None:
        """Note that what is read from may be null."""
        self._findings.warning(
            at,
            "BCP318",
            f'The value of type "{kind}" may be null at the start of the deployment, which would cause this access '
            "expression (and the overall deployment with it) to fail.",
        )

    def _dot(self, step: Access) -> Span:
        text, name = self._inference.model.program.text, step.name.span
        start = text.rfind(".", step.base.span.end, name.start)
        return earlier(name, start) if start >= 0 else name


def _chain(node: Step) -> list[Step]:
    steps: list[Step] = [node]
    while isinstance(steps[-1].base, (Access, Index)):
        steps.append(steps[-1].base)
    return steps[::-1]
