"""Which known name was probably meant, by the compiler's own measure (its SpellChecker)."""

from __future__ import annotations

from collections.abc import Iterable


def meant(name: str, candidates: Iterable[str]) -> str | None:
    """Return the best candidate: about one edit for every three letters, upper and lower case alike."""
    longest_gap = min(int(len(name) * 0.34), 2)
    limit = int(len(name) * 0.34) + 1
    best: str | None = None
    only_case = False
    for candidate in candidates:
        if not candidate or abs(len(name) - len(candidate)) > longest_gap:
            continue
        if candidate.upper() == name.upper():
            return candidate
        if only_case or len(candidate) < 3:
            continue
        edits = _distance(name.upper(), candidate.upper())
        if edits > limit - 1:
            continue
        best, only_case = candidate, edits < 2
        limit = limit if only_case else edits
    return best


def _distance(one: str, other: str) -> int:
    previous = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        current = [row]
        for column, right in enumerate(other, 1):
            kept = previous[column - 1] + (left != right)
            current.append(min(kept, previous[column] + 1, current[column - 1] + 1))
        previous = current
    return previous[-1]
