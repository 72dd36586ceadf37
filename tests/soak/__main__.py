"""`make soak ALERTS=N`: fire N alerts at the action group under kills and faults, and hold every row against a ledger.

Progress every few seconds; at the end a table, and 0 when there is exactly one row for each logical event and nothing
else is wrong, 1 otherwise. What it leaves behind is in `.local/soak`: the ledger, the host's log of invocations, the
samples, the picture; `--record` also keeps figures and picture in docs/.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import time
import uuid
from datetime import datetime, timezone
from typing import Any

from bench.machine import load, machine
from demo.stage import Stage
from tests.soak import page
from tests.soak.picture import svg
from tests.soak.rig import ROOT, Rig
from tests.soak.run import Shape, run
from tests.soak.trouble import FULL
from vibedata import deploying
from vibedata.adapters.credentials import deployer_credential

HOME = ROOT / ".local" / "soak"
ARM = "https://management.azure.com/.default"


def main(argv: list[str]) -> int:
    """Run a soak and return the exit code."""
    given = _arguments(argv)
    shutil.rmtree(HOME, ignore_errors=True)
    stage = Stage(HOME / "stage")
    before = round(load(), 1)
    began = time.monotonic()
    release = stage.pack()
    stage.open()
    try:
        publisher = stage.publish(release)
        instance = stage.provision(release, publisher)
        for _ in deploying.walk(
            instance.deployment, str(uuid.uuid4())
        ):  # so that alerts find their components
            pass
        print(f"an instance with its components: {time.monotonic() - began:.0f} s", flush=True)
        credential = deployer_credential()
        shape = Shape(
            given.alerts,
            FULL,
            given.workers,
            kill_every=given.kill_every,
            drain_within=1800.0,
            seed=given.seed,
        )
        rig = Rig(stage.stack, HOME, instance)
        found, watch = run(rig, shape, lambda: credential.get_token(ARM).token, _say)
    finally:
        stage.close()
    facts: dict[str, Any] = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": f"make soak ALERTS={given.alerts}",
        "machine": machine(),
        "load before": before,
        **found.facts,
        **page.speed(watch.samples),
    }
    (HOME / "found.json").write_text(json.dumps({"facts": facts, "wrong": found.wrong}, indent=1), "utf-8")
    picture = svg(watch.samples, f"{facts['alerts fired']:,} alerts in {facts['minutes']:g} minutes, "
                  f"{facts['kills']} workers killed")  # fmt: skip
    (HOME / "soak.svg").write_text(picture, "utf-8")
    if given.record and not found.wrong:
        page.record(facts, picture)
    _tell(facts, found.wrong)
    return 1 if found.wrong else 0


def _tell(facts: dict[str, Any], wrong: list[str]) -> None:
    print()
    for name, value in facts.items():
        print(f"{name:32} {value}")
    print()
    for line in wrong:
        print(f"WRONG  {line}")
    print("exactly one row for each logical event" if not wrong else f"{len(wrong)} things are wrong")
    print(f"the picture: {HOME / 'soak.svg'}; the ledger and all else: {HOME}")


def _say(line: str) -> None:
    print(line, flush=True)


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.soak", description=__doc__)
    parser.add_argument("alerts", nargs="?", type=int, default=5_000, help="alerts to fire (default 5000)")
    parser.add_argument(
        "--workers",
        type=int,
        default=4,
        help="of the host; under faults each waits more than it works (default 4)",
    )
    parser.add_argument("--kill-every", type=float, default=8.0, help="seconds between kills (default 8)")
    parser.add_argument("--seed", type=int, default=1, help="of the mixture")
    parser.add_argument("--record", action="store_true", help="keep the figures and the picture in docs/")
    return parser.parse_args(argv)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the stack ends too
    sys.exit(main(sys.argv[1:]))
