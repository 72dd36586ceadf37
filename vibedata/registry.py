"""The component registry: which rows there are, and what turns the rows read into the rows wanted.

One partition per instance (D12); the kind of a row is the first word of its key:

    component:<name>       one component of the release: version, digest, resource, endpoints, probes …
    resource:<arm id>      one resource of the managed resource group, and the components it holds
    release:current        the release the instance runs; written last, over a whole registry
    policy:networkRetry    how often and how fast to retry (NFR-8)
    health:<name>          what health found; written by `run_health`, deleted here with its component
    summary:health         the instance's health as a whole; written by `run_health`

All but health can be rebuilt from the manifest and Azure at any time. `lastVerified` is when the facts of a
row last changed, so an unchanged run writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from vibedata.manifest import NetworkRetryPolicies

COMPONENT = "component:"
RESOURCE = "resource:"
HEALTH = "health:"
RELEASE = "release:current"
NETWORK_RETRY = "policy:networkRetry"
OVERALL = "summary:health"

LAST_VERIFIED = "lastVerified"

Action = Literal["create", "update", "delete"]


@dataclass(frozen=True)
class Row:
    """One row of an instance's partition; `etag` is the version that was read, None before it is stored."""

    key: str
    values: Mapping[str, Any]
    etag: str | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """The part of the key behind its kind."""
        return self.key.partition(":")[2]


@dataclass(frozen=True)
class Change:
    """One write: `row` as it shall be (for a deletion: as it was read), and the fields that differ."""

    action: Action
    row: Row
    fields: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the change as it is printed: each field with its value before and after."""
        return {
            "action": self.action,
            "key": self.row.key,
            "fields": {k: list(v) for k, v in self.fields.items()},
        }


def difference(wanted: Iterable[Row], stored: Iterable[Row], now: datetime) -> list[Change]:
    """Return the writes that turn the rows `stored` into those `wanted`; the release row comes last.

    A stored row that is not wanted is deleted, a health row only when its component is gone.
    """
    old = {row.key: row for row in stored}
    new = {row.key: row for row in wanted}
    changes = [change for row in new.values() if (change := _write(row, old.get(row.key), now))]
    changes += [_deletion(row) for key, row in old.items() if key not in new and _is_gone(key, new)]
    return sorted(changes, key=lambda change: (change.row.key == RELEASE, change.row.key))


def retry_policy(rows: Iterable[Row]) -> NetworkRetryPolicies | None:
    """Return the retry policy that the registry holds; None when there is none, or none within the contract."""
    values = next((row.values for row in rows if row.key == NETWORK_RETRY), {})
    attempts, delay = values.get("attempts"), values.get("delaySeconds")
    if isinstance(attempts, int) and 0 <= attempts <= 10 and isinstance(delay, int) and 0 <= delay <= 60:
        return NetworkRetryPolicies(attempts, delay)
    return None


def components(rows: Iterable[Row]) -> list[Row]:
    """Return the component rows, in the order of their waves, then by name."""
    found = [row for row in rows if row.key.startswith(COMPONENT)]
    return sorted(found, key=lambda row: (row.values.get("wave", 0), row.name))


def _write(row: Row, old: Row | None, now: datetime) -> Change | None:
    fields = _changed_fields(row.values, old.values if old else {})
    if old and not fields:
        return None
    stamped = Row(row.key, {**row.values, LAST_VERIFIED: now.isoformat()}, old.etag if old else None)
    if old is None:
        return Change("create", stamped, {name: (None, value) for name, value in row.values.items()})
    return Change("update", stamped, fields)


def _changed_fields(new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    names = {**new, **old}
    differing = [name for name in names if new.get(name) != old.get(name) and name != LAST_VERIFIED]
    return {name: (old.get(name), new.get(name)) for name in sorted(differing)}


def _deletion(row: Row) -> Change:
    return Change("delete", row, {name: (value, None) for name, value in row.values.items()})


def _is_gone(key: str, wanted: Mapping[str, Row]) -> bool:
    if key == OVERALL:
        return False
    return not key.startswith(HEALTH) or COMPONENT + key.removeprefix(HEALTH) not in wanted
