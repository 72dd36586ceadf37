"""What ties the event that ends something to the alerts that told of it, where each event is an alert of its own.

Service health, resource health, security alerts and the schemas before the common one. A cause is what shares a
correlation key: what opened (`openings`) and what closed (`closings`). Both sides write here first and then look at
the other, so whichever comes last closes the incident. As all of it, it is a merge: any order, any repetition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from vibedata.alerts.incident import Step

MAX_OPENINGS = 64  # the newest stay: they are what can still be open
MAX_CLOSINGS = 16


@dataclass(frozen=True, order=True)
class Opening:
    """A time at which an incident of the cause opened."""

    at: datetime
    incident: str


@dataclass(frozen=True)
class Cause:
    """What opened and what closed under one correlation key."""

    key: str
    openings: tuple[Opening, ...] = ()
    closings: tuple[Step, ...] = ()

    def opened(self, incident: str, at: datetime) -> Cause:
        """Return the cause with an opening in it."""
        openings = tuple(sorted({*self.openings, Opening(at, incident)}))
        return replace(self, openings=openings[-MAX_OPENINGS:])

    def closed(self, step: Step) -> Cause:
        """Return the cause with a closing in it."""
        if any(known.delivery == step.delivery for known in self.closings):
            return self
        closings = tuple(sorted((*self.closings, step), key=lambda one: one.order))
        return replace(self, closings=closings[-MAX_CLOSINGS:])

    def ended_by(self, at: datetime) -> tuple[Step, ...]:
        """Return the closings that end what opened at that time."""
        return tuple(step for step in self.closings if step.at >= at)

    def ends(self, at: datetime) -> tuple[str, ...]:
        """Return the incidents that a closing at that time ends."""
        return tuple(sorted({one.incident for one in self.openings if one.at <= at}))
