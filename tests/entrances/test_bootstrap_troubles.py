# ruff: noqa: F811 - pytest knows fixtures by their imported names
"""The bootstrap on a bad day: a download that breaks off, a disk that is full, a token that ends, a closed registry."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import cloud  # noqa: F401
from tests.builders.release import Packed, digest_of
from tests.entrances.test_bootstrap import ENGINE, Worker, bundle, imports

PIECE = 64 * 1024


@pytest.fixture
def worker(cloud: Cloud, tmp_path: Path) -> Worker:
    return Worker(cloud, tmp_path / "opt" / "vibedata")


@pytest.fixture
def packed(worker: Worker) -> Packed:
    """A bundle of some pieces, in the customer's registry already."""
    one = bundle(ENGINE, ("vibedata/big.bin", os.urandom(5 * PIECE)))
    worker.cloud.push(one, host=worker.cloud.customer_registry)
    return one


@pytest.fixture
def small_disk(worker: Worker) -> Iterator[Path]:
    """The worker's home on a disk of 4 MB."""
    worker.home.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", str(worker.home)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield worker.home
    subprocess.run(["umount", "-l", str(worker.home)], check=True)


def sent(worker: Worker, packed: Packed) -> int:
    return worker.cloud.stack.ctx.served[f"/blobs/{digest_of(packed.blobs[1])}"]


@pytest.mark.parametrize("times", [1, 3])
def test_a_download_goes_on_where_it_broke_off(worker: Worker, packed: Packed, times: int) -> None:
    worker.cloud.stack.faults.add("oci_registry", "blob.data", cut_after=PIECE, times=times)
    result = worker.run(packed)
    assert result.code == 0, result.err
    assert sent(worker, packed) == len(packed.blobs[1])
    assert worker.cloud.stack.faults.list() == []


def test_a_download_that_breaks_off_before_its_first_byte(worker: Worker, packed: Packed) -> None:
    worker.cloud.stack.faults.add("oci_registry", "blob.data", cut_after=0, times=1)
    assert worker.run(packed).code == 0
    assert sent(worker, packed) == len(packed.blobs[1])


def test_a_byte_that_changed_before_the_break_is_found(worker: Worker, packed: Packed) -> None:
    layer = digest_of(packed.blobs[1])
    worker.cloud.stack.faults.set(f"oci_registry.blob.{layer}", "flip")
    worker.cloud.stack.faults.add("oci_registry", "blob.data", cut_after=4 * PIECE, times=1)
    result = worker.run(packed)
    assert (result.code, result.error["code"]) == (5, "bundle-digest-mismatch")
    assert worker.unpacked() == []


def test_a_disk_without_room_is_named_before_anything_is_fetched(
    worker: Worker, packed: Packed, small_disk: Path
) -> None:
    result = worker.run(packed)
    assert (result.code, result.error["code"]) == (3, "disk-full")
    assert f"{small_disk} needs" in result.error["message"]
    assert "MB" in result.error["message"]
    assert result.error["hint"]
    assert sent(worker, packed) == 0
    assert worker.unpacked() == []


def test_a_disk_that_is_full_when_the_settings_are_written(
    worker: Worker, packed: Packed, small_disk: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert worker.run(packed).code == 0
    _fill(small_disk / "filler")
    result = worker.run(packed, settings=worker.cloud.settings(image_tag="x" * 4096))
    assert (result.code, result.error["code"]) == (3, "disk-full")
    assert [path.name for path in small_disk.glob(".settings-*")] == []
    (small_disk / "filler").unlink()
    assert worker.run(packed, settings=worker.cloud.settings(image_tag="x")).code == 0


def test_a_token_that_ends_while_the_import_runs_is_replaced(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    worker.cloud.stack.faults.set("identity.token_seconds", 6)
    worker.cloud.stack.faults.add("registry_import", latency=10, times=1)
    seen = worker.cloud.stack.writes.last
    result = worker.run(packed)
    assert result.code == 0, result.err
    assert len(imports(worker.cloud, seen)) == 1


def test_an_import_whose_address_is_lost_is_waited_for(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    worker.cloud.stack.faults.add("registry_import", latency=4, times=1)
    worker.cloud.stack.faults.add("arm", "operation.*", status=404, code="OperationNotFound", times=1)
    assert worker.run(packed).code == 0


def test_a_registry_that_shuts_azure_out_is_named_at_once(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    message = "The registry does not allow trusted services to access it."
    worker.cloud.stack.faults.add(
        "*", "registry.importImage", status=403, code="NetworkAccessDenied", message=message
    )
    result = worker.run(packed)
    assert (result.code, result.error["code"]) == (3, "registry-closed")
    assert message in result.error["message"]
    assert "networkRuleBypassOptions" in result.error["hint"]


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as out:
        for piece in (bytes(1 << 20), bytes(4096), b"\0"):
            try:
                while True:
                    out.write(piece)
            except OSError:
                continue
