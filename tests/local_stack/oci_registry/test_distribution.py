from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from oci.auth import Password
from tests.local_stack.oci_registry.wire import INDEX, Wire, code_of, digest_of, image, part
from tests.oci.rig import Rig, running

MISSING = "sha256:" + "0" * 64


@pytest.fixture
def wire(rig: Rig) -> Wire:
    scopes = ("repository:a/b:pull,push,delete", "repository:c:pull,push", "registry:catalog:*")
    return Wire(rig).sign_in(*scopes)


def test_a_blob_comes_in_chunks_and_is_served_by_range_elsewhere(wire: Wire) -> None:
    content = bytes(range(256)) * 40
    start = wire("POST", "/v2/a/b/blobs/uploads/")
    assert (start.status_code, start.headers["Range"]) == (202, "0-0")
    place = start.headers["Location"]
    first = wire("PATCH", place, data=content[:100], headers={"Content-Range": "0-99"})
    assert (first.status_code, first.headers["Range"]) == (202, "0-99")
    assert wire("GET", place).headers["Range"] == "0-99"
    gap = wire("PATCH", place, data=b"x", headers={"Content-Range": "200-200"})
    assert (gap.status_code, code_of(gap)) == (416, "RANGE_INVALID")
    wire("PATCH", place, data=content[100:])
    done = wire("PUT", place + f"?digest={digest_of(content)}")
    assert (done.status_code, done.headers["Docker-Content-Digest"]) == (201, digest_of(content))

    head = wire("HEAD", done.headers["Location"])
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(content)))
    redirect = wire("GET", done.headers["Location"])
    assert redirect.status_code == 307
    target = redirect.headers["Location"]
    assert not target.startswith(wire.base)
    part_of_it = wire("GET", target, headers={"Authorization": None, "Range": "bytes=10-19"})
    assert (part_of_it.status_code, part_of_it.content) == (206, content[10:20])
    assert part_of_it.headers["Content-Range"] == f"bytes 10-19/{len(content)}"


def test_the_data_endpoint_wants_its_signature_and_nothing_else(wire: Wire) -> None:
    digest = wire.push("a/b", b"secret")
    target = wire("GET", f"/v2/a/b/blobs/{digest}").headers["Location"]
    assert wire("GET", target).status_code == 400
    unsigned = wire("GET", target.partition("?")[0], headers={"Authorization": None})
    assert unsigned.status_code == 403
    forged = wire("GET", target[:-1] + ("0" if target[-1] != "0" else "1"), headers={"Authorization": None})
    assert forged.status_code == 403


def test_other_bytes_than_the_digest_are_refused_and_forgotten(wire: Wire, rig: Rig) -> None:
    place = wire("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    wrong = wire("PUT", place + f"?digest={digest_of(b'right')}", data=b"wrong")
    assert (wrong.status_code, code_of(wrong)) == (400, "DIGEST_INVALID")
    assert wire("HEAD", f"/v2/a/b/blobs/{digest_of(b'right')}").status_code == 404
    again = wire("PUT", place + f"?digest={digest_of(b'right')}", data=b"right")
    assert code_of(again) == "BLOB_UPLOAD_UNKNOWN"
    files = rig.stack.directory / "files" / "oci_registry"
    assert list(files.glob("publisher-*/uploads/*")) == []


@pytest.mark.parametrize("digest", ["", "sha256:x", "sha512:" + "0" * 128, "..%2f..%2fkeys"])
def test_a_malformed_digest_is_refused(wire: Wire, digest: str) -> None:
    place = wire("POST", "/v2/a/b/blobs/uploads/").headers["Location"]
    assert code_of(wire("PUT", f"{place}?digest={digest}", data=b"x")) == "DIGEST_INVALID"


def test_a_manifest_is_kept_byte_for_byte_once_its_parts_are_there(wire: Wire) -> None:
    raw = b" " + image(b"layer") + b"\n"
    early = wire.put("a/b", "1", raw)
    assert (early.status_code, code_of(early)) == (400, "MANIFEST_BLOB_UNKNOWN")
    wire.push("a/b", b"{}")
    wire.push("a/b", b"layer")
    assert wire.put("a/b", "1", raw).status_code == 201
    for reference in ("1", digest_of(raw)):
        found = wire("GET", f"/v2/a/b/manifests/{reference}")
        assert (found.content, found.headers["Docker-Content-Digest"]) == (raw, digest_of(raw))
        head = wire("HEAD", f"/v2/a/b/manifests/{reference}")
        assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(raw)))
    assert wire.put("c", "1", raw).status_code == 400  # what one repository has, another has not


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        image(schemaVersion=1),
        image(mediaType=INDEX),
        image(layers=[{"digest": "x", "size": 1}]),
    ],
)
def test_a_malformed_manifest_is_refused(wire: Wire, raw: bytes) -> None:
    wire.push("a/b", b"{}")
    assert code_of(wire.put("a/b", "1", raw)) == "MANIFEST_INVALID"


def test_a_manifest_under_another_digest_is_refused(wire: Wire) -> None:
    wire.push("a/b", b"{}")
    assert code_of(wire.put("a/b", MISSING, image())) == "DIGEST_INVALID"


def test_an_index_needs_its_children_and_referrers_are_listed(wire: Wire) -> None:
    wire.push("a/b", b"{}")
    child = image()
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [part(child)]}).encode()
    assert code_of(wire.put("a/b", "all", index, INDEX)) == "MANIFEST_BLOB_UNKNOWN"
    wire.put("a/b", "child", child)
    assert wire.put("a/b", "all", index, INDEX).status_code == 201
    signature = image(artifactType="application/vnd.sig", subject=part(child))
    assert wire.put("a/b", digest_of(signature), signature).headers["OCI-Subject"] == digest_of(child)
    listed = wire("GET", f"/v2/a/b/referrers/{digest_of(child)}?artifactType=application/vnd.sig")
    assert [found["digest"] for found in listed.json()["manifests"]] == [digest_of(signature)]
    assert wire("GET", f"/v2/a/b/referrers/{MISSING}").json()["manifests"] == []


def test_tags_and_repositories_are_paged(wire: Wire) -> None:
    wire.push("a/b", b"{}")
    wire.push("c", b"{}")
    for tag in ("3", "1", "2"):
        wire.put("a/b", tag, image())
    wire.put("c", "1", image())
    page = wire("GET", "/v2/a/b/tags/list?n=2")
    assert page.json() == {"name": "a/b", "tags": ["1", "2"]}
    assert wire("GET", page.links["next"]["url"]).json()["tags"] == ["3"]
    assert wire("GET", "/v2/_catalog?n=1").json() == {"repositories": ["a/b"]}
    assert wire("GET", "/v2/_catalog").json() == {"repositories": ["a/b", "c"]}


def test_what_is_deleted_is_gone(wire: Wire) -> None:
    wire.push("a/b", b"{}")
    raw = image()
    for tag in ("1", "2"):
        wire.put("a/b", tag, raw)
    assert wire("DELETE", "/v2/a/b/manifests/1").status_code == 202
    assert wire("GET", "/v2/a/b/manifests/1").status_code == 404
    assert wire("DELETE", f"/v2/a/b/manifests/{digest_of(raw)}").status_code == 202
    assert code_of(wire("GET", "/v2/a/b/manifests/2")) == "MANIFEST_UNKNOWN"
    assert code_of(wire("GET", "/v2/a/b/tags/list")) == "NAME_UNKNOWN"
    assert wire("DELETE", f"/v2/a/b/blobs/{digest_of(b'{}')}").status_code == 202
    assert wire("HEAD", f"/v2/a/b/blobs/{digest_of(b'{}')}").status_code == 404


def test_a_mount_needs_the_right_to_read_the_source(wire: Wire, rig: Rig) -> None:
    digest = wire.push("a/b", b"layer")
    assert wire("POST", f"/v2/c/blobs/uploads/?mount={digest}&from=a/b").status_code == 201
    blind = Wire(rig).sign_in("repository:d:pull,push")
    assert blind("POST", f"/v2/d/blobs/uploads/?mount={digest}&from=a/b").status_code == 202
    assert blind("HEAD", f"/v2/d/blobs/{digest}").status_code == 404


def test_content_outlives_a_restart_of_the_listener(wire: Wire, rig: Rig) -> None:
    wire.push("a/b", b"{}")
    wire.put("a/b", "1", image())
    rig.put(rig.ids["publisher"], {"location": "x", "sku": {"name": "Premium"}, "properties": {}})
    assert wire("GET", "/v2/a/b/manifests/1").status_code == 200


def test_a_copied_directory_is_a_copied_registry(tmp_path: Path) -> None:
    with running(tmp_path / "first") as stack:
        rig = Rig(stack).seed()
        wire = Wire(rig).sign_in("repository:a:pull,push")
        wire.push("a", b"{}")
        wire.put("a", "1", image())
        user, secret = rig.scope_map_token("publisher", "repositories/*/content/read")
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    with running(tmp_path / "second") as stack:
        rig.stack = stack
        registry = rig.registry("publisher", credentials=Password(user, secret))
        assert registry.get_manifest("a", "1").raw == image()


@pytest.mark.parametrize("repository", ["A", "a//b", "a/..", "-a", "a/" + "b" * 300])
def test_a_malformed_name_is_refused(wire: Wire, repository: str) -> None:
    answer = wire("GET", f"/v2/{repository}/manifests/1")
    assert answer.status_code in (400, 401, 404)
