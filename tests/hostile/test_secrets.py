"""A whole Day-0, and then some that fail: nothing that was secret in it is anywhere afterwards.

Looked through: every file of the worker and of the stack, every row of every store, blobs and tables as they are
served, Run Command views, job output, what the command line printed, exceptions, and every process's words and
environment, sampled while it ran.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import traceback
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from demo.instance import Instance
from local_stack.threaded import ThreadedStack
from tests.environment import World
from tests.hostile.evidence import Evidence, Run, files, processes, served, store_rows, watched
from tests.hostile.watching import files_below, spellings
from vibedata import day0 as walking
from vibedata import deploying
from vibedata.errors import VibedataError
from vibedata.wiring import deployer as deployer_wiring


@pytest.fixture(scope="module")
def ran(world: World, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A Day-0 of a bare worker, by the command line."""
    folder = tmp_path_factory.mktemp("secrets")
    instance = world.instance(folder / "worker")
    instance.save(folder / "instance.json")
    with watched(world.stack) as run:
        given = deploying.publisher_secrets(instance.deployment)
        run.known.add("the publisher's password", given["VIBEDATA_PUBLISHER_PASSWORD"])
        run.instance = instance
        run.done = cli("day0", "--deployment", str(folder / "instance.json"), "--output", "json")
    return run


def cli(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run `vibedata` as its own process, signed in as the deployer."""
    return subprocess.run(
        [sys.executable, "-m", "vibedata", "cli", *words],
        env={**os.environ, **environment}, capture_output=True, timeout=250, check=False,
    )  # fmt: skip


def test_a_day0_leaves_no_secret_anywhere(ran: Run, stack: ThreadedStack) -> None:
    assert ran.done.returncode == 0, ran.done.stdout + ran.done.stderr
    assert [phase["state"] for phase in json.loads(ran.done.stdout)["phases"]] == ["done"] * 4
    assert ran.known.tokens > 10, "the stack told its tokens"
    evidence = Evidence()
    evidence.add("standard output", ran.done.stdout)
    evidence.add("standard error", ran.done.stderr)
    for line in ran.logged.lines:
        evidence.add("log", line)
    store_rows(stack, evidence)
    served(stack, ran.instance, evidence)
    files(stack, ran.instance, evidence)
    assert len(evidence.texts) > 300, "there was something to look through"
    assert evidence.leaks(ran.known) == {}


def test_no_process_of_a_day0_is_started_with_a_secret(ran: Run) -> None:
    assert processes(ran, b"day0") == {}
    password = ran.known.known["the publisher's password"].encode()
    assert any(password in seen.environment for seen in ran.sampler.seen), "the script was seen, which has it"
    engines = [seen for seen in ran.sampler.seen if b"--secrets-from-stdin" in seen.argv]
    assert engines, "its child was seen, which has it not"


def test_a_bundle_holds_no_secret(ran: Run) -> None:
    plain = {form for secret in ran.known.known.values() for form in spellings(secret)}
    bundled = [path for path in files_below([ran.instance.home / "bundles"]) if path.suffix != ".pyc"]
    assert bundled
    assert [path for path in bundled if any(form in path.read_bytes() for form in plain)] == []


@pytest.mark.parametrize("failing", ["wrong password", "role missing"])
def test_a_day0_that_fails_tells_no_secret(
    failing: str, ran: Run, new_instance: Callable[..., Instance], stack: ThreadedStack
) -> None:
    instance = new_instance(without_roles={"registry-import"} if failing == "role missing" else set())
    shutil.copytree(
        ran.instance.home / "bundles", instance.home / "bundles", copy_function=os.link, symlinks=True
    )
    settings = replace(instance.settings, propagation_seconds=1.0)
    deployment = replace(instance.deployment, settings=settings)
    with watched(stack) as run:
        given = deploying.publisher_secrets(deployment)
        if failing == "wrong password":
            given["VIBEDATA_PUBLISHER_PASSWORD"] = "wrong/" + secrets.token_urlsafe(32)
        run.known.add("the publisher's password", given["VIBEDATA_PUBLISHER_PASSWORD"])
        with pytest.raises(VibedataError) as caught:
            walk(deployment, given)
    error = caught.value
    assert error.code in ("publisher-credentials-refused", "role-missing")
    assert error.hint
    evidence = Evidence()
    for text in (str(error), repr(error), vars(error), error.as_dict()):
        evidence.add("exception", text)
    evidence.add("traceback", "".join(traceback.format_exception(error)))
    for line in run.logged.lines:
        evidence.add("log", line)
    store_rows(stack, evidence)
    files(stack, instance, evidence)
    assert evidence.leaks(run.known) == {}
    assert processes(run, b"no command line here") == {}


def walk(deployment: Any, given: dict[str, str]) -> None:
    """Walk the phases in this process, with these secrets of the publisher's."""
    commands = deployer_wiring.run_commands(deployment.settings, deployment.vm_id, deployment.location)
    script, ids = deploying.BOOTSTRAP.read_text("ascii"), [str(uuid.uuid4()) for _ in range(2)]
    for _ in walking.walk(
        deployment, commands, script=script, operation_id=ids[0], attempt=ids[1], secrets=given
    ):
        pass
