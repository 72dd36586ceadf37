"""Numbers and lengths: what cannot fit, and what may not fit."""

from __future__ import annotations

import re

from local_stack.bicep.syntax import Node
from local_stack.bicep.types.findings import Findings
from local_stack.bicep.types.model import ArrayType, IntLiteral, IntType, StringLiteral, StringType, Type

Bounds = tuple["int | None", "int | None"]


def check(findings: Findings, warn: bool, node: Node, given: Type, wanted: Type) -> Type | None:
    """Hold a number or a text against its bounds; return its type, or None where the type wanted is neither."""
    if isinstance(wanted, (IntType, IntLiteral)):
        return _numbers(findings, warn, node, given, wanted)
    if isinstance(wanted, StringLiteral):
        _texts(findings, warn, node, given, (len(wanted.value), len(wanted.value)), literal_wanted=True)
        return wanted
    if isinstance(wanted, StringType):
        return _strings(findings, warn, node, given, wanted)
    return None


def lengths(findings: Findings, warn: bool, node: Node, given: ArrayType, wanted: ArrayType) -> None:
    """Hold the number of items against what is wanted."""
    _texts(findings, warn, node, given, (wanted.shortest, wanted.longest))


def _numbers(findings: Findings, warn: bool, node: Node, given: Type, wanted: IntType | IntLiteral) -> Type:
    low, high = (wanted.value, wanted.value) if isinstance(wanted, IntLiteral) else (wanted.low, wanted.high)
    exact = isinstance(given, IntLiteral)
    if isinstance(given, IntLiteral):
        least, most = given.value, given.value
    elif isinstance(given, IntType):
        least, most = given.low, given.high  # type: ignore[assignment]
    else:
        return given
    if least is not None and high is not None and least > high:
        findings.note(
            node, warn, "BCP327",
            f"The provided value (which will always be greater than or equal to {least}) is too large to assign to a "
            f"target for which the maximum allowable value is {high}.",
        )  # fmt: skip
    elif most is not None and low is not None and most < low:
        findings.note(
            node, warn, "BCP328",
            f"The provided value (which will always be less than or equal to {most}) is too small to assign to a "
            f"target for which the minimum allowable value is {low}.",
        )  # fmt: skip
    elif not exact and isinstance(wanted, IntType):
        _may_overflow(findings, node, (least, most), (low, high))
    return given


def _may_overflow(findings: Findings, node: Node, given: Bounds, wanted: Bounds) -> None:
    if given[0] is not None and wanted[0] is not None and given[0] < wanted[0]:
        findings.warning(
            node, "BCP329",
            f"The provided value can be as small as {given[0]} and may be too small to assign to a target with a "
            f"configured minimum of {wanted[0]}.",
        )  # fmt: skip
    if given[1] is not None and wanted[1] is not None and given[1] > wanted[1]:
        findings.warning(
            node, "BCP330",
            f"The provided value can be as large as {given[1]} and may be too large to assign to a target with a "
            f"configured maximum of {wanted[1]}.",
        )  # fmt: skip


def _strings(findings: Findings, warn: bool, node: Node, given: Type, wanted: StringType) -> Type:
    _texts(findings, warn, node, given, (wanted.shortest, wanted.longest))
    if isinstance(given, StringLiteral) and wanted.pattern and not _matches(wanted.pattern, given.value):
        findings.note(
            node, warn, "BCP416",
            f"The supplied string does not match the expected pattern of /${wanted.pattern}/.",
        )  # fmt: skip
    return given


def _texts(
    findings: Findings, warn: bool, node: Node, given: Type, wanted: Bounds, *, literal_wanted: bool = False
) -> None:
    if isinstance(given, StringLiteral):
        least: int | None = _units(given.value)
        most = least
    elif isinstance(given, (StringType, ArrayType)):
        least, most = given.shortest, given.longest
    else:
        return
    shortest, longest = wanted
    if least is not None and longest is not None and least > longest:
        findings.note(
            node, warn, "BCP332",
            f"The provided value (whose length will always be greater than or equal to {least}) is too long to assign "
            f"to a target for which the maximum allowable length is {longest}.",
        )  # fmt: skip
    elif most is not None and shortest is not None and most < shortest:
        findings.note(
            node, warn, "BCP333",
            f"The provided value (whose length will always be less than or equal to {most}) is too short to assign to "
            f"a target for which the minimum allowable length is {shortest}.",
        )  # fmt: skip
    elif not isinstance(given, StringLiteral) and not literal_wanted:
        _may_not_fit(findings, node, (least, most), wanted)


def _may_not_fit(findings: Findings, node: Node, given: Bounds, wanted: Bounds) -> None:
    if given[0] is not None and wanted[0] is not None and given[0] < wanted[0]:
        findings.warning(
            node, "BCP334",
            f"The provided value can have a length as small as {given[0]} and may be too short to assign to a target "
            f"with a configured minimum length of {wanted[0]}.",
        )  # fmt: skip
    if given[1] is not None and wanted[1] is not None and given[1] > wanted[1]:
        findings.warning(
            node, "BCP335",
            f"The provided value can have a length as large as {given[1]} and may be too long to assign to a target "
            f"with a configured maximum length of {wanted[1]}.",
        )  # fmt: skip


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return True


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
