"""Which repositories of a registry are known to hold a blob, so that it can be mounted instead of sent."""

from __future__ import annotations

from collections.abc import Callable

_PER_BLOB = 64


class Holders:
    """What this run has written or mounted; safe to share between threads."""

    def __init__(self, share_token: Callable[[str, str], bool]) -> None:
        self._share_token = share_token
        self._repositories: dict[str, list[str]] = {}

    def add(self, repository: str, digest: str) -> None:
        """Note that a repository holds a blob."""
        known = self._repositories.setdefault(digest, [])
        if len(known) < _PER_BLOB:
            known.append(repository)

    def beside(self, repository: str, digest: str) -> str | None:
        """Return a repository with the blob that the same token opens, so that asking costs no token."""
        known = list(self._repositories.get(digest, ()))
        return next((name for name in known if self._share_token(repository, name)), None)
