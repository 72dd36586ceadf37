"""Says in the log why a function failed, in our own words, before the host learns that it did.

The host logs a traceback; a person looks for the code, which docs/errors.md explains, and for what to do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from vibedata.errors import VibedataError, expected

log = logging.getLogger("vibedata.functions")


@contextmanager
def told(function: str) -> Iterator[None]:
    """Log the code, message and hint of whatever a function raises, once, and let it through."""
    try:
        yield
    except Exception as caught:
        error = expected(caught).as_dict()
        log.error(
            "%s failed: %s: %s What to do: %s", function, error["code"], error["message"], error["hint"]
        )
        raise


def told_put_off(why: VibedataError, what: str) -> None:
    """Log that an alert could not be processed, why, and what became of it."""
    error = why.as_dict()
    log.warning(
        "process_alert: an alert %s: %s: %s What to do: %s",
        what,
        error["code"],
        error["message"],
        error["hint"],
    )
