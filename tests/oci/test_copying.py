"""Copying against Debian's docker-registry: few requests, nothing twice, and what breaks on the way."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import oras.provider
import pytest

from bench.registries import Server
from oci.copying import Copied, Order, copy, copy_all
from oci.descriptor import Descriptor
from oci.errors import OciError
from oci.layout import Layout
from oci.package import pack_files
from tests.oci.cutting import Wire
from tests.oci.pair import MEGABYTE, TYPES, Pair, blob_file, orders_for, snapshot
from tests.oci.rig import Rig
from tests.peers import command


def test_many_artifacts_are_copied_in_few_requests_and_a_second_time_nothing_is_written(
    pair: Pair, tmp_path: Path
) -> None:
    names = [f"team/{number:02}" for number in range(20)]
    pair.push(tmp_path, *((name, os.urandom(10_000)) for name in names))
    pair.source.directory.joinpath("log").write_bytes(b"")
    minted = pair.there.tokens.minted

    first = copy_all(orders_for(pair, names), jobs=1)
    assert sorted(each.changed for each in first if isinstance(each, Copied)) == [3] * 18 + [4] * 2
    assert len(pair.source.requests()) == 1 + 2 * 20  # who to ask for a token; a manifest and a layer each
    uploads_of_the_empty_config = 2  # one for each token, which ten repositories share
    assert len(pair.target.requests()) == 1 + 5 * 20 + uploads_of_the_empty_config
    assert pair.there.tokens.minted - minted == 2 + 2

    before, asked = snapshot(pair.target), len(pair.target.requests())
    second = copy_all(orders_for(pair, names), jobs=1)
    assert [each.changed for each in second if isinstance(each, Copied)] == [0] * 20
    assert snapshot(pair.target) == before
    again = pair.target.requests()[asked:]
    assert len(again) == 1 + 2 * 20
    assert {request.partition(" ")[0] for request in again} == {"GET", "HEAD"}


def test_one_that_fails_leaves_the_others_alone(pair: Pair, tmp_path: Path) -> None:
    names = [f"team/{number}" for number in range(6)]
    packed = pair.push(tmp_path, *((name, os.urandom(5_000)) for name in names))
    blob_file(pair.source, packed[3].layers[0].digest).write_bytes(bytes(5_000))
    outcomes = copy_all([*orders_for(pair, names), *orders_for(pair, ["team/absent"])])
    codes = [each.code if isinstance(each, OciError) else "" for each in outcomes]
    assert codes == ["", "", "", "oci-digest-mismatch", "", "", "oci-not-found"]
    target = pair.client(pair.target.host)
    assert [target.has_manifest(name, one.descriptor.digest) for name, one in zip(names, packed, strict=True)] == [
        True, True, True, False, True, True,
    ]  # fmt: skip
    assert pair.target.uploads() == []


@pytest.mark.parametrize("size", [10_000, 5 * MEGABYTE], ids=["small", "large"])
def test_a_wrong_last_byte_leaves_nothing_at_the_target(pair: Pair, tmp_path: Path, size: int) -> None:
    (packed,) = pair.push(tmp_path, ("team/a", os.urandom(size)))
    layer = packed.layers[0]
    with blob_file(pair.source, layer.digest).open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    (outcome,) = copy_all(orders_for(pair, ["team/a"]))
    assert isinstance(outcome, OciError)
    assert outcome.code == "oci-digest-mismatch"
    assert not blob_file(pair.target, layer.digest).exists()
    assert not pair.client(pair.target.host).has_manifest("team/a", packed.descriptor.digest)
    assert pair.target.uploads() == []


@pytest.mark.parametrize("gently", [True, False], ids=["cut", "reset"])
def test_a_break_of_the_source_is_resumed_by_range_and_the_upload_goes_on(
    pair: Pair, tmp_path: Path, gently: bool
) -> None:
    size = 8 * MEGABYTE
    (packed,) = pair.push(tmp_path, ("team/a", os.urandom(size)))
    cuts = [3 * MEGABYTE, 2 * MEGABYTE]
    with Wire(pair.source.host, cuts_down=list(cuts), gently=gently) as out, Wire(pair.target.host) as into:
        source, target = pair.client(out.host), pair.client(into.host)
        copied = copy(source.repository("team/a"), "1", target.repository("team/a"), tag="1")
        assert copied.bytes_written == size + 2
        assert out.cuts_down == []
        assert size < into.up < 1.05 * size
        if gently:  # after a reset, what was on its way is lost and has to be sent again
            assert size < out.down < 1.05 * size
    assert pair.client(pair.target.host).get_manifest("team/a", "1").raw == packed.raw
    assert statuses(pair.source, packed.layers[0]) == ["200", "206", "206"]
    assert pair.target.uploads() == []


def statuses(server: Server, blob: Descriptor) -> list[str]:
    """Return what a blob's readers were answered, in order."""
    lines = (server.directory / "log").read_text("utf-8").splitlines()
    return sorted(
        line.partition(' HTTP/1.1" ')[2][:3]
        for line in lines
        if f'"GET /v2/team/a/blobs/{blob.digest} ' in line
    )


def test_a_reset_of_the_target_starts_the_upload_again(pair: Pair, tmp_path: Path) -> None:
    size = 8 * MEGABYTE
    (packed,) = pair.push(tmp_path, ("team/a", os.urandom(size)))
    with Wire(pair.target.host, cuts_up=[3 * MEGABYTE]) as into:
        source, target = pair.client(pair.source.host), pair.client(into.host)
        copied = copy(source.repository("team/a"), "1", target.repository("team/a"), tag="1")
        assert copied.blobs_written == 2
        assert into.cuts_up == []
    assert blob_file(pair.target, packed.layers[0].digest).stat().st_size == size


def test_an_upload_that_broke_off_is_cancelled(rig: Rig, tmp_path: Path) -> None:
    layout = Layout.create(tmp_path / "packed")
    packed = pack_files({"f": os.urandom(3 * MEGABYTE)}, layout, **TYPES, tag="1")
    rig.stack.faults.add("oci_registry", "blob.append", reset=True, after=True, times=1)
    copied = copy(layout, "1", rig.registry("customer").repository("team/a"), tag="1")
    assert copied.blobs_written == 2
    assert rig.stack.faults.list() == []
    assert rig.registry("customer").get_manifest("team/a", "1").raw == packed.raw
    assert [path for path in rig.stack.ctx.directory.glob("**/uploads/*") if path.is_file()] == []


def test_a_source_that_always_breaks_off_ends_with_its_code(pair: Pair, tmp_path: Path) -> None:
    pair.push(tmp_path, ("team/a", os.urandom(5 * MEGABYTE)))
    with Wire(pair.source.host, cuts_down=[200_000] * 100) as out:
        source, target = pair.client(out.host), pair.client(pair.target.host)
        with pytest.raises(OciError) as caught:
            copy(source.repository("team/a"), "1", target.repository("team/a"), tag="1")
    assert caught.value.code == "oci-blob-interrupted"
    assert caught.value.transient
    assert pair.target.uploads() == []


def test_blobs_are_mounted_inside_a_registry(pair: Pair, tmp_path: Path) -> None:
    pair.push(tmp_path, ("team/a", os.urandom(3 * MEGABYTE)))
    registry = pair.client(pair.source.host)
    before = len(pair.source.requests())
    copied = copy(registry.repository("team/a"), "1", registry.repository("team/b"), tag="1")
    assert (copied.blobs_written, copied.blobs_present, copied.manifests_written) == (0, 2, 1)
    assert not [
        asked
        for asked in pair.source.requests()[before:]
        if asked.startswith(("GET /v2/team/a/blobs", "PATCH"))
    ]


def test_blobs_that_artifacts_share_are_sent_once(pair: Pair, tmp_path: Path) -> None:
    layout, shared = Layout.create(tmp_path / "packed"), os.urandom(2 * MEGABYTE)
    for number in range(5):
        pack_files({"f": bytes([number]), "shared": shared}, layout, **TYPES, tag=f"t{number}")
    target = pair.client(pair.target.host).repository("team/all")
    outcomes = copy_all([Order(layout, f"t{number}", target, f"t{number}") for number in range(5)])
    assert sum(each.blobs_written for each in outcomes if isinstance(each, Copied)) == 5 + 1 + 1
    assert sorted(target.tags()) == [f"t{number}" for number in range(5)]


def test_skopeo_and_oras_read_what_was_copied(pair: Pair, tmp_path: Path) -> None:
    content = os.urandom(2 * MEGABYTE)
    (packed,) = pair.push(tmp_path, ("team/a", content))
    copy_all(orders_for(pair, ["team/a"]))
    place = f"{pair.target.host}/team/a:1"

    skopeo = command("skopeo", "skopeo")
    (tmp_path / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    call = [
        *(
            skopeo,
            "--policy",
            str(tmp_path / "policy.json"),
            "copy",
            f"docker://{place}",
            f"oci:{tmp_path}/out:1",
        ),
        *("--src-creds", f"{pair.there.username}:{pair.there.password}"),
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "SSL_CERT_FILE": str(pair.there.ca_file),
    }
    done = subprocess.run(call, env=environment, capture_output=True, timeout=180)
    assert done.returncode == 0, done.stderr.decode()
    assert Layout.open(tmp_path / "out").resolve("1").digest == packed.descriptor.digest

    client = oras.provider.Registry(hostname=pair.target.host, tls_verify=str(pair.there.ca_file))
    client.auth.set_token_auth(pair.there.tokens.mint(pair.target.host, ["repository:team/a:pull"]))
    (file,) = client.pull(target=place, outdir=str(tmp_path / "pulled"))
    assert Path(file).read_bytes() == content
