"""What the instance gives `vibedata-uami` is enough to write and read the operations log, and nothing less is."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from demo.instance import Instance
from vibedata.adapters.credentials import worker_credential
from vibedata.adapters.operations_log import operations_log
from vibedata.adapters.operations_query import operations_reader
from vibedata.errors import Blocked
from vibedata.operations import Event, Operation, row

NOW = datetime.now(timezone.utc)


@pytest.fixture
def as_uami(
    monkeypatch: pytest.MonkeyPatch, metadata_url: Callable[[str], str]
) -> Callable[[Instance], None]:
    def use(instance: Instance) -> None:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", metadata_url(instance.deployment.vm_id))

    return use


def write(instance: Instance, home: Path) -> str:
    operation = str(uuid.uuid4())
    log = operations_log(instance.settings, worker_credential(instance.settings.uami_client_id), home)
    log.write([row(Operation(operation, "run_health", "i"), Event("a", "Started", NOW))])
    log.flush()
    return operation


def read(instance: Instance, operation: str) -> int:
    reader = operations_reader(instance.settings, worker_credential(instance.settings.uami_client_id))
    return len(reader.rows(since=NOW - timedelta(hours=1), operation_id=operation))


def test_the_roles_of_the_matrix_are_enough(
    instance: Instance, as_uami: Callable[[Instance], None], tmp_path: Path
) -> None:
    as_uami(instance)
    assert read(instance, write(instance, tmp_path)) == 1


def test_reading_without_a_role_names_the_role(
    new_instance: Callable[..., Instance], as_uami: Callable[[Instance], None], tmp_path: Path
) -> None:
    instance = new_instance(without_roles=["inventory"])
    as_uami(instance)
    operation = write(instance, tmp_path)
    with pytest.raises(Blocked) as refused:
        read(instance, operation)
    assert refused.value.code == "role-missing"
    assert refused.value.detail["role"] == "Reader"
