"""Run Commands that answer from a table, and remember what they were asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vibedata.ports import RunOutcome


@dataclass
class ScriptedRunCommands:
    """A RunCommands whose outcome per name is given; the rest succeed with nothing to do."""

    outcomes: dict[str, RunOutcome] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)

    def run(
        self,
        name: str,
        *,
        script: str,
        parameters: Mapping[str, str],
        protected: Mapping[str, str],
        timeout_seconds: int,
    ) -> RunOutcome:
        self.calls.append(
            {"name": name, "script": script, "parameters": dict(parameters), "protected": dict(protected)}
        )
        return self.outcomes.get(name, RunOutcome(0, '{"status": "nothing to do", "written": {}}\n', ""))
