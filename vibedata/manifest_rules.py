"""The rules of a manifest that a JSON Schema cannot say. They take what is well-formed and skip the rest.

Written for a document that may break the schema as well, so that one look tells everything that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from typing import Any

from vibedata.catalog import RUNBOOKS
from vibedata.manifest_source import Path

Finding = tuple[Path, str, str]
_MAX_CYCLES = 20
_MAX_SHOWN = 50
_OWN_RESOURCE = ("container", "function-app", "azure-resource")


def broken(document: Any) -> Iterator[Finding]:
    """Yield (path, problem, remedy) for every rule that `document` breaks."""
    if isinstance(document, dict):
        for rule in RULES:
            yield from rule(document)


def _unique_names(document: dict[str, Any]) -> Iterator[Finding]:
    for part in ("components", "runbooks"):
        seen: dict[str, int] = {}
        for index, item in _named(document, part):
            first = seen.setdefault(item["name"], index)
            if first != index:
                yield (
                    (part, index, "name"),
                    f"the name {item['name']} is taken by /{part}/{first}",
                    "Give each a name of its own.",
                )


def _dependencies(document: dict[str, Any]) -> Iterator[Finding]:
    waves = {item["name"]: item.get("wave") for _, item in _named(document, "components")}
    for index, item in _named(document, "components"):
        earlier: set[str] = set()
        for place, name in enumerate(_strings(item.get("dependsOn"))):
            path = ("components", index, "dependsOn", place)
            if name not in waves:
                yield (
                    path,
                    f"no component is named {name}",
                    "Name a component of this manifest, or remove it.",
                )
            elif name in earlier:
                yield path, f"{name} is named twice", "Keep one of the two."
            elif _not_before(waves[name], item.get("wave")):
                yield (
                    ("components", index, "wave"),
                    f"it is in wave {item['wave']}, and {name}, which it needs, in wave {waves[name]}",
                    f"Move {item['name']} to a later wave than {name}: a wave is done in parallel.",
                )
            earlier.add(name)


def _not_before(needed: Any, own: Any) -> bool:
    return isinstance(needed, int) and isinstance(own, int) and needed >= own


def _no_cycle(document: dict[str, Any]) -> Iterator[Finding]:
    components = _named(document, "components")
    places = {item["name"]: index for index, item in components}
    needs = {
        item["name"]: {name for name in _strings(item.get("dependsOn")) if name in places}
        for _, item in components
    }
    for _ in range(_MAX_CYCLES):
        try:
            TopologicalSorter(needs).prepare()
            return
        except CycleError as error:
            cycle = list(reversed(error.args[1]))
        start = cycle.index(min(cycle[:-1]))
        around = [*cycle[start:-1], *cycle[:start], cycle[start]]
        yield (
            ("components", places[around[0]], "dependsOn"),
            f"the components depend on each other in a circle: {' -> '.join(around[:_MAX_SHOWN])}",
            "Remove one of these dependencies.",
        )
        needs[around[0]].discard(around[1])


def _recognised_once(document: dict[str, Any]) -> Iterator[Finding]:
    # A chart or a migration lives in another's resource; two that *are* the resource cannot be told apart.
    seen: dict[tuple[str, str], str] = {}
    for index, item in _named(document, "components"):
        by = item.get("recognisedBy")
        if item.get("kind") not in _OWN_RESOURCE or not isinstance(by, dict):
            continue
        key = (str(by.get("type")).lower(), str(by.get("namePattern")).lower())
        first = seen.setdefault(key, item["name"])
        if first != item["name"]:
            yield (
                ("components", index, "recognisedBy"),
                f"{first} and {item['name']} are recognised by the same type and name",
                "Give each resource a name pattern of its own.",
            )


def _probes_answerable(document: dict[str, Any]) -> Iterator[Finding]:
    for index, item in _named(document, "components"):
        by, probes = item.get("recognisedBy"), item.get("probes")
        types = [p.get("type") for p in probes if isinstance(p, dict)] if isinstance(probes, list) else []
        if "digest" in types and isinstance(by, dict) and "imageProperty" not in by:
            yield (
                ("components", index, "recognisedBy"),
                f"{item['name']} has a digest probe, but nothing says where its resource names the image",
                "Add imageProperty, or remove the probe.",
            )


def _mandatory_runbooks(document: dict[str, Any]) -> Iterator[Finding]:
    names = {item["name"] for _, item in _named(document, "runbooks")}
    for row in RUNBOOKS:
        if row.verb not in names:
            yield (
                ("runbooks",),
                f"the mandatory runbook {row.verb} is missing",
                "Pack the release again: packing takes every runbook of the catalogue.",
            )


def _times(document: dict[str, Any]) -> Iterator[Finding]:
    release = document.get("release")
    moments: dict[str, datetime | None] = {}
    for name in ("createdAt", "expires"):
        text = release.get(name) if isinstance(release, dict) else None
        moments[name] = _moment(text)
        if moments[name] is None and isinstance(text, str):
            yield ("release", name), f"{text[:40]} is no date and time", "Write a moment that exists, in UTC."
    created, expires = moments.get("createdAt"), moments.get("expires")
    if created and expires and expires <= created:
        yield ("release", "expires"), "it expires before it was made", "Give an expiry after createdAt."


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except (TypeError, ValueError):
        return None


def _plain_text(document: dict[str, Any]) -> Iterator[Finding]:
    for path, text in _texts(document, ()):
        if re.search(r"(^|[:/@])latest$", text, re.IGNORECASE):
            yield (
                path,
                "it names latest, which means another thing tomorrow",
                "Name a version or a digest (NFR-10).",
            )
        if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text):
            yield (
                path,
                "it holds a control character",
                "Remove line breaks, tabs and other control characters.",
            )


def _texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _texts(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _texts(member, (*path, index))


def _named(document: dict[str, Any], part: str) -> list[tuple[int, dict[str, Any]]]:
    items = document.get(part)
    pairs = enumerate(items) if isinstance(items, list) else ()
    return [
        (index, item) for index, item in pairs if isinstance(item, dict) and isinstance(item.get("name"), str)
    ]


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    _unique_names,
    _dependencies,
    _no_cycle,
    _recognised_once,
    _probes_answerable,
    _mandatory_runbooks,
    _times,
    _plain_text,
)
