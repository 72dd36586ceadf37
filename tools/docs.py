"""Write the pages that are made from code: docs/settings.md (from Settings). A house test holds them to it."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from vibedata import settings

DOCS = Path(__file__).resolve().parent.parent / "docs"


def settings_page() -> str:
    """Return docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Made from `vibedata/settings.py` by `make contracts`.",
        "",
        "The worker reads `$VIBEDATA_HOME/settings.json` (`VIBEDATA_HOME` is `/opt/vibedata` unless it says",
        "otherwise), which every Run Command writes; an environment variable `VIBEDATA_<NAME>` wins over the file.",
        "Lists are comma-separated in the environment. No setting is a secret.",
        "",
        "| setting | environment | default | meaning |",
        "|---|---|---|---|",
    ]
    for setting in fields(settings.Settings):
        environment = f"VIBEDATA_{setting.name.upper()}"
        lines.append(
            f"| `{setting.name}` | `{environment}` | {_default(setting)} | {setting.metadata['doc']} |"
        )
    return "\n".join(lines) + "\n"


def _default(setting: Any) -> str:
    if setting.default is not MISSING:
        return f"`{setting.default}`" if setting.default != "" else "none"
    if setting.default_factory is not MISSING:
        return f"`{','.join(setting.default_factory())}`" if setting.default_factory() else "none"
    return "*required*"


if __name__ == "__main__":
    (DOCS / "settings.md").write_text(settings_page(), "utf-8")
