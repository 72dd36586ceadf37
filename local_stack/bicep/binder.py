"""Names to meanings: declarations become symbols, and every use of a name is tied to its symbol or reported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from local_stack.bicep import functions
from local_stack.bicep.declarations import NAMESPACES, Declarations
from local_stack.bicep.diagnostics import Diagnostics, suggestion
from local_stack.bicep.model import Model, Symbol
from local_stack.bicep.placement import check_call, place_of
from local_stack.bicep.syntax import (
    Call,
    Declaration,
    Decorator,
    For,
    Identifier,
    If,
    Lambda,
    MethodCall,
    Nested,
    Node,
    Object,
    Program,
    Resource,
    TargetScope,
    Variable,
    body_of,
    children,
)

_TYPES = ["any", "array", "bool", "int", "object", "resourceInput", "resourceOutput", "string"]


def bind(program: Program, diagnostics: Diagnostics) -> Model:
    """Return what the names of a file mean; what is wrong with them goes to `diagnostics`."""
    return Binder(program, diagnostics).run()


class Binder(Declarations):
    """The uses of names in one file."""

    def run(self) -> Model:
        """Declare everything, then look at every use."""
        declarations = self.model.program.declarations
        self._target_scope([each for each in declarations if isinstance(each, TargetScope)])
        for declaration in declarations:
            self._declare(declaration)
        self._report_twice(declarations)
        for declaration in declarations:
            self._visit_declaration(declaration)
        self.model.resources = [*self._nested, *self._top]
        return self.model

    def _visit_declaration(self, declaration: Declaration) -> None:
        for decorator in declaration.decorators:
            self._visit_decorator(decorator, declaration)
        before, self._place = self._place, place_of(declaration)
        if isinstance(declaration, Resource):
            self._visit_resource(declaration)
        else:
            for child in children(declaration):
                if not isinstance(child, (Identifier, Decorator)):
                    self._visit(child, declaration)
        self._place = before

    def _visit_decorator(self, decorator: Decorator, declaration: Declaration) -> None:
        before, self._place = self._place, "anywhere"
        self.model.enclosing[decorator] = declaration
        for argument in decorator.arguments:
            self._visit(argument, decorator)
        self._place = before

    def _visit_resource(self, declaration: Resource) -> None:
        names = [child.name for child in body_of(declaration.value).resources]
        self._report_duplicates(
            names, "BCP028", 'Identifier "{}" is declared multiple times. Remove or rename the duplicates.'
        )
        self._visit(declaration.type, declaration)
        self._visit(declaration.value, declaration)

    def _visit(self, node: Node, enclosing: Node) -> None:
        self.model.enclosing[node] = enclosing
        if isinstance(node, Variable):
            self._visit_variable(node)
        elif isinstance(node, Object):
            self._visit_object(node, enclosing)
        elif isinstance(node, Call):
            self._visit_call(node)
        elif isinstance(node, MethodCall):
            self._visit_method(node)
        elif isinstance(node, Nested):
            self._visit_nested(node)
        elif isinstance(node, For):
            self._visit_for(node)
        elif isinstance(node, Lambda):
            self._visit_lambda(node)
        elif isinstance(node, If):
            self._visit_if(node)
        else:
            self._visit_children(node)

    def _visit_children(self, node: Node) -> None:
        for child in children(node):
            if not isinstance(child, Identifier):
                self._visit(child, node)

    def _visit_if(self, node: If) -> None:
        before, self._place = self._place, "anywhere"
        self._visit(node.condition, node)
        self._place = before
        self._visit(node.body, node)

    def _visit_object(self, node: Object, enclosing: Node) -> None:
        owner = enclosing
        while isinstance(owner, (If, For)):
            owner = self.model.enclosing[owner]
        inside = self.model.nested.get(self.model.references[owner]) if isinstance(owner, Resource) else None
        with self._scope(inside):
            for member in node.members:
                if isinstance(member, Resource):
                    self.model.enclosing[member] = node
                    self._visit_declaration(member)
                else:
                    self._visit(member, node)

    @contextmanager
    def _scope(self, names: dict[str, Symbol] | None) -> Iterator[None]:
        if not names:
            yield
            return
        self._scopes.append(names)
        yield
        self._scopes.pop()

    def _local(self, name: Identifier, kind: str, owner: For | Lambda) -> Symbol:
        symbol = Symbol(name.name, kind, name, owner=owner)  # type: ignore[arg-type]
        self.model.locals[name] = symbol
        return symbol

    def _visit_for(self, node: For) -> None:
        self._visit(node.source, node)
        names = [(node.item, "item")] + ([(node.index, "index")] if node.index else [])
        self._report_duplicates(
            [name for name, _ in names],
            "BCP028",
            'Identifier "{}" is declared multiple times. Remove or rename the duplicates.',
        )
        with self._scope({name.name: self._local(name, kind, node) for name, kind in names}):
            self._visit(node.body, node)

    def _visit_lambda(self, node: Lambda) -> None:
        with self._scope({name.name: self._local(name, "lambda", node) for name in node.parameters}):
            self._visit(node.body, node)

    def _find(self, name: str) -> Symbol | None:
        return next((scope[name] for scope in reversed(self._scopes) if name in scope), None)

    def _visit_variable(self, node: Variable) -> None:
        found = self._find(node.name)
        if found:
            self.model.references[node] = found
        elif node.name in NAMESPACES:
            self.model.references[node] = Symbol(node.name, "namespace", node)
        elif functions.lookup(node.name):
            message = f'The name "{node.name}" is not a parameter, variable, resource or module.'
            self._diagnostics.error(node, "BCP063", message)
        elif node.name in _TYPES:
            message = f"'{node.name}' refers to a type but is being used as a value here."
            self._diagnostics.error(node, "BCP288", message)
        else:
            self._unknown(node, node.name, _TYPES)

    def _unknown(self, at: Node, name: str, known: list[str]) -> None:
        meant = suggestion(name, known)
        if meant:
            self._diagnostics.error(
                at,
                "BCP082",
                f'The name "{name}" does not exist in the current context. Did you mean "{meant}"?',
            )
        else:
            self._diagnostics.error(at, "BCP057", f'The name "{name}" does not exist in the current context.')

    def _visit_call(self, node: Call) -> None:
        for argument in node.arguments:
            self._visit(argument, node)
        name = node.name.name
        function = functions.lookup(name)
        if self._find(name):
            if function:
                space = "sys" if name in functions.SYS else "az"
                self._diagnostics.error(
                    node.name,
                    "BCP265",
                    f'The name "{name}" is not a function. Did you mean "{space}.{name}"?',
                )
            else:
                self._diagnostics.error(node.name, "BCP059", f'The name "{name}" is not a function.')
        elif function:
            self.model.functions[node] = function
            check_call(self._diagnostics, node, function, self._place, self.model.target_scope)
        elif reason := functions.banned(name):
            self._diagnostics.error(node.name, *reason)
        else:
            self._unknown(node.name, name, functions.names())

    def _visit_method(self, node: MethodCall) -> None:
        self._visit(node.base, node)
        for argument in node.arguments:
            self._visit(argument, node)
        base = self.model.references.get(node.base)
        if base is None or base.kind != "namespace":
            return
        name = node.name.name
        function = functions.lookup(name, base.name)
        reason = functions.banned(name) if base.name == "sys" else None
        if not name:
            return
        if reason:
            self._diagnostics.error(node.name, *reason)
        elif function:
            self.model.functions[node] = function
            check_call(self._diagnostics, node, function, self._place, self.model.target_scope)
        else:
            meant = suggestion(name, functions.names(base.name))
            told = f'The function "{name}" does not exist in namespace "{base.name}".'
            self._diagnostics.error(
                node.name,
                "BCP108" if meant else "BCP107",
                told + (f' Did you mean "{meant}"?' if meant else ""),
            )

    def _visit_nested(self, node: Nested) -> None:
        self._visit(node.base, node)
        base = self.model.references.get(node.base)
        if base is None:
            return
        if base.kind != "resource":
            told = {"param": "Parameter", "var": "Variable", "module": "Module"}.get(base.kind, "Error")
            message = f'Cannot access nested resources of type "{told}". A resource type is required.'
            self._diagnostics.error(node.name, "BCP158", message)
            return
        inside = self.model.nested[base]
        found = inside.get(node.name.name)
        if found:
            self.model.references[node] = found
            return
        known = ", ".join(f'"{name}"' for name in sorted(inside)) or '"(none)"'
        message = (
            f'The resource "{base.name}" does not contain a nested resource named '
            f'"{node.name.name}". Known nested resources are: {known}.'
        )
        self._diagnostics.error(node.name, "BCP159", message)
