"""The component registry of a resource group with 800 resources: writing all of it, and finding nothing to write.

The whole verb `bootstrap_registry`, as a worker's process runs it once its modules are loaded, operations rows, lease
and receipts included. Its first run against the same entities in the same transactions, made beforehand; its second
run against the ARM listing and the partition query alone. No process inherits tokens or connections, so both sides
begin without any and get them in the measured time; modules are loaded, and services warm, for both.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient
from azure.mgmt.resource.resources import ResourceManagementClient

from bench.ground import Ground, ground
from bench.measure import OURS, Case, Goal, Limit, Run, Sample
from demo.instance import Instance
from vibedata import deploying, entry
from vibedata.adapters.credentials import worker_credential
from vibedata.envelope import Envelope

RESOURCES = 800
KIND = "Microsoft.Network/networkSecurityGroups"
AT_ONCE = 100  # entities in a transaction
TRANSACTIONS = "floor: the table transactions alone"
READS = "floor: ARM listing and partition query alone"


class _Worker:
    """A worker of an instance that Day-0 has filled, and what its registry would be written with otherwise."""

    def __init__(self, here: Ground, instance: Instance) -> None:
        self._here = here
        self._instance = instance
        os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = f"{here.addresses['imds']}/vm/{instance.vm_id}"
        self._components = self._table("components", self._credential())
        self._floor = self._table("floor", self._credential())
        self._entities: list[Mapping[str, Any]] = []

    def prepare(self) -> None:
        """Run the verb once, and keep what it wrote."""
        self.run()
        self._entities = [dict(entity) for entity in self._components.list_entities()]
        assert len(self._entities) > RESOURCES
        self._floor.create_table()

    def run(self) -> Sample:
        """Run the verb on what is there."""
        last = self._here.control.call("GET", "/status")["writes"]
        envelope = Envelope("bootstrap_registry", str(uuid.uuid4()))
        began = time.perf_counter()
        entry.run(envelope, self._instance.settings, {})
        seconds = time.perf_counter() - began
        return Sample(seconds, {"writes to the registry": self._writes_since(last)})

    def first(self) -> Sample:
        """Run the verb on an empty registry."""
        _empty(self._components)
        return self.run()

    def transactions(self) -> Sample:
        """Write the same entities."""
        _empty(self._floor)
        operations = iter([("create", entity) for entity in self._entities])
        began = time.perf_counter()
        table = self._table("floor", self._credential())
        while batch := list(islice(operations, AT_ONCE)):
            table.submit_transaction(batch)
        return Sample(time.perf_counter() - began)

    def reads(self) -> None:
        """List the group and read the partition."""
        settings, names, credential = self._instance.settings, self._instance.names, self._credential()
        arm = ResourceManagementClient(credential, settings.subscription_id, base_url=settings.arm_endpoint)
        list(arm.resources.list_by_resource_group(names.group, expand="provisioningState"))
        table = self._table("components", credential)
        list(table.query_entities("PartitionKey eq @p", parameters={"p": names.instance_id}))

    def _credential(self) -> TokenCredential:
        """Return the worker's credential, which has no token yet."""
        return worker_credential(self._instance.settings.uami_client_id)

    def _table(self, name: str, credential: TokenCredential) -> TableClient:
        """Return a table, not connected yet."""
        return TableClient(self._instance.settings.table_endpoint, table_name=name, credential=credential)

    def _writes_since(self, last: int) -> int:
        """Return how many writes to the registry's table the stack has seen since."""
        entries = self._here.control.call("GET", f"/writes?since={last}&limit=100000")
        return sum(entry["service"] == "storage" and "components" in str(entry) for entry in entries)


def _empty(table: TableClient) -> None:
    try:
        keys = [
            ("delete", {name: e[name] for name in ("PartitionKey", "RowKey")}) for e in table.list_entities()
        ]
    except ResourceNotFoundError:
        return
    for start in range(0, len(keys), AT_ONCE):
        table.submit_transaction(keys[start : start + AT_ONCE])


@contextmanager
def _worker() -> Iterator[_Worker]:
    with ground() as here:
        instance = here.instance()
        for _ in deploying.walk(instance.deployment, str(uuid.uuid4())):
            pass
        arm, group = here.arm(), instance.ids["resourceGroup"]
        arm.subscription_id = instance.settings.subscription_id
        arm.client = ResourceManagementClient(
            arm.client._config.credential, arm.subscription_id, base_url=arm.endpoint, polling_interval=0
        )
        have = len(list(arm.client.resources.list_by_resource_group(instance.names.group)))
        ids = [f"{group}/providers/{KIND}/nsg-{number:04d}" for number in range(RESOURCES - have)]
        arm.put_all([(one, {"location": instance.deployment.location}) for one in ids])
        home = Path(os.environ.get("VIBEDATA_HOME", ""))
        os.environ["VIBEDATA_HOME"] = str(instance.home)
        assert home != instance.home
        worker = _Worker(here, instance)
        worker.prepare()
        yield worker


@contextmanager
def _first() -> Iterator[Mapping[str, Run]]:
    with _worker() as worker:
        yield {OURS: worker.first, TRANSACTIONS: worker.transactions}


@contextmanager
def _second() -> Iterator[Mapping[str, Run]]:
    with _worker() as worker:
        yield {OURS: worker.run, READS: worker.reads}


CASES = [
    Case(
        "registry-first-run",
        f"registry bootstrap, {RESOURCES} resources",
        _first,
        goals=[Goal(TRANSACTIONS, at_most=1.3)],
    ),
    Case(
        "registry-second-run",
        f"registry bootstrap again, {RESOURCES} resources, nothing changed",
        _second,
        goals=[Goal(READS, at_most=1.3)],
        limits=[Limit("writes to the registry", 0)],
    ),
]
