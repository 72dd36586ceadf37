"""Speaks to a running stack's control listener from another process."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local_stack.core.control import control_key
from local_stack.core.errors import StackError
from local_stack.core.lock import running


class ControlClient:
    """Calls the control listener of the stack in `directory`. Raises StackError when none runs there."""

    def __init__(self, directory: Path) -> None:
        facts = running(directory)
        if facts is None:
            raise StackError(
                f"No stack is running in {directory}. Start one: "
                f"`python -m local_stack up --directory {directory}` (or `make stack`)."
            )
        self.addresses: dict[str, str] = facts["addresses"]
        self.pid: int = facts["pid"]
        self._key = control_key(directory)
        self._tls = ssl.create_default_context(cafile=str(directory / "keys" / "ca.pem"))

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Return the answer's JSON (None for an empty one). Raises StackError with the refusal's message."""
        request = urllib.request.Request(  # noqa: S310 - always the stack's own https address
            self.addresses["control"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._tls)
        )
        try:
            with opener.open(request, timeout=30) as reply:
                text = reply.read()
        except urllib.error.HTTPError as error:
            raise StackError(_message(error)) from error
        except OSError as error:
            raise StackError(f"The stack's control listener does not answer: {error}.") from error
        return json.loads(text) if text else None


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The stack answered {error.code}."
