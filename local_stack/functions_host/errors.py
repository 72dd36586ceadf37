"""What makes the host refuse to run an app."""

from __future__ import annotations


class HostError(Exception):
    """The app, its host.json or its settings are wrong; the message says what and where."""
