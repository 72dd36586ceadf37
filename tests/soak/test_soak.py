"""A small soak: every kind of alert, duplicates, disorder, kills, an API that fails and loses answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.environment import World, deployer
from tests.soak.rig import Rig
from tests.soak.run import Shape, run
from tests.soak.trouble import DOWN, LOUD, Episode

ALERTS = 200
TROUBLE = [Episode("noise", 6, LOUD), Episode("down", 2, [DOWN, *LOUD]), Episode("noise", 600, LOUD)]


@pytest.mark.timeout(400)
def test_each_alert_is_one_row_whatever_dies_on_the_way(world: World, tmp_path: Path) -> None:
    world.stack.faults.clear()
    rig = Rig(world.stack.directory, tmp_path / "soak", world.instance(tmp_path / "worker"))
    credential = deployer(world.stack)
    shape = Shape(
        ALERTS, TROUBLE, lease=20.0, kill_every=5.0, most_kills=2, reconcile_every=5.0, drain_within=200.0,
        look_every=0.5, twice=0.5,
    )  # fmt: skip
    found, watch = run(
        rig, shape, lambda: credential.get_token("https://management.azure.com/.default").token, print
    )
    print(json.dumps(found.facts, indent=1), *found.wrong, sep="\n")
    assert found.wrong == []
    assert found.facts["kills"] == 2
    assert found.facts["alerts fired"] >= ALERTS
    assert watch.invocations.succeeded["process_alert"] >= ALERTS
