"""Write the pages that are made from code: docs/settings.md (from both Settings). A house test holds them to it."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from vibedata import alert_settings, settings

DOCS = Path(__file__).resolve().parent.parent / "docs"


def settings_page() -> str:
    """Return docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Made from `vibedata/settings.py` and `vibedata/alert_settings.py` by `make contracts`.",
        "No setting is a secret.",
        "",
        "## The worker and the command line",
        "",
        "Read from `$VIBEDATA_HOME/settings.json` (`VIBEDATA_HOME` is `/opt/vibedata` unless it says otherwise), which",
        "every Run Command writes; an environment variable `VIBEDATA_<NAME>` wins over the file. Lists are",
        "comma-separated in the environment.",
        "",
        *_table(settings.Settings),
        "",
        "## The Function app",
        "",
        "Read from the environment: the app's settings. What its triggers are connected to is in",
        "[functions.md](functions.md#settings).",
        "",
        *_table(alert_settings.AlertSettings),
    ]
    return "\n".join(lines) + "\n"


def _table(kind: type[Any]) -> list[str]:
    rows = ["| setting | environment | default | meaning |", "|---|---|---|---|"]
    for setting in fields(kind):
        environment = f"`VIBEDATA_{setting.name.upper()}`"
        rows.append(f"| `{setting.name}` | {environment} | {_default(setting)} | {setting.metadata['doc']} |")
    return rows


def _default(setting: Any) -> str:
    if setting.default is not MISSING:
        return f"`{setting.default}`" if setting.default != "" else "none"
    if setting.default_factory is not MISSING:
        return f"`{','.join(setting.default_factory())}`" if setting.default_factory() else "none"
    return "*required*"


if __name__ == "__main__":
    (DOCS / "settings.md").write_text(settings_page(), "utf-8")
