"""When to try again, how often and for how long (D13): two classes, because two things take their time.

*Network*: a call that failed by chance is made again, 3 times, 2 s apart (NFR-8): `attempts` never counts the
first call, here and in the manifest. *Propagation*: a role or a name that is there but has not spread through
Azure yet, minutes with backoff. Both wait at least as long as they are asked to.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import tenacity

from vibedata.errors import Blocked, Transient, VibedataError

T = TypeVar("T")

ATTEMPTS = 3  # after the first (NFR-8), until a registry or a manifest says otherwise
DELAY_SECONDS = 2.0
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
LONGEST_RETRY_AFTER_SECONDS = 300.0
SPREADING = frozenset({"role-missing"})  # codes of what may still be on its way


@dataclass(frozen=True)
class Policy:
    """One class of retries: at most `attempts` tries after the first, for at most `seconds` (None: no limit)."""

    attempts: int | None
    seconds: float | None
    delay: float
    factor: float
    spreading: bool = False

    def applies(self, error: BaseException) -> bool:
        """Say whether this class is meant for that error."""
        if self.spreading:
            return isinstance(error, Blocked) and error.code in SPREADING
        return isinstance(error, Transient)

    def pause(self, tries: int, error: BaseException) -> float:
        """Return the seconds to wait after that many tries; at least what the other side asked for."""
        asked = (error.retry_after or 0.0) if isinstance(error, Transient) else 0.0
        return max(
            asked, min(self.delay * self.factor ** (tries - 1), max(self.delay, LONGEST_PAUSE_SECONDS))
        )

    def spent(self, tries: int, elapsed: float, error: BaseException) -> bool:
        """Say whether to give up after that many tries and seconds."""
        if isinstance(error, Transient) and (error.retry_after or 0.0) > LONGEST_RETRY_AFTER_SECONDS:
            return True
        return (self.attempts is not None and tries > self.attempts) or (
            self.seconds is not None and elapsed >= self.seconds
        )


def network(attempts: int = ATTEMPTS, delay_seconds: float = DELAY_SECONDS) -> Policy:
    """Return the network class; its numbers come from the registry, until then from the manifest."""
    return Policy(attempts=attempts, seconds=None, delay=delay_seconds, factor=1.0)


def unknown() -> Policy | None:
    """Return no network class: the component registry has not said anything."""
    return None


def propagation(seconds: float) -> Policy:
    """Return the propagation class, which gives up after that many seconds."""
    return Policy(attempts=None, seconds=seconds, delay=FIRST_PAUSE_SECONDS, factor=2.0, spreading=True)


@dataclass(frozen=True)
class Patience:
    """How a flow calls its ports: both classes, and how to wait. `network` is the registry's, once there is one."""

    network: Policy | None
    propagation: Policy
    sleep: Callable[[float], None]
    now: Callable[[], datetime]

    def call(self, fn: Callable[[], T]) -> T:
        """Call `fn` until it answers; raises its error when the patience of its class is spent."""
        try:
            return fn()  # what answers at once, which is nearly all, needs no machinery
        except VibedataError as error:
            first = [error]
        policies = (self.network or network(), self.propagation)

        def again() -> T:
            if first:  # the first try, which counts as one; not held here, so nothing holds its frames
                raise first.pop()
            return fn()

        return call_with_retry(again, policies, sleep=self.sleep, now=self.now)

    def until_told(self, attempts: int, delay_seconds: float) -> Patience:
        """Return one with a manifest's numbers, unless the registry's are known."""
        return self if self.network else replace(self, network=network(attempts, delay_seconds))


def call_with_retry(
    fn: Callable[[], T],
    policies: Policy | Sequence[Policy],
    *,
    sleep: Callable[[float], None],
    now: Callable[[], datetime],
) -> T:
    """Call `fn` until it answers; raises its error when no class, or no patience of its class, is left."""
    budgets = [_Budget(policy, now) for policy in ([policies] if isinstance(policies, Policy) else policies)]

    def budget(state: tenacity.RetryCallState) -> _Budget:
        return next(b for b in budgets if b.policy.applies(_error(state)))

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: any(b.policy.applies(error) for b in budgets)),
        stop=lambda state: budget(state).spent(_error(state)),
        wait=lambda state: budget(state).pause(_error(state)),
        sleep=sleep,
        reraise=True,
    )
    try:
        return retrying(fn)
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)
        raise
    finally:
        # Else the call is part of a cycle, and with it what it carried: a storm of failures would keep thousands of
        # bodies until the garbage collector looks at everything.
        retrying.iter_state.reset()


class _Budget:
    """What one call has used of a policy; the time runs from the first error of its class."""

    def __init__(self, policy: Policy, now: Callable[[], datetime]) -> None:
        self.policy = policy
        self._now = now
        self._began: datetime | None = None
        self._tries = 0

    def pause(self, error: BaseException) -> float:
        self._tries += 1  # counted here: tenacity asks for the pause first, then whether to stop
        wait, elapsed = self.policy.pause(self._tries, error), self._elapsed()
        return wait if self.policy.seconds is None else max(min(wait, self.policy.seconds - elapsed), 0.0)

    def spent(self, error: BaseException) -> bool:
        return self.policy.spent(self._tries, self._elapsed(), error)

    def _elapsed(self) -> float:
        self._began = self._began or self._now()
        return (self._now() - self._began).total_seconds()


def _error(state: tenacity.RetryCallState) -> VibedataError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, VibedataError)  # noqa: S101 - retry_if_exception has seen it
    return error
