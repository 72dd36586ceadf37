"""Faults as data: what goes wrong, for which service and operation, and how often. Kept until cleared or used up."""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from local_stack.core.store import Store

_CHANCE = random.SystemRandom()


@dataclass
class Fault:
    """One thing that goes wrong. `times` counts down and None means for ever; `rate` is a probability.

    `latency` (seconds) alone slows the answer; `status` answers instead of the service (`retry_after` in seconds);
    `reset` cuts the connection; with `after`, the service does its work first and only its answer is lost;
    `cut_after` cuts it after that many bytes of the answer's body. The first `skip` requests are spared.
    """

    service: str
    operation: str = "*"
    status: int | None = None
    retry_after: int | None = None
    latency: float = 0.0
    reset: bool = False
    after: bool = False
    cut_after: int | None = None
    skip: int = 0
    times: int | None = None
    rate: float = 1.0
    code: str = "ServiceUnavailable"
    message: str = "Injected by a fault of the local stack."
    path: str = "*"
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    @property
    def answers(self) -> bool:
        """Whether the fault takes the place of the service's answer."""
        return self.reset or self.status is not None


@dataclass(frozen=True)
class Hasty:
    """A request that came back before the Retry-After it was given had passed, by `early` seconds."""

    service: str
    operation: str
    path: str
    early: float


class Faults:
    """The faults that are set, and the settings that bend the stack's behaviour (`roles.propagation_seconds`)."""

    def __init__(self, store: Store) -> None:
        self._kept = store.collection("core", "faults")
        self._settings = store.collection("core", "fault_settings")
        self._loaded = {key: Fault(**value) for key, value in self._kept.items()}
        self._known = dict(self._settings)
        self._not_before: dict[tuple[str, str, str], float] = {}
        self.hasty: list[Hasty] = []

    def add(self, service: str, operation: str = "*", **what: Any) -> Fault:
        """Set a fault (see `Fault` for the fields) and return it."""
        fault = Fault(service, operation, **what)
        if not (fault.answers or fault.latency or fault.cut_after is not None):
            raise ValueError("a fault needs a status, a latency, a reset or a place to cut")
        self._keep(fault)
        return fault

    def remove(self, fault_id: str) -> None:
        """Remove one fault. Raises KeyError."""
        del self._kept[fault_id]
        del self._loaded[fault_id]

    def clear(self) -> None:
        """Remove every fault and every setting."""
        for kept in (self._kept, self._settings, self._loaded, self._known, self._not_before, self.hasty):
            kept.clear()

    def list(self) -> list[Fault]:
        """Return the faults in the order of their ids."""
        return [self._loaded[key] for key in sorted(self._loaded)]

    def set(self, setting: str, value: float | str) -> None:
        """Bend the stack's behaviour, as `set("roles.propagation_seconds", 5)`."""
        self._settings[setting] = value
        self._known[setting] = value

    def setting(self, name: str, default: float) -> float:
        """Return a number that was set, or the default."""
        return float(self._known.get(name, default))

    def text(self, name: str, default: str = "") -> str:
        """Return a word that was set, or the default."""
        return str(self._known.get(name, default))

    def settings(self) -> dict[str, Any]:
        """Return all settings."""
        return dict(self._known)

    def take(self, service: str, operation: str, path: str, query: str = "") -> Fault | None:
        """Return the fault that strikes this request, counting it; None when all is well.

        Who asks the same path something else (a token for another audience) was not told to wait.
        """
        asked = f"{path}?{query}"
        self._note_haste(service, operation, asked)
        for fault in list(self._loaded.values()):
            fits = fault.service in ("*", service) and fnmatchcase(operation, fault.operation)
            if fits and fnmatchcase(path, fault.path) and _CHANCE.random() < fault.rate:
                if fault.skip:
                    fault.skip -= 1
                    self._keep(fault)
                    continue
                self._count(fault)
                if fault.retry_after:
                    self._not_before[service, operation, asked] = time.monotonic() + fault.retry_after
                return fault
        return None

    def _note_haste(self, service: str, operation: str, asked: str) -> None:
        early = self._not_before.pop((service, operation, asked), 0.0) - time.monotonic()
        if early > 0:
            self.hasty.append(Hasty(service, operation, asked.rstrip("?"), round(early, 2)))

    def _count(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times > 0:
            self._keep(fault)
        else:
            self.remove(fault.id)

    def _keep(self, fault: Fault) -> None:
        self._loaded[fault.id] = fault
        self._kept[fault.id] = asdict(fault)
