"""The engine bundle (D3): which interpreter and platform it is for, what goes in, and what it says of itself.

A bundle is a ready tree: third-party packages from locked wheels, `vibedata/`, `oci/` and `bundle.json`. The
same lock and the same sources give the same tree, file for file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vibedata.errors import BadInput

WORKER_TARGET = "cp310-manylinux_x86_64"
DOCUMENT = "bundle.json"
SCHEMA = 1

# The most portable build of a wheel first, so that every machine chooses the same one.
_LINUX_TAGS = (
    "manylinux_2_5_{cpu}",
    "manylinux1_{cpu}",
    "manylinux_2_12_{cpu}",
    "manylinux2010_{cpu}",
    "manylinux_2_17_{cpu}",
    "manylinux2014_{cpu}",
    "manylinux_2_26_{cpu}",
    "manylinux_2_27_{cpu}",
    "manylinux_2_28_{cpu}",
    "manylinux_2_31_{cpu}",
    "manylinux_2_34_{cpu}",
)
_MAC_TAGS = ("macosx_11_0_{cpu}", "macosx_12_0_{cpu}", "macosx_13_0_{cpu}", "macosx_10_9_universal2")
_TARGET = re.compile(r"cp3(1[0-9])-(manylinux|macosx)_(x86_64|aarch64|arm64)")


@dataclass(frozen=True)
class Target:
    """What a bundle runs on: CPython 3.`minor` on a platform, as in cp310-manylinux_x86_64."""

    minor: int
    system: str
    cpu: str

    @property
    def name(self) -> str:
        """The target's name in the manifest."""
        return f"cp3{self.minor}-{self.system}_{self.cpu}"

    @property
    def python(self) -> str:
        """The interpreter's version, as in 3.10."""
        return f"3.{self.minor}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The wheel platform tags that run there, the preferred one first."""
        tags = _LINUX_TAGS if self.system == "manylinux" else _MAC_TAGS
        return tuple(tag.format(cpu=self.cpu) for tag in tags)

    @property
    def markers(self) -> dict[str, str]:
        """What the markers of a lock are evaluated with."""
        linux = self.system == "manylinux"
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": self.cpu,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux" if linux else "Darwin",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux" if linux else "darwin",
        }


@dataclass(frozen=True)
class Locked:
    """A distribution as the lock names it: its one version and the hashes (`sha256:<hex>`) of its files."""

    name: str
    version: str
    hashes: frozenset[str]


@dataclass(frozen=True)
class Wheel:
    """A distribution's files, as they lie in an installed tree."""

    name: str
    version: str
    files: Mapping[str, bytes]


def target(name: str) -> Target:
    """Return the target of that name. Raises BadInput (bundle-target-unknown)."""
    found = _TARGET.fullmatch(name)
    if not found:
        raise BadInput(
            "bundle-target-unknown",
            f"{name!r} names no target that bundles are packed for.",
            hint="Name interpreter and platform, as in cp310-manylinux_x86_64 or cp312-macosx_arm64.",
        )
    return Target(int(found[1]), found[2], found[3])


def target_of(implementation: str, version: tuple[int, int], platform: str, machine: str) -> Target:
    """Return the target of the machine with these facts (`sys` and `platform` know them).

    Raises BadInput (bundle-target-unknown).
    """
    system = {"linux": "manylinux", "darwin": "macosx"}.get(platform, platform)
    kind = "cp" if implementation == "cpython" else f"{implementation}-"
    return target(f"{kind}{version[0]}{version[1]}-{system}_{machine.lower().replace('amd64', 'x86_64')}")


def locked(lock: str, for_target: Target) -> list[Locked]:
    """Return what a lock holds for a target, sorted by name. Raises BadInput (lock-unreadable)."""
    lines = [line.strip() for line in lock.replace("\\\n", " ").splitlines()]
    rows = [_locked(line, for_target) for line in lines if line and not line.startswith("#")]
    return sorted((row for row in rows if row), key=lambda row: row.name)


def files_of(
    for_target: Target, wheels: Sequence[Wheel], engine: Mapping[str, bytes], version: str
) -> dict[str, bytes]:
    """Return every file of a bundle by its path, in order. Raises BadInput (bundle-conflict)."""
    merged: dict[str, bytes] = {}
    owners: dict[str, str] = {}
    own = Wheel("the engine", version, {**engine, DOCUMENT: document(for_target, wheels, version)})
    for wheel in (*wheels, own):
        for path, content in wheel.files.items():
            owner = owners.setdefault(path.casefold(), wheel.name)
            if owner != wheel.name and merged.get(path) != content:
                raise BadInput(
                    "bundle-conflict",
                    f"{owner} and {wheel.name} both bring {path}.",
                    hint="Lock versions that go together; one of the two would be overwritten.",
                )
            merged[path] = content
    return dict(sorted(merged.items()))


def document(for_target: Target, wheels: Sequence[Wheel], version: str) -> bytes:
    """Return `bundle.json`: the target, the interpreter, the engine's version and every distribution."""
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "target": for_target.name,
        "python": for_target.python,
        "engine": version,
        "distributions": [{"name": wheel.name, "version": wheel.version} for wheel in wheels],
    }
    return json.dumps(content, indent=1).encode() + b"\n"


def canonical_name(name: str) -> str:
    """Return a distribution's name as all its spellings compare."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked(line: str, for_target: Target) -> Locked | None:
    from packaging.requirements import InvalidRequirement, Requirement  # only who packs a release has it

    text, *hashes = re.split(r"\s+--hash=", line)
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise _unreadable(line) from error
    version = re.fullmatch(r"==([0-9A-Za-z.+!]+)", str(requirement.specifier))
    if (
        not version
        or not hashes
        or not all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes)
    ):
        raise _unreadable(line)
    if requirement.marker and not requirement.marker.evaluate(for_target.markers):
        return None
    return Locked(canonical_name(requirement.name), version[1], frozenset(hashes))


def _unreadable(line: str) -> BadInput:
    return BadInput(
        "lock-unreadable",
        f"The lock has a line that pins no version with hashes: {line[:80]}",
        hint="Make it again: make lock.",
    )
