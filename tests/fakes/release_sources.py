"""A release's sources in memory."""

from __future__ import annotations

import copy
from datetime import datetime, timezone
from typing import Any

from tests.builders.manifest import sample_manifest
from vibedata.catalog import RUNBOOKS
from vibedata.errors import BadInput
from vibedata.ports import Commit

COMMIT = Commit("0123456789abcdef0123456789abcdef01234567", datetime(2026, 1, 31, 12, tzinfo=timezone.utc))
LOCK = f"""# locked
colours==2.1 ; python_full_version < '3.11' \\
    --hash=sha256:{"1" * 64} \\
    --hash=sha256:{"2" * 64}
colours==3.0 ; python_full_version >= '3.11' \\
    --hash=sha256:{"3" * 64}
Shapes.Plain==1.0 \\
    --hash=sha256:{"4" * 64}
winonly==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:{"5" * 64}
"""


def description(**changes: Any) -> dict[str, Any]:
    """Return what people write of the sample manifest."""
    manifest = sample_manifest()
    for component in manifest["components"]:
        component.pop("artifact", None)
    return {
        "version": "1.4.0",
        "channel": "stable",
        "minimumSuiteVersion": "0.1.0",
        "validDays": 180,
        "networkRetryPolicies": manifest["networkRetryPolicies"],
        "components": manifest["components"],
        **changes,
    }


class FakeSources:
    """Sources of the sample release; change the attributes to change a source."""

    def __init__(self, commit: Commit | None = COMMIT, **changes: Any) -> None:
        self.at = commit
        self.described = description(**changes)
        self.package = {"vibedata/__main__.py": b"print('engine')\n", "oci/__init__.py": b""}
        self.locked = LOCK
        self.scripts = {row.verb: f"print({row.verb!r})\n".encode() for row in RUNBOOKS}
        self.components = {
            name: {"app.json": name.encode()} for name in ("api", "studio", "alert-functions", "airbyte")
        }

    def commit(self) -> Commit:
        if self.at is None:
            raise BadInput("release-commit-unknown", "no checkout", hint="Give commit, serial and time.")
        return self.at

    def description(self) -> dict[str, Any]:
        return copy.deepcopy(self.described)

    def engine(self) -> dict[str, bytes]:
        return dict(self.package)

    def lock(self) -> str:
        return self.locked

    def runbook(self, verb: str) -> bytes:
        return self._found(self.scripts, verb)

    def component(self, name: str) -> dict[str, bytes]:
        return self._found(self.components, name)

    def _found(self, where: dict[str, Any], name: str) -> Any:
        if name not in where:
            raise BadInput("release-source-missing", f"{name} is not there.", hint="Add it.")
        return where[name]
