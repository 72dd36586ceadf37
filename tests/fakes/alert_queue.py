"""AlertQueue, AlertClaims and RejectedAlerts in memory, and the callers of the HTTP fallback."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from vibedata.alerts.message import Message, claim_name, decode, encode, fits
from vibedata.errors import BadInput, Blocked, Failed, Transient, VibedataError

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)


class FakeAlertClaims:
    """Holds bodies by their claim, and when each was stored."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.stored: dict[str, datetime] = {}
        self.now = NOW

    def store(self, delivery_key: str, body: bytes) -> str:
        name = claim_name(delivery_key, body)
        self.bodies[name], self.stored[name] = body, self.now
        return name

    def read(self, name: str) -> bytes:
        if name not in self.bodies:
            raise Failed("alert-claim-missing", name, hint="look at Azure Monitor")
        if hashlib.sha256(self.bodies[name]).hexdigest() != name.rpartition("/")[2]:
            raise Failed("alert-claim-tampered", name, hint="find out who")
        return self.bodies[name]

    def expire(self, before: datetime) -> int:
        old = [name for name, stored in self.stored.items() if stored < before]
        for name in old:
            del self.bodies[name], self.stored[name]
        return len(old)

    def tamper(self, name: str, body: bytes) -> None:
        """Put other bytes under a claim, as an intruder would."""
        self.bodies[name] = body


class FakeAlertQueue:
    """Holds what was enqueued, in order, and what nobody sees yet; `trouble` is raised after `good` more sends."""

    def __init__(self, claims: FakeAlertClaims | None = None) -> None:
        self.claims = claims or FakeAlertClaims()
        self.sent: list[bytes] = []
        self.hidden: list[tuple[float, bytes]] = []
        self.trouble: VibedataError | None = None
        self.good = 0

    def send(self, message: Message, *, after: float = 0.0) -> None:
        if self.trouble is not None and self.good <= 0:
            raise self.trouble
        self.good -= 1
        encoded = encode(message)
        if message.body is not None and not fits(encoded):
            claim = self.claims.store(message.delivery_key, message.body)
            encoded = encode(replace(message, body=None, claim=claim))
        if after > 0:
            self.hidden.append((after, encoded))
        else:
            self.sent.append(encoded)

    def wait(self, seconds: float) -> None:
        """Let so much time pass: what was hidden for no longer is seen."""
        later = [(after - seconds, encoded) for after, encoded in self.hidden]
        self.sent += [encoded for after, encoded in sorted(later) if after <= 0]
        self.hidden = [one for one in later if one[0] > 0]

    @property
    def messages(self) -> list[Message]:
        """What is on the queue."""
        return [decode(raw) for raw in self.sent]

    def bodies(self) -> list[bytes]:
        """The bodies of what is on the queue, claims redeemed."""
        return [self.claims.read(one.claim) if one.claim else one.body or b"" for one in self.messages]


@dataclass(frozen=True)
class Kept:
    """A body that was rejected."""

    raw: bytes
    code: str
    reason: str
    received_at: datetime
    origin: str


@dataclass
class FakeRejectedAlerts:
    """Holds bodies by name; the first reason stands."""

    kept: dict[str, Kept] = field(default_factory=dict)
    trouble: VibedataError | None = None

    def keep(self, raw: bytes, *, code: str, reason: str, received_at: datetime, origin: str) -> str:
        if self.trouble is not None:
            raise self.trouble
        name = f"sha256/{hashlib.sha256(raw).hexdigest()}"
        self.kept.setdefault(name, Kept(raw, code, reason, received_at, origin))
        return name

    def expire(self, before: datetime) -> int:
        old = [name for name, one in self.kept.items() if one.received_at < before]
        for name in old:
            del self.kept[name]
        return len(old)


@dataclass
class FakeCallers:
    """Lets in who says the word."""

    word: str = "Bearer good"
    shut: bool = False
    trouble: VibedataError | None = None

    def admit(self, authorization: str) -> None:
        if self.shut:
            raise Blocked("alert-http-shut", "shut", hint="open it")
        if self.trouble is not None:
            raise self.trouble
        if authorization != self.word:
            raise BadInput("token-refused", "no", hint="bring a token")


def busy() -> Transient:
    """Return what a storage account says that has too much to do."""
    return Transient("azure-busy", "503", hint="again")
