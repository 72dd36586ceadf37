"""What setting a component's state refuses."""

from __future__ import annotations

from collections.abc import Iterable

from local_stack.core import WireError


def unknown_state(state: str, known: Iterable[str]) -> WireError:
    """The state is none of those there are."""
    return WireError(400, "UnknownState", f"{state!r} is no state; the states are {', '.join(known)}.")


def unknown_component(name: str, known: Iterable[str]) -> WireError:
    """No running component has this name."""
    names = ", ".join(sorted(known)) or "none"
    return WireError(404, "UnknownComponent", f"No component is called {name!r}; there are: {names}.")


def ambiguous_component(name: str, fitting: Iterable[str]) -> WireError:
    """Several components have this name, or this in their names."""
    return WireError(409, "AmbiguousComponent", f"{name!r} may be any of {', '.join(sorted(fitting))}.")


def state_not_possible(state: str, why: str) -> WireError:
    """This component cannot be in that state."""
    return WireError(400, "StateNotPossible", f"The state {state!r} is not possible here: {why}.")
