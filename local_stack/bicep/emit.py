"""Templates to text, byte for byte as the compiler writes them: two spaces, LF, no newline at the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def text_of(template: Any) -> str:
    """Return a template's text."""
    return json.dumps(template, indent=2, ensure_ascii=False)


def write(template: Any, file: Path) -> None:
    """Write a template."""
    file.write_text(text_of(template), encoding="utf-8", newline="\n")
