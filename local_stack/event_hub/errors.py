"""What Event Hubs refuses, in its own words: XML with a code and a detail."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from xml.sax.saxutils import escape

from aiohttp import web

from local_stack.core.errors import WireError

MAX_BYTES = {"basic": 256 * 1024, "standard": 1024 * 1024}
_TOKEN = {
    "AuthenticationFailed": "MissingToken: The authorization header was not found.",
    "ExpiredAuthenticationToken": "ExpiredToken: The token is expired.",
    "InvalidAuthenticationTokenAudience": (
        "InvalidAudience: The authorization header contains a token for the wrong audience."
    ),
    "InvalidAuthenticationToken": "InvalidSignature: The token has an invalid signature.",
}


def render(error: WireError) -> web.Response:
    """Return the service's XML body; what the front door says of a token is put in Event Hubs' words."""
    detail = _TOKEN.get(error.code, error.message) if error.status == 401 else error.message
    stamp = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    traced = f"{detail} TrackingId:{uuid.uuid4()}_G0, SystemTracker:local, Timestamp:{stamp}"
    body = f"<Error><Code>{error.status}</Code><Detail>{escape(traced)}</Detail></Error>"
    return web.Response(
        status=error.status,
        text=body,
        content_type="application/xml",
        charset="utf-8",
        headers=error.headers,
    )


def entity_not_found(address: str) -> WireError:
    return WireError(
        404,
        "MessagingEntityNotFound",
        f"The messaging entity '{address}' could not be found. To know more visit "
        "https://aka.ms/sbResourceMgrExceptions.",
    )


def claim_missing(claim: str, address: str) -> WireError:
    return WireError(
        401,
        "UnauthorizedAccess",
        f"Unauthorized access. '{claim}' claim(s) are required to perform this operation. Resource: '{address}'.",
    )


def too_large(size: int, limit: int) -> WireError:
    return WireError(
        413,
        "MessageSizeExceeded",
        f"The received message (size:{size} bytes) exceeds the limit ({limit} bytes) currently allowed.",
    )


def bad_request(message: str) -> WireError:
    return WireError(400, "BadRequest", message)


def bad_partition(partition: str, count: int) -> WireError:
    return WireError(
        400,
        "ArgumentOutOfRange",
        f"The specified partition is invalid for an EventHub partition sender or receiver. It should be between "
        f"0 and {count - 1}. (Parameter 'PartitionId'){partition!r} was given.",
    )


def name_taken(name: str) -> WireError:
    return WireError(409, "NameUnavailable", f"The specified service namespace '{name}' is not available.")


def bad_hub(message: str) -> WireError:
    return WireError(400, "BadRequest", message)


def stopping() -> WireError:
    return WireError(
        503, "ServerBusy", "The service was unable to process the request; please retry the operation."
    )
