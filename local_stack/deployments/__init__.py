"""The history of Resource Manager's deployments: read as in Azure, written by whoever plays the deployment."""

from __future__ import annotations

from local_stack.core import Context, Route, Service
from local_stack.deployments.answers import Answers
from local_stack.deployments.paths import routes


class Deployments(Service):
    """Deployments of resource groups and what each did, below ARM, before its generic resources."""

    name = "deployments"

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self._answers = Answers(ctx)

    def arm_routes(self) -> list[Route]:
        """Return the routes of the history."""
        return routes(self._answers)


service = Deployments
