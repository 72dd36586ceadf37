"""What `a[b]` gives: items of arrays, properties of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_stack.bicep.model import Symbol
from local_stack.bicep.syntax import Index, Node, Span
from local_stack.bicep.types.assignable import assignable
from local_stack.bicep.types.findings import earlier
from local_stack.bicep.types.model import (
    ANY,
    ERROR,
    INT,
    NULL,
    STRING,
    AnyType,
    ArrayType,
    DiscriminatedType,
    ErrorType,
    IntLiteral,
    ModuleType,
    ObjectType,
    ResourceType,
    StringLiteral,
    TupleType,
    Type,
    UnionType,
    nullable,
    union,
    without_null,
)

if TYPE_CHECKING:
    from local_stack.bicep.types.access import Accesses
    from local_stack.bicep.types.inference import Inference


class Indexing:
    """The index accesses of one file."""

    def __init__(self, accesses: Accesses, inference: Inference) -> None:
        self._accesses = accesses
        self._inference = inference
        self._findings = inference.findings

    def of(self, step: Index, kind: Type, symbol: Symbol | None) -> Type:
        """Return what `base[index]` gives."""
        index = self._inference.of(step.index)
        if isinstance(kind, ErrorType) or isinstance(index, ErrorType):
            return ERROR
        if isinstance(kind, (ResourceType, ModuleType)):
            kind = kind.body
        rest = without_null(index)
        if rest is not None:
            message = f'Expected a value of type "{rest}" but the provided value is of type "{index}".'
            self._findings.warning(step.index, "BCP321", message)
            index = rest
        base = without_null(kind)
        if base is not None:
            self._accesses.note_null(self._bracket(step), kind)
            return self._indexed(step, base, index)
        if (self._accesses.may_be_disabled(symbol) and symbol is not None and symbol.loop is None) or (
            self._accesses.may_be_disabled(symbol) and not self._inference.symbols.is_collection(kind)
        ):
            self._accesses.note_null(self._bracket(step), nullable(kind))
        return self._indexed(step, kind, index)

    def _indexed(self, step: Index, kind: Type, index: Type) -> Type:
        if isinstance(kind, AnyType):
            if isinstance(index, AnyType) or assignable(index, INT) or assignable(index, STRING):
                return ANY
            message = (
                'The array index must be of type "string" or "int" but the provided index was of type '
                f'"{index}".'
            )
            return self._wrong(step, step.index, "BCP049", message)
        if isinstance(kind, TupleType) and isinstance(index, IntLiteral):
            return self._at(step, kind, index.value)
        if isinstance(kind, ArrayType):
            return self._of_array(step, kind, index)
        if isinstance(kind, (ObjectType, DiscriminatedType)):
            return self._of_indexed_object(step, kind, index)
        indexable = (ArrayType, ObjectType, DiscriminatedType)
        if isinstance(kind, UnionType) and all(isinstance(each, indexable) for each in kind.members):
            return union(self._indexed(step, each, index) for each in kind.members)
        message = f'Cannot index over expression of type "{kind}". Arrays or objects are required.'
        return self._wrong(step, step.base, "BCP076", message)

    def _at(self, step: Index, kind: TupleType, position: int) -> Type:
        count = len(kind.items)
        if position < 0 or position > count or (position == 0 if step.from_end else position == count):
            message = f'The provided index value of "{position}" is not valid for type "{kind}".'
            if not step.safe:
                bound = f" Indexes for this type must be between 0 and {count - 1}." if count else ""
                self._findings.error(step.index, "BCP311", message + bound)
                return ERROR
            return NULL
        return kind.items[-position if step.from_end else position]

    def _of_array(self, step: Index, kind: ArrayType, index: Type) -> Type:
        if isinstance(index, IntLiteral) and index.value < 0:
            message = (
                f'The provided array index value of "{index.value}" is not valid. Array index should be greater '
                "than or equal to 0."
            )
            self._findings.error(step.index, "BCP339", message)
            return ERROR
        if assignable(index, INT):
            return kind.item
        message = f'Indexing over arrays requires an index of type "int" but the provided index was of type "{index}".'
        return self._wrong(step, step.index, "BCP074", message)

    def _of_indexed_object(self, step: Index, kind: ObjectType | DiscriminatedType, index: Type) -> Type:
        if isinstance(index, StringLiteral) and isinstance(kind, ObjectType):
            return self._accesses.property(kind, step.index, index.value, step.safe)
        if isinstance(index, AnyType) or assignable(index, STRING):
            return ANY
        message = (
            'Indexing over objects requires an index of type "string" but the provided index was of type '
            f'"{index}".'
        )
        return self._wrong(step, step.index, "BCP075", message)

    def _wrong(self, step: Index, at: Node, code: str, message: str) -> Type:
        self._accesses.refuse(at, step.safe, code, message)
        return NULL if step.safe else ERROR

    def _bracket(self, step: Index) -> Span:
        text, base = self._inference.model.program.text, step.base.span
        start = text.find("[", base.end, step.index.span.start)
        return earlier(step.index.span, start) if start >= 0 else step.index.span
