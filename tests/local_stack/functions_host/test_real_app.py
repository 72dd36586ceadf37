"""This project's own app, indexed as the host does: its sample settings name every connection that it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
INDEX = """
import json, pathlib, sys
from local_stack.functions_host import app_settings, host_json, indexing, listeners
app = pathlib.Path(sys.argv[1])
settings = app_settings.load(app / "local.settings.sample.json")
host = host_json.parse(host_json.load(app), settings)
found = indexing.index(app, settings)
listeners.check(found, host, settings)
print(json.dumps({"functions": {each.name: each.kind for each in found}, "warnings": host.warnings}))
"""


def test_the_sample_settings_start_the_app() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INDEX, str(ROOT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["warnings"] == []
    assert {
        "relay_alerts": "eventHubTrigger",
        "receive_alert": "httpTrigger",
        "process_alert": "queueTrigger",
        "record_poisoned": "queueTrigger",
        "reconcile_alerts": "timerTrigger",
    }.items() <= told["functions"].items()
