"""The types of the names of a file. A resource's or module's is its declared type, narrowed by what the body says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_stack.bicep.model import Symbol
from local_stack.bicep.syntax import Param, Resource
from local_stack.bicep.types.bodies import Use, named
from local_stack.bicep.types.declared import SCOPES, module_type, param_type
from local_stack.bicep.types.model import (
    ANY,
    ERROR,
    ArrayType,
    ErrorType,
    ModuleType,
    ResourceType,
    Type,
    TypeReference,
)
from local_stack.bicep.types.narrowing import Narrowing

if TYPE_CHECKING:
    from local_stack.bicep.types.inference import Inference

UNCHECKED = "VBC010"


class Symbols:
    """What each name of one file stands for."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._known: dict[Symbol, Type] = {}
        self._busy: list[Symbol] = []
        self._circular: set[Symbol] = set()
        self._declared: dict[Symbol, ResourceType | ModuleType | None] = {}
        self._unchecked: set[str] = set()

    def of(self, symbol: Symbol) -> Type:
        """Return the type of what the name stands for."""
        if symbol.kind in ("item", "index", "lambda"):
            return self._inference.local(symbol)
        if symbol.kind == "namespace":
            return ANY
        if symbol in self._busy:
            self._circular.update(self._busy[self._busy.index(symbol) :])
            return ERROR
        if symbol not in self._known:
            self._busy.append(symbol)
            self._known[symbol] = self._work_out(symbol)
            self._busy.pop()
        return self._known[symbol]

    def is_settled(self, symbol: Symbol) -> bool:
        """Return whether the name is neither part of a circle nor a module that could not be read."""
        unread = symbol.kind == "module" and symbol not in self._inference.model.targets
        return symbol not in self._circular and not unread

    def declared(self, symbol: Symbol) -> ResourceType | ModuleType | None:
        """Return the type that a resource's or module's declaration names; None where it could not be read."""
        if symbol not in self._declared:
            if symbol.kind == "module":
                target = self._inference.model.targets.get(symbol)
                scope = SCOPES[self._inference.model.target_scope]
                self._declared[symbol] = module_type(target, scope)
            else:
                self._declared[symbol] = self._resource_type(symbol)
        return self._declared[symbol]

    def reference(self, symbol: Symbol) -> TypeReference | None:
        """Return type and version of a resource, those of its outer resources put in front."""
        assert isinstance(symbol.node, Resource)  # noqa: S101 - the binder's own promise
        text = symbol.node.type.literal
        if text is None:
            return None
        if symbol.outer is None:
            return named(text)
        outer = self.reference(symbol.outer)
        kind, _, version = text.partition("@")
        if outer is None or "/" in kind:
            return None
        return TypeReference(f"{outer.type}/{kind}", version or outer.version)

    @staticmethod
    def is_collection(kind: Type) -> bool:
        """Return whether the type is that of a loop of resources or modules."""
        return isinstance(kind, ArrayType) and isinstance(kind.item, (ResourceType, ModuleType))

    def _work_out(self, symbol: Symbol) -> Type:
        if isinstance(symbol.node, Param):
            return param_type(symbol.node)
        if symbol.kind == "var":
            return self._inference.of(symbol.value)
        declared = self.declared(symbol)
        if declared is None:
            self._inference.of(symbol.value)
            return ERROR
        if isinstance(declared, ResourceType):
            self._note_type(symbol, declared)
        wanted: Type = ArrayType(declared) if symbol.loop else declared
        if isinstance(self._inference.of(symbol.value), ErrorType):
            return wanted
        narrowing = Narrowing(self._inference, self._inference.findings)
        narrowed = narrowing.value(symbol.value, wanted, resource=isinstance(symbol.node, Resource))
        if isinstance(declared, ResourceType) and not declared.checked:
            return wanted
        return narrowed

    def _resource_type(self, symbol: Symbol) -> ResourceType | None:
        reference = self.reference(symbol)
        if reference is None:
            return None
        nested = symbol.outer is not None
        use = Use(symbol.existing, nested, nested or symbol.property_value("parent") is not None)
        return self._inference.catalogue.resource(reference, use)

    def _note_type(self, symbol: Symbol, declared: ResourceType) -> None:
        assert isinstance(symbol.node, Resource)  # noqa: S101 - the binder's own promise
        findings, catalogue = self._inference.findings, self._inference.catalogue
        place, reference = symbol.node.type, declared.reference
        if not catalogue.exists(reference):
            if any(each.lower() == "providers" for each in reference.segments[2:-1]):
                findings.warning(
                    place, "BCP174",
                    'Type validation is not available for resource types declared containing a "/providers/" segment. '
                    'Please instead use the "scope" property.',
                )  # fmt: skip
            else:
                findings.warning(
                    place, "BCP081",
                    f'Resource type "{reference}" does not have types available. Bicep is unable to validate resource '
                    "properties prior to deployment, but this will not block the resource from being deployed.",
                )  # fmt: skip
        elif catalogue.types.known and not declared.checked and str(reference) not in self._unchecked:
            self._unchecked.add(str(reference))
            findings.add(
                place,
                "Info",
                UNCHECKED,
                f'There is no description of "{reference}" at hand: its body was not checked.',
            )
        if not symbol.existing and not declared.writable:
            findings.warning(
                place,
                "BCP245",
                f"Resource type \"{reference}\" can only be used with the 'existing' keyword.",
            )
