"""Azure's own resource types, read in place: what exists, how it is spelt, and what a body of it may hold.

Two layouts are known. A *cut* has `index.json` (`resources[type][apiVersion]` → `file#/N`), files of `{"types": [...]}`
and `names.txt.gz` (every `type@apiVersion` there is). A *checkout* of the public bicep-types-az has
`generated/<area>/<provider>/<apiVersion>/types.json`, a plain list. Nothing is read before it is asked for.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = "VIBEDATA_AZURE_TYPES"
_BESIDE = Path(__file__).parents[2] / "shared" / "data" / "azure-types"
_NAME = re.compile(r'"\$type":\s*"ResourceType",\s*"name":\s*"([^"@]+)@([^"]+)"')

RawType = dict[str, Any]


class RawResource(NamedTuple):
    """A resource type as its file has it: all types of the file, and which of them it is."""

    types: list[RawType]
    number: int
    source: str

    @property
    def declaration(self) -> RawType:
        """The ResourceType record itself."""
        return self.types[self.number]


class AzureTypes:
    """One folder of types."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(os.environ.get(FOLDER) or _BESIDE)
        inner = self.folder / "generated"
        self._checkout = inner if inner.is_dir() else None
        self._index = self._read_index()
        self._names: dict[str, dict[str, tuple[str, str]]] = {}
        self._names_read = False
        self._scanned: dict[str, dict[str, dict[str, RawResource]]] = {}

    @property
    def known(self) -> bool:
        """Whether there are types to check against."""
        return bool(self._index or self._checkout)

    @property
    def named(self) -> bool:
        """Whether the spelling of every type is known."""
        return bool(self._checkout) or (self.folder / "names.txt.gz").exists()

    def spelling(self, resource_type: str, api_version: str) -> tuple[str, str] | None:
        """Return type and version as the catalogue spells them; None where it has no such type or version."""
        return self._versions(resource_type).get(api_version.lower())

    def versions(self, resource_type: str) -> list[str]:
        """Return every API version of the type, sorted."""
        return sorted(version for _, version in self._versions(resource_type).values())

    def resource(self, resource_type: str, api_version: str) -> RawResource | None:
        """Return the type's own description; None where this folder has only its name, or nothing."""
        if self._checkout:
            provider = self._provider(resource_type, api_version)
            return provider.get(resource_type.lower(), {}).get(api_version.lower())
        where = self._index.get(resource_type.lower(), {}).get(api_version.lower())
        return self._read(where) if where else None

    def nearest(self, resource_type: str, api_version: str) -> RawResource | None:
        """Return the type of that version, else of the newest before it, else of the oldest."""
        versions = self._index.get(resource_type.lower(), {})
        if self._checkout or not versions:
            return self.resource(resource_type, api_version)
        older = [version for version in versions if version <= api_version.lower()]
        return self._read(versions[max(older) if older else min(versions)])

    def _read(self, where: str) -> RawResource:
        file, _, number = where.partition("#/")
        return RawResource(_types(self.folder / file), int(number), file)

    def _read_index(self) -> dict[str, dict[str, str]]:
        file = self.folder / "index.json"
        if self._checkout or not file.exists():
            return {}
        resources = json.loads(file.read_text("utf-8"))["resources"]
        return {
            name.lower(): {version.lower(): where for version, where in versions.items()}
            for name, versions in resources.items()
        }

    def _versions(self, resource_type: str) -> dict[str, tuple[str, str]]:
        if not self._checkout and not self._names_read:
            self._read_names()
        name = resource_type.lower()
        if self._checkout and name not in self._names:
            self._names[name] = {}
            self._scan_names(name.partition("/")[0])
        return self._names.get(name, {})

    def _read_names(self) -> None:
        self._names_read = True
        file = self.folder / "names.txt.gz"
        text = gzip.decompress(file.read_bytes()).decode("utf-8") if file.exists() else ""
        for line in text.splitlines():
            self._note_name(*line.partition("@")[::2])

    def _scan_names(self, provider: str) -> None:
        for file in self._checkout.glob(f"*/{provider}/*/types.json") if self._checkout else ():
            for name, version in _NAME.findall(file.read_text("utf-8")):
                self._note_name(name, version)

    def _note_name(self, name: str, version: str) -> None:
        self._names.setdefault(name.lower(), {})[version.lower()] = (name, version)

    def _provider(self, resource_type: str, api_version: str) -> dict[str, dict[str, RawResource]]:
        provider = resource_type.lower().partition("/")[0]
        key = f"{provider}/{api_version.lower()}"
        if key not in self._scanned and self._checkout:
            found: dict[str, dict[str, RawResource]] = {}
            for file in self._checkout.glob(f"*/{key}/types.json"):
                types = _types(file)
                for number, each in enumerate(types):
                    if each["$type"] == "ResourceType":
                        name, _, version = each["name"].lower().partition("@")
                        found.setdefault(name, {})[version] = RawResource(types, number, str(file))
            self._scanned[key] = found
        return self._scanned.get(key, {})


@lru_cache(maxsize=64)
def _types(file: Path) -> list[RawType]:
    found = json.loads(file.read_text("utf-8"))
    types: list[RawType] = found if isinstance(found, list) else found["types"]
    return types
