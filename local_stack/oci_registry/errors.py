"""Errors of the distribution API (a list of codes), and of Microsoft.ContainerRegistry in ARM."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from local_stack.core.errors import Unauthorized, WireError

_STATUS = {
    "BLOB_UNKNOWN": 404,
    "BLOB_UPLOAD_INVALID": 400,
    "BLOB_UPLOAD_UNKNOWN": 404,
    "DIGEST_INVALID": 400,
    "MANIFEST_BLOB_UNKNOWN": 400,
    "MANIFEST_INVALID": 400,
    "MANIFEST_UNKNOWN": 404,
    "NAME_INVALID": 400,
    "NAME_UNKNOWN": 404,
    "SIZE_INVALID": 400,
    "TAG_INVALID": 400,
    "UNSUPPORTED": 405,
    "RANGE_INVALID": 416,
}


class OciProblem(WireError):
    """An error of the distribution API by its code."""

    def __init__(self, code: str, message: str, detail: Any = None) -> None:
        super().__init__(_STATUS[code], code, message, extra={"detail": detail} if detail else {})


class NotSignedIn(Unauthorized):
    """No token, or one without the needed scope: 401, as Azure answers both."""

    def __init__(self, detail: Any = None) -> None:
        super().__init__(
            "UNAUTHORIZED",
            "authentication required, visit https://aka.ms/acr/authorization for more information.",
        )
        if detail:
            self.extra = {"detail": detail}


class ImportFailed(WireError):
    """What an importImage operation ends with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(status, code, message)


def oci_errors(error: WireError) -> web.Response:
    """Return the distribution API's error body."""
    body = {"errors": [{"code": error.code, "message": error.message, **error.extra}]}
    return web.json_response(body, status=error.status, headers=error.headers)
