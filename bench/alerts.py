"""Alerts through the Function app in the functions host, against an app that makes the same calls and nothing else.

Drained from a filled queue: what the processor asks of tables and the log is recorded, message by message, and made
again by a bare app (`bare_app/`) in the same host on the same queue. Taken in by HTTP: the bare app puts each body on
the queue. Both sides have a worker of their own that is warm, the same settings and the same `host.json`.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import random
import shutil
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from azure.storage.queue import QueueClient

from bench import alert_calls
from bench.ground import Ground, ground
from bench.measure import OURS, Case, Goal, Run, Sample
from demo import alerting
from tests.soak.rig import ROOT, Host, Rig
from tests.soak.samples import Samples, essentials, timed
from vibedata import alert_settings, alerts
from vibedata.adapters.credentials import deployer_credential
from vibedata.alerts.message import Message, encode
from vibedata.parallel import in_parallel
from vibedata.wiring.functions import FunctionWires

BARE = Path(__file__).with_name("bare_app")
DRAINED, WARM = 600, 64
POSTED, AT_ONCE = 5_000, 32
TRAVEL_TOGETHER = 4  # messages whose rows share a request: fewer than do under the host's load
SPREAD_SECONDS = 12  # in which the queue is filled before anything of it can be seen
LARGEST = 40_000  # bytes: a larger one's body would travel as a claim
SDK = "a bare app, the same calls by the SDKs"
PLAIN = "floor: a bare app, the same calls by `requests`"
APPS = {OURS: "", SDK: "sdk", PLAIN: "plain"}
FUNCTION, HTTP = "process_alert", "receive_alert"
_SENDERS = 8


@dataclass
class _Site:
    """An instance, and the two apps for it."""

    here: Ground
    rig: Rig

    def __post_init__(self) -> None:
        self._samples = Samples(self.rig.names())
        self._rounds = itertools.count()
        self._queue: QueueClient = self.rig.queue("alerts")
        self._script = self.rig.directory / "script.jsonl"

    def record(self) -> None:
        """Note what the processor asks for each alert of a round."""
        told = alerting.host_settings(self.rig.instance.settings, self.here.addresses["identity"])
        address = f"{self.here.addresses['imds']}/vm/{self.rig.instance.vm_id}"
        os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = address
        wires = FunctionWires(alert_settings.load(told))
        script = alert_calls.record(wires, self._messages("recorded"), TRAVEL_TOGETHER)
        self._script.write_text(alert_calls.lines(script), "utf-8")

    def drain(self, side: str) -> Sample:
        """Fill the queue, have one worker empty it, and tell how long it was at that."""
        turn = f"r{next(self._rounds)}"
        with self._host(side, (HTTP,)):
            bodies = [self._body(side, turn, number, one) for number, one in enumerate(self._messages(turn))]
            self._fill(bodies[DRAINED:], 0.0)
            _ended(self.rig.events, FUNCTION, WARM)
            self._fill(bodies[:DRAINED], time.time() + SPREAD_SECONDS)
            done = _ended(self.rig.events, FUNCTION, WARM + DRAINED)[WARM:]
            assert self._left() == 0
        seconds = done[-1]["time"] - min(one["time"] - one["seconds"] for one in done)
        failed = sum(one["outcome"] != "succeeded" for one in done)
        return Sample(seconds, {"alerts per second": round(DRAINED / seconds, 1), "failed": failed})

    def burst(self, side: str) -> Sample:
        """Post alerts from many connections at once."""
        turn = f"h{next(self._rounds)}"
        some = [message.body or b"" for message in self._messages(turn)]
        bodies = [some[number % len(some)] for number in range(POSTED)]
        with self._host(side, (FUNCTION,)) as host:
            asyncio.run(self._post(host, some[:WARM]))
            self._queue.clear_messages()
            began = time.perf_counter()
            asyncio.run(self._post(host, bodies))
            seconds = time.perf_counter() - began
            assert self._left() == POSTED
            self._queue.clear_messages()
        return Sample(seconds, {"alerts per second": round(POSTED / seconds, 1)})

    async def _post(self, host: Host, bodies: Sequence[bytes]) -> None:
        token = deployer_credential().get_token(f"{self.rig.instance.settings.alert_http_audience}/.default")
        headers = {"Authorization": f"Bearer {token.token}", "Content-Type": "application/json"}
        tls = ssl.create_default_context(cafile=str(self.rig.ca_file))
        waiting = iter(bodies)
        connector = aiohttp.TCPConnector(ssl=tls, limit=AT_ONCE)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:

            async def some() -> None:
                for body in waiting:
                    async with session.post(f"{host.url}/api/alerts", data=body) as reply:
                        assert reply.status == 202, await reply.text()

            await asyncio.gather(*(some() for _ in range(AT_ONCE)))

    @contextmanager
    def _host(self, side: str, off: Sequence[str]) -> Iterator[Host]:
        self.rig.events.unlink(missing_ok=True)
        deployer = json.loads((self.rig.stack / "deployer.json").read_text("utf-8"))
        others = (
            *off,
            "relay_alerts",
            "reconcile_alerts",
            "sweep_alerts",
            "record_stranded",
            "record_poisoned",
        )
        more = {
            "SCRIPT": str(self._script),
            "BARE": APPS[side],
            "VIBEDATA_ALERT_HTTP_CALLER": deployer["client_id"],
            **{f"AzureWebJobs.{name}.Disabled": "true" for name in others},
        }
        app = ROOT if side == OURS else self.rig.directory / "bare"
        with self.rig.host(workers=1, lease=600.0, app=app, more=more) as host:
            yield host

    def _messages(self, turn: str) -> list[Message]:
        """Return a round's alerts, the same ones in each but for their ids, rules and times."""
        rng = random.Random(7)
        now = datetime.now(timezone.utc)
        made: list[Message] = []
        while len(made) < DRAINED + WARM:
            story = self._samples.story(rng, len(made))
            if not essentials(story.fired) or len(json.dumps(story.fired)) > LARGEST:
                continue
            document = timed(story.fired, now - timedelta(minutes=2), None)
            told = essentials(document)
            told["alertId"] += turn
            told["alertRule"] = f"{told.get('alertRule')}-{turn}"
            if told.get("alertRuleID"):
                told["alertRuleID"] += f"-{turn}"
            key = alerts.delivery_key(document, alerts.shape_of(document))
            made.append(Message(key, "eventhub", now, json.dumps(document).encode()))
        return made

    def _body(self, side: str, turn: str, number: int, message: Message) -> bytes:
        if side == OURS:
            return encode(message)
        padding = encode(message).decode()
        return json.dumps({"number": number, "round": turn, "padding": padding}).encode()

    def _fill(self, bodies: Sequence[bytes], visible_at: float) -> None:
        def put(body: bytes) -> None:
            hidden = max(0, round(visible_at - time.time()))
            self._queue.send_message(
                base64.b64encode(body).decode(), visibility_timeout=hidden, time_to_live=-1
            )

        in_parallel(put, list(bodies), at_once=_SENDERS)

    def _left(self) -> int:
        return int(self._queue.get_queue_properties().approximate_message_count or 0)


def _ended(events: Path, function: str, count: int, seconds: float = 240.0) -> list[dict[str, Any]]:
    """Wait until so many invocations have ended, and return them in the order of their ends."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        told = events.read_text("utf-8") if events.exists() else ""
        lines = told[: told.rfind("\n") + 1].splitlines()  # the last may be on its way
        found = [
            one for one in map(json.loads, lines) if one["event"] == "end" and one["function"] == function
        ]
        if len(found) >= count:
            time.sleep(1.0)  # until the host has deleted the last messages
            return sorted(found, key=lambda one: float(one["time"]))
        time.sleep(0.1)
    raise TimeoutError(f"{function} did not end {count} times")


@contextmanager
def _site() -> Iterator[_Site]:
    with ground() as here:
        rig = Rig(here.directory / "stack", here.directory / "apps", here.instance())
        rig.directory.mkdir()
        deployer = json.loads((rig.stack / "deployer.json").read_text("utf-8"))
        audience = rig.instance.settings.alert_http_audience
        given = {"clientId": deployer["client_id"], "audience": audience, "role": "ActionGroupsSecureWebhook"}
        here.control.call("POST", "/services/identity/app-roles", given)
        bare = rig.directory / "bare"
        shutil.copytree(BARE, bare)
        shutil.copy(ROOT / "host.json", bare / "host.json")
        yield _Site(here, rig)


def _sides(what: Callable[[_Site, str], Sample], *, recorded: bool) -> Any:
    @contextmanager
    def opened() -> Iterator[Mapping[str, Run]]:
        with _site() as site:
            if recorded:
                site.record()
            yield {side: partial(what, site, side) for side in APPS}

    return opened


GOALS = [Goal(SDK, at_most=1.25), Goal(PLAIN, at_most=1.25)]
CASES = [
    Case(
        "alerts-drained",
        f"{DRAINED} alerts from a filled queue to their rows",
        _sides(_Site.drain, recorded=True),
        goals=GOALS,
    ),
    Case(
        "alerts-by-http",
        f"a burst of {POSTED:,} alerts into the HTTP fallback",
        _sides(_Site.burst, recorded=False),
        goals=GOALS,
    ),
]
