"""What a plain value can be, as the compiler sees it. Names are those its messages use."""

from __future__ import annotations

import enum
from typing import Any as Anything


class Flag(enum.IntFlag):
    """What holds for a property. The first four are those of the type files; 16 (identifier) is not read."""

    NONE = 0
    REQUIRED = 1
    READ_ONLY = 2
    WRITE_ONLY = 4
    DEPLOY_TIME = 8
    NO_ANY = 32
    READABLE_AT_START = 64
    LOOP_VARIANT = 128
    NULL_ALLOWED = 256
    FALLBACK = 512
    SYSTEM = 1024


class Severity(enum.IntFlag):
    """What a type makes of its own mismatches; loose types pass for the literals of their kind."""

    STRICT = 0
    WARN_PROPERTIES = 1
    WARN = 2
    LOOSE = 4
    SECURE = 8


class Type:
    """Any type."""

    severity: Severity = Severity.STRICT

    @property
    def name(self) -> str:
        """What messages call it."""
        raise NotImplementedError

    @property
    def inner_name(self) -> str:
        """What messages call it inside another type's name."""
        return self.name

    @property
    def key(self) -> Anything:
        """What makes two types the same one in a union."""
        return id(self)

    @property
    def secure(self) -> bool:
        """Whether it is a secret."""
        return bool(self.severity & Severity.SECURE)

    def __repr__(self) -> str:
        return self.name


class AnyType(Type):
    """Everything, unchecked."""

    name = "any"
    key = "any"


class ErrorType(Type):
    """What could not be typed; its diagnostics are out already."""

    name = "error"
    key = "error"


class NullType(Type):
    """`null`."""

    name = "null"
    key = "null"


class NeverType(Type):
    """The union of nothing."""

    name = "never"
    key = "never"


class _Plain(Type):
    def __init__(self, severity: Severity = Severity.STRICT) -> None:
        self.severity = severity

    @property
    def key(self) -> Anything:
        return (type(self).__name__, self.severity)


class BoolType(_Plain):
    """`bool`."""

    name = "bool"


class BoolLiteral(_Plain):
    """`true` or `false`."""

    def __init__(self, value: bool, severity: Severity = Severity.STRICT) -> None:
        super().__init__(severity)
        self.value = value

    @property
    def name(self) -> str:
        return "true" if self.value else "false"

    @property
    def key(self) -> Anything:
        return ("bool", self.value, self.severity)


class IntType(_Plain):
    """`int`, maybe within bounds."""

    name = "int"

    def __init__(
        self, low: int | None = None, high: int | None = None, severity: Severity = Severity.STRICT
    ) -> None:
        super().__init__(severity)
        self.low, self.high = low, high

    @property
    def key(self) -> Anything:
        return ("int", self.low, self.high, self.severity)


class IntLiteral(_Plain):
    """`5`."""

    def __init__(self, value: int, severity: Severity = Severity.STRICT) -> None:
        super().__init__(severity)
        self.value = value

    @property
    def name(self) -> str:
        return str(self.value)

    @property
    def key(self) -> Anything:
        return ("int", self.value, self.severity)


class StringType(_Plain):
    """`string`, maybe of some length and pattern."""

    name = "string"

    def __init__(
        self,
        shortest: int | None = None,
        longest: int | None = None,
        pattern: str | None = None,
        severity: Severity = Severity.STRICT,
    ) -> None:
        super().__init__(severity)
        self.shortest, self.longest, self.pattern = shortest, longest, pattern

    @property
    def key(self) -> Anything:
        return ("string", self.shortest, self.longest, self.pattern, self.severity)


class StringLiteral(_Plain):
    """`'x'`."""

    def __init__(self, value: str, severity: Severity = Severity.STRICT) -> None:
        super().__init__(severity)
        self.value = value

    @property
    def name(self) -> str:
        return written(self.value)

    @property
    def key(self) -> Anything:
        return ("literal", self.value, self.severity)


def written(text: str) -> str:
    """Return the text as a Bicep string."""
    for plain, escaped in (
        ("\\", "\\\\"),
        ("'", "\\'"),
        ("\r", "\\r"),
        ("\n", "\\n"),
        ("\t", "\\t"),
        ("${", "\\${"),
    ):
        text = text.replace(plain, escaped)
    return f"'{text}'"
