"""What a verb that changes the instance has while it does: the lease, and the receipts for what it did.

A holder beats: it looks at its lease between steps and while it waits. Its receipts are appended at the end, or,
when the verb fails half way, for the half that was done.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from vibedata.errors import VibedataError
from vibedata.ports import Lease, Leases, Receipts
from vibedata.receipts import Author, Settled
from vibedata.recorder import Recorder
from vibedata.retry import Patience

LEASE = "instance"
BEAT_SECONDS = 10.0


class Hold:
    """The lease as a verb uses it; `patience` is the verb's own, and looks at the lease while it waits."""

    def __init__(self, lease: Lease, receipts: Receipts, recorder: Recorder, patience: Patience) -> None:
        self.fence = lease.fence
        self.check = lease.check
        self.patience = replace(patience, sleep=self._sleep)
        self._receipts = receipts
        self._recorder = recorder
        self._pause = patience.sleep
        self._open: dict[str, str] = {}

    def until_told(self, attempts: int, delay_seconds: float) -> Patience:
        """Take a manifest's numbers, unless the registry's are known; return the patience from here on."""
        self.patience = self.patience.until_told(attempts, delay_seconds)
        return self.patience

    def note(self, subject: str, digest: str) -> None:
        """Note the digest that a subject has now; settling receipts it if it is another than before."""
        self._open[subject] = digest

    def settle(self) -> dict[str, Any]:
        """Append the receipts for what was noted; return the chain's head and their number. Raises as the port does."""
        with self._recorder.step("write-receipts") as step:
            self.check()
            told = self.patience.call(self._settle).as_dict()
            step.details.update(
                told
            )  # the log keeps the head too, and shows when the chain was rewritten or cut
            step.message = f"{told['new']} new receipts."
        return told

    def settle_half(self) -> None:
        """Append, at the first attempt or not at all, the receipts for what a failing verb has done."""
        if self._open:
            with contextlib.suppress(VibedataError):
                self.check()
                self._settle()

    def _settle(self) -> Settled:
        settled = self._receipts.settle(self._open, self._author())
        self._open = {}
        return settled

    def _author(self) -> Author:
        who = self._recorder.operation
        return Author(
            operation_id=who.operation_id,
            verb=who.verb,
            actor=who.actor,
            job_id=who.job_id,
            release=who.release_digest,
            fence=self.fence,
            at=self.patience.now(),
        )

    def _sleep(self, seconds: float) -> None:
        while seconds > 0:
            self._pause(min(seconds, BEAT_SECONDS))
            seconds -= BEAT_SECONDS
            self.check()


@contextlib.contextmanager
def holding(leases: Leases, receipts: Receipts, recorder: Recorder, patience: Patience) -> Iterator[Hold]:
    """Hold the instance's lease for the recorder's operation. Raises Blocked (lease-held, role-missing)."""
    owner = recorder.operation.operation_id
    lease = patience.call(lambda: leases.acquire(LEASE, owner=owner))
    try:
        hold = Hold(lease, receipts, recorder, patience)
        try:
            yield hold
        except Exception:
            hold.settle_half()
            raise
    finally:
        lease.release()
