"""What wiring gives a flow is what the flow asks for, verb by verb: no port missing, none unknown."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from tests.unit.test_settings import REQUIRED
from vibedata import catalog, day0
from vibedata.errors import BadInput, Transient
from vibedata.settings import Settings
from vibedata.wiring import Wires

GIVEN_BY_ENTRY = {"recorder", "clock"}
# What an envelope must bring; everything else that a flow requires is wiring's.
REQUIRED_ARGS = {"start_job": {"runbook"}}
NOWHERE = "https://127.0.0.1:1/account/"


class Refused:
    """A credential that nobody believes."""

    def get_token(self, *scopes: str, **options: Any) -> Any:
        raise Transient("azure-unreachable", "nobody is signed in", hint="sign in")


class Offline(Wires):
    """Wires to an instance that gives no answer: every port is built all the same."""

    def credential(self) -> Any:
        return Refused()


@pytest.fixture
def wires() -> Wires:
    settings: dict[str, Any] = {
        **REQUIRED,
        "blob_endpoint": NOWHERE,
        "table_endpoint": NOWHERE,
        "arm_endpoint": NOWHERE,
    }
    return Offline(Settings(**settings), {}, "op")


@pytest.mark.parametrize("verb", catalog.VERBS)
def test_a_flow_gets_the_ports_it_requires_and_no_other(verb: str, wires: Wires) -> None:
    flow, ports = wires.flow(verb)
    parameters = inspect.signature(flow).parameters
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in parameters.values())
    required = {name for name, one in parameters.items() if one.default is inspect.Parameter.empty}
    assert required - set(ports) - GIVEN_BY_ENTRY == REQUIRED_ARGS.get(verb, set())
    assert set(ports) - set(parameters) == set()
    assert set(ports) & GIVEN_BY_ENTRY == set()
    assert set(parameters) >= GIVEN_BY_ENTRY


@pytest.mark.parametrize("verb", catalog.VERBS)
def test_a_flow_bears_the_verbs_name(verb: str, wires: Wires) -> None:
    flow, _ = wires.flow(verb)
    assert (flow.__module__, flow.__name__) == (f"vibedata.flows.{verb}", verb)


@pytest.mark.parametrize("phase", day0.phases(), ids=lambda phase: phase.verb)
def test_the_arguments_of_the_sequence_are_known_to_the_flow(phase: day0.Phase, wires: Wires) -> None:
    flow, ports = wires.flow(phase.verb)
    assert set(phase.args) <= set(inspect.signature(flow).parameters) - set(ports) - GIVEN_BY_ENTRY


def test_a_verb_outside_the_catalogue_is_refused(wires: Wires) -> None:
    with pytest.raises(BadInput) as caught:
        wires.flow("nope")
    assert caught.value.code == "verb-unknown"
