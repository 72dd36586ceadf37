"""What the instance consists of, and how it is: registry, inventory, probes, secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vibedata.discovery import Resource
from vibedata.health import Outcome
from vibedata.probing import Probe
from vibedata.registry import Change, Row


class ComponentRegistry(Protocol):
    """The instance's rows (`vibedata.registry` says which). All raise Blocked (role-missing), Transient, Failed."""

    def read(self, prefix: str = "") -> list[Row]:
        """Return the rows whose key starts with `prefix`, in key order; none when there is no table yet."""

    def write(self, changes: Sequence[Change], *, fence: int | None = None) -> int:
        """Apply the changes in order, up to 99 at once whole or not at all; return how many were written.

        The first write makes the table. What is written under a lease gives its `fence`, and raises Failed (lease-lost)
        when rows were written under a newer one. Raises Transient (registry-changed) when a row is not as it was
        read, and BadInput (registry-row-too-large, registry-row-invalid) before anything is written.
        """


class Inventory(Protocol):
    """What Azure says is in the managed resource group. Both raise Blocked (role-missing), Transient, Failed."""

    def resources(self) -> list[Resource]:
        """Return every resource with its provisioning state and without its properties, in the order of their ids."""

    def resource(self, resource_id: str) -> Resource | None:
        """Return one resource with its properties, or None when it is gone."""


class Prober(Protocol):
    """Asks a component how it is."""

    def probe(self, probe: Probe) -> Outcome:
        """Return what the probe found within its `timeout_seconds`. Never raises: an error is an Outcome."""


class Secrets(Protocol):
    """The instance's Key Vault."""

    def get(self, name: str) -> str:
        """Return a secret's current value, which is masked in every row of the operations log from then on.

        Raises Blocked (secret-missing, role-missing).
        """
