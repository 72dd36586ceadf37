"""When to ask a registry again: a few times, politely, and never longer than the caller can wait."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar

from oci.errors import OciError
from oci.wire import Answer, unavailable

T = TypeVar("T")
LONGEST_WAIT_SECONDS = 60.0
_FIRST_WAIT_SECONDS = 0.5
_TOKEN = re.compile(r"eyJ[A-Za-z0-9_.~+/=-]{10,}|(?i:bearer|basic) [A-Za-z0-9_.~+/=-]{8,}")
_HINTS = {
    400: "the registry does not take this as it is; `inspect` shows what was sent",
    409: "something of that name is there already and may not change",
    412: "something of that name is there already and may not change",
    413: "the registry takes no bytes of this size",
}


class Retrying:
    """Runs an action up to `attempts` times while what it raises is transient."""

    def __init__(self, attempts: int, sleep: Callable[[float], None]) -> None:
        self._attempts = attempts
        self.pause = sleep

    def __call__(self, action: Callable[[], T]) -> T:
        """Return what the action returns; the last OciError is raised."""
        wait = _FIRST_WAIT_SECONDS
        for _ in range(self._attempts - 1):
            try:
                return action()
            except OciError as error:
                pause = max(wait, error.retry_after or 0.0)
                if not error.transient or pause > LONGEST_WAIT_SECONDS:
                    raise
                self.pause(pause)
                wait *= 2
        return action()


def raise_for_status(response: Answer) -> Answer:
    """Return a good answer. Raises OciError for others (oci-not-found, oci-throttled, oci-unavailable)."""
    if response.status_code < 300:
        return response
    status, url = response.status_code, response.url.partition("?")[0]
    said, pause = _said(response), retry_after(response)
    response.close()
    if status == 404:
        raise OciError(
            "oci-not-found", f"{url}: {said or 'not found'}", "check the name, the tag and the digest"
        )
    if status == 429:
        raise OciError("oci-throttled", f"{url}: too many requests", "wait, then run it again", pause)
    if status in (408, 500, 502, 503, 504):
        raise unavailable(url, f"answered {status}", pause)
    hint = _HINTS.get(status, "check what the registry says")
    raise OciError("oci-push-refused", f"{url}: answered {status} {said}".strip(), hint)


def retry_after(response: Answer) -> float | None:
    """Return the seconds that the other side asks to wait, if it does."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    try:
        asked = parsedate_to_datetime(text)
        sent = parsedate_to_datetime(response.headers["Date"])
        return max(0.0, (asked - sent).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None


def _said(response: Answer) -> str:
    try:
        text = (response.content or response.read(4096))[:300].decode(errors="replace")
    except Exception:  # noqa: BLE001 - the text only adds to an error that is raised anyway
        return ""
    text = _TOKEN.sub("…", text)  # a server may repeat what it was sent
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
