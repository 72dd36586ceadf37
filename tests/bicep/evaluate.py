"""A compiled template, evaluated whole: every resource of every module, its expressions resolved as Azure would.

Nothing is deployed, so what only a deployed resource knows (a principal id, an endpoint's address) is a stand-in of the
right shape from runtime.py. Conditions hold, loops are counted out, a module's outputs are those of its own template.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.bicep.expressions import ExpressionError, evaluate, is_expression
from tests.bicep.functions import FUNCTIONS
from tests.bicep.runtime import ENVIRONMENT, Runtime

DEPLOYMENTS = "Microsoft.Resources/deployments"
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
GROUP = "mrg-vibedata"
LOCATION = "westeurope"
ATTEMPT = "22222222-3333-4444-5555-666666666666"


@dataclass(frozen=True)
class Resource:
    """A resource as Azure would get it, and the names of the modules around it, outermost first."""

    body: dict[str, Any]
    id: str
    path: tuple[str, ...]

    @property
    def type(self) -> str:
        """Return the resource's type."""
        return str(self.body["type"])

    @property
    def name(self) -> str:
        """Return its name, with its parents' before it."""
        return str(self.body["name"])

    @property
    def properties(self) -> dict[str, Any]:
        """Return its properties."""
        return dict(self.body.get("properties") or {})


@dataclass(frozen=True)
class Reference:
    """A secret of a vault, which Azure fetches when the module starts."""

    vault_id: str
    secret: str


@dataclass
class Deployment:
    """One template with its parameters: the main one or a module."""

    template: dict[str, Any]
    given: Mapping[str, Callable[[], Any]]
    path: tuple[str, ...] = ()
    main: Deployment | None = None
    modules: dict[str, Deployment] = field(default_factory=dict)  # of all depths, kept by the main one
    cache: dict[tuple[str, str], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for body, copies in self._counted():
            if body["type"] == DEPLOYMENTS:
                self._module(body, copies)

    def resources(self) -> Iterator[Resource]:
        """Yield every resource of this template and its modules."""
        for body, copies in self._counted():
            where = _Place(self, copies)
            if body["type"] == DEPLOYMENTS:
                yield from self._top().modules[where.value(body["name"])].resources()
                continue
            shown = {k: v for k, v in body.items() if k not in ("copy", "dependsOn", "condition")}
            made = where.value(shown)
            yield Resource(made, _id_of(made), self.path)

    def outputs(self) -> dict[str, Any]:
        """Return the outputs' values."""
        return {name: self.output(name) for name in self.template.get("outputs", {})}

    def output(self, name: str) -> Any:
        """Return an output's value."""
        found = self.template["outputs"][name]
        if "copy" in found:
            return _looped(found["copy"]["count"], found["copy"]["input"], _Place(self, {}), "")
        return _Place(self, {}).value(found["value"])

    def parameter(self, name: str) -> Any:
        """Return a parameter's value, or its default's."""
        key = ("parameter", name)
        if key not in self.cache:
            declared = self.template["parameters"][name]
            given = self.given.get(name)
            if given is None and "defaultValue" not in declared:
                raise ExpressionError(f"{'/'.join(self.path)}: parameter {name} has no value")
            default = declared.get("defaultValue")
            self.cache[key] = given() if given else _Place(self, {}).value(default)
        return self.cache[key]

    def variable(self, name: str) -> Any:
        """Return a variable's value."""
        key = ("variable", name)
        if key not in self.cache:
            declared = self.template["variables"]
            loops = {each["name"]: each for each in declared.get("copy", [])}
            where = _Place(self, {})
            if name in loops:
                self.cache[key] = _looped(loops[name]["count"], loops[name]["input"], where, name)
            else:
                self.cache[key] = where.value(declared[name])
        return self.cache[key]

    def module(self, name: str) -> Deployment:
        """Return a module of any depth. Raises ExpressionError where its condition does not hold."""
        modules = self._top().modules
        if name not in modules:
            raise ExpressionError(f"module {name} is not deployed")
        return modules[name]

    def _top(self) -> Deployment:
        return self.main or self

    def _counted(self) -> Iterator[tuple[dict[str, Any], dict[str, int]]]:
        """Yield the resources whose condition holds, one for each turn of their loop."""
        for body in self.template["resources"]:
            loop = body.get("copy")
            count = _Place(self, {}).value(loop["count"]) if loop else 1
            for index in range(count):
                copies = {loop["name"]: index, "": index} if loop else {}
                if _Place(self, copies).value(body.get("condition", True)):
                    yield body, copies

    def _module(self, body: dict[str, Any], copies: dict[str, int]) -> None:
        where = _Place(self, copies)
        name = where.value(body["name"])
        properties = body["properties"]
        given = {key: where.later(value) for key, value in properties.get("parameters", {}).items()}
        module = Deployment(properties["template"], given, (*self.path, name), self._top())
        self._top().modules[name] = module


@dataclass(frozen=True)
class _Place:
    """Where a value stands in a deployment: its parameters and variables, and the turn of every loop around it."""

    deployment: Deployment
    copies: Mapping[str, int]

    def value(self, given: Any) -> Any:
        """Return a value with every expression in it resolved."""
        if isinstance(given, str):
            if is_expression(given):
                return evaluate(given, self)
            return given[1:] if given.startswith("[[") else given
        if isinstance(given, list):
            return [self.value(each) for each in given]
        if isinstance(given, dict):
            made = {self.value(key): self.value(each) for key, each in given.items() if key != "copy"}
            for loop in given.get("copy", []) if isinstance(given.get("copy"), list) else []:
                made[loop["name"]] = _looped(loop["count"], loop["input"], self, loop["name"])
            return made
        return given

    def later(self, given: dict[str, Any]) -> Callable[[], Any]:
        """Return a module's parameter as a promise: what it asks of another module may not be known yet."""
        if "reference" in given:
            vault = given["reference"]
            secret = Reference(self.value(vault["keyVault"]["id"]), self.value(vault["secretName"]))
            return lambda: secret
        return lambda: self.value(given["value"])

    def call(self, name: str, arguments: list[Any]) -> Any:
        """Return what a function gives. Raises ExpressionError for one that is not known."""
        found = FUNCTIONS.get(name) or getattr(self, f"_{name}", None)
        if found is None:
            raise ExpressionError(f"the function {name} is not known here")
        return found(*arguments)

    def _parameters(self, name: str) -> Any:
        return self.deployment.parameter(name)

    def _variables(self, name: str) -> Any:
        return self.deployment.variable(name)

    def _copyindex(self, name: str | int = "", offset: int = 0) -> int:
        return self.copies["" if isinstance(name, int) else name] + (
            name if isinstance(name, int) else offset
        )

    def _newguid(self) -> str:
        return ATTEMPT

    def _environment(self) -> Any:
        return ENVIRONMENT

    def _subscription(self) -> Any:
        return {"subscriptionId": SUBSCRIPTION, "id": f"/subscriptions/{SUBSCRIPTION}"}

    def _resourcegroup(self) -> Any:
        return {"id": _GROUP_ID, "name": GROUP, "location": LOCATION}

    def _resourceid(self, kind: str, *names: str) -> str:
        return resource_id(_GROUP_ID, kind, "/".join(names))

    def _subscriptionresourceid(self, kind: str, *names: str) -> str:
        return resource_id(f"/subscriptions/{SUBSCRIPTION}", kind, "/".join(names))

    def _extensionresourceid(self, base: str, kind: str, *names: str) -> str:
        return resource_id(base, kind, "/".join(names))

    def _reference(self, id: str, api_version: str = "", full: str = "") -> Any:
        if f"/{DEPLOYMENTS}/" in id:
            return _Outputs(self.deployment.module(id.rsplit("/", 1)[1]))
        return Runtime(id)


@dataclass(frozen=True)
class _Outputs:
    """What `reference` gives of a module, of which only `outputs` is asked."""

    deployment: Deployment

    def member(self, name: str) -> Any:
        return self if name == "outputs" else {"value": self.deployment.output(name)}


_GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"


def deploy(template: dict[str, Any], parameters: Mapping[str, Any]) -> Deployment:
    """Return a template with the values of its parameters, as a parameter file has them: none is an expression."""

    def promise(value: Any) -> Callable[[], Any]:
        return lambda: value

    return Deployment(template, {name: promise(given["value"]) for name, given in parameters.items()})


def resource_id(base: str, kind: str, name: str) -> str:
    """Return an id: the type's and the name's segments in turn."""
    provider, *types = kind.split("/")
    pairs = "/".join(f"{a}/{b}" for a, b in zip(types, name.split("/"), strict=True))
    return f"{base}/providers/{provider}/{pairs}"


def _id_of(body: Mapping[str, Any]) -> str:
    return resource_id(body.get("scope") or _GROUP_ID, body["type"], body["name"])


def _looped(count: Any, element: Any, where: _Place, name: str) -> list[Any]:
    """Return what a loop over a property, a variable (both have names) or an output comes to."""
    turns = range(where.value(count))
    return [_Place(where.deployment, {**where.copies, name: turn}).value(element) for turn in turns]
