"""Who we are to Azure: always one named identity, never whatever happens to be there (D1)."""

from __future__ import annotations

import base64
import json
import logging
import platform
import threading
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential

from vibedata.errors import Blocked

MAX_CLAIMS_CHARS = 64 * 1024


def worker_credential(client_id: str, *, brisk: bool = False) -> TokenCredential:
    """Return the credential of `vibedata-uami` on the worker; its tokens are that identity's or none.

    `brisk`: a person waits, so a metadata service at which nobody listens is tried twice at once, not for seconds:
    only while a machine starts may it come up yet.
    """
    _prepare()
    from azure.identity import ManagedIdentityCredential

    patience: dict[str, Any] = {"retry_connect": 1} if brisk else {}
    return ExpectedIdentity(ManagedIdentityCredential(client_id=client_id, **patience), client_id)


def deployer_credential() -> TokenCredential:
    """Return the credential of whoever presses Create: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET."""
    _prepare()
    from azure.identity import EnvironmentCredential

    return EnvironmentCredential(disable_instance_discovery=True)


def _prepare() -> None:
    """Prepare the process for the SDKs.

    What they warn of, our errors tell; a handler that someone sets still gets it all. On being imported they ask for
    the processor's name, for which Python starts `uname -p`: it would inherit the secret that signs us in.
    """
    vars(platform.uname()).setdefault("processor", platform.machine())
    logging.getLogger("azure").addHandler(logging.NullHandler())


class ExpectedIdentity:
    """A credential that hands out no token of another identity than the one with this client id.

    A machine with several identities may answer with the wrong one; what that one may do is not what was agreed.
    Threads that need the same token at the same time ask for it once: a metadata service answers few a second.
    """

    def __init__(self, credential: TokenCredential, client_id: str) -> None:
        self._credential = credential
        self._client_id = client_id.lower()
        self._asking: dict[tuple[str, ...], threading.Lock] = {}

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token. Raises Blocked (identity-mismatch) when it is another identity's."""
        with self._asking.setdefault(scopes, threading.Lock()):
            token = self._credential.get_token(*scopes, **options)
        told = claims(token.token)
        found = str(told.get("appid") or told.get("azp") or "").lower()
        if found and found != self._client_id:
            raise _mismatch(self._client_id, found, told)
        return token


def claims(token: str) -> dict[str, Any]:
    """Return what a token says of itself, unverified: its audience verifies it; nothing where it is no JWT."""
    _, _, rest = token.partition(".")
    word = rest.partition(".")[0]
    if not word or len(word) > MAX_CLAIMS_CHARS:
        return {}
    try:
        document = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _mismatch(expected: str, found: str, told: dict[str, Any]) -> Blocked:
    return Blocked(
        "identity-mismatch",
        f"This machine answers as the identity {found[:64]!r}, not as vibedata-uami ({expected}).",
        hint="Attach vibedata-uami to the worker VM, and set uami_client_id to its client id; give the Automation "
        "account no identity of its own.",
        detail={
            "expected": expected,
            "found": found[:64],
            "objectId": str(told.get("oid", ""))[:64],
            "resourceId": str(told.get("xms_mirid", ""))[:512],
        },
    )
