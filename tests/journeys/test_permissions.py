"""What the code asks of Azure, and what rbac.json says that it may: no call goes beyond the matrix."""

from __future__ import annotations

from collections.abc import Callable

from demo.instance import Instance
from local_stack.threaded import ThreadedStack
from tests.journeys.conftest import Walk
from vibedata import allowed_actions


def test_every_call_of_a_day0_is_covered_by_an_action_of_the_matrix(
    warm_instance: Callable[..., Instance], day0: Callable[..., Walk], stack: ThreadedStack
) -> None:
    instance = warm_instance()
    day0(instance)
    principal = stack.ctx.principals.of_resource(instance.ids["uami"])
    used = {
        (action, data)
        for oid, action, data in stack.ctx.roles.exercised
        if principal and oid == principal.oid
    }
    assert len(used) > 10, "a Day-0 asks for something"
    beyond = sorted((action, data) for action, data in used if not allowed_actions.covers(action, data=data))
    assert not beyond, f"name them in the row of rbac.json that allows them: {beyond}"
