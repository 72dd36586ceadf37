"""How a registry row becomes a table entity: keys and values that Azure takes, limits checked first.

Azure's limits: keys of 512 UTF-16 characters without `/ \\ # ?` and control characters, 252 properties
named like C# identifiers, 32,768 characters each, 1 MiB in all. Lists and objects are kept as JSON in a
property `<name>Json`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from vibedata.errors import BadInput
from vibedata.registry import Row

MAX_KEY_CHARS = 512
MAX_PROPERTIES = 252
MAX_PROPERTY_CHARS = 32 * 1024
MAX_ENTITY_BYTES = 1024 * 1024
JSON_SUFFIX = "Json"

_FORBIDDEN = re.compile(r"[\\#?%~\x00-\x1f\x7f-\x9f]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_OURS = frozenset(("PartitionKey", "RowKey", "Timestamp", "key"))


def encode_key(text: str) -> str:
    """Return `text` as a key: `/` becomes `|`, what else is forbidden `~` and its code, too long ones a hash.

    Keys that differ stay different; the one that cannot (`|` for `/`) is refused. Raises BadInput
    (registry-row-invalid).
    """
    if "|" in text or not text:
        raise _invalid(f"{text!r} is no key of the registry", "Leave out the character '|'.")
    key = _FORBIDDEN.sub(lambda found: f"~{ord(found[0]):02x}", text).replace("/", "|")
    if _utf16_chars(key) <= MAX_KEY_CHARS:
        return key
    return key[:128] + "~~" + hashlib.sha256(text.encode()).hexdigest()


def entity(row: Row) -> dict[str, Any]:
    """Return a row's properties. Raises BadInput (registry-row-invalid, registry-row-too-large)."""
    properties = {"key": row.key}
    for name, value in row.values.items():
        if value is not None:
            properties.update(_property(row, name, value))
    _refuse_too_large(row, properties)
    return properties


def row(properties: Mapping[str, Any], etag: str | None) -> Row:
    """Return the row that an entity's properties hold."""
    values = {name: held for name, held in properties.items() if name not in _OURS}
    for name in [name for name in values if name.endswith(JSON_SUFFIX)]:
        values[name.removesuffix(JSON_SUFFIX)] = _document(values.pop(name))
    return Row(str(properties["key"]), values, etag)


def _property(row: Row, name: str, value: Any) -> dict[str, Any]:
    if not _NAME.fullmatch(name) or name in _OURS or name.endswith(JSON_SUFFIX):
        raise _invalid(f"{row.key}: a property may not be named {name!r}", "Use letters, digits and '_'.")
    if isinstance(value, (str, bool, int, float)):
        return {name: value}
    if isinstance(value, (Mapping, list, tuple)):
        return {name + JSON_SUFFIX: json.dumps(value, separators=(",", ":"), default=str)}
    raise _invalid(
        f"{row.key}: {name} is a {type(value).__name__}", "Give text, a number, a list or an object."
    )


def _document(held: Any) -> Any:
    try:
        return json.loads(held)
    except (ValueError, TypeError, RecursionError):  # damaged: it differs from what is wanted, and is rebuilt
        return None


def _refuse_too_large(row: Row, properties: Mapping[str, Any]) -> None:
    sizes = {name: _utf16_chars(str(value)) for name, value in properties.items()}
    total = sum(2 * (len(name) + size) + 8 for name, size in sizes.items())
    longest = max(sizes, key=lambda name: sizes[name])
    if sizes[longest] > MAX_PROPERTY_CHARS:
        what = f"{longest} has {sizes[longest]} characters, {MAX_PROPERTY_CHARS} fit"
    elif len(properties) > MAX_PROPERTIES:
        what = f"it has {len(properties)} properties, {MAX_PROPERTIES} fit"
    elif total > MAX_ENTITY_BYTES:
        what = f"it has {total} bytes, {MAX_ENTITY_BYTES} fit"
    else:
        return
    raise BadInput(
        "registry-row-too-large",
        f"The registry cannot hold {row.key}: {what}.",
        hint="Shorten what the manifest says of this component.",
        detail={"key": row.key},
    )


def _utf16_chars(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _invalid(problem: str, hint: str) -> BadInput:
    return BadInput("registry-row-invalid", f"{problem}.", hint=hint)
