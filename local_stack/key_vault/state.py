"""Secrets of the vaults: versions, soft deletion, recovery, purge."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from local_stack.core.context import Context
from local_stack.key_vault import errors

Secret = dict[str, Any]
RECOVERABLE_DAYS = 90


class Vault:
    """One vault's secrets. Each is {versions: [version…, newest last], deleted: {deletedDate, …} | None}."""

    def __init__(self, ctx: Context, vault_id: str) -> None:
        self._clock = ctx.clock
        self._secrets = ctx.store.collection("key_vault", f"secrets:{vault_id.lower()}")

    def set(self, name: str, given: Mapping[str, Any]) -> Secret:
        """Add a version and return it. Raises WireError 409 while the name is soft-deleted."""
        kept = self._secrets.get(name.lower()) or {"name": name, "versions": [], "deleted": None}
        if kept["deleted"]:
            raise errors.deleted_but_recoverable(name)
        now = int(self._clock.now().timestamp())
        fresh = {
            "version": uuid.uuid4().hex,
            "value": given["value"],
            "contentType": given.get("contentType"),
            "tags": given.get("tags"),
            "attributes": {
                "enabled": True,
                **(given.get("attributes") or {}),
                "created": now,
                "updated": now,
            },
        }
        kept["versions"].append(fresh)
        self._secrets[name.lower()] = kept
        return self._named(kept, fresh)

    def get(self, name: str, version: str = "") -> Secret:
        """Return a version, by default the newest. Raises WireError 404; 403 when it is disabled."""
        found = self._named(*self._find(name, version))
        if not found["attributes"]["enabled"]:
            raise errors.secret_disabled(name)
        return found

    def update(self, name: str, version: str, given: Mapping[str, Any]) -> Secret:
        """Change what describes a version; its value never changes."""
        kept, found = self._find(name, version)
        for key in ("contentType", "tags"):
            if key in given:
                found[key] = given[key]
        found["attributes"].update(given.get("attributes") or {})
        found["attributes"]["updated"] = int(self._clock.now().timestamp())
        self._secrets[name.lower()] = kept
        return self._named(kept, found)

    def all(self, *, deleted: bool) -> list[Secret]:
        """Return the newest version of every secret that is (not) deleted, by name."""
        rows = [kept for kept in self._secrets.values() if bool(kept["deleted"]) is deleted]
        return [self._named(kept, kept["versions"][-1]) for kept in rows]

    def versions(self, name: str) -> list[Secret]:
        """Return all versions of a secret, oldest first."""
        kept = self._find(name, "")[0]
        return [self._named(kept, version) for version in kept["versions"]]

    def delete(self, name: str) -> Secret:
        """Delete softly: the name stays taken until it is purged."""
        kept, newest = self._find(name, "")
        now = int(self._clock.now().timestamp())
        kept["deleted"] = {"deletedDate": now, "scheduledPurgeDate": now + RECOVERABLE_DAYS * 86_400}
        self._secrets[name.lower()] = kept
        return self._named(kept, newest)

    def deleted(self, name: str) -> Secret:
        """Return a deleted secret. Raises WireError 404."""
        kept = self._secrets.get(name.lower())
        if not kept or not kept["deleted"]:
            raise errors.deleted_not_found(name)
        return self._named(kept, kept["versions"][-1])

    def recover(self, name: str) -> Secret:
        """Take a deletion back."""
        found = self.deleted(name)
        self._secrets[name.lower()] = {**self._secrets[name.lower()], "deleted": None}
        return found

    def purge(self, name: str) -> None:
        """Remove a deleted secret for good."""
        self.deleted(name)
        del self._secrets[name.lower()]

    def _find(self, name: str, version: str) -> tuple[dict[str, Any], Secret]:
        kept = self._secrets.get(name.lower())
        if not kept or kept["deleted"]:
            raise errors.secret_not_found(name, version)
        found = next((v for v in reversed(kept["versions"]) if version in ("", v["version"])), None)
        if found is None:
            raise errors.secret_not_found(name, version)
        return kept, found

    def _named(self, kept: Mapping[str, Any], version: Secret) -> Secret:
        return {**version, "name": kept["name"], "deleted": kept["deleted"]}
