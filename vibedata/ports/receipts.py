"""What was done to the instance, for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from vibedata.receipt_rows import Stored
from vibedata.receipts import Author, Settled


class Receipts(Protocol):
    """The instance's chain of receipts. All raise Blocked (role-missing), Transient and Failed."""

    def settle(self, subjects: Mapping[str, str], author: Author) -> Settled:
        """Append a receipt for each subject whose digest is not the one last receipted, in the order given.

        Up to 49 receipts are appended at once with the chain's head, whole or not at all; a call that lost its
        answer may be made again. The first receipt makes the table. Raises Failed (lease-lost: a newer holder has
        settled; receipts-broken: something lies where the next receipt belongs), Transient (azure-conflict).
        """

    def read(self) -> Stored:
        """Return everything that the instance's partition holds; nothing when there is no table yet."""
