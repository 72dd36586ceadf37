"""Where the history answers. `record` is no action of Azure's: it stands for ARM writing its history."""

from __future__ import annotations

from local_stack.core import Route
from local_stack.deployments.answers import Answers

_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_ALL = _GROUP + "/providers/Microsoft.Resources/deployments"
_ONE = _ALL + "/{deployment}"
_DONE = _GROUP + "/deployments/{deployment}/operations"  # where Azure documents them
_RIGHT = "Microsoft.Resources/deployments"


def routes(answers: Answers) -> list[Route]:
    """Return the routes in the order in which they are tried; creating and deleting stay ARM's own."""
    read, operations = f"{_RIGHT}/read", f"{_RIGHT}/operations/read"
    return [
        Route("POST", _ONE + "/record", answers.record, "deployment.record", action=f"{_RIGHT}/write"),
        Route("GET", _ALL, answers.list_all, "deployments.list", action=read),
        Route("GET", _ONE, answers.get, "deployments.get", action=read),
        *[
            Route("GET", path, answers.operations, "deploymentOperations.list", action=operations)
            for path in (_DONE, _ONE + "/operations")
        ],
        *[
            Route(
                "GET", path + "/{operation}", answers.operation, "deploymentOperations.get", action=operations
            )
            for path in (_DONE, _ONE + "/operations")
        ],
    ]
