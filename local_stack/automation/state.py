"""The account: what every other part of this service hangs from."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from local_stack.automation.errors import account_not_found, bad_request
from local_stack.core.bodies import json_object
from local_stack.core.context import Context

ACCOUNT_TYPE = "Microsoft.Automation/automationAccounts"
BASE = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Automation"
    "/automationAccounts/{account}"
)
PAGE = 100
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Account:
    """An Automation account that exists."""

    id: str
    body: dict[str, Any]

    def child(self, kind: str, name: str) -> str:
        """Return the id of something in the account."""
        return f"{self.id}/{kind}/{name}"

    def key(self, name: str) -> str:
        """Return the key under which the account keeps something of that name."""
        return f"{self.id}/{name}".lower()

    @property
    def hides_vm_identity(self) -> bool:
        """Whether the account has an identity: then jobs on a worker cannot use the VM's."""
        return str((self.body.get("identity") or {}).get("type", "None")) != "None"


class AccountProvider:
    """What Automation adds when ARM puts an account."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def put(
        self, resource_id: str, body: dict[str, Any], previous: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Add what is read-only: state, times, and the URL at which hybrid workers register."""
        now = self._ctx.clock.now().isoformat()
        before = (previous or {}).get("properties", {})
        account = str(uuid.uuid5(uuid.NAMESPACE_URL, resource_id.lower()))
        url = f"https://{account}.jrds.local.azure-automation.net/automationAccounts/{account}"
        properties = {
            **body.get("properties", {}),
            "state": "Ok",
            "creationTime": before.get("creationTime", now),
            "lastModifiedTime": now,
            "automationHybridServiceUrl": url,
            "RegistrationUrl": f"https://{account}.agentsvc.local.azure-automation.net/accounts/{account}",
        }
        return {**body, "properties": properties}

    async def delete(self, resource_id: str) -> None:
        """Remove what the account holds."""
        for name in ("content", "jobs", "streams", "schedules", "links", "groups", "workers"):
            collection = self._ctx.store.collection("automation", name)
            for key, _ in collection.prefixed(resource_id.lower() + "/"):
                del collection[key]


def account_of(ctx: Context, request: web.Request) -> Account:
    """Return the account that the request's path names. Raises WireError (ResourceNotFound)."""
    values = request.match_info
    account_id = BASE.format(**{name: values[name] for name in ("subscription", "group", "account")})
    return account(ctx, account_id)


def account(ctx: Context, account_id: str) -> Account:
    """Return the account with that id. Raises WireError (ResourceNotFound)."""
    body = ctx.resources.get(account_id)
    if body is None:
        raise account_not_found(account_id)
    return Account(body["id"], body)


async def body_of(request: web.Request) -> dict[str, Any]:
    """Return the request's JSON object. Raises WireError (BadRequest)."""
    document = await json_object(request, bad_request)
    if not isinstance(document.get("properties", {}), dict):
        raise bad_request("the request body's 'properties' are no object")
    return document


def checked_name(name: str) -> str:
    """Return the name of a runbook or schedule. Raises WireError (BadRequest)."""
    if not _NAME.fullmatch(name):
        raise bad_request(
            f"The name '{name}' is invalid: a letter, then letters, digits, '_' or '-', up to 63."
        )
    return name


def checked_guid(name: str, what: str) -> str:
    """Return the GUID of a job, link or worker. Raises WireError (BadRequest)."""
    try:
        return str(uuid.UUID(name))
    except ValueError:
        raise bad_request(f"The {what} id '{name}' is no GUID.") from None


def page(request: web.Request, rows: list[dict[str, Any]]) -> web.Response:
    """Return one page of a list, with the link to the next."""
    try:
        start = int(request.query.get("$skiptoken", "0"))
    except ValueError:
        raise bad_request("The $skiptoken is invalid.") from None
    answer: dict[str, Any] = {"value": rows[start : start + PAGE]}
    if start + PAGE < len(rows):
        answer["nextLink"] = str(request.url.update_query({"$skiptoken": str(start + PAGE)}))
    return web.json_response(answer)
