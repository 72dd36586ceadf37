"""The three fronts: every path below an account goes to the same handler, which finds the operation."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from local_stack.core import Listener, Route
from local_stack.storage.answers import Front, challenge
from local_stack.storage.azurite import SERVICES
from local_stack.storage.errors import table_error, xml_error


def front_listeners(front: Front) -> list[Listener]:
    """Return one listener for each of blob, queue and table."""
    return [_listener(front, service) for service in SERVICES]


def _listener(front: Front, service: str) -> Listener:
    def name(request: web.Request) -> str:
        operation = front.operation(service, request)
        return operation.name if operation else f"{service}.Unknown"

    route = Route(
        "*",
        "/{account:[a-z0-9-]+}{rest:(/.*)?}",
        partial(front.serve, service),
        f"{service}.*",
        classify=name,
    )
    return Listener(
        service,
        [route],
        authenticate=partial(front.authenticate, service),
        render=table_error if service == "table" else xml_error,
        challenge=challenge(front.ctx),
        max_body=5 * 1024**3,
    )
