"""Resource Manager's functions, as far as our template uses them: those that know nothing of a deployment.

`guid` is Azure's own (a name-based UUID); `uniqueString` is a stand-in of the same shape, thirteen letters and digits.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from tests.bicep.expressions import ExpressionError, member

_GUIDS = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def text_of(value: Any) -> str:
    """Return a value as `string()` writes it: JSON without blanks, in the order of its keys."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return str(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _format(pattern: str, *values: Any) -> str:
    def one(found: re.Match[str]) -> str:
        value = values[int(found[1])]
        if isinstance(value, (dict, list)):
            raise ExpressionError(f"format of {value}")
        return "" if value is None else text_of(value)

    if re.search(r"\{\d+[^}\d]", pattern.replace("{{", "").replace("}}", "")):
        raise ExpressionError(f"format with more than places: {pattern}")
    return re.sub(r"\{(\d+)\}", one, pattern).replace("{{", "{").replace("}}", "}")


def _unique_string(*parts: str) -> str:
    digest = hashlib.sha256("-".join(parts).encode()).digest()
    return "".join(_LETTERS[byte % 32] for byte in digest[:13])


def _items(value: dict[str, Any]) -> list[dict[str, Any]]:
    keys = sorted(value, key=lambda key: (key.lower(), key.swapcase()))
    return [{"key": key, "value": value[key]} for key in keys]


def _union(*values: Any) -> Any:
    if isinstance(values[0], list):
        made: list[Any] = []
        for each in (item for value in values for item in value):
            if each not in made:
                made.append(each)
        return made
    merged: dict[str, Any] = {}
    for value in values:
        for key, new in value.items():
            both = isinstance(new, dict) and isinstance(merged.get(key), dict)
            merged[key] = _union(merged[key], new) if both else new
    return merged


def _contains(container: Any, wanted: Any) -> bool:
    if isinstance(container, dict):
        return str(wanted).lower() in {key.lower() for key in container}
    return wanted in container


def _try_get(value: Any, *keys: Any) -> Any:
    for key in keys:
        try:
            value = member(value, key)
        except ExpressionError:
            return None
    return value


def _concat(*values: Any) -> Any:
    if isinstance(values[0], list):
        return [item for value in values for item in value]
    return "".join(text_of(value) for value in values)


def _subnet(prefix: str, size: int, index: int) -> str:
    network = ip_network(prefix, strict=False)
    base = int(network.network_address) + (index << (network.max_prefixlen - size))
    subnet = ip_network((base, size))
    if int(subnet.broadcast_address) > int(network.broadcast_address):
        raise ExpressionError(f"{prefix} has no room for subnet {index} of /{size}")
    return str(subnet)


def _host(prefix: str, index: int) -> str:
    return str(ip_network(prefix, strict=False).network_address + index + 1)


def _to_object(
    values: list[Any], key: Callable[[Any], str], value: Callable[[Any], Any] | None = None
) -> Any:
    return {key(each): value(each) if value else each for each in values}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ExpressionError(f"json of {text!r}") from error


def _pad_left(value: Any, length: int, sign: str = " ") -> str:
    return text_of(value).rjust(length, sign)


def _substring(text: str, start: int, length: int | None = None) -> str:
    end = len(text) if length is None else start + length
    if end > len(text):
        raise ExpressionError(f"substring of {text!r} ends after it")
    return text[start:end]


def _split(text: str, signs: Any) -> list[str]:
    each = signs if isinstance(signs, list) else [signs]
    return re.split("|".join(re.escape(sign) for sign in each), text)


def _first(value: Any) -> Any:
    return value[0] if value else ("" if isinstance(value, str) else None)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "base64": lambda text: base64.b64encode(text.encode("utf-8")).decode("ascii"),
    "cidrhost": _host,
    "cidrsubnet": _subnet,
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "concat": _concat,
    "contains": _contains,
    "createarray": lambda *values: list(values),
    "createobject": lambda *pairs: dict(zip(pairs[::2], pairs[1::2], strict=True)),
    "empty": lambda value: value is None or len(value) == 0,
    "equals": lambda a, b: type(a) is type(b) and a == b if isinstance(a, bool) else a == b,
    "false": lambda: False,
    "filter": lambda values, test: [each for each in values if test(each)],
    "first": _first,
    "format": _format,
    "guid": lambda *parts: str(uuid.uuid5(_GUIDS, "-".join(parts))),
    "items": _items,
    "join": lambda values, sign: sign.join(text_of(value) for value in values),
    "json": _json,
    "length": len,
    "map": lambda values, make: [make(*pair) for pair in _numbered(values, make)],
    "not": lambda value: not value,
    "null": lambda: None,
    "padleft": _pad_left,
    "range": lambda start, count: list(range(start, start + count)),
    "replace": lambda text, old, new: text.replace(old, new),
    "split": _split,
    "string": text_of,
    "sub": lambda a, b: a - b,
    "substring": _substring,
    "toobject": _to_object,
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
    "true": lambda: True,
    "tryget": _try_get,
    "union": _union,
    "uniquestring": _unique_string,
}


def _numbered(values: list[Any], make: Any) -> list[tuple[Any, ...]]:
    """Return what a lambda gets: the value, and its place where the lambda has a second name."""
    return [(each, at)[: len(make.names)] for at, each in enumerate(values)]
