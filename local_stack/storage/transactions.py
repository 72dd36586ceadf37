"""Reads a table transaction enough to check the rights of its parts and to say in the write log what it does."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

_REQUEST = re.compile(r"^(GET|POST|PUT|PATCH|MERGE|DELETE) (\S+) HTTP/1\.1\s*$", re.MULTILINE)
_KEYS = re.compile(r"\(PartitionKey='((?:[^']|'')*)',\s*RowKey='((?:[^']|'')*)'\)$")


@dataclass(frozen=True)
class Part:
    """One request of a transaction."""

    method: str
    table: str
    partition: str
    row: str
    conditional: bool

    @property
    def target(self) -> str:
        """The path's last segment, as a single request would have it."""
        return self.table if self.method == "POST" else f"{self.table}(PartitionKey='',RowKey='')"

    def as_list(self) -> list[str]:
        """Return method, table, partition key and row key."""
        return [self.method, self.table, self.partition, self.row]


def parts(body: bytes) -> list[Part]:
    """Return the requests of a transaction's multipart body, in order."""
    text = body.decode("utf-8", errors="replace")
    found = list(_REQUEST.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    return [_part(match, text[match.end() : end]) for match, end in zip(found, ends, strict=True)]


def keys_of(path: str, body: dict[str, Any] | None = None) -> tuple[str, str, str]:
    """Return table, partition key and row key that a path (or, for an insert, a body) speaks of."""
    last = unquote(path.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1])
    keyed = _KEYS.search(last)
    if keyed:
        return last[: keyed.start()], keyed[1].replace("''", "'"), keyed[2].replace("''", "'")
    body = body or {}
    return last.split("(")[0], str(body.get("PartitionKey", "")), str(body.get("RowKey", ""))


def entity(text: str) -> dict[str, Any]:
    """Return the JSON object in a request's text, or nothing."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1]) if start >= 0 else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _part(match: re.Match[str], rest: str) -> Part:
    headers = rest.split("{", 1)[0].lower()
    body = entity(rest) if match[1] == "POST" else {}
    return Part(match[1], *keys_of(match[2], body), conditional="if-match:" in headers)
