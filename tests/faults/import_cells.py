"""What `importImage` can do: fail, lose its operation's address, find its tag taken, lose its token, be shut out."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from azure.keyvault.secrets import SecretClient
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistry.models import GenerateCredentialsParameters

from oci.auth import Aad
from oci.descriptor import Descriptor
from oci.media_types import IMAGE_MANIFEST
from oci.registry import Registry
from tests.builders.release import pack
from tests.environment import deployer
from tests.faults.cell import CONVERGED, Around, Cell
from tests.faults.network_cells import DAY0, PATIENCE
from tests.faults.rig import Rig, Run

ACR_PUSH = "8311e382-0749-4cb8-b61a-304f252e45ec"
API = "vibedata/components/api"
COPY = {"service": "registry_import", "operation": "copy"}
FAILED = {**COPY, "status": 500, "code": "InternalError", "message": "The operation has failed."}
UNREACHABLE = {**COPY, "status": 502, "code": "SourceRegistryUnreachable", "message": "It cannot be reached."}
LOST = {
    "service": "arm",
    "operation": "operation.*",
    "path": "*ContainerRegistry*",
    "status": 404,
    "code": "OperationNotFound",
}


def cells() -> list[Cell]:
    """Return the cells of importImage's own faults."""
    return [*_operations(), *_tags(), *_doors()]


def _operations() -> list[Cell]:
    where, bare = "importImage", "importImage, bare worker"
    slow = {**COPY, "latency": 3, "times": 1}
    return [
        Cell("the operation fails", where, "import-failed", DAY0, [{**FAILED, "times": 1}]),
        Cell("the operation fails", bare, "import-failed", DAY0, [{**FAILED, "times": 1}], bare=True),
        Cell(
            "the publisher cannot be reached, twice",
            where,
            CONVERGED,
            DAY0 + PATIENCE,
            [{**UNREACHABLE, "times": 2}],
        ),
        Cell(
            "the publisher is away",
            where,
            "publisher-down",
            DAY0 + PATIENCE,
            [UNREACHABLE],
            uses_up=False,
        ),
        Cell("the operation's address is lost", where, CONVERGED, DAY0, [{**LOST, "times": 1}]),
        Cell(
            "the operation's address is lost before the copy has ended",
            where,
            CONVERGED,
            DAY0 + 2 * PATIENCE,
            [slow, {**LOST, "times": 1}],
        ),
        Cell(
            "the operation's address is lost before the copy has ended",
            bare,
            CONVERGED,
            2 * DAY0 + PATIENCE,
            [slow, {**LOST, "times": 1}],
            bare=True,
        ),
    ]


def _tags() -> list[Cell]:
    return [
        Cell(
            "409 NoForce: the tag is there since a moment, with the same digest",
            "importImage",
            CONVERGED,
            DAY0,
            around=_taken_with("same"),
        ),
        Cell(
            "409 NoForce: the tag is there since a moment, with another digest",
            "importImage",
            CONVERGED,
            DAY0,
            around=_taken_with("other"),
        ),
    ]


def _doors() -> list[Cell]:
    return [
        Cell(
            "the publisher's token has expired",
            "importImage",
            "publisher-credentials-refused",
            DAY0,
            around=_expired,
        ),
        Cell(
            "the publisher's token has expired",
            "importImage, bare worker",
            "import-failed",
            DAY0,
            around=_expired,
            bare=True,
        ),
        Cell("trusted services are off", "importImage", "registry-closed", DAY0, around=_closed, quick=True),
        Cell(
            "trusted services are off",
            "importImage, bare worker",
            "registry-closed",
            DAY0,
            around=_closed,
            bare=True,
        ),
        Cell(
            "the publisher's registry is closed",
            "importImage",
            "publisher-registry-closed",
            DAY0,
            around=_no_way_out,
        ),
    ]


def _taken_with(which: str) -> Around:
    """Return what has another deployment set the tag of `api` right before this one's import asks for it."""

    @contextmanager
    def around(rig: Rig, run: Run) -> Iterator[None]:
        winner = which if which == "same" else _push_other(rig, run)
        rig.stack.faults.set(f"oci_registry.taken.{API}:{run.instance.settings.image_tag}", winner)
        yield

    return around


def _push_other(rig: Rig, run: Run) -> str:
    """Push another artifact, without a tag, to the customer's repository and return its digest."""
    credential = deployer(rig.stack)
    arm = rig.world.arm(run.instance.settings.subscription_id)
    arm.assign(run.instance.ids["containerRegistry"], ACR_PUSH, rig.stack.deployer["object_id"])
    registry = Registry(
        run.instance.settings.customer_registry,
        Aad(lambda: credential.get_token("https://containerregistry.azure.net/.default").token),
    )
    packed = pack(API, b"something else")
    for blob in packed.blobs:
        described = Descriptor.of("application/octet-stream", blob)
        registry.push_blob(API, described, partial(io.BytesIO, blob))
    return registry.push_manifest(API, packed.raw, IMAGE_MANIFEST).digest


@contextmanager
def _expired(rig: Rig, run: Run) -> Iterator[None]:
    """Replace the publisher's token in its vault by one that ends at once; a good one is there again afterwards."""
    _hand_out(rig, run, {"expiry": "2020-01-01T00:00:00Z"})
    try:
        yield
    finally:
        _hand_out(rig, run, {})


def _hand_out(rig: Rig, run: Run, options: dict[str, Any]) -> None:
    publisher, credential = rig.world.publisher(), deployer(rig.stack)
    parts = publisher.registry_id.split("/")
    client = ContainerRegistryManagementClient(
        credential, parts[2], base_url=rig.stack.addresses.url("arm"), polling_interval=0.05
    )
    token_id = f"{publisher.registry_id}/tokens/{publisher.username}"
    parameters = GenerateCredentialsParameters(token_id=token_id, name="password1", **options)
    made = client.registries.begin_generate_credentials(parts[4], parts[8], parameters).result()
    vault = SecretClient(publisher.vault_url, credential, verify_challenge_resource=False)
    (password,) = made.passwords or []
    vault.set_secret(publisher.secret, str(password.value))
    time.sleep(0.01)  # two versions of a secret in the same moment have no order


@contextmanager
def _closed(rig: Rig, run: Run) -> Iterator[None]:
    with _changed(rig, run.instance.ids["containerRegistry"], networkRuleBypassOptions="None"):
        yield


@contextmanager
def _no_way_out(rig: Rig, run: Run) -> Iterator[None]:
    with _changed(rig, rig.world.publisher().registry_id, publicNetworkAccess="Disabled"):
        yield


@contextmanager
def _changed(rig: Rig, resource_id: str, **properties: str) -> Iterator[None]:
    """Hold a resource with other properties for a while; the run after it finds it as it was."""
    found = rig.stack.ctx.resources.get(resource_id)
    assert found, resource_id
    arm = rig.world.arm(resource_id.split("/")[2])
    body = {key: found[key] for key in ("location", "sku") if key in found}
    usual = {key: found["properties"].get(key) for key in properties}
    before = {key: value for key, value in found["properties"].items() if key in _WRITABLE}
    arm.put(resource_id, **body, properties={**before, **properties})
    try:
        yield
    finally:
        arm.put(resource_id, **body, properties={**before, **{k: v for k, v in usual.items() if v}})


_WRITABLE = ("publicNetworkAccess", "networkRuleBypassOptions", "adminUserEnabled")
