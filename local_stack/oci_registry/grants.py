"""Who may do what: roles for Entra principals, scope maps for a registry's own tokens."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from local_stack.core.context import Context
from local_stack.core.principals import Principal

TYPE = "Microsoft.ContainerRegistry/registries"
_ROLE_ACTIONS = {
    "pull": f"{TYPE}/pull/read",
    "metadata_read": f"{TYPE}/pull/read",
    "push": f"{TYPE}/push/write",
    "metadata_write": f"{TYPE}/push/write",
    "delete": f"{TYPE}/artifacts/delete",
}
_MAP_ACTIONS = {
    "pull": "content/read",
    "push": "content/write",
    "delete": "content/delete",
    "metadata_read": "metadata/read",
    "metadata_write": "metadata/write",
}
_SYSTEM_MAPS = {
    "_repositories_pull": ["repositories/*/content/read"],
    "_repositories_pull_metadata_read": ["repositories/*/content/read", "repositories/*/metadata/read"],
    "_repositories_push": ["repositories/*/content/read", "repositories/*/content/write"],
    "_repositories_admin": [f"repositories/*/{action}" for action in _MAP_ACTIONS.values()],
}
_SCOPE = re.compile(r"(repository|registry):([a-z0-9._/*-]{1,255}):([a-z_,*]{1,100})")
_TOKEN_PREFIX = "token:"  # noqa: S105 - how a token is told from a person in the write log


class Grants:
    """Decides for one registry."""

    def __init__(self, ctx: Context, resource_id: str) -> None:
        self._ctx = ctx
        self._resource_id = resource_id
        self._passwords = ctx.store.collection("oci_registry", "token_passwords")

    def granted(self, principal: Principal, scopes: Iterable[str]) -> list[dict[str, Any]]:
        """Return the part of the requested scopes that the caller may have, as token claims."""
        access = []
        for scope in scopes:
            match = _SCOPE.fullmatch(scope)
            if not match:
                continue
            kind, name, wanted = match.groups()
            actions = [action for action in wanted.split(",") if self._may(principal, kind, name, action)]
            if actions:
                access.append({"type": kind, "name": name, "actions": actions})
        return access

    def sign_in(self, username: str, password: str) -> Principal | None:
        """Return the scope-map token with this name and a current password, as a principal."""
        token = (
            self._ctx.resources.get(f"{self._resource_id}/tokens/{username}") if "/" not in username else None
        )
        if not token or token["properties"].get("status", "enabled") != "enabled":
            return None
        given = _hashed(password)
        for kept in self._passwords.get(token["id"].lower(), {}).values():
            if hmac.compare_digest(kept["hash"], given) and not self._expired(kept):
                return Principal("", "", self._ctx.principals.tenant_id, _TOKEN_PREFIX + token["name"])
        return None

    def generate(self, token_id: str, names: Iterable[str], expiry: str | None) -> list[dict[str, Any]]:
        """Replace passwords of a token and return them; only their hashes are kept."""
        kept, fresh = self._passwords.get(token_id.lower(), {}), []
        for name in names:
            value, created = secrets.token_urlsafe(39), self._ctx.clock.now().isoformat()
            kept[name] = {"hash": _hashed(value), "expiry": expiry, "creationTime": created}
            facts = {"name": name, "value": value, "creationTime": created}
            fresh.append({**facts, **({"expiry": expiry} if expiry else {})})
        self._passwords[token_id.lower()] = kept
        return fresh

    def forget(self, token_id: str) -> None:
        """Drop the passwords of a deleted token."""
        self._passwords.pop(token_id.lower(), None)

    def _may(self, principal: Principal, kind: str, name: str, action: str) -> bool:
        if principal.name.startswith(_TOKEN_PREFIX) and not principal.oid:
            return kind == "repository" and self._mapped(principal, name, action)
        needed = _ROLE_ACTIONS["pull"] if kind == "registry" else _ROLE_ACTIONS.get(action, "")
        return bool(needed) and self._ctx.roles.allows(principal, needed, self._resource_id)

    def _mapped(self, principal: Principal, name: str, action: str) -> bool:
        token_name = principal.name.removeprefix(_TOKEN_PREFIX)
        token = self._ctx.resources.get(f"{self._resource_id}/tokens/{token_name}")
        if not token or token["properties"].get("status", "enabled") != "enabled":
            return False
        wanted = _MAP_ACTIONS.get(action)
        rows = map_actions(self._ctx, token["properties"].get("scopeMapId", ""))
        return any(wanted and _covers(row, name, wanted) for row in rows)

    def _expired(self, kept: dict[str, Any]) -> bool:
        return bool(kept["expiry"]) and parse_time(kept["expiry"]) <= self._ctx.clock.now()


def map_actions(ctx: Context, scope_map_id: str) -> list[str]:
    """Return a scope map's actions, Azure's own maps among them; none when there is no such map."""
    system = _SYSTEM_MAPS.get(scope_map_id.rsplit("/", 1)[-1].lower())
    if system:
        return system
    found = ctx.resources.get(scope_map_id)
    return list(found["properties"].get("actions") or []) if found else []


def parse_time(text: str) -> datetime:
    """Return an ISO time as an aware one. Raises ValueError."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def _covers(row: str, name: str, wanted: str) -> bool:
    if not row.startswith("repositories/") or not row.endswith("/" + wanted):
        return False
    pattern = row.removeprefix("repositories/").removesuffix("/" + wanted)
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _hashed(password: str) -> str:
    # A plain hash is enough for 312 random bits; there is nothing to guess.
    return hashlib.sha256(password.encode()).hexdigest()
