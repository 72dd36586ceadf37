"""Which components there are, where each is, and the state somebody has put it into; all of it kept."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from local_stack.components.errors import (
    ambiguous_component,
    state_not_possible,
    unknown_component,
    unknown_state,
)
from local_stack.core import Context, name_of

HEALTHY, DOWN, SLOW, ERROR = "healthy", "down", "slow", "error-500"
EXPIRED, PUBLIC, OLD_DIGEST = "expired-certificate", "public-address", "old-digest"
STATES = (HEALTHY, DOWN, SLOW, ERROR, EXPIRED, PUBLIC, OLD_DIGEST)
HTTPS_ONLY = (SLOW, ERROR, EXPIRED)
SLOW_SECONDS = 30.0
PORT = "components"
TYPES: dict[str, dict[str, str]] = json.loads(
    files("local_stack.components").joinpath("types.json").read_text("utf-8")
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_OTHER_DIGEST = "sha256:" + "0" * 64

Body = dict[str, Any]


@dataclass(frozen=True)
class Component:
    """A resource that is a server: its host name and its address."""

    id: str
    type: str
    host: str
    address: str

    @property
    def name(self) -> str:
        """The resource's name."""
        return name_of(self.id)

    @property
    def serves(self) -> str:
        """What it speaks: https or tcp."""
        return TYPES[self.type]["serves"]


class Components:
    """The components and their states."""

    def __init__(self, ctx: Context) -> None:
        self._kept = ctx.store.collection("components", "components")
        self._states = ctx.store.collection("components", "states")
        self._own_bodies = ctx.store.collection("components", "own_properties")

    def all(self) -> list[Component]:
        """Return every component, in the order of their ids."""
        return [Component(**kept) for kept in self._kept.values()]

    def add(self, component: Component) -> None:
        """Keep a component."""
        self._kept[component.id.lower()] = component.__dict__

    def remove(self, resource_id: str) -> Component | None:
        """Forget a component and its state; return it."""
        for collection in (self._states, self._own_bodies):
            collection.pop(resource_id.lower(), None)
        kept = self._kept.pop(resource_id.lower(), None)
        return Component(**kept) if kept else None

    def find(self, name: str) -> Component:
        """Return the component with this id or name, or the one whose name contains it. Raises WireError."""
        known, wanted = self.all(), name.lower().rstrip("/")
        exact = [c for c in known if wanted in (c.id.lower(), c.name.lower(), c.host.lower())]
        fitting = exact or [c for c in known if wanted in c.name.lower()]
        if not fitting:
            raise unknown_component(name, {c.name for c in known})
        if len(fitting) > 1:
            raise ambiguous_component(name, (c.id for c in fitting))
        return fitting[0]

    def state_of(self, component_id: str) -> str:
        """Return the state somebody has set, or healthy."""
        return str(self._states.get(component_id.lower(), {}).get("state", HEALTHY))

    def seconds_of(self, component_id: str) -> float:
        """Return how long a slow component takes to answer."""
        return float(self._states.get(component_id.lower(), {}).get("seconds", SLOW_SECONDS))

    def set(self, component: Component, state: str, seconds: float | None) -> None:
        """Keep a state. Raises WireError for one that is unknown or not possible."""
        if state not in STATES:
            raise unknown_state(state, STATES)
        if state in HTTPS_ONLY and component.serves != "https":
            raise state_not_possible(state, "it speaks no https")
        if state == HEALTHY:
            self._states.pop(component.id.lower(), None)
        else:
            self._states[component.id.lower()] = {"state": state, "seconds": seconds or SLOW_SECONDS}

    def shown(self, resource_id: str, own: Body) -> Body:
        """Return the properties that ARM shows: its own ones, with another digest in the state old-digest."""
        if self.state_of(resource_id) != OLD_DIGEST:
            self._own_bodies.pop(resource_id.lower(), None)
            return own
        self._own_bodies[resource_id.lower()] = own
        text = json.dumps(own)
        if not _DIGEST.search(text):
            raise state_not_possible(OLD_DIGEST, "its properties name no digest")
        shown: Body = json.loads(_DIGEST.sub(_OTHER_DIGEST, text))
        return shown

    def own(self, resource_id: str, properties: Body) -> Body:
        """Return a resource's own properties, whatever ARM shows now."""
        kept: Body = self._own_bodies.get(resource_id.lower(), properties)
        return kept
