"""Application settings: local.settings.json, `%Name%` in bindings, and which functions they switch off."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from local_stack.functions_host.errors import HostError

_REFERENCE = re.compile(r"%([^%]+)%")
_TRUE = ("1", "true")


def load(path: Path) -> dict[str, str]:
    """Return the `Values` of a local.settings.json. Raises HostError."""
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise HostError(f"{path} cannot be read as local.settings.json: {error}.") from error
    values = document.get("Values") if isinstance(document, dict) else None
    if not isinstance(values, dict):
        raise HostError(f'{path} must hold {{"Values": {{…}}}}.')
    if document.get("IsEncrypted"):
        raise HostError(f"{path} is encrypted; decrypt it with `func settings decrypt`.")
    return checked({str(name): value for name, value in values.items()}, str(path))


def checked(values: Mapping[str, object], where: str) -> dict[str, str]:
    """Return settings that can be environment variables. Raises HostError naming the one that cannot."""
    for name, value in values.items():
        if not isinstance(value, str):
            raise HostError(f"{where}: the setting {name} is a {type(value).__name__}; settings are strings.")
        if not name or "=" in name or "\0" in name + value:
            raise HostError(f"{where}: the setting {name!r} cannot be an environment variable.")
    return {name: str(value) for name, value in values.items()}


def find(settings: Mapping[str, str], name: str) -> str | None:
    """Return a setting in any case, with `:` or `__` between its parts, or None."""
    wanted = name.replace(":", "__").lower()
    return next((v for k, v in settings.items() if k.replace(":", "__").lower() == wanted), None)


def resolved(text: str, settings: Mapping[str, str], where: str) -> str:
    """Return a binding's text with each `%Name%` replaced by that setting. Raises HostError naming it."""

    def value(match: re.Match[str]) -> str:
        found = find(settings, match.group(1))
        if found is None:
            raise HostError(f"{where}: %{match.group(1)}% names a setting that is not there.")
        return found

    return _REFERENCE.sub(value, text)


def is_disabled(settings: Mapping[str, str], function: str) -> bool:
    """Tell whether `AzureWebJobs.<function>.Disabled` (or `__Disabled`) says so."""
    names = (f"AzureWebJobs.{function}.Disabled", f"AzureWebJobs_{function}_Disabled")
    return any((find(settings, name) or "").lower() in _TRUE for name in names)
