"""How often a failed call is made again, as the instance itself says (NFR-8): its registry, else its release."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from vibedata import manifest, registry, retry
from vibedata.errors import VibedataError


def registered_policy(rows: Callable[[], Any]) -> retry.Policy | None:
    """Return the component registry's retry policy; not to be able to read it is no reason to fail."""
    try:
        return _network(registry.retry_policy(rows().read(registry.NETWORK_RETRY)))
    except VibedataError:
        return None


def imported_policy(
    releases: Callable[[], Any],
    blobs: Callable[[], Any],
    trust: Callable[[], Any],
    clock: Callable[[], datetime],
) -> retry.Policy | None:
    """Return the retry policy of the imported release, as long as there is no registry."""
    from vibedata.release_proof import imported_release

    try:
        once = retry.Patience(None, retry.propagation(0.0), time.sleep, clock)
        _, found = imported_release(releases(), blobs(), trust(), once)
        return _network(found.network_retry_policies)
    except VibedataError:
        return None


def _network(policy: manifest.NetworkRetryPolicies | None) -> retry.Policy | None:
    return retry.network(policy.attempts, policy.delay_seconds) if policy else None
