"""Azure's exceptions become ours at the seam: which code, and who acts next.

A refusal by RBAC names the role that is missing and where to assign it, looked up in contracts/rbac.json by the key
of the row that the call needs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from vibedata import contracts
from vibedata.errors import BadInput, Blocked, Failed, Transient, VibedataError

BUSY = {408, 425, 429}  # and what begins with a 5: gateways have numbers of their own
INCAPABLE = {501, 505}
CHANGED_MEANWHILE = {409, 412}
TOLERATED_SKEW_SECONDS = 300.0  # what Azure's services overlook at least
PROHIBITED = {"RequestDisallowedByPolicy", "ScopeLocked", "ReadOnlyDisabledSubscription"}
NOT_ATTACHED = (
    "Check that vibedata-uami is attached to the worker, and VIBEDATA_UAMI_CLIENT_ID is its client id."
)
NOBODY_THERE = (
    "Nobody answers where tokens come from: run this on the worker, or see whether the local stack runs "
    "(`python -m local_stack status`)."
)


@contextmanager
def azure_errors(doing: str, *, needs: str = "") -> Iterator[None]:
    """Translate whatever the SDK raises while `doing` something; `needs` is a row's key in rbac.json."""
    try:
        yield
    except AzureError as error:
        raise translate(error, doing=doing, needs=needs) from error


def translate(error: AzureError, *, doing: str, needs: str = "") -> VibedataError:
    """Return our error for Azure's: Blocked for missing rights, Transient for what passes, Failed for the rest."""
    detail = _detail(error)
    status = getattr(error, "status_code", None)
    if detail.get("azureCode") in PROHIBITED:
        return _prohibited(error, doing, detail)
    if status in (401, 403) and (skew := _skew(error)):
        return _clock_skewed(skew, doing, detail)
    if status == 403:
        return role_missing(needs, doing, detail)
    if _is_sign_in(error):
        return Transient(
            "azure-sign-in-failed",
            f"No token while trying to {doing}: {_first_line(error)}",
            hint=NOBODY_THERE if _is_unanswered(error) else NOT_ATTACHED,
            detail=detail,
        )
    if _is_no_answer(error, status):
        return Transient(
            "azure-unreachable",
            f"No answer while trying to {doing}: {_first_line(error)}",
            hint="Check the private endpoint, DNS and the service's health, then run again.",
            detail=detail,
        )
    return _by_status(error, status, doing, detail)


def role_missing(needs: str, doing: str, detail: Mapping[str, Any] | None = None) -> Blocked:
    """Return the error that names the role to assign, for a 403 on what row `needs` of rbac.json grants.

    Without such a row it was not vibedata-uami who asked, but whoever deploys or publishes.
    """
    row = next((r for r in contracts.load("rbac.json")["assignments"] if r["key"] == needs), None)
    if row is None:
        return Blocked(
            "role-missing",
            f"The identity that is signed in may not {doing}.",
            hint="Sign in as one that has the role for it, or have that role assigned, and run again.",
            detail=detail,
        )
    role, scope = row["role"], row["scope"]
    return Blocked(
        "role-missing",
        f"vibedata-uami may not {doing}: the role {role!r} at the {scope} is missing or has not spread yet.",
        hint=f"Assign {role!r} to vibedata-uami at the {scope}, wait up to 10 minutes, and run again.",
        detail={
            "role": role,
            "scope": scope,
            "key": needs,
            "actions": [*row["actions"], *row["dataActions"]],
            **(detail or {}),
        },
    )


def _clock_skewed(seconds: float, doing: str, detail: Mapping[str, Any]) -> Blocked:
    minutes, way = round(abs(seconds) / 60), "ahead of" if seconds > 0 else "behind"
    return Blocked(
        "clock-skewed",
        f"Azure refuses to {doing}: this machine's clock is {minutes} minutes {way} Azure's.",
        hint="Set this machine's clock (`timedatectl set-ntp true`, or `chronyc makestep`), then run again.",
        detail=detail,
    )


def _skew(error: AzureError) -> float | None:
    """Return the seconds by which this clock is ahead of the one that answered, when that is enough to be refused."""
    headers: Mapping[str, str] = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        seconds = time.time() - parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None
    return seconds if abs(seconds) > TOLERATED_SKEW_SECONDS else None


def _prohibited(error: AzureError, doing: str, detail: Mapping[str, Any]) -> Blocked:
    return Blocked(
        "azure-prohibited",
        f"The customer's governance forbids to {doing}: {detail['azureCode']}: {_first_line(error)}",
        hint="Exempt the managed resource group from the policy or remove the lock that is named, then run again.",
        detail=detail,
    )


def _by_status(error: AzureError, status: int | None, doing: str, detail: dict[str, Any]) -> VibedataError:
    message = f"Could not {doing}: {detail.get('azureCode') or status or type(error).__name__}: {_first_line(error)}"
    if is_busy(status):
        return Transient(
            "azure-busy",
            message,
            hint="Azure asked to wait; run again later.",
            detail=detail,
            retry_after=retry_after(error),
        )
    if status in CHANGED_MEANWHILE:
        return Transient(
            "azure-conflict",
            message,
            hint="Something else is changing it: wait until that has ended, then run again.",
            detail=detail,
            retry_after=retry_after(error),
        )
    if status == 404:
        return Blocked(
            "azure-not-found",
            message,
            hint="Check that the resource exists and that the setting names it.",
            detail=detail,
        )
    if status is not None and 400 <= status < 500:
        return BadInput(
            "azure-refused", message, hint="Read Azure's message: the request itself is wrong.", detail=detail
        )
    return Failed(
        "azure-failed", message, hint="Run again; if it stays, look up Azure's code.", detail=detail
    )


def _detail(error: AzureError) -> dict[str, Any]:
    response = getattr(error, "response", None)
    headers = getattr(response, "headers", None) or {}
    inner = getattr(error, "error", None)
    found = {
        "status": getattr(error, "status_code", None),
        "azureCode": getattr(inner, "code", None) or getattr(error, "error_code", None),
        "requestId": headers.get("x-ms-request-id"),
    }
    return {key: str(value) for key, value in found.items() if value}


def retry_after(error: Exception) -> float | None:
    """Return the seconds that an answer asks to wait, if it does."""
    headers: Mapping[str, str] = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        seconds = float(headers["Retry-After"])
    except (KeyError, ValueError):
        return None
    return seconds if seconds >= 0 else None  # nan is not, either


def is_busy(status: int | None) -> bool:
    """Say whether an answer's status tells of trouble that passes."""
    return status is not None and (status in BUSY or (status >= 500 and status not in INCAPABLE))


def _is_no_answer(error: AzureError, status: int | None) -> bool:
    """Tell what is no answer of the service: none, a part of one, or a gateway's page or redirection."""
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return True
    if isinstance(error, DecodeError):  # a part of one, too
        return status is None or status < 400
    return isinstance(error, HttpResponseError) and (status is None or 300 <= status < 400)


def _is_unanswered(error: BaseException) -> bool:
    return any(words in str(error) for words in ("no response from the IMDS endpoint", "Connection refused"))


def _is_sign_in(error: BaseException | None) -> bool:
    """Tell a failed sign-in, also inside what an SDK wrapped it in (the logs query client does)."""
    while error is not None:
        if isinstance(error, ClientAuthenticationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _first_line(error: AzureError) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:500]
