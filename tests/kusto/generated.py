"""Makes queries of what the local stack answers: most as they should be, some with a wrong type, name or word."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

COLUMNS = {
    "At": "datetime",
    "Seen": "datetime",
    "Name": "string",
    "Kind": "string",
    "Count": "long",
    "Small": "int",
    "Share": "real",
    "Flag": "bool",
    "Details": "dynamic",
}
LITERALS = {
    "datetime": ["datetime(2026-01-31)", "datetime(2026-01-31T12:00:00Z)", "now()", "ago(1h)"],
    "timespan": ["1h", "30m", "1.5d", "250ms"],
    "string": ["'a'", '"b"', "@'c\\d'", "''"],
    "long": ["1", "0", "12"],
    "real": ["1.5", "0.25"],
    "bool": ["true", "false"],
    "dynamic": ["Details.rule", "Details.incident.key"],
}
KINDS = tuple(LITERALS)
ORDERED = ("==", "!=", ">", ">=", "<", "<=")
TEXT = ("=~", "!~", "has", "!has", "contains", "!contains", "startswith", "!startswith", "endswith")
STRAY = (" asc", " by ", "(", ")", ",", "=", "|", " not ", " and ", "1", "1h", ".x", "*", "'", "\\")
UNITS = ("second", "minute", "hour", "day", "eon")
NUMBERS = ("long", "int", "real")


class Queries:
    """A source of queries over the table `T`; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._columns: dict[str, str] = {}

    def some(self, count: int) -> Iterator[str]:
        """Make so many queries."""
        for _ in range(count):
            self._columns = dict(COLUMNS)
            steps = [self._step() for _ in range(self._random.randint(1, 3))]
            yield " | ".join(["T", *steps])

    def broken(self, count: int) -> Iterator[str]:
        """Make so many queries with a word too few, too many or in the wrong place; some are none the worse for it."""
        for query in self.some(count):
            words = re.findall(r"\s+|\w+|[^\w\s]", query)
            one, other = (self._random.randrange(2, len(words)) for _ in range(2))
            if self._chance(3):
                del words[one]
            elif self._chance(2):
                words.insert(one, self._pick((*words, *STRAY)))
            else:
                words[one], words[other] = words[other], words[one]
            yield "".join(words)

    def _step(self) -> str:
        return self._pick(
            (
                self._where,
                self._where,
                self._extend,
                self._summarize,
                self._summarize,
                self._project,
                self._distinct,
                self._order,
                self._top,
                lambda: f"{self._pick(('take', 'limit'))} {self._pick(('1', '5', '1', '2.5'))}",
                lambda: "count",
            )
        )()

    def _where(self) -> str:
        return f"where {self._condition(2)}"

    def _extend(self) -> str:
        return f"extend {self._named(2)}"

    def _project(self) -> str:
        plain = [self._column() for _ in range(self._random.randint(1, 2))]
        return f"project {', '.join([*dict.fromkeys(plain), *([self._named(2)] if self._chance(2) else [])])}"

    def _distinct(self) -> str:
        return f"distinct {self._column()}"

    def _order(self) -> str:
        words = (
            f"{self._column()}{self._pick(('', ' asc', ' desc'))}" for _ in range(self._random.randint(1, 2))
        )
        return f"{self._pick(('order', 'sort'))} by {', '.join(words)}"

    def _top(self) -> str:
        more = f", {self._column()}" if self._chance(10) else ""
        return f"top {self._pick(('1', '3'))} by {self._column()}{self._pick(('', ' asc', ' desc'))}{more}"

    def _summarize(self) -> str:
        if self._chance(3):
            return f"summarize arg_max({self._column()}, *) by {self._keys()}"
        made = ", ".join(self._aggregate(number) for number in range(self._random.randint(1, 3)))
        return f"summarize {made}{f' by {self._keys()}' if self._chance(2) else ''}"

    def _aggregate(self, number: int) -> str:
        name = self._pick(("count", "countif", "dcount", "min", "max", "make_set", "avg", "arg_max", "with"))
        if name == "arg_max":
            return f"arg_max({self._column()}, {', '.join(self._column() for _ in range(self._random.randint(1, 2)))})"
        if name == "with":
            value = self._value(self._pick(KINDS), 1)
            named = f"N{number} = " if not self._chance(6) else ""
            return f"{named}{self._pick(('dcountif', 'maxif', 'minif'))}({value}, {self._condition(1)})"
        if name == "count":
            inner = ""
        elif name == "countif":
            inner = self._condition(1)
        else:
            kind = self._pick(NUMBERS) if name == "avg" and not self._chance(6) else self._pick(KINDS)
            inner = self._column() if self._chance(2) else self._value(kind, 1)
            return (
                f"N{number} = {name}({inner})"
                if not inner.isidentifier() or self._chance(2)
                else f"{name}({inner})"
            )
        return f"N{number} = {name}({inner})" if self._chance(2) else f"{name}({inner})"

    def _keys(self) -> str:
        if self._chance(3):
            return f"bin({self._pick(('At', 'Count', 'Small', 'Share', 'Name'))}, {self._pick(('1h', '2', '0.5'))})"
        return f"K = {self._value('string', 1)}" if self._chance(4) else self._column()

    def _named(self, depth: int) -> str:
        kind = self._pick(KINDS)
        value = self._condition(depth) if kind == "bool" else self._value(kind, depth)
        name = self._pick(("A", "B", "Name"))
        return f"{name} = {value}"

    def _condition(self, depth: int) -> str:
        if depth and self._chance(4):
            inner = [self._condition(depth - 1) for _ in range(2)]
            return self._pick(
                (
                    f"{inner[0]} and {inner[1]}",
                    f"({inner[0]}) or {inner[1]}",
                    f"not({inner[0]})",
                    f"({inner[0]})",
                )
            )
        kind = self._pick(KINDS)
        left = self._value(kind, depth)
        other = kind if not self._chance(5) else self._pick(KINDS)
        right = self._value(other, 0)
        return self._pick(
            (
                f"{left} {self._pick(ORDERED)} {right}",
                f"{left} {self._pick(ORDERED)} {right}",
                f"{self._value('string', depth)} {self._pick(TEXT)} {self._value(self._mostly('string'), 0)}",
                f"{left} {self._pick(('in', '!in'))} ({right}, {self._value(kind, 0)})",
                f"{left} between ({right} .. {self._value(kind, 0)})",
                f"{self._pick(('isempty', 'isnotempty', 'isnull', 'isnotnull', 'tobool'))}({left})",
            )
        )

    def _value(self, kind: str, depth: int) -> str:
        if depth and self._chance(2):
            return self._called(kind, depth - 1)
        columns = [name for name, of in self._columns.items() if of == kind]
        return (
            self._pick((*columns, *LITERALS.get(kind, ())))
            if self._chance(12, against=True)
            else self._column()
        )

    def _called(self, kind: str, depth: int) -> str:
        def of(kind: str) -> str:
            return self._value(self._mostly(kind), depth)

        choices = {
            "datetime": lambda: self._pick(
                (
                    f"bin({of('datetime')}, 1h)",
                    f"{of('datetime')} - {of('timespan')}",
                    f"todatetime({of('dynamic')})",
                )
            ),
            "timespan": lambda: f"{of('datetime')} - {of('datetime')}",
            "string": lambda: f"tostring({self._value(self._pick(KINDS), depth)})",
            "long": lambda: self._pick(
                (
                    f"tolong({of('dynamic')})",
                    f"datetime_diff({self._pick(UNITS)!r}, {of('datetime')}, {of('datetime')})",
                    f"{of('long')} + {of('long')}",
                    f"iff({self._condition(0)}, {of('long')}, {of('long')})",
                )
            ),
            "real": lambda: f"todouble({of('dynamic')})",
            "bool": lambda: f"tobool({of('dynamic')})",
        }
        return choices[kind]() if kind in choices else self._value(kind, 0)

    def _column(self) -> str:
        return self._pick((*self._columns, *self._columns, *self._columns, "Missing"))

    def _mostly(self, kind: str) -> str:
        return kind if not self._chance(8) else self._pick(KINDS)

    def _chance(self, one_in: int, *, against: bool = False) -> bool:
        return (self._random.randrange(one_in) == 0) is not against

    def _pick(self, choices):
        return self._random.choice(choices)
