"""Findings on their way: kept apart while several types are tried, and put together when one has been chosen."""

from __future__ import annotations

from local_stack.bicep.diagnostics import Diagnostics
from local_stack.bicep.syntax import Node, Span

_INACCURACY = (
    " If this is a resource type definition inaccuracy, report it using https://aka.ms/bicep-type-issues."
)


def inaccuracy(shown: bool) -> str:
    """Return the sentence that says whom to tell, where Azure's type may be at fault."""
    return _INACCURACY if shown else ""


class Findings(Diagnostics):
    """Diagnostics whose level depends on the type at fault."""

    def note(self, at: Span | Node, warn: bool, code: str, message: str) -> None:
        """Note a warning or an error."""
        self.add(at, "Warning" if warn else "Error", code, message)

    def take(self, *others: Findings) -> None:
        """Add what others have found."""
        for other in others:
            self.found.extend(each for each in other.found if each not in self.found)


def earlier(span: Span, start: int) -> Span:
    """Return a place some characters before on the same line."""
    return Span(start, span.end, span.line, max(1, span.column - (span.start - start)))
