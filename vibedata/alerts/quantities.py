"""Reads numbers out of the texts that Azure puts them in: `"25"`, `"$11,111.00"`, `"0.45 sec"`, `"12.7m"`."""

from __future__ import annotations

import math
import re
from typing import Any

MAX_CHARS = 128
_BEYOND_64_BITS = 2**63

_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_QUANTITY = re.compile(
    r"([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*([^\d\s(].{0,31}?)?(?:\s*\(.*)?"
)
_MONEY = re.compile(r"-?\d[\d.,'\s]*")
_SI = {"n": 1e-9, "u": 1e-6, "µ": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_OPERATORS = {
    "greaterthan": "GreaterThan",
    "greaterthanorequal": "GreaterThanOrEqual",
    "greaterthanorequalto": "GreaterThanOrEqual",
    "greaterorequal": "GreaterThanOrEqual",
    "lessthan": "LessThan",
    "lowerthan": "LessThan",
    "lessthanorequal": "LessThanOrEqual",
    "lessthanorequalto": "LessThanOrEqual",
    "lowerthanorequal": "LessThanOrEqual",
    "lessorequal": "LessThanOrEqual",
    "greaterorlessthan": "GreaterOrLessThan",
    "equal": "Equals",
    "equals": "Equals",
    "equalto": "Equals",
    "notequal": "NotEquals",
    "notequals": "NotEquals",
    ">": "GreaterThan",
    ">=": "GreaterThanOrEqual",
    "<": "LessThan",
    "<=": "LessThanOrEqual",
    "==": "Equals",
    "=": "Equals",
    "!=": "NotEquals",
}


def number(value: Any) -> int | float | None:
    """Return a number, or the one that a text is; None for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        if isinstance(value, int) and abs(value) >= _BEYOND_64_BITS:
            return float(value)  # no column of a table takes more, nor does every writer of JSON
        return value if math.isfinite(value) else None
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > MAX_CHARS or not _PLAIN.fullmatch(text):
        return None
    return _of_digits(text)


def quantity(value: Any) -> tuple[int | float | None, str]:
    """Return the number that a text begins with, and its unit: `0.45 sec (over the last 7 days)` is 0.45 sec."""
    plain = number(value)
    text = value.strip() if isinstance(value, str) else ""
    if plain is not None or len(text) > MAX_CHARS:
        return plain, ""
    match = _QUANTITY.fullmatch(text)
    return (_of_digits(match[1]), (match[2] or "").strip()) if match else (None, "")


def scaled(value: Any) -> int | float | None:
    """Return a number as Prometheus writes it for people: `12.7m` is 0.0127."""
    amount, unit = quantity(value)
    if amount is None or not unit:
        return amount
    factor = _SI.get(unit)
    if factor is None:
        return None
    return float(f"{amount * factor:.12g}")


def money(value: Any) -> int | float | None:
    """Return an amount whatever its currency's signs: `$11,111.00` is 11111.0, `1.234,56 €` is 1234.56."""
    plain = number(value)
    if plain is not None or not isinstance(value, str) or len(value) > MAX_CHARS:
        return plain
    negative = value.strip().startswith(("(", "-"))
    match = _MONEY.search(value)
    if not match:
        return None
    amount = number(_decimal(re.sub(r"[\s']", "", match[0].strip().lstrip("-")).rstrip(".,")))
    return -amount if amount is not None and negative else amount


def operator(text: str) -> str:
    """Return the comparison by one name, however it is written; an unknown one as it is."""
    return _OPERATORS.get("".join(text.split()).lower(), text)


def _of_digits(text: str) -> int | float | None:
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    amount = float(text)
    return amount if math.isfinite(amount) else None


def _decimal(digits: str) -> str:
    """The last separator is the decimal one, unless exactly three digits follow and it is the only kind."""
    separators = {mark for mark in ".," if mark in digits}
    if not separators:
        return digits
    last = max(separators, key=digits.rfind)
    tail = digits.rpartition(last)[2]
    if len(separators) == 1 and len(tail) == 3 and (last == "," or digits.count(last) > 1):
        return digits.replace(last, "")
    whole = "".join(mark for mark in digits.rpartition(last)[0] if mark.isdigit())
    return f"{whole}.{tail}"
