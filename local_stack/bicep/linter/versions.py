"""API versions that are too old, or previews where a newer version is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from local_stack.bicep.linter.rule import File, Finding, Rule
from local_stack.bicep.syntax import Resource, Span

_RULE = "use-recent-api-versions"
_MOST_DAYS, _GRACE_DAYS = 730, 90


class Version(NamedTuple):
    """An API version: when it came out, and what it is called beyond that."""

    day: date
    suffix: str

    @property
    def preview(self) -> bool:
        """Whether it is not a stable one."""
        return bool(self.suffix)

    def __str__(self) -> str:
        return f"{self.day.isoformat()}{self.suffix}"


def parsed(text: str) -> Version | None:
    """Return an API version taken apart; None where it does not begin with a date."""
    try:
        return Version(date.fromisoformat(text[:10]), text[10:].lower())
    except ValueError:
        return None


def _old(file: File) -> Iterator[Finding]:
    types = file.inference.catalogue.types
    value = file.configuration.value
    most = int(value(_RULE, "maxAgeInDays", _MOST_DAYS))
    grace = int(value(_RULE, "gracePeriodInDays", _GRACE_DAYS))
    said = parsed(str(value(_RULE, "test-today", "")))
    today = said.day if said else date.today()
    for symbol in file.model.resources:
        reference = file.inference.symbols.reference(symbol)
        used = parsed(reference.version) if reference else None
        if reference is None or used is None:
            continue
        known = [each for text in types.versions(reference.type) if (each := parsed(text)) is not None]
        why = reason(used, known, today, most, grace)
        if why is not None and isinstance(symbol.node, Resource):
            accepted = ", ".join(str(each) for each in acceptable(known, today, most, grace))
            told = (
                f"Use more recent API version for '{reference.type}'. {why} Acceptable versions: {accepted}"
            )
            yield _place(symbol.node), told


def reason(used: Version, known: list[Version], today: date, most: int, grace: int) -> str | None:
    """Return what is wrong with the version; None where it is acceptable or not known at all."""
    if used not in known or used in acceptable(known, today, most, grace):
        return None
    if grace > 0 and used.day > today - timedelta(days=grace):
        return None
    stable = max((each.day for each in known if not each.preview), default=None)
    if used.preview and (today - used.day).days <= most and stable is not None:
        if stable > used.day:
            return f"'{used}' is a preview version and there is a more recent non-preview version available."
        if stable == used.day:
            return f"'{used}' is a preview version and there is a non-preview version available with the same date."
    age = (today - used.day).days
    return f"'{used}' is {age} days old, should be no more than {most} days old, or the most recent."


def acceptable(known: list[Version], today: date, most: int, grace: int) -> list[Version]:
    """Return the versions to use: the recent stable ones, else the newest stable one, and previews newer than those."""
    settled = [each for each in known if each.day <= today - timedelta(days=grace)] or known
    stable = sorted((each for each in settled if not each.preview), reverse=True)
    previews = sorted((each for each in settled if each.preview), reverse=True)
    recent = [each for each in stable if (today - each.day).days <= most]
    if not recent and stable:
        recent = [each for each in stable if each.day == stable[0].day]
    newest = recent[0].day if recent else None
    fresh = [
        each for each in previews if (newest is None or each.day > newest) and (today - each.day).days <= most
    ]
    if not recent and not fresh and previews:
        fresh = [each for each in previews if each.day == previews[0].day]
    return sorted([*recent, *fresh], key=lambda each: (each.day, not each.preview), reverse=True)


def _place(node: Resource) -> Span:
    span = node.type.span
    behind = (node.type.literal or "").find("@") + 1
    return Span(span.start + 1 + behind, span.end - 1, span.line, span.column + 1 + behind)


RULES = (Rule(_RULE, None, _old),)
