"""What the way of an alert asks of the world: the queue, the claims, what was rejected, who may call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from vibedata.alerts.cause import Cause
from vibedata.alerts.delivery import Delivery
from vibedata.alerts.incident import Incident
from vibedata.alerts.kept import KeptBody
from vibedata.alerts.message import Message
from vibedata.alerts.noise import Ledger, Limited, Notice
from vibedata.alerts.poison import Diagnosis, Poisoned, Stranded
from vibedata.alerts.reconciling import AlertInstance
from vibedata.errors import VibedataError
from vibedata.registry import Row


class AlertQueue(Protocol):
    """The storage queue `alerts`, which the processor is started by."""

    def send(self, message: Message, *, after: float = 0.0) -> None:
        """Put a message on the queue for ever (no expiry); a body that does not fit goes to the claims first.

        `after`: nobody sees it for so many seconds, rounded up.

        Sending the same again is a second message: it is the processor that knows a delivery from its repetition.
        Raises Transient; Blocked (alert-queue-missing, role-missing).
        """


class AlertBacklog(Protocol):
    """What waits on the queues of the alerts."""

    def waiting(self) -> Mapping[str, int]:
        """Return about how many messages each queue holds, by its name: `alerts`, `alerts-poison`.

        Raises Transient; Blocked (alert-queue-missing, role-missing); BadInput (settings-missing).
        """


class AlertClaims(Protocol):
    """The bodies that are too large for a message, in the container `alerts-claims`."""

    def store(self, delivery_key: str, body: bytes) -> str:
        """Keep a body, and return the claim, its name; storing it again only makes it younger."""

    def read(self, name: str) -> bytes:
        """Return the body of a claim, verified. Raises Failed (alert-claim-missing, alert-claim-tampered)."""

    def expire(self, before: datetime) -> int:
        """Delete the bodies that were stored before then; returns how many."""


class RejectedAlerts(Protocol):
    """The bodies that are no alerts, for a person to look at, in the container `alerts-rejected`."""

    def keep(self, raw: bytes, *, code: str, reason: str, received_at: datetime, origin: str) -> str:
        """Keep a body with the reason, once; returns its name, which follows from the body.

        Keeping it again on another day only makes it younger.
        """

    def expire(self, before: datetime) -> int:
        """Delete what was kept before then, given up or put back, and rows that the log refused; returns how many."""


class AlertInstances(Protocol):
    """The alert instances that Azure itself keeps, for 30 days (Alerts Management)."""

    def changed(self, since: datetime) -> Iterable[AlertInstance]:
        """Yield each instance that changed at `since` or later, in any order, and perhaps a few that did not.

        Raises Transient, Blocked (role-missing), Failed (alert-instances-endless: ask for what changed first).
        """

    def changed_first(self, since: datetime, until: datetime) -> tuple[Sequence[AlertInstance], datetime]:
        """Return those that changed first, at `since` or later, and the moment up to which they are all.

        Raises as `changed`, yet endless only where too many that started before `since` changed after it.
        """


class Watermarks(Protocol):
    """How far a reader of something that goes on for ever has come; each has a name of its own."""

    def read(self, name: str) -> datetime | None:
        """Return the moment up to which everything was read; None before the first time."""

    def advance(self, name: str, moment: datetime) -> bool:
        """Keep the moment unless a later one is kept; tell whether it was written. Raises Transient."""

    def noted(self, name: str) -> str:
        """Return what the reader has noted for its next run, "" where nothing is."""

    def note(self, name: str, text: str) -> None:
        """Note a text instead, of 200,000 characters at most; two readers side by side may lose one of theirs.

        Raises Transient, Blocked.
        """


class PoisonedAlerts(Protocol):
    """The messages that the processor gave up, below `poison/` in the container `alerts-rejected`."""

    def keep(self, raw: bytes, *, claimed: bytes | None, told: Diagnosis, at: datetime) -> Poisoned:
        """Keep a message, and the body that it claims, under the message's digest; return what is kept.

        The same bytes again write nothing, unless they were requeued meanwhile: then they have been poisoned once more.
        """

    def kept(self) -> list[Poisoned]:
        """Return what is kept, oldest first."""

    def read(self, name: str) -> tuple[Poisoned, bytes, bytes | None]:
        """Return one, its bytes, and the body that it claimed. Raises BadInput (alert-poison-unknown)."""

    def requeued(self, name: str, at: datetime) -> None:
        """Mark one as put back on the queue."""


class StrandedMessages(Protocol):
    """What lies on the queue `alerts-poison`, and no function takes any more. Both raise Transient, Blocked."""

    def older(self, than: datetime) -> Iterable[Stranded]:
        """Yield the messages that were put there before then; each is nobody else's for five minutes."""

    def done(self, one: Stranded) -> None:
        """Delete one from the queue."""


class KeptBodies(Protocol):
    """Every body of an alert that is kept, by its blob: `alerts-claims/…`, `alerts-rejected/…`."""

    def read(self, path: str) -> tuple[KeptBody, bytes]:
        """Return what is known of one, and its bytes; of a rejected one the first letters of its name are enough.

        Raises BadInput (alert-body-unknown, alert-body-ambiguous, alert-body-too-large), Transient, Blocked.
        """

    def rejected(self) -> Iterable[KeptBody]:
        """Yield the bodies that intake took for no alert, in any order. Raises Transient, Blocked."""


class RegistryRows(Protocol):
    """The component registry, to look at only."""

    def read(self, prefix: str = "") -> Sequence[Row]:
        """Return the rows whose key starts with `prefix`; may be half a minute old, or an hour while
        the registry does not answer. Raises Transient, Blocked.
        """


class Deliveries(Protocol):
    """The deliveries that are done: their rows are in the operations log. Both raise Transient, Blocked."""

    def seen(self, key: str) -> bool:
        """Say whether this delivery is done."""

    def record(self, delivery: Delivery) -> None:
        """Keep that a delivery is done; recording it again writes nothing."""

    def expire(self, now: datetime, partitions: Sequence[str], at_most: int) -> int:
        """Delete what has been kept long enough, in those partitions; return how many."""


class Incidents(Protocol):
    """The incidents, and what processors must agree on about them. Each row is read, decided on, and written as it was.

    Every write raises Transient (incident-changed) when another processor was faster: whoever writes reads again.
    All raise Transient and Blocked (role-missing) besides.
    """

    def read(self, key: str) -> tuple[Incident, str] | None:
        """Return an incident and its version, None when there is none."""

    def write(self, incident: Incident, version: str | None) -> None:
        """Write an incident over the version that was read; None: it is new."""

    def list(self, *, only_open: bool = False) -> Iterable[Incident]:
        """Yield incidents, in no order."""

    def read_cause(self, key: str) -> tuple[Cause, str | None]:
        """Return what opened and closed under a correlation key, and its version; an empty one when there is none."""

    def write_cause(self, cause: Cause, version: str | None) -> None:
        """Write it over the version that was read."""

    def read_ledger(self, rule: str) -> tuple[Ledger, str | None]:
        """Return the notices that a rule has opened, and its version; an empty one when there is none."""

    def write_ledger(self, ledger: Ledger, version: str | None) -> None:
        """Write it over the version that was read."""

    def mark(self, incident: Incident) -> None:
        """Have an incident found by `open_of`, or no longer once it is closed, unless it is open again by now."""

    def open_of(self, components: Sequence[str], lately: Callable[[Incident], bool]) -> Incident | None:
        """Return an open, marked incident for which `lately` holds, of the first of the components that has one.

        May be seconds old; of very many open incidents of a component not all are looked at.
        """

    def count_limited(self, limited: Limited, delivery: str) -> bool:
        """Count a delivery that had no notice for its rule's limit, once; tell whether it is the window's first."""

    def limited(self, before: datetime) -> Sequence[tuple[Limited, int]]:
        """Return the windows that ended before then in which a rule was limited, and how many their rows tell of."""

    def counted(self, limited: Limited) -> int:
        """Return how many deliveries had no notice in a window; it reads a row for each."""

    def limited_told(self, limited: Limited, count: int) -> None:
        """Keep that the row of a window tells of so many."""

    def forget_limited(self, limited: Limited) -> None:
        """Delete a window."""

    def expire(self, now: datetime, partitions: Sequence[str], at_most: int) -> int:
        """Delete what has been kept long enough in those partitions, open incidents much longer; return how many."""


class AlertRows(Protocol):
    """Where the rows of alerts go."""

    def deliver(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Return when the operations log has accepted the rows, or they are spooled durably while it is down.

        Rows that are delivered side by side travel together. Raises Transient (alert-rows-undelivered).
        """

    def drain(self, seconds: float) -> int:
        """Deliver what waits in the spool, for at most so long; return how many batches were delivered."""


class Notices(Protocol):
    """Who tells people. Doing either again for the same incident and delivery tells nobody twice."""

    def open(self, notice: Notice) -> None:
        """Tell that an incident has opened. Raises Transient."""

    def close(self, notice: Notice) -> None:
        """Tell that it has ended. Raises Transient."""


class Outages(Protocol):
    """Who tells that alerts are put off, and why."""

    def tell(self, why: VibedataError) -> None:
        """Tell what alerts are put off for, once an hour however often it is told here. Raises Transient."""


class Callers(Protocol):
    """Who may deliver alerts by HTTP: the action groups of this tenant."""

    def admit(self, authorization: str) -> None:
        """Return if the Authorization header's token is good.

        Raises BadInput (token-refused), Blocked (alert-http-shut), Transient (token-keys-unreachable).
        """


class AlertSender(Protocol):
    """A way in for alerts that somebody sends by hand: to try an instance, to practise, to load it."""

    def send(self, body: bytes) -> Mapping[str, Any]:
        """Hand a body over as it is, once; return what the other side said of it, as JSON values.

        Raises Transient; Blocked (role-missing, alert-path-shut); Failed (alert-not-delivered).
        """
