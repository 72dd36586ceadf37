"""Errors on the wire: what a handler raises, and Azure's usual JSON body for it. Each service adds its own shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web


class WireError(Exception):
    """A refusal with the status, code and message that Azure's service would send."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


class Unauthorized(WireError):
    """No token, or one that this service does not take."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(401, code, message)


class Forbidden(WireError):
    """The caller lacks the role for `action` at `scope`."""

    def __init__(self, client: str, object_id: str, action: str, scope: str) -> None:
        super().__init__(
            403,
            "AuthorizationFailed",
            f"The client '{client}' with object id '{object_id}' does not have authorization to perform action "
            f"'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please "
            "refresh your credentials.",
        )
        self.action = action
        self.scope = scope


class StackError(Exception):
    """The stack itself cannot do something (a port is taken, Node is missing); the message says what to do."""


def json_error(error: WireError) -> web.Response:
    """Return Azure's usual error body, `{"error": {"code", "message"}}`."""
    body = {"error": {"code": error.code, "message": error.message, **error.extra}}
    return web.json_response(body, status=error.status, headers=error.headers)
