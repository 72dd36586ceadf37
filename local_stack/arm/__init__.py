"""Azure Resource Manager: subscriptions, groups, resources of any type by PUT, role assignments, operations."""

from __future__ import annotations

from local_stack.arm.answers import Answers
from local_stack.arm.assignments import Assignments
from local_stack.arm.paths import routes
from local_stack.arm.state import VirtualMachines
from local_stack.arm.subscriptions import Subscriptions
from local_stack.core import Provider, Route, Service


class Arm(Service):
    """The generic part of ARM; other services put their own routes before it."""

    name = "arm"

    def arm_routes(self) -> list[Route]:
        """Return ARM's own routes, the generic resource last."""
        return routes(Subscriptions(self.ctx), Assignments(self.ctx), Answers(self.ctx))

    def providers(self) -> dict[str, Provider]:
        """Return what ARM itself adds to types."""
        return {"Microsoft.Compute/virtualMachines": VirtualMachines()}


service = Arm
