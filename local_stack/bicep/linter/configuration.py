"""What `bicepconfig.json` says about the rules. The nearest one from the file upwards counts, alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from local_stack.bicep.diagnostics import Level

NAME = "bicepconfig.json"
_LEVELS: dict[str, Level | None] = {"error": "Error", "warning": "Warning", "info": "Info", "off": None}
_MOST_BYTES = 1_000_000
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)


class Unusable(Exception):
    """The configuration cannot be read; the text says why."""


@dataclass(frozen=True)
class Configuration:
    """The linter's settings. `levels` holds what is set, by rule; None is off."""

    path: str | None = None
    enabled: bool = True
    levels: Mapping[str, Level | None] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    experimental: tuple[str, ...] = ()

    def level(self, rule: str, default: Level | None) -> Level | None:
        """Return how a rule's findings count; None is not at all."""
        return self.levels.get(rule, default)

    def value(self, rule: str, key: str, default: Any) -> Any:
        """Return one of a rule's own settings; keys are matched without regard to letter case."""
        given = {name.lower(): each for name, each in self.values.get(rule, {}).items()}
        return given.get(key.lower(), default)


def nearest(file: Path) -> Configuration:
    """Return the configuration that holds for a file. Raises Unusable."""
    for folder in file.resolve().parents:
        if (folder / NAME).is_file():
            return _read(folder / NAME, (folder / NAME).stat().st_mtime_ns)
    return Configuration()


@lru_cache(maxsize=64)
def _read(file: Path, _changed: int) -> Configuration:
    raw = file.read_bytes()
    if len(raw) > _MOST_BYTES:
        raise Unusable(f"{file} is larger than {_MOST_BYTES} bytes.")
    try:
        found = json.loads(_TOKEN.sub(_plain, raw.decode("utf-8-sig")))
    except (ValueError, RecursionError) as problem:
        raise Unusable(
            f'Failed to parse the contents of the Bicep configuration file "{file}" as valid JSON: {problem}.'
        ) from problem
    return _parsed(file, _object(found))


def _plain(match: re.Match[str]) -> str:
    return match[0] if match[0].startswith('"') else " "


def _parsed(file: Path, found: Mapping[str, Any]) -> Configuration:
    core = _object(_object(found.get("analyzers")).get("core"))
    rules = {name: _object(each) for name, each in _object(core.get("rules")).items()}
    levels: dict[str, Level | None] = {}
    for name, each in rules.items():
        word = str(each.get("level", "")).lower()
        if word in _LEVELS:
            levels[name] = _LEVELS[word]
        elif word:
            raise Unusable(
                f'{file}: the level of "{name}" must be one of {", ".join(_LEVELS)}, not "{word}".'
            )
    features = _object(found.get("experimentalFeaturesEnabled"))
    experimental = tuple(sorted(name for name, value in features.items() if value is True))
    return Configuration(str(file), core.get("enabled") is not False, levels, rules, experimental)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
