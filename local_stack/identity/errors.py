"""OAuth's error bodies, with Entra's codes."""

from __future__ import annotations

from aiohttp import web

from local_stack.core.errors import WireError


def oauth_error(error: WireError) -> web.Response:
    """Return `{"error", "error_description"}`; the code is OAuth's word."""
    body = {"error": error.code, "error_description": error.message, **error.extra}
    return web.json_response(body, status=error.status, headers=error.headers)


def entra(status: int, code: str, number: int, message: str) -> WireError:
    """Return a refusal of the token endpoint."""
    return WireError(status, code, f"AADSTS{number}: {message}", extra={"error_codes": [number]})


def invalid_request(message: str) -> WireError:
    """Return IMDS's refusal."""
    return WireError(400, "invalid_request", message)
