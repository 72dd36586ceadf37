"""The compiled template as tests want it: every resource at any depth, with the modules it lies in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from local_stack.bicep.compilation import Compilation

ROOT = Path(__file__).resolve().parents[2]
BICEP = ROOT / "bicep"
DEPLOYMENTS = "Microsoft.Resources/deployments"


@dataclass(frozen=True)
class Placed:
    """A resource and the names of the modules around it, outermost first."""

    body: dict[str, Any]
    path: tuple[str, ...]
    template: dict[str, Any]

    @property
    def type(self) -> str:
        """Return the resource's type."""
        return str(self.body["type"])

    @property
    def properties(self) -> Any:
        """Return its properties: an object, or an expression that yields one."""
        return self.body.get("properties", {})

    @property
    def given(self) -> dict[str, Any]:
        """Return what a module is given, by parameter; nothing for a resource."""
        return dict(self.body["properties"].get("parameters", {})) if self.type == DEPLOYMENTS else {}

    @property
    def inner(self) -> dict[str, Any]:
        """Return a module's own template; an empty one for a resource."""
        return dict(self.body["properties"]["template"]) if self.type == DEPLOYMENTS else {}

    def __str__(self) -> str:
        return f"{'/'.join(self.path)}: {self.type} {self.body['name']}"


def compiled() -> dict[str, Any]:
    """Compile main.bicep, once; an error in it fails the test that asked."""
    template, told = _build()
    assert template is not None, told
    return template


def diagnostics() -> str:
    """Return what the compiler has to say."""
    return _build()[1]


@lru_cache(maxsize=1)
def compilation() -> Compilation:
    """Return the one compilation of a session, for parameter files too."""
    return Compilation()


@lru_cache(maxsize=1)
def _build() -> tuple[dict[str, Any] | None, str]:
    template = compilation().build(BICEP / "main.bicep")
    return json.loads(json.dumps(template)), "\n".join(map(str, compilation().diagnostics))


@lru_cache(maxsize=1)
def resources() -> tuple[Placed, ...]:
    """Return every resource but the modules."""
    return tuple(placed for placed in everything() if placed.type != DEPLOYMENTS)


@lru_cache(maxsize=1)
def modules() -> dict[str, Placed]:
    """Return the modules that main.bicep wires, by name."""
    return {p.body["name"]: p for p in everything() if p.type == DEPLOYMENTS and not p.path}


def everything() -> Iterator[Placed]:
    """Yield every resource and module, outermost first."""
    return _within(compiled(), ())


def of_type(kind: str) -> list[Placed]:
    """Return the resources of a type."""
    return [placed for placed in resources() if placed.type == kind]


def only(kind: str) -> Placed:
    """Return the one resource of a type."""
    (found,) = of_type(kind)
    return found


def depends_on(module: str) -> set[str]:
    """Return the modules of main.bicep that one of them names as its own dependencies."""
    edges = modules()[module].body.get("dependsOn", [])
    return {re.findall(r"'([^']+)'\)\]$", edge)[0] for edge in edges}


def waits_for(module: str) -> set[str]:
    """Return the modules of main.bicep that must be done before one of them starts, however far back."""
    done: set[str] = set()
    todo = [module]
    while todo:
        new = depends_on(todo.pop()) - done
        done |= new
        todo += new
    return done


def sources() -> dict[str, str]:
    """Return the Bicep files, by their path under bicep/."""
    return {str(file.relative_to(BICEP)): file.read_text("utf-8") for file in sorted(BICEP.rglob("*.bicep"))}


def _within(template: dict[str, Any], path: tuple[str, ...]) -> Iterator[Placed]:
    for body in template["resources"]:
        yield Placed(body, path, template)
        if body["type"] == DEPLOYMENTS:
            yield from _within(body["properties"]["template"], (*path, body["name"]))
