"""What ties the event that ends something to the alerts that told of it, where each event is an alert of its own.

Service health, resource health, security alerts and the schemas before the common one. A cause is what shares a
correlation key: what opened (`openings`) and what closed (`closings`). Both sides write here first and then look at
the other, so whichever comes last closes the incident. As all of it, it is a merge: any order, any repetition.

A closing that has looked at what opened before it keeps that here, so that later ones need not look again: what had no
incident yet finds the closing itself. An incident ends with the first closing that comes to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from vibedata.alerts.incident import Step

MAX_OPENINGS = 64  # what can still be open stays before what has ended, the newest before the oldest
MAX_CLOSINGS = 16


@dataclass(frozen=True)
class Opening:
    """A time at which an incident of the cause opened; `ended`: a closing has seen to it that it ends."""

    at: datetime
    incident: str
    ended: bool = False

    @property
    def order(self) -> tuple[bool, datetime, str]:
        """What the openings of a cause are sorted by: the last are kept longest."""
        return not self.ended, self.at, self.incident


@dataclass(frozen=True)
class Cause:
    """What opened and what closed under one correlation key."""

    key: str
    openings: tuple[Opening, ...] = ()
    closings: tuple[Step, ...] = ()

    def opened(self, incident: str, at: datetime) -> Cause:
        """Return the cause with an opening in it."""
        if any((known.incident, known.at) == (incident, at) for known in self.openings):
            return self
        return self._with((*self.openings, Opening(at, incident)))

    def closed(self, step: Step) -> Cause:
        """Return the cause with a closing in it."""
        if self.has(step):
            return self
        closings = tuple(sorted((*self.closings, step), key=lambda one: one.order))
        return replace(self, closings=closings[-MAX_CLOSINGS:])

    def has(self, step: Step) -> bool:
        """Say whether a closing is in it."""
        return any(known.delivery == step.delivery for known in self.closings)

    def end_of(self, at: datetime) -> Step | None:
        """Return the first closing that ends what opened at that time."""
        return next((step for step in self.closings if step.at >= at), None)

    def ends(self, at: datetime, *, also_ended: bool) -> tuple[str, ...]:
        """Return the incidents that a closing at that time ends; those that are known to have ended only if asked."""
        found = {one.incident for one in self.openings if one.at <= at and (also_ended or not one.ended)}
        return tuple(sorted(found))

    def ended(self, incidents: Collection[str], until: datetime) -> Cause:
        """Return the cause with it kept that a closing at that time has been carried to these incidents."""
        return self._with(
            replace(one, ended=True) if one.at <= until and one.incident in incidents else one
            for one in self.openings
        )

    def _with(self, openings: Iterable[Opening]) -> Cause:
        return replace(self, openings=tuple(sorted(openings, key=lambda one: one.order))[-MAX_OPENINGS:])
