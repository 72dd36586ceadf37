"""What a command says: text or one JSON document on stdout; progress only where a person is watching."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from oci.descriptor import Descriptor
from oci.errors import OciError


def _copied(row: Mapping[str, Any]) -> str:
    """Return a line of what became of one artifact of a list."""
    words = f"{row['source']} -> {row['target']}"
    if "code" in row:
        return f"failed   {words}\n  error {row['code']}: {row['message']}\n  {row['hint']}"
    state = "copied   " if row["changed"] else "present  "
    return f"{state}{words}  {row['digest'][:19]}, {row['bytesWritten']:,} bytes written"


class Output:
    """Says results, progress and errors in the form asked for."""

    def __init__(self, form: str) -> None:
        self._json = form == "json"
        self._watched = sys.stderr.isatty() and not self._json
        self._done = 0
        self._shown = False

    def begin(self, what: str) -> None:
        """Show that something long has started."""
        if self._watched:
            self._shown = True
            print(f"{what} …", end="", file=sys.stderr, flush=True)

    def result(self, facts: dict[str, Any]) -> None:
        """Print what a command found or did."""
        self._clear()
        if self._json:
            print(json.dumps(facts, indent=2, sort_keys=True))
            return
        for key, value in facts.items():
            if key == "artifacts":
                print("\n".join(map(_copied, value)))
            else:
                print(f"{key}: {json.dumps(value, indent=2) if isinstance(value, (dict, list)) else value}")

    def error(self, error: OciError) -> None:
        """Print an error: with --output json as the one document on stdout."""
        self._clear()
        if self._json:
            print(json.dumps({"code": error.code, "message": error.message, "hint": error.hint}))
        else:
            print(f"error {error.code}: {error.message}\n  {error.hint}", file=sys.stderr)

    def progress(self, blob: Descriptor, sent: bool) -> None:
        """Show that one more blob is done."""
        self._done += 1
        if self._watched:
            self._shown = True
            what = "done" if sent else "there already"
            line = f"{self._done} blobs; {blob.digest[:19]} {blob.size:,} bytes {what}"
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self._shown:
            self._shown = False
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
