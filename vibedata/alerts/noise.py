"""Who need not be told: decisions on notices, never on rows. What opens may be suppressed; what closes never is.

In this order, the first that applies:

    already-open     the incident is open: whoever is told of it has been told
    already-closed   the delivery came after the one that ended what it tells of
    cause            a component that this one depends on has an open incident: this is a symptom of it
    repeat           the same trouble (fingerprint) has a notice, and has not ended since
    limit            the rule has had its notices for this window; one row sums up how many more there were
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from vibedata.alerts.incident import Incident
from vibedata.alerts.model import comparable
from vibedata.envelope import NAMESPACE
from vibedata.registry import COMPONENT, Row

MAX_FINGERPRINTS = 64  # of a rule: the newest stay
OPEN = "open"
CLOSE = "close"
LIMIT = "limit"
SUPPRESSED = "suppressed:"
_MIDNIGHT = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Limits:
    """How many notices a rule may open in a window, and how long a notice stands for the same trouble again."""

    notices: int = 10
    window: timedelta = timedelta(hours=1)
    repeat: timedelta = timedelta(hours=24)
    repeat_of_events: timedelta = timedelta(hours=1)  # of what nobody ever resolves


@dataclass(frozen=True)
class Verdict:
    """What becomes of a delivery's notice: `open`, `close`, or why there is none, in a word and in a sentence."""

    word: str
    why: str = ""

    @property
    def is_suppressed(self) -> bool:
        """Whether the delivery is told by its row alone."""
        return self.word not in (OPEN, CLOSE)

    @property
    def text(self) -> str:
        """The verdict as an incident keeps it."""
        return f"{SUPPRESSED}{self.word}:{self.why}" if self.is_suppressed else self.word


@dataclass(frozen=True)
class Noticed:
    """A notice that a rule has opened."""

    at: datetime
    delivery: str
    incident: str
    fingerprint: str


@dataclass(frozen=True)
class Limited:
    """A window in which a rule had no more notices."""

    rule: str
    start: datetime
    end: datetime

    @property
    def event_id(self) -> str:
        """The EventId of the row that sums it up."""
        return str(uuid.uuid5(NAMESPACE, f"alert-limit/{self.rule}/{self.end.isoformat()}"))


@dataclass(frozen=True)
class Notice:
    """What people are told, when an incident opens and when it ends."""

    incident: str
    delivery: str
    component: str
    rule: str
    severity: str
    at: datetime
    summary: str
    link: str = ""

    def event_id(self, word: str) -> str:
        """Return the EventId of the notice that opens or closes."""
        return str(uuid.uuid5(NAMESPACE, f"notice/{word}/{self.incident}/{self.delivery}"))


@dataclass(frozen=True)
class Ledger:
    """The notices that one rule has opened lately, oldest first."""

    rule: str
    notices: tuple[Noticed, ...] = ()

    def has(self, delivery: str) -> bool:
        """Say whether this delivery has its notice."""
        return any(one.delivery == delivery for one in self.notices)

    def same_trouble(self, fingerprint: str, delivery: str) -> Noticed | None:
        """Return the newest notice of the same trouble, another delivery's."""
        found = (one for one in reversed(self.notices) if one.fingerprint == fingerprint)
        return next((one for one in found if one.delivery != delivery), None)

    def is_full(self, at: datetime, limits: Limits) -> bool:
        """Say whether the rule has had its notices for the window that `at` is in."""
        start, end = window(at, limits)
        if len(self.notices) >= MAX_FINGERPRINTS and end <= self.notices[0].at:
            return True  # what it had so long ago is forgotten, and it has had many since
        return sum(start <= one.at < end for one in self.notices) >= limits.notices

    def noticed(self, notice: Noticed) -> Ledger:
        """Return the ledger with a notice more, once."""
        if self.has(notice.delivery):
            return self
        kept = sorted((*self.notices, notice), key=lambda one: (one.at, one.delivery))
        return replace(self, notices=tuple(kept[-MAX_FINGERPRINTS:]))


def verdict_of(text: str) -> Verdict:
    """Return the verdict that an incident kept."""
    if not text.startswith(SUPPRESSED):
        return Verdict(text or OPEN)
    word, _, why = text.removeprefix(SUPPRESSED).partition(":")
    return Verdict(word, why)


def at_once(
    before: Incident | None, after: Incident, condition: str, at: datetime, limits: Limits
) -> Verdict | None:
    """Return the verdict that the incident alone gives; None: others have a say.

    What nobody ever resolves is open for ever, and yet fires anew: a budget has one alertId for all of its thresholds.
    """
    if condition == "Resolved":
        return Verdict(CLOSE)
    if before is not None and before.is_open and not _fires_anew(before, at, limits):
        return Verdict("already-open", f"the incident is open since {_clock(before.opened_at)}")
    if not after.is_open:
        return Verdict("already-closed", f"the incident ended at {_clock(after.closed_at)}")
    return None


def _fires_anew(incident: Incident, at: datetime, limits: Limits) -> bool:
    opened = incident.opened_at
    return not incident.facts.resolves and opened is not None and at - opened > limits.repeat_of_events


def is_lately_told(cause: Incident, at: datetime, limits: Limits) -> bool:
    """Say whether a cause still stands for its symptoms: what a rule without state opens, nobody ever closes."""
    return all(abs(at - step.at) <= limits.repeat for step in cause.steps[-1:])


def symptom(component: str, cause: Incident) -> Verdict:
    """Return the verdict on the symptom of a cause."""
    named = cause.facts.component
    return Verdict(
        "cause", f"{component} depends on {named}, which has an open incident: {cause.facts.summary[:200]}"
    )


def repeated(earlier: Noticed, incident: Incident | None, at: datetime, limits: Limits) -> Verdict | None:
    """Return the verdict on the same trouble again, while the earlier notice stands."""
    if incident is None or not incident.is_open:
        return None
    stands = limits.repeat if incident.facts.resolves else limits.repeat_of_events
    if abs(at - earlier.at) > stands:
        return None
    return Verdict("repeat", f"the same trouble has had its notice at {_clock(earlier.at)}")


def limited(rule: str, at: datetime, limits: Limits) -> Verdict:
    """Return the verdict on what a rule fires beyond its limit."""
    _, end = window(at, limits)
    return Verdict(LIMIT, f"{rule} has had its {limits.notices} notices until {_clock(end)}")


def window(at: datetime, limits: Limits) -> tuple[datetime, datetime]:
    """Return start and end of the window that a time is in: windows are the same for every process."""
    start = at - (at - _MIDNIGHT) % limits.window
    return start, start + limits.window


def rule_key(rule_id: str, rule: str, kind: str) -> str:
    """Return what a rule is counted by."""
    return comparable(rule_id) if rule_id else f"{kind}/{rule}".lower()


def dependencies(rows: Iterable[Row], component: str) -> tuple[str, ...]:
    """Return what a component depends on, nearest first, through all levels."""
    edges: Mapping[str, tuple[str, ...]] = {
        row.name: tuple(str(name) for name in row.values.get("dependsOn") or ())
        for row in rows
        if row.key.startswith(COMPONENT)
    }
    found: dict[str, None] = {}
    level = edges.get(component, ())
    while level:
        fresh = [name for name in level if name not in found and name != component]
        found.update(dict.fromkeys(fresh))
        level = tuple(below for name in fresh for below in edges.get(name, ()))
    return tuple(found)


def is_depended_on(rows: Iterable[Row], component: str) -> bool:
    """Say whether another component depends on this one, so that it can be a cause."""
    return bool(component) and any(
        component in (row.values.get("dependsOn") or ()) for row in rows if row.key.startswith(COMPONENT)
    )


def _clock(at: datetime | None) -> str:
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M:%SZ}" if at else "an unknown time"
