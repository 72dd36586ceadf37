"""The history of deployments: the fake and Resource Manager on the local stack keep the same promises."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.resource.deployments import DeploymentsMgmtClient

from demo import deployments as demo
from local_stack.threaded import ThreadedStack
from tests.contracts.tenant import Tenant
from tests.fakes.deployments import (
    CORRELATION,
    FakeDeploymentHistory,
    FakeRecordedDeployments,
    operation_document,
)
from tests.hostile.elsewhere import elsewhere
from vibedata.adapters.deployments import RememberedDeployments, ResourceManagerDeployments
from vibedata.errors import Blocked, Transient, VibedataError

TIMESTAMP = "2026-03-01T10:01:00.0000000Z"


class Real:
    def __init__(self, stack: ThreadedStack) -> None:
        self.tenant = Tenant(stack)
        self.tenant.grant("inventory")
        self.group = self.tenant.ids["resourceGroup"]
        self.history = self.reader(stack.addresses.url("arm"))

    def reader(self, endpoint: str) -> ResourceManagerDeployments:
        return ResourceManagerDeployments(
            endpoint, self.tenant.credential, self.tenant.arm.subscription_id, "mrg"
        )

    def record(self, name: str, *operations: dict[str, Any]) -> None:
        properties = {"provisioningState": "Succeeded", "timestamp": TIMESTAMP, "correlationId": CORRELATION}
        demo.record(self.tenant.arm, self.group, name, properties, operations)

    def sdk(self) -> DeploymentsMgmtClient:
        arm = self.tenant.arm
        return DeploymentsMgmtClient(self.tenant.credential, arm.subscription_id, base_url=arm.endpoint)


class Fake:
    def __init__(self) -> None:
        self.history = FakeDeploymentHistory()
        self.record = self.history.record


@pytest.fixture(params=["fake", "azure"])
def side(request: pytest.FixtureRequest) -> Any:
    return Fake() if request.param == "fake" else Real(request.getfixturevalue("stack"))


@pytest.fixture
def real(stack: ThreadedStack) -> Real:
    return Real(stack)


def test_deployments_are_listed_with_state_time_and_correlation(side: Any) -> None:
    side.record("06-storage")
    side.record("01-identity")
    listed = sorted(side.history.deployments(), key=lambda one: one.name)
    assert [(one.name, one.state, one.timestamp) for one in listed] == [
        ("01-identity", "Succeeded", TIMESTAMP),
        ("06-storage", "Succeeded", TIMESTAMP),
    ]
    assert listed[0].correlation_id == CORRELATION
    assert listed[0].id.endswith("/providers/Microsoft.Resources/deployments/01-identity")


def test_operations_are_read_with_target_and_error(side: Any) -> None:
    error = {"status": "Failed", "error": {"code": "QuotaExceeded", "message": "None left."}}
    side.record(
        "06-storage", operation_document("A1"), operation_document("B2", "Failed", statusMessage=error)
    )
    done = sorted(side.history.operations("06-storage"), key=lambda one: one.id)
    assert [(one.id, one.state, one.target_name) for one in done] == [
        ("A1", "Succeeded", "st1"),
        ("B2", "Failed", "st1"),
    ]
    assert done[1].error and done[1].error.code == "QuotaExceeded"
    assert done[0].duration_ms == 62_500


def test_what_ran_again_has_its_new_operations_alone(side: Any) -> None:
    side.record("06-storage", operation_document("A1"), operation_document("B2"))
    side.record("06-storage", operation_document("C3"))
    assert [one.id for one in side.history.operations("06-storage")] == ["C3"]


def test_a_deployment_that_is_gone_did_nothing(side: Any) -> None:
    assert list(side.history.operations("gone (1)")) == []


def test_all_pages_are_read(real: Real) -> None:
    for number in range(1, 6):
        real.record(f"0{number}-x", *(operation_document(f"{number}-{index}") for index in range(5)))
    real.tenant.stack.faults.set("arm.page_size", 2)
    assert len(list(real.history.deployments())) == 5
    assert len(list(real.history.operations("03-x"))) == 5


def test_a_missing_role_is_named(real: Real) -> None:
    real.tenant.revoke_all()
    for call in (real.history.deployments, lambda: real.history.operations("x")):
        with pytest.raises(Blocked) as refused:
            list(call())
        assert (refused.value.code, refused.value.detail["key"]) == ("role-missing", "inventory")


def test_an_answer_that_does_not_come_is_transient(real: Real) -> None:
    with pytest.raises(Transient):
        list(real.reader("https://127.0.0.1:9").deployments())


def test_a_name_that_points_elsewhere_takes_no_token_there(real: Real) -> None:
    with elsewhere(real.tenant.stack) as other:
        for name in (f"{other.url}/x", "../../../x", "x?y"):
            try:
                assert list(real.history.operations(name)) == []
            except VibedataError:
                continue
        assert other.asked == []


def test_the_stack_answers_deployments_own_client(real: Real) -> None:
    real.record("06-storage", operation_document("A1"))
    real.record("10-apps")
    client = real.sdk()
    names = [one.name for one in client.deployments.list_by_resource_group("mrg")]
    assert names == ["06-storage", "10-apps"]
    failed = client.deployments.list_by_resource_group("mrg", filter="provisioningState eq 'Failed'")
    assert list(failed) == []
    assert client.deployments.get("mrg", "06-storage").properties.correlation_id == CORRELATION
    (done,) = client.deployment_operations.list("mrg", "06-storage")
    assert (done.operation_id, done.properties.target_resource.resource_name) == ("A1", "st1")
    assert client.deployment_operations.get("mrg", "06-storage", "A1").properties.status_code == "OK"
    with pytest.raises(ResourceNotFoundError, match=r"Deployment 'none' could not be found."):
        client.deployments.get("mrg", "none")
    with pytest.raises(ResourceNotFoundError):
        client.deployment_operations.get("mrg", "06-storage", "none")


def test_a_group_takes_its_history_along(real: Real) -> None:
    real.record("06-storage", operation_document("A1"))
    real.tenant.arm.client.resource_groups.begin_delete("mrg").result()
    real.tenant.arm.group("mrg", "westeurope")
    real.tenant.put("uami", "Microsoft.ManagedIdentity/userAssignedIdentities", "vibedata-uami")
    real.tenant.grant("inventory")
    assert list(real.reader(real.tenant.arm.endpoint).deployments()) == []


@pytest.fixture(params=["fake", "file"])
def recorded(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "fake":
        return FakeRecordedDeployments()
    return RememberedDeployments(tmp_path / "work" / "deployments")


def test_what_was_recorded_is_remembered_and_replaced(recorded: Any) -> None:
    assert recorded.read() == {}
    recorded.write({"/a": "1", "/b": "2"})
    recorded.write({"/b": "3"})
    assert recorded.read() == {"/b": "3"}


def test_the_file_is_shared_by_group_and_with_nobody_else(tmp_path: Path) -> None:
    directory = tmp_path / "work" / "deployments"
    mask = os.umask(0o007)
    try:
        RememberedDeployments(directory).write({"/a": "1"})
    finally:
        os.umask(mask)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o2770
    assert [(one.name, stat.S_IMODE(one.stat().st_mode)) for one in directory.iterdir()] == [
        ("recorded.json", 0o660)
    ]


@pytest.mark.parametrize("odd", ["", "{", "[1]", '{"a": 7}', "[" * 100_000, "\udcff"])
def test_a_file_that_is_none_is_forgotten(tmp_path: Path, odd: str) -> None:
    (tmp_path / "recorded.json").write_bytes(odd.encode("utf-8", "surrogateescape"))
    memory = RememberedDeployments(tmp_path)
    assert memory.read() == {}
    memory.write({"/a": "1"})
    assert memory.read() == {"/a": "1"}


def test_a_place_that_cannot_be_used_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "recorded.json").symlink_to(tmp_path / "elsewhere.json")
    (tmp_path / "elsewhere.json").write_text('{"/a": "1"}')
    assert RememberedDeployments(tmp_path).read() == {}
    os.mkfifo(tmp_path / "recorded.new")
    RememberedDeployments(tmp_path).write({"/b": "1"})
    RememberedDeployments(tmp_path / "no" / "engine" / "here").write({"/b": "1"})
    assert not (tmp_path / "no").exists()
