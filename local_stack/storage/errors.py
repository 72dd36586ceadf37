"""Storage's refusals: XML for blobs and queues, JSON for tables, the code in a header as well."""

from __future__ import annotations

from datetime import datetime, timezone
from xml.sax.saxutils import escape

from aiohttp import web

from local_stack.core.errors import Forbidden, WireError

_MISMATCH = "This request is not authorized to perform this operation using this permission."
_AUTHENTICATE = (
    "Server failed to authenticate the request. "
    "Please refer to the information in the www-authenticate header."
)


def xml_error(error: WireError) -> web.Response:
    """Return the error body of blobs and queues."""
    code, message = _words(error)
    more = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in error.extra.items())
    text = (
        f'<?xml version="1.0" encoding="utf-8"?>\n<Error><Code>{escape(code)}</Code>'
        f"<Message>{escape(_stamped(message))}</Message>{more}</Error>"
    )
    headers = {"x-ms-error-code": code, **error.headers}
    return web.Response(text=text, status=error.status, headers=headers, content_type="application/xml")


def table_error(error: WireError) -> web.Response:
    """Return the error body of tables."""
    code, message = _words(error)
    body = {"odata.error": {"code": code, "message": {"lang": "en-US", "value": _stamped(message)}}}
    headers = {"x-ms-error-code": code, **error.headers}
    return web.json_response(
        body, status=error.status, headers=headers, content_type="application/json;odata=minimalmetadata"
    )


def no_authentication() -> WireError:
    return WireError(401, "NoAuthenticationInformation", _AUTHENTICATE)


def bad_token(reason: str) -> WireError:
    return WireError(
        401, "InvalidAuthenticationInfo", _AUTHENTICATE, extra={"AuthenticationErrorDetail": reason}
    )


def date_refused(date: str) -> WireError:
    return WireError(
        403,
        "AuthenticationFailed",
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
        "including the signature.",
        extra={"AuthenticationErrorDetail": f"Request date header too old or too new: '{date}'"},
    )


def key_refused() -> WireError:
    return WireError(
        403,
        "KeyBasedAuthenticationNotPermitted",
        "Key based authentication is not permitted on this storage account.",
    )


def account_not_found(name: str) -> WireError:
    return WireError(
        404, "ResourceNotFound", f"The storage account '{name}' does not exist in the local stack."
    )


def too_large() -> WireError:
    return WireError(
        413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit."
    )


def bad_xml(line: int, position: int) -> WireError:
    return WireError(
        400,
        "InvalidXmlDocument",
        "XML specified is not syntactically valid.",
        extra={"LineNumber": line, "LinePosition": position, "Reason": "Error parsing Xml content"},
    )


def unknown_operation(method: str, path: str) -> WireError:
    return WireError(
        501,
        "NotImplemented",
        f"The local stack's storage has no operation for {method} {path}, so it checks no right.",
    )


def _words(error: WireError) -> tuple[str, str]:
    if isinstance(error, Forbidden):
        return "AuthorizationPermissionMismatch", _MISMATCH
    return error.code, error.message


def _stamped(message: str) -> str:
    return f"{message}\nTime:{datetime.now(timezone.utc).isoformat()}"
