"""The front: who is it, may they, and then on to Azurite, byte for byte."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Callable
from email.utils import parsedate
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from local_stack.core.context import Context
from local_stack.core.errors import Forbidden, Unauthorized
from local_stack.core.principals import Principal
from local_stack.core.server import bearer
from local_stack.storage import messages, transactions
from local_stack.storage.errors import (
    account_not_found,
    bad_token,
    date_refused,
    key_refused,
    no_authentication,
    too_large,
    unknown_operation,
)
from local_stack.storage.forward import forward
from local_stack.storage.operations import Operation, blob_operation, queue_operation, table_operation
from local_stack.storage.state import Accounts
from local_stack.storage.upstream import Upstream

_PARSERS: dict[str, Callable[..., Operation | None]] = {
    "blob": blob_operation,
    "queue": queue_operation,
    "table": table_operation,
}
_PARTS = {
    "blob": "blobServices/default/containers",
    "queue": "queueServices/default/queues",
    "table": "tableServices/default/tables",
}
_DATE_SECONDS = 15 * 60
_MOST = 4 * 1024 * 1024  # bytes of a transaction


class Front:
    """Checks and forwards the requests of all accounts."""

    def __init__(self, ctx: Context, accounts: Accounts, upstream: Upstream) -> None:
        self.ctx = ctx
        self._accounts = accounts
        self._upstream = upstream

    def operation(self, service: str, request: web.Request) -> Operation | None:
        """Return the operation of a request, found once."""
        if "storage_operation" not in request:
            below = _below_account(request)
            request["storage_operation"] = _PARSERS[service](
                request.method, below, request.query, request.headers
            )
        found: Operation | None = request["storage_operation"]
        return found

    async def authenticate(self, service: str, request: web.Request) -> Principal:
        """Return the caller. Raises WireError in storage's words."""
        account = request.match_info["account"]
        if self._accounts.arm_id(account) is None:
            raise account_not_found(account)
        if request.headers.get("Authorization", "").startswith("SharedKey") or "sig" in request.query:
            raise key_refused()
        self._check_date(request)
        own = f"https://{account}.{service}.core.windows.net"
        audiences = ("https://storage.azure.com", own, f"{self.ctx.addresses.url(service)}/{account}")
        try:
            return self.ctx.tokens.verify(bearer(request), audiences)
        except Unauthorized as error:
            raise (
                no_authentication() if error.code == "AuthenticationFailed" else bad_token(error.message)
            ) from error

    def _check_date(self, request: web.Request) -> None:
        """Refuse a request that dates itself 15 minutes off. Raises WireError (AuthenticationFailed)."""
        date = str(request.headers.get("x-ms-date") or request.headers.get("Date", ""))
        sent = parsedate(date) if date else None
        if sent and abs(timegm(sent) - self.ctx.wall()) > _DATE_SECONDS:
            raise date_refused(date)

    async def serve(self, service: str, request: web.Request) -> web.StreamResponse:
        """Check the caller's roles at the account, then forward."""
        operation = self.operation(service, request)
        if operation is None:
            raise unknown_operation(request.method, request.path)
        request["unlogged"] = not operation.changes
        detail: dict[str, Any] = {"account": request.match_info["account"]}
        request["detail"] = detail
        body: bytes | None = None
        if service == "table" and operation.changes:
            body = await _small_body(request)
        if operation.name == "table.Transaction":
            self._check_transaction(request, body or b"", detail)
        else:
            self._check(service, request, operation, _below_account(request)[:1])
            if service == "table" and operation.changes:
                detail["entity"] = list(
                    transactions.keys_of(request.path, transactions.entity((body or b"").decode()))
                )
        if operation.name in messages.WRITES:
            body = await _small_body(request)
            if body:  # an update may leave the text as it is
                messages.check(body)
        return await forward(self._upstream, service, request, body)

    def _check_transaction(self, request: web.Request, body: bytes, detail: dict[str, Any]) -> None:
        found = transactions.parts(body)
        detail["operations"] = [part.as_list() for part in found]
        seen = set()
        for part in found:
            headers = {"if-match": "*"} if part.conditional else {}
            operation = table_operation(part.method, [part.target], {}, headers)
            if operation is None:
                raise unknown_operation(part.method, part.target)
            if (operation.name, part.table) not in seen:
                seen.add((operation.name, part.table))
                self._check("table", request, operation, [part.table])

    def _check(self, service: str, request: web.Request, operation: Operation, part: list[str]) -> None:
        """Raise Forbidden unless the caller has one of the operation's rights at the part or above."""
        account_id = self._accounts.arm_id(request.match_info["account"]) or ""
        scope = "/".join([account_id, _PARTS[service], part[0].split("(")[0]]) if part else account_id
        caller: Principal = request["principal"]
        if not any(self.ctx.roles.allows(caller, action, scope, data) for action, data in operation.rights):
            raise Forbidden(caller.app_id, caller.oid, operation.rights[0][0], scope)


async def _small_body(request: web.Request) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > _MOST:
            raise too_large()
    return bytes(body)


def _below_account(request: web.Request) -> list[str]:
    raw = request.rel_url.raw_path.split("/", 3)[2:]
    return [unquote(piece) for piece in ([*raw[0:1], *_rest(raw)]) if piece]


def _rest(raw: list[str]) -> list[str]:
    return raw[1].split("/") if len(raw) > 1 else []


def challenge(ctx: Context) -> Callable[[web.Request], str]:
    """Return what a 401 tells a client about where to get a token."""
    authority = f"{ctx.addresses.url('identity')}/{ctx.principals.tenant_id}/oauth2/authorize"
    return lambda _: f"Bearer authorization_uri={authority} resource_id=https://storage.azure.com"
