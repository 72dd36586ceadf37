from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.automation import models as m

from local_stack.core.control import control_key
from local_stack.threaded import ThreadedStack
from tests.local_stack.automation.world import WORKERS, Account, account


def create(at: Account, worker: str, vm_id: str) -> m.HybridRunbookWorker:
    properties = m.HybridRunbookWorkerCreateOrUpdateParameters(vm_resource_id=vm_id)
    wanted = m.HybridRunbookWorkerCreateParameters(properties=properties)
    return at.client.hybrid_runbook_workers.create(*at.at, WORKERS, worker, wanted)


def test_worker_is_seen_while_its_machine_lives(own: ThreadedStack) -> None:
    at = account(own, worker=False)
    worker = str(uuid.uuid4())
    found = create(at, worker, at.vm_id).properties
    assert found is not None
    assert found.vm_resource_id == at.vm_id
    own.clock.advance(300)
    seen = at.client.hybrid_runbook_workers.get(*at.at, WORKERS, worker).properties
    assert seen is not None
    assert seen.last_seen_date_time is not None
    assert seen.last_seen_date_time >= own.clock.now() - timedelta(minutes=2)
    at.arm.client.resources.begin_delete_by_id(at.vm_id, api_version="2024-11-01").result()
    own.clock.advance(300)
    dead = at.client.hybrid_runbook_workers.get(*at.at, WORKERS, worker).properties
    assert dead is not None
    assert dead.last_seen_date_time == seen.last_seen_date_time


def test_worker_needs_a_group_and_a_machine(own: ThreadedStack) -> None:
    at = account(own, worker=False)
    with pytest.raises(HttpResponseError) as caught:
        create(at, str(uuid.uuid4()), at.vm_id + "-other")
    assert caught.value.status_code == 400
    at.client.hybrid_runbook_worker_group.delete(*at.at, WORKERS)
    with pytest.raises(ResourceNotFoundError):
        create(at, str(uuid.uuid4()), at.vm_id)


def test_groups_and_workers_are_listed(at: Account) -> None:
    groups = list(at.client.hybrid_runbook_worker_group.list_by_automation_account(*at.at))
    assert [group.name for group in groups] == [WORKERS]
    workers = list(at.client.hybrid_runbook_workers.list_by_hybrid_runbook_worker_group(*at.at, WORKERS))
    assert [one.properties.vm_resource_id for one in workers if one.properties] == [at.vm_id]


def test_people_are_told_as_whom_jobs_run(at: Account, own: ThreadedStack) -> None:
    at.run("print(1)\n")
    key = {"Authorization": f"Bearer {control_key(own.directory)}"}
    url = own.addresses.url("control") + "/services/automation/workers"
    told = requests.get(url, headers=key, timeout=60).json()
    assert told[at.vm_id].startswith("jobs run as ")
