"""What waits for what in main.json is what sequence.json says (D8): no less, or it fails; no more, or it is slow."""

from __future__ import annotations

from functools import cache

import pytest

from tests.bicep.template import depends_on, modules, waits_for
from vibedata import sequence

STEPS = {step.name: step for step in sequence.steps()}
NEEDS = sequence.waits(list(STEPS.values()))

# The modules of main.bicep that make a step; several steps may grow in one.
MADE_BY = {
    "identity": {"01-identity"},
    "observability": {"02-observability"},
    "network": {"03-network"},
    "dns": {"04-dns"},
    "security": {"05-security"},
    "storage": {"06-foundation"},
    "registry": {"06-foundation"},
    "automation": {"06-automation", "06-foundation"},  # the account; then its private endpoint and roles
    "worker": {"06-worker", "06-hybrid-worker"},
    "import_artifacts": {"07-artifacts"},
    "publish_runbooks": {"08-runbooks"},
    "database": {"09-database"},
    "migrate_database": {"09-migrate-database"},
    "apps": {"10-apps"},
    "deploy_apps": {"10-deploy-apps"},
    "aks": {"11-airbyte"},
    "deploy_airbyte": {"11-deploy-airbyte"},
    "gateway": {"12-gateway"},
    "ai": {"13-ai"},
    "search": {"13-ai"},
    "bootstrap_ai": {"13-bootstrap-ai"},
    "bootstrap_registry": {"14-registry"},
    "run_health": {"15-health"},
}
# The extension waits for the account, which is there long before the machine that it is put on.
HIDDEN = {"worker": {"06-automation"}, "gateway": {"06-automation"}}
ACTIONS = [name for name, step in STEPS.items() if step.is_action]
INFRASTRUCTURE = [name for name, step in STEPS.items() if not step.is_action]


def beside() -> set[str]:
    """Return what is no step: roles, settings and endpoints that could not come with their resource."""
    return set(modules()) - set().union(*MADE_BY.values())


def waits_of(step: str) -> set[str]:
    """Return the modules that a step's own wait for."""
    return set().union(*(waits_for(module) for module in MADE_BY[step])) - MADE_BY[step]


def wanted_by(step: str) -> set[str]:
    """Return the modules of everything that a step needs, however far back."""
    seen: set[str] = set()
    todo = [step]
    while todo:
        new = NEEDS[todo.pop()] - seen
        seen |= new
        todo += new
    return set().union(*(MADE_BY[name] for name in seen)) - MADE_BY[step]


def test_every_step_is_made_by_modules_that_are_there() -> None:
    assert set(MADE_BY) == set(STEPS)
    assert set().union(*MADE_BY.values()) <= set(modules())
    for step, made in MADE_BY.items():
        assert {int(module[:2]) for module in made} == {STEPS[step].phase}, step


@pytest.mark.parametrize("step", STEPS)
def test_a_step_waits_for_everything_that_it_needs(step: str) -> None:
    assert wanted_by(step) <= waits_of(step)


@pytest.mark.parametrize("step", ACTIONS)
def test_an_action_waits_for_every_module_of_the_phases_before_it(step: str) -> None:
    before = {name for name in modules() if int(name[:2]) < STEPS[step].phase}
    assert before <= waits_of(step)


@pytest.mark.parametrize("step", INFRASTRUCTURE)
def test_infrastructure_waits_for_no_more_than_it_needs(step: str) -> None:
    together = {other for other in STEPS if MADE_BY[other] & MADE_BY[step]}
    wanted = set().union(*(wanted_by(other) | MADE_BY[other] for other in together))
    more = waits_of(step) - wanted - HIDDEN.get(step, set())
    assert more <= (beside() if step == "apps" else set())  # apps wait for phase 7, and so for its gate


def test_what_the_worker_waits_for_in_secret_costs_it_no_time() -> None:
    for estimate in sequence.ESTIMATES:
        minutes = {name: step.minutes[estimate] for name, step in STEPS.items()}
        account = minutes["observability"] + minutes["automation"]
        machine = max(minutes["observability"], minutes["network"]) + minutes["worker"]
        assert account < machine


@pytest.mark.parametrize("estimate", sequence.ESTIMATES)
def test_the_templates_own_graph_takes_no_longer_than_the_plan(estimate: sequence.Estimate) -> None:
    minutes = dict.fromkeys(modules(), 0.0)
    for name, step in STEPS.items():
        module = "06-worker" if name == "worker" else min(MADE_BY[name])
        minutes[module] = max(minutes[module], step.minutes[estimate])

    @cache
    def end(module: str) -> float:
        return max(map(end, depends_on(module)), default=0.0) + minutes[module]

    planned = sequence.plan(sequence.steps(), estimate).minutes
    assert end("15-health") <= planned + 0.01


def test_the_worker_waits_for_no_zone() -> None:
    # It is four minutes from the network: behind the zones it would lengthen the critical path.
    assert waits_for("06-worker") == {"01-identity", "02-observability", "03-network"}
    assert waits_for("06-automation") == {"02-observability"}
    assert waits_for("06-hybrid-worker") == waits_for("06-worker") | {"06-worker", "06-automation"}


def test_the_network_waits_for_nothing() -> None:
    assert not waits_for("03-network")
    assert waits_for("04-dns") == {"03-network"}


def test_the_long_poles_start_before_the_first_action() -> None:
    for step in ("database", "aks", "gateway", "search"):
        assert "07-artifacts" not in waits_of(step)


def test_nothing_waits_for_itself() -> None:
    for name in modules():
        assert name not in waits_for(name)
