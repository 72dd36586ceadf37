"""Makes what a strike runs as: the text in place of the engine's entrance, and bootstrap.py with its watcher."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.kill.cells import Reached

HERE = Path(__file__).parent
LAST_LINES = '\n\nif __name__ == "__main__":\n'
NO_VERB = "\n\ndef run_verb(bundle, envelope, secrets):\n    return 0\n"


@dataclass(frozen=True)
class Plan:
    """Where a strike notes what it reaches, the mark it leaves when it dies, and the point at which it does."""

    trace: str
    mark: str
    at: Reached | None = None

    def reached(self) -> list[Reached]:
        """Return what was noted, in order."""
        file = Path(self.trace)
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []

    @property
    def struck(self) -> bool:
        """Say whether the strike has killed its process."""
        return Path(self.mark).exists()


def engine_with(plan: Plan) -> str:
    """Return the text that takes the place of the bundle's `__main__.py`."""
    text = (HERE / "strike.py").read_text("utf-8")
    return f'{text}\n\nif __name__ == "__main__":\n    sys.exit(main({asdict(plan)!r}, sys.argv[1:]))\n'


def bootstrap_with(script: str, plan: Plan, *, run_verb: bool = True) -> str:
    """Return bootstrap.py as it runs with a watcher; without `run_verb` it ends where the engine would start."""
    watcher = (HERE / "bootstrap_strike.py").read_text("utf-8")
    body, found, end = script.rpartition(LAST_LINES)
    if not found:
        raise ValueError("bootstrap.py has other last lines than its watcher expects")
    begin = f"\n\nwatch_bootstrap({asdict(plan)!r}, globals())\n"
    return f"{body}\n\n{watcher}{'' if run_verb else NO_VERB}{begin}{found}{end}"
