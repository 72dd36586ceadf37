"""Reads the one thing we honour of a VM's cloud-config: lines that it writes to /etc/environment."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import yaml

MAX_BYTES = 64 * 1024  # Azure's limit for custom data
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def environment(custom_data: str) -> dict[str, str]:
    """Return the variables of base64 custom data; other parts of a cloud-config have no effect here."""
    try:
        text = base64.b64decode(custom_data, validate=True).decode("utf-8")
        document = (
            yaml.safe_load(text) if text.startswith("#cloud-config") and len(text) <= MAX_BYTES else None
        )
    except (binascii.Error, ValueError, yaml.YAMLError):
        return {}
    files: Any = document.get("write_files") if isinstance(document, dict) else None
    found: dict[str, str] = {}
    for entry in files if isinstance(files, list) else []:
        if isinstance(entry, dict) and entry.get("path") == "/etc/environment":
            found.update(_lines(str(entry.get("content", ""))))
    return found


def _lines(content: str) -> dict[str, str]:
    found = {}
    for line in content.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and _NAME.fullmatch(name):
            found[name] = value.strip().strip("\"'")
    return found
