"""Puts a delivery into its incident, and decides about its notice: read, decide, write, again when another was faster.

What was decided stands: it is kept in the incident with the delivery, so that whoever processes the same message
again, after a crash at whatever point, decides the same and writes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from vibedata.alerts import incident, noise
from vibedata.alerts.cause import Cause
from vibedata.alerts.incident import Facts, Incident, Step
from vibedata.alerts.model import Alert
from vibedata.alerts.noise import Limited, Limits, Noticed, Verdict
from vibedata.brief_patience import BriefPatience
from vibedata.errors import Transient
from vibedata.ports.alerts import Incidents
from vibedata.registry import Row

ATTEMPTS = 40
LONGEST_PAUSE_SECONDS = 0.25
DELIVERED = Verdict("delivered", "the delivery itself came before reconciliation")
RECONCILED = Verdict("reconciled", "reconciliation came before the delivery, and told of it")
ENDED = "ended"
CHANGED = "incident-changed"

T = TypeVar("T")


@dataclass(frozen=True)
class Ended:
    """An incident that was open, and the delivery of another one that ended it."""

    incident: Incident
    delivery: str


@dataclass(frozen=True)
class Decided:
    """What became of a delivery in its incident; `ended` is what events of the same cause have closed.

    A reconciled delivery has no row where the real one was there first. `was_known`: another attempt has put the
    delivery into its incident, and may be about to write its row.
    """

    incident: Incident
    event_id: str
    verdict: Verdict
    has_row: bool = True
    ended: tuple[Ended, ...] = ()
    limited: Limited | None = None
    was_known: bool = False


@dataclass(frozen=True)
class Decider:
    """Decides on one delivery, an alert with the step that it is and the facts that it tells."""

    alert: Alert
    step: Step
    facts: Facts
    incidents: Incidents
    rows: Sequence[Row]
    limits: Limits
    patience: BriefPatience
    unanswered: list[Incident] = field(
        default_factory=list
    )  # writes of this delivery that may have been done

    def decide(self) -> Decided:
        """Put the delivery into its incident. Raises Transient."""
        if self.alert.kind not in incident.CLOSED_BY_CORRELATION:
            return self._again(lambda: self._placed(None))
        if self.step.condition == "Resolved":
            return self._closing()
        return self._opening()

    def _opening(self) -> Decided:
        cause = self._again(self._opened)
        decided = self._again(lambda: self._placed(cause.end_of(self.step.at)))
        # Whoever closed meanwhile may have found no incident yet: it is there now, so one of us finds the other.
        now, _ = self._again(lambda: self.incidents.read_cause(self.alert.correlation_key))
        found, at = decided.incident, self.step.at
        end = now.end_of(at)
        if end and not (found.closed_at and found.closed_at >= at):
            found = self._again(partial(self._ended, found.key, end)) or found
        ended = [one for one in now.closings if one.at >= at and _is_closed_by(found, one)]
        return replace(decided, ended=tuple(Ended(found, one.delivery) for one in ended))

    def _closing(self) -> Decided:
        cause, is_known = self._again(self._closed)
        decided = self._again(lambda: self._placed(None))
        if not decided.has_row:
            return decided
        # A former attempt may have ended some and told nobody, and another closing have kept that they have ended.
        keys = cause.ends(self.step.at, also_ended=is_known)
        others = [key for key in keys if key != self.alert.incident_key]
        found = {key: self._again(partial(self._ended, key, self.step)) for key in others}
        found[self.alert.incident_key] = decided.incident
        # One that is not there yet looks here itself once it is; one that is open has opened again since.
        done = [key for key, now in found.items() if now is None or not now.is_open]
        self._again(lambda: self._keep_ended(done))
        told = [now for key in others if (now := found[key]) and _is_closed_by(now, self.step)]
        return replace(decided, ended=tuple(Ended(now, self.step.delivery) for now in told))

    def _placed(self, end: Step | None) -> Decided:
        """Merge the delivery into its incident, once, with what has ended it already."""
        key, step = self.alert.incident_key, self.step
        before, version = self.incidents.read(key) or (None, None)
        known = next((one for one in before.steps if _is_own(one, step)), None) if before else None
        has_row = not (step.reconciled and incident.is_delivered(before, step.said, step.said_at))
        if before and (known or not has_row):
            self._mark(before)
            verdict = noise.verdict_of(known.verdict) if known else DELIVERED
            others = bool(known) and not self.unanswered
            return replace(self._decided(before, known or step, verdict, has_row), was_known=others)
        timeless = step.said == "Resolved" and self.alert.resolved_at == self.alert.fired_at
        taken = (
            None
            if step.reconciled
            else incident.reconciled_step(before, step.said, step.said_at, timeless=timeless)
        )
        if taken:
            # What Azure's list calls fired may turn out to be an end: it ends what was taken for a beginning, too.
            at = max(step.at, taken.at) if step.condition == "Resolved" else step.at
            step = replace(step, event_id=taken.event_id, at=at)
        after = incident.merge(before, step, self.facts) if before else incident.begun(key, step, self.facts)
        if end:
            after = incident.merge(after, incident.carried(end))
            if before and before.is_open and not after.is_open:
                # Whoever has closed it, and we, meet it here, and tell of it.
                after = incident.decided(after, end.delivery, noise.CLOSE)
        is_told = taken is not None and taken.condition == step.condition
        verdict = RECONCILED if is_told else self._verdict(before, after)
        after = incident.decided(after, step.delivery, verdict.text)
        self._mark_open(before, after)
        self._write(after, version)
        if before and after.is_open != before.is_open:
            # Also where it opens: who closed it before may have deleted the mark since, and looked before this write.
            self._mark(after)
        return self._decided(after, step, verdict)

    def _write(self, after: Incident, version: str | None) -> None:
        """Write the incident; remember it where nobody said whether it was written."""
        try:
            self.incidents.write(after, version)
        except Transient as error:
            if error.code != CHANGED:
                self.unanswered.append(after)
            raise

    def _decided(self, now: Incident, step: Step, verdict: Verdict, has_row: bool = True) -> Decided:
        limited = None
        if verdict.word == noise.LIMIT:
            limited = Limited(self._rule, *noise.window(self.step.at, self.limits))
        return Decided(now, step.event_id, verdict, has_row, limited=limited)

    def _verdict(self, before: Incident | None, after: Incident) -> Verdict:
        known = noise.at_once(before, after, self.step.condition, self.step.at, self.limits)
        if known:
            return known
        above = noise.dependencies(self.rows, after.facts.component)
        cause = self.incidents.open_of(above, partial(self._explains, after)) if above else None
        if cause:
            return noise.symptom(after.facts.component, cause)
        return self._noticed()  # with the patience of all of this

    def _explains(self, symptom: Incident, cause: Incident) -> bool:
        self.patience.check()  # there may be many
        return cause.key != symptom.key and noise.is_lately_told(cause, self.step.at, self.limits)

    def _noticed(self) -> Verdict:
        """Take a notice from the rule's ledger, if it may have one."""
        step, alert = self.step, self.alert
        ledger, version = self.incidents.read_ledger(self._rule)
        if ledger.has(step.delivery):
            return Verdict(noise.OPEN)
        earlier = ledger.same_trouble(alert.fingerprint, step.delivery)
        if earlier and earlier.incident != alert.incident_key:
            found = self.incidents.read(earlier.incident)
            repeated = noise.repeated(earlier, found[0] if found else None, step.at, self.limits)
            if repeated:
                return repeated
        if ledger.is_full(step.at, self.limits):
            return noise.limited(self._rule, step.at, self.limits)
        notice = Noticed(step.at, step.delivery, alert.incident_key, alert.fingerprint)
        self.incidents.write_ledger(ledger.noticed(notice), version)
        return Verdict(noise.OPEN)

    def _opened(self) -> Cause:
        before, version = self.incidents.read_cause(self.alert.correlation_key)
        after = before.opened(self.alert.incident_key, self.step.at)
        if after != before:
            self.incidents.write_cause(after, version)
        return after

    def _closed(self) -> tuple[Cause, bool]:
        """Return the cause with the closing in it, and whether it may have been there before: only the newest stay."""
        before, version = self.incidents.read_cause(self.alert.correlation_key)
        after = before.closed(self.step)
        if after == before:
            return after, True
        self.incidents.write_cause(after, version)
        return after, False

    def _keep_ended(self, keys: Sequence[str]) -> None:
        """Spare later closings the look at these incidents."""
        before, version = self.incidents.read_cause(self.alert.correlation_key)
        after = before.ended(keys, self.step.at)
        if after != before:
            self.incidents.write_cause(after, version)

    def _ended(self, key: str, closing: Step) -> Incident | None:
        """Return an incident of the cause, ended by a closing; None when it is yet to come and finds the closing."""
        before, version = self.incidents.read(key) or (None, None)
        if before is None or not before.is_open:
            return before
        if before.step(closing.delivery):  # and it has opened again since
            self._mark(before)
            return before
        after = incident.merge(before, incident.carried(closing))
        if not after.step(closing.delivery):  # older than the steps that are kept
            return before
        after = incident.decided(after, closing.delivery, ENDED if after.is_open else noise.CLOSE)
        self.incidents.write(after, version)
        if not after.is_open:
            self._mark(after)
        return after

    def _mark_open(self, before: Incident | None, after: Incident) -> None:
        """Have an incident found by its symptoms, before it is written: a mark too many is looked up and overlooked."""
        if after.is_open and not (before and before.is_open):
            self._mark(after)

    def _mark(self, found: Incident) -> None:
        if self._is_cause(found):
            self.incidents.mark(found)

    def _is_cause(self, found: Incident) -> bool:
        return found.facts.resolves and noise.is_depended_on(self.rows, found.facts.component)

    @property
    def _rule(self) -> str:
        return noise.rule_key(self.alert.rule_id, self.alert.rule, self.alert.kind)

    def _again(self, fn: Callable[[], T]) -> T:
        """Call with the network's patience, at once again when another processor was faster. Raises Transient."""

        def undisturbed() -> T:
            for again in range(ATTEMPTS):
                try:
                    return fn()
                except Transient as error:
                    if error.code != CHANGED:
                        raise
                longest = min(LONGEST_PAUSE_SECONDS, 0.01 * 2**again)
                self.patience.sleep(random.random() * longest)  # noqa: S311 - no secret
            return fn()

        return self.patience.call(undisturbed)


def _is_own(known: Step, step: Step) -> bool:
    """Say whether it is this delivery; what opened under the id of its own end may have been ended by it before."""
    return known.delivery == step.delivery and not known.is_carried


def _is_closed_by(found: Incident, closing: Step) -> bool:
    """Say whether it was this closing that ended an open incident, so that it is this one that is told of."""
    known = found.step(closing.delivery)
    return known is not None and known.verdict == noise.CLOSE
