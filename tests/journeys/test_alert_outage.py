"""The tables are down for longer than the host tries a message: nothing is given up, and every alert has its one row.

The real app on the functions host. What takes minutes in Azure takes seconds here, by settings: the host tries once,
and what is put off comes back after a second or two.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.monitor.query import LogsQueryClient
from azure.storage.queue import QueueClient

from demo import alerting
from demo.instance import Instance
from local_stack.functions_host.options import Identity, Options
from local_stack.functions_host.threaded import FunctionsHost
from local_stack.identity import app_service_environment
from tests.builders.alert_world import alert, message_of
from tests.contracts.tenant import Identity as As
from tests.environment import World
from vibedata.adapters.alert_claims import BlobAlertClaims
from vibedata.adapters.alert_queue import StorageAlertQueue

AUDIENCE = "https://api.loganalytics.io"
APP = Path(__file__).resolve().parents[2]
SECONDS = {
    "AzureFunctionsJobHost__extensions__queues__maxDequeueCount": "1",
    "AzureFunctionsJobHost__extensions__queues__maxPollingInterval": "00:00:00.5",
    "VIBEDATA_ALERT_PUT_OFF_SECONDS": "1",
}
OTHERS = (
    *("relay_alerts", "receive_alert", "record_poisoned", "record_stranded"),
    *("reconcile_alerts", "sweep_alerts"),
)


class Processor:
    """One instance, the processor on the host, and a look at what came of it."""

    def __init__(self, world: World, instance: Instance) -> None:
        settings = instance.settings
        told = alerting.host_settings(settings, world.stack.addresses.url("identity")) | SECONDS
        told |= {f"AzureWebJobs.{name}.Disabled": "true" for name in OTHERS}
        environment = app_service_environment(world.stack.ctx, instance.ids["functionApp"])
        options = Options(directory=world.stack.directory, identity=Identity.of(environment), drain=5.0)
        self.host = FunctionsHost(APP, told, options)
        uami = world.stack.ctx.principals.of_resource(instance.ids["uami"])
        assert uami is not None
        who: Any = As(world.stack, uami)
        self.queue = StorageAlertQueue(
            settings.queue_endpoint, who, BlobAlertClaims(settings.blob_endpoint, who)
        )
        self._queues = {
            name: QueueClient(settings.queue_endpoint, name, credential=who)
            for name in ("alerts", "alerts-poison")
        }
        self._log = LogsQueryClient(who, endpoint=settings.logs_query_endpoint, audience=AUDIENCE)
        self._workspace = settings.log_workspace_id

    def waiting(self) -> dict[str, int]:
        """Return how many messages each queue holds, seen or not."""
        counts = {name: one.get_queue_properties() for name, one in self._queues.items()}
        return {name: int(found.approximate_message_count or 0) for name, found in counts.items()}

    def rows(self, operation: str) -> list[dict[str, Any]]:
        """Return the rows of an operation as they arrived, none folded."""
        asked = f"VibeData_Operations_CL | where Operation == '{operation}'"
        found: Any = self._log.query_workspace(self._workspace, asked, timespan=None)
        return [dict(zip(table.columns, row, strict=True)) for table in found.tables for row in table.rows]

    def outages(self) -> set[str]:
        """Return why alerts were put off; none is given up meanwhile."""
        assert self.waiting()["alerts-poison"] == 0
        return {row["ErrorCode"] for row in self.rows("put_off_alert")}


def until(holds: Callable[[], object], what: str, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.2)


@pytest.fixture
def processor(world: World, instance: Instance) -> Iterator[Processor]:
    made = Processor(world, instance)
    with made.host:
        yield made


def test_an_outage_of_the_tables_leaves_one_row_of_each_alert_and_no_poison(
    processor: Processor, stack: Any
) -> None:
    down = [
        stack.faults.add("storage", "table.*", status=503, rate=0.5),
        stack.faults.add("storage", "table.*", reset=True),
    ]
    documents = [alert(number) for number in range(6)]
    documents[0]["data"]["essentials"]["description"] = "x" * 60_000  # its body is claimed
    for document in documents:
        processor.queue.send(message_of(document))
    until(lambda: processor.outages() & {"azure-busy", "azure-unreachable"}, "nothing was put off")
    for fault in down:
        stack.faults.remove(fault.id)
    stack.faults.add("storage", "table.*", status=403)
    until(lambda: "role-missing" in processor.outages(), "nothing was put off again")
    # What is put off is sent again before it is let go of: for a moment there are more.
    until(lambda: processor.waiting() == {"alerts": 6, "alerts-poison": 0}, "not all six wait")
    assert processor.rows("process_alert/metric") == []

    stack.faults.clear()
    until(lambda: processor.waiting() == {"alerts": 0, "alerts-poison": 0}, "not all was processed")
    rows = processor.rows("process_alert/metric")
    assert Counter(json.loads(row["Details"])["deliveryKey"] for row in rows) == Counter(
        message_of(document).delivery_key for document in documents
    )
