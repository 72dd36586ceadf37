"""What `pull`, `copy` and the command line make of bytes that lie, over a real registry."""

from __future__ import annotations

import json

import pytest

from oci import cli, media_types
from oci.descriptor import Descriptor, sha256
from oci.errors import OciError
from oci.layout import Layout
from oci.manifest import image_manifest
from oci.pulling import pull
from tests.hostile.conftest import Planter
from tests.hostile.victim import REPOSITORY, Victim
from tests.oci.hostile import CASES


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ("flip", "oci-digest-mismatch"),
        ("short", "oci-blob-truncated"),
        ("truncate", "oci-blob-interrupted"),
        ("extra", "oci-size-mismatch"),
        ("endless", "oci-size-mismatch"),
        ("missing", "oci-not-found"),
        ("gzip", "oci-answer-encoded"),
        ("smuggle", "oci-blob-truncated"),
    ],
)
def test_blob_bytes_that_are_not_those(victim: Victim, lie: str, code: str) -> None:
    victim.lie("blob", lie, victim.layer)
    victim.refused(code, victim.digest)
    assert victim.source.get_manifest(victim.digest).raw == victim.manifest.raw, "the next answer is its own"


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ("flip", "oci-digest-mismatch"),
        ("short", "oci-digest-mismatch"),
        ("extra", "oci-digest-mismatch"),
        ("truncate", "oci-blob-interrupted"),
        ("endless", "oci-manifest-too-large"),
        ("missing", "oci-not-found"),
        ("gzip", "oci-answer-encoded"),
    ],
)
def test_manifest_bytes_that_are_not_those(victim: Victim, lie: str, code: str) -> None:
    victim.lie("blob", lie, victim.digest)
    victim.refused(code, victim.digest)


@pytest.mark.parametrize("lie", ["flip", "short", "extra"])
def test_a_tag_whose_bytes_are_not_those_that_its_header_names(victim: Victim, lie: str) -> None:
    victim.lie("blob", lie, victim.digest)
    with pytest.raises(OciError) as caught:
        victim.source.resolve("1")
    assert caught.value.code in ("oci-digest-mismatch", "oci-manifest-invalid")


@pytest.mark.parametrize("reference", ["1", "digest"])
def test_a_digest_header_that_lies(victim: Victim, reference: str) -> None:
    victim.lie("header", "sha256:" + "0" * 64, victim.digest)
    victim.refused("oci-digest-mismatch", victim.digest if reference == "digest" else reference)


def test_a_manifest_served_as_an_index(victim: Victim) -> None:
    victim.lie("type", media_types.IMAGE_INDEX, victim.digest)
    victim.refused("oci-media-type-mismatch", victim.digest)


@pytest.mark.parametrize("title", ["../../x", "/etc/x", "..", "a\x1b[2J", "x" * 300])
def test_a_title_that_is_no_file_name(victim: Victim, planter: Planter, title: str) -> None:
    layer = Descriptor("a/b", victim.layer, 150_000, {media_types.TITLE: title})
    raw = image_manifest("a/b", [layer])
    digest = planter.manifest(victim.rig.ids["publisher"], REPOSITORY, raw)
    with pytest.raises(OciError) as caught:
        pull(victim.source, digest, victim.folder / "pulled" / "out")
    assert caught.value.code in ("oci-archive-escape", "oci-archive-name")
    assert list((victim.folder / "pulled").iterdir()) == []


@pytest.mark.parametrize("case", CASES)
def test_an_archive_that_nobody_should_unpack(victim: Victim, planter: Planter, case: str) -> None:
    code, make = CASES[case]
    digest = planter.artifact(victim.rig.ids["publisher"], REPOSITORY, make())
    with pytest.raises(OciError) as caught:
        pull(victim.source, digest, victim.folder / "pulled" / "out")
    assert caught.value.code == code
    assert caught.value.hint
    assert list((victim.folder / "pulled").iterdir()) == []


def test_a_compressed_layer_is_never_inflated(victim: Victim, planter: Planter) -> None:
    import gzip

    bomb = gzip.compress(bytes(1 << 24))
    kind = "application/vnd.oci.image.layer.v1.tar+gzip"
    digest = planter.artifact(victim.rig.ids["publisher"], REPOSITORY, bomb, layer_type=kind)
    pull(victim.source, digest, victim.folder / "out")
    (only,) = (victim.folder / "out").iterdir()
    assert only.read_bytes() == bomb


@pytest.mark.parametrize("command", ["pull", "copy", "verify", "inspect"])
@pytest.mark.parametrize(
    ("what", "lie", "code"),
    [
        ("layer", "flip", "oci-digest-mismatch"),
        ("layer", "extra", "oci-size-mismatch"),
        ("manifest", "flip", "oci-digest-mismatch"),
        ("manifest", "endless", "oci-manifest-too-large"),
    ],
)
def test_the_command_line_ends_with_the_code(
    victim: Victim,
    command: str,
    what: str,
    lie: str,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if (command, what) == ("inspect", "layer"):
        return
    user, password = victim.rig.scope_map_token("publisher", "repositories/*/content/read")
    for name, value in (("USERNAME", user), ("PASSWORD", password)):
        monkeypatch.setenv(f"OCI_{name}", value)
    victim.lie("blob", lie, victim.layer if what == "layer" else victim.digest)
    source = f"{victim.rig.hosts['publisher']}/{REPOSITORY}@{victim.digest}"
    target = {"pull": ["--to", str(victim.folder / "out")], "copy": [f"oci:{victim.folder / 'stick'}:1"]}
    assert cli.main([command, source, *target.get(command, []), "--output", "json"]) == 5
    said = json.loads(capsys.readouterr().out)
    assert said["code"] == code
    assert said["hint"]
    assert not (victim.folder / "out").exists()
    if command == "copy":
        assert Layout.open(victim.folder / "stick").tags() == []


def test_the_digest_of_what_is_named_is_no_path(victim: Victim) -> None:
    for reference in ("sha256:../../../../etc/passwd", "sha256:" + "A" * 64, "../1"):
        with pytest.raises(OciError) as caught:
            pull(victim.source, reference, victim.folder / "out")
        assert caught.value.code in ("oci-bad-digest", "oci-bad-reference")
    assert sha256(b"")
