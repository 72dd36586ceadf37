"""Strings: joined, wrapped and quoted where it is not needed, and hosts written out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from local_stack.bicep.linter.rule import File, Finding, Rule
from local_stack.bicep.syntax import (
    Decorator,
    Index,
    Metadata,
    Module,
    Node,
    Output,
    Param,
    Property,
    Resource,
    Span,
    String,
    Var,
    children,
)
from local_stack.bicep.types.assignable import assignable
from local_stack.bicep.types.model import STRING, AnyType, ErrorType, StringLiteral, StringType

_IDENTIFIER = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_HOSTS = (
    "azuredatalakeanalytics.net", "azuredatalakestore.net", "batch.core.windows.net", "core.windows.net",
    "database.windows.net", "datalake.azure.net", "gallery.azure.com", "graph.windows.net",
    "login.microsoftonline.com", "management.azure.com", "management.core.windows.net", "vault.azure.net",
)  # fmt: skip
_EXCLUDED = ("schema.management.azure.com",)


def _concat(file: File) -> Iterator[Finding]:
    for call in file.calls("concat"):
        kind = file.type(call)
        if (
            len(call.arguments) > 1
            and not isinstance(kind, (AnyType, ErrorType))
            and assignable(kind, STRING)
        ):
            yield call, "Use string interpolation instead of the concat function."


def _wrapped(file: File) -> Iterator[Finding]:
    for node in file.nodes:
        value = node.default if isinstance(node, Param) else getattr(node, "value", None)
        if not isinstance(node, (Property, Var, Output, Param)) or not isinstance(value, String):
            continue
        alone = len(value.expressions) == 1 and not any(value.segments)
        if alone and isinstance(file.type(value.expressions[0]), (StringType, StringLiteral)):
            yield value, "Remove unnecessary string interpolation."


def _quoted(file: File) -> Iterator[Finding]:
    told = (
        "Property names that are valid identifiers should be declared without quotation marks and accessed using dot "
        "notation."
    )
    for node in file.nodes:
        if isinstance(node, Property) and isinstance(node.key, String) and _is_name(node.key):
            yield node.key, told
        elif isinstance(node, Index) and isinstance(node.index, String) and _is_name(node.index):
            yield _bracket(file, node), told


def _bracket(file: File, node: Index) -> Span:
    text, index = file.model.program.text, node.index.span
    start = text.find("[", node.base.span.end, index.start)
    return (
        Span(start, index.end, index.line, max(1, index.column - (index.start - start)))
        if start >= 0
        else index
    )


def _is_name(node: String) -> bool:
    return node.literal is not None and bool(_IDENTIFIER.fullmatch(node.literal))


def _urls(file: File) -> Iterator[Finding]:
    rule = "no-hardcoded-env-urls"
    hosts = [str(each) for each in file.configuration.value(rule, "disallowedhosts", _HOSTS)]
    excluded = [str(each) for each in file.configuration.value(rule, "excludedhosts", _EXCLUDED)]
    for node in _texts(file):
        for span, host in _hosts_in(file, node, hosts, excluded):
            told = "Environment URLs should not be hardcoded. Use the environment() function to ensure compatibility "
            yield span, f'{told}across clouds. Found this disallowed host: "{host}"'


def _texts(file: File) -> Iterator[String]:
    """Yield the strings that may name hosts: not those of descriptions, metadata, types and paths."""
    stack: list[Node] = list(reversed(file.model.program.declarations))
    while stack:
        node = stack.pop()
        if isinstance(node, Metadata) or (
            isinstance(node, Decorator) and node.name in ("description", "metadata")
        ):
            continue
        if isinstance(node, String):
            yield node
        skipped = node.type if isinstance(node, Resource) else node.path if isinstance(node, Module) else None
        stack.extend(reversed([each for each in children(node) if each is not skipped]))


def _hosts_in(file: File, node: String, hosts: list[str], excluded: list[str]) -> Iterator[tuple[Span, str]]:
    for start, text in _pieces(file, node):
        found = sorted(
            {hit for host in hosts for hit in _matches(host, text)}, key=lambda hit: (hit[0], hit[0] - hit[1])
        )
        if not found:
            return
        spared = [hit for host in excluded for hit in _matches(host, text)]
        end = -1
        for begin, stop in found:
            if begin < end:
                continue
            end = stop
            if not any(begin < other_stop and other < stop for other, other_stop in spared):
                yield _place(file, start + begin), text[begin:stop]


def _pieces(file: File, node: String) -> Iterator[tuple[int, str]]:
    """Yield the texts between the holes of a string with the places where they begin."""
    source = file.model.program.text
    start = node.span.start
    for hole in node.expressions:
        stop = source.rfind("${", start, hole.span.start)
        yield start, source[start : stop + 2]
        start = source.find("}", hole.span.end)
    yield start, source[start : node.span.end]


def _matches(host: str, text: str) -> Iterator[tuple[int, int]]:
    for match in re.finditer(re.escape(host), text, re.IGNORECASE):
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        if not (before.isalnum() or after.isalnum()):
            yield match.span()


def _place(file: File, position: int) -> Span:
    before = file.model.program.text[:position]
    line = before.count("\n") + 1
    column = len(before[before.rfind("\n") + 1 :].encode("utf-16-le")) // 2 + 1
    return Span(position, position, line, column)


RULES = (
    Rule("prefer-interpolation", "Warning", _concat),
    Rule("simplify-interpolation", "Warning", _wrapped),
    Rule("prefer-unquoted-property-names", "Warning", _quoted),
    Rule("no-hardcoded-env-urls", "Warning", _urls),
)
