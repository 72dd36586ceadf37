"""What is wrong with a file, in the compiler's own format, so that editors and people read it as they are used to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from local_stack.bicep.syntax import Directive, Node, Span

Level = Literal["Error", "Warning", "Info"]

REFUSED = "VBC001"  # the language has it, the stand-in or languageVersion 1.0 does not
UNREADABLE_CODE = "VBC002"  # nested or repeated beyond what the stand-in follows

_DOCUMENTED = "https://aka.ms/bicep/core-diagnostics#"
_LINTER = "https://aka.ms/bicep/linter-diagnostics#"


@dataclass(frozen=True, order=True)
class Diagnostic:
    """One finding. Lines and UTF-16 columns count from 1."""

    path: str
    line: int
    column: int
    level: Level
    code: str
    message: str

    @property
    def is_error(self) -> bool:
        """Whether nothing may be written because of it."""
        return self.level == "Error"

    @property
    def from_linter(self) -> bool:
        """Whether a rule of the linter found it, rather than the compiler."""
        return not self.code.startswith(("BCP", "VBC"))

    @property
    def url(self) -> str | None:
        """Where the finding is explained; our own refusals have no page there."""
        if self.code.startswith("VBC"):
            return None
        return (_LINTER if self.from_linter else _DOCUMENTED) + self.code

    def __str__(self) -> str:
        """Return the line that the compiler prints."""
        page = f" [{self.url}]" if self.url else ""
        return f"{self.path}({self.line},{self.column}) : {self.level} {self.code}: {self.message}{page}"


class Diagnostics:
    """The findings in one file, as they come."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.found: list[Diagnostic] = []

    def add(self, at: Span | Node, level: Level, code: str, message: str) -> None:
        """Note a finding at a place; the same finding twice counts once."""
        span = at.span if isinstance(at, Node) else at
        finding = Diagnostic(self.path, span.line, span.column, level, code, message)
        if finding not in self.found:
            self.found.append(finding)

    def error(self, at: Span | Node, code: str, message: str) -> None:
        """Note an error."""
        self.add(at, "Error", code, message)

    def warning(self, at: Span | Node, code: str, message: str) -> None:
        """Note a warning."""
        self.add(at, "Warning", code, message)

    def refuse(self, at: Span | Node, what: str) -> None:
        """Note that the file uses what the stand-in does not compile."""
        self.error(at, REFUSED, f"{what} not supported by this stand-in for the Bicep compiler.")

    @property
    def failed(self) -> bool:
        """Whether any of them is an error."""
        return any(each.is_error for each in self.found)


def heeded(found: Iterable[Diagnostic], directives: Sequence[Directive]) -> list[Diagnostic]:
    """Return the findings of one file by position, without those its directives silence (never a compiler's error)."""
    kept = [each for each in found if not _silenced(each, directives)]
    return sorted(kept, key=lambda each: (each.line, each.column))


def _silenced(finding: Diagnostic, directives: Sequence[Directive]) -> bool:
    if finding.is_error and not finding.from_linter:
        return False
    switched_off = False
    for directive in directives:
        if finding.code not in directive.codes:
            continue
        if directive.kind == "disable-next-line":
            if directive.line + 1 == finding.line:
                return True
        elif directive.line < finding.line:
            switched_off = directive.kind == "disable-diagnostics"
    return switched_off


def quoted(words: Iterable[str]) -> str:
    """Return the words as the compiler lists them."""
    return ", ".join(f'"{word}"' for word in words)


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant: one edit for every three characters, letter case aside."""
    slack = int(len(name) * 0.34)
    limit, best, only_case = slack, None, False
    for candidate in known:
        if abs(len(name) - len(candidate)) > min(slack, 2):
            continue
        if candidate.upper() == name.upper():
            return candidate
        if only_case or len(candidate) < 3:
            continue
        distance = _distance(name.upper(), candidate.upper(), limit)
        if distance <= limit:
            best, limit, only_case = candidate, distance - 1, distance < 2
    return best


def _distance(one: str, other: str, limit: int) -> int:
    previous = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        current = [row]
        for column, right in enumerate(other, 1):
            replaced = previous[column - 1] + (left != right)
            current.append(min(previous[column] + 1, current[column - 1] + 1, replaced))
        if min(current) > limit:
            return limit + 1
        previous = current
    return previous[-1]
