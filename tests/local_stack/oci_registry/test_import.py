from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.mgmt.containerregistry import models

from local_stack.core.writes import Write
from tests.contents import content, files
from tests.local_stack.oci_registry.wire import INDEX, Wire, digest_of, image, part
from tests.oci.rig import Rig, Token

Import = Callable[..., list[Write]]
ROLE = "Container Registry Data Importer and Data Reader"
RAW = image(b"layer")
WRONG = models.ImportSourceCredentials(username="x", password="y")


@pytest.fixture
def source(rig: Rig) -> Wire:
    wire = Wire(rig).sign_in("repository:a/b:pull,push")
    wire.push("a/b", b"{}")
    wire.push("a/b", b"layer")
    wire.put("a/b", "1", RAW)
    return wire


@pytest.fixture
def reader(rig: Rig) -> models.ImportSourceCredentials:
    user, secret = rig.scope_map_token("publisher", "repositories/*/content/read")
    return models.ImportSourceCredentials(username=user, password=secret)


@pytest.fixture
def run(rig: Rig, source: Wire, reader: models.ImportSourceCredentials) -> Import:
    def start(
        image_name: str = "a/b:1",
        *,
        caller: Token | None = None,
        tags: tuple[str, ...] = (),
        untagged: tuple[str, ...] = (),
        mode: str = "NoForce",
        **more: Any,
    ) -> list[Write]:
        place = {"registry_uri": rig.hosts["publisher"], "credentials": reader, **more}
        parameters = models.ImportImageParameters(
            source=models.ImportSource(source_image=image_name, **place),
            target_tags=list(tags),
            untagged_target_repositories=list(untagged),
            mode=mode,
        )
        with rig.written() as written:
            rig.management(caller).registries.begin_import_image(rig.group, "customer", parameters).result()
        return written

    return start


def customer(rig: Rig, repository: str = "a/b") -> Wire:
    return Wire(rig, "customer").sign_in(f"repository:{repository}:pull")


def test_a_tag_is_imported_by_the_real_client_with_its_blobs(rig: Rig, run: Import) -> None:
    started = time.monotonic()
    [entry] = run("a/b:1", tags=("a/b:1", "a/b:latest"))
    assert time.monotonic() - started < 25  # asked again as it was told, and not every 30 seconds
    wire = customer(rig)
    assert wire("GET", "/v2/a/b/manifests/latest").content == RAW
    assert wire("HEAD", f"/v2/a/b/blobs/{digest_of(b'layer')}").status_code == 200
    assert (entry.operation, entry.status, entry.principal) == ("registry.importImage", 200, "owner")
    assert entry.detail["changedTags"] == ["a/b:1", "a/b:latest"]
    assert entry.detail["changedManifests"] == [f"a/b@{digest_of(RAW)}"]
    assert entry.detail["digest"] == digest_of(RAW)


def test_a_second_forced_import_changes_nothing(run: Import) -> None:
    run("a/b:1", tags=("a/b:1",), mode="Force")
    [entry] = run("a/b:1", tags=("a/b:1",), mode="Force")
    assert [entry.detail[key] for key in ("changedTags", "changedManifests", "changedBlobs")] == [[], [], []]


def test_force_moves_a_tag_and_no_force_does_not(rig: Rig, run: Import, source: Wire) -> None:
    run("a/b:1", tags=("a/b:latest",))
    source.push("a/b", b"new")
    source.put("a/b", "1", image(b"new"))
    with pytest.raises(ResourceExistsError, match="already exists"):
        run("a/b:1", tags=("a/b:latest",))
    assert customer(rig)("GET", "/v2/a/b/manifests/latest").content == RAW
    [entry] = run("a/b:1", tags=("a/b:latest",), mode="Force")
    assert entry.detail["changedTags"] == ["a/b:latest"]
    assert customer(rig)("GET", "/v2/a/b/manifests/latest").content == image(b"new")


def test_an_existing_tag_conflicts_even_for_the_same_digest(rig: Rig, run: Import) -> None:
    run("a/b:1", tags=("a/b:1",))
    with pytest.raises(ResourceExistsError) as refusal:
        run("a/b:1", tags=("a/b:1",))
    assert (refusal.value.status_code, refusal.value.error.code) == (409, "Conflict")


def test_a_digest_is_imported_without_a_tag(rig: Rig, run: Import) -> None:
    run(f"a/b@{digest_of(RAW)}", untagged=("copy/of/b",))
    wire = customer(rig, "copy/of/b")
    assert wire("GET", f"/v2/copy/of/b/manifests/{digest_of(RAW)}").content == RAW
    assert wire("GET", "/v2/copy/of/b/tags/list").json()["tags"] == []


def test_an_index_comes_with_its_children_and_without_referrers(rig: Rig, run: Import, source: Wire) -> None:
    index = json.dumps(
        {"schemaVersion": 2, "mediaType": INDEX, "manifests": [part(RAW), part(image())]}
    ).encode()
    source.put("a/b", "other", image())
    source.put("a/b", "all", index, INDEX)
    signature = image(artifactType="application/vnd.sig", subject=part(index))
    source.put("a/b", "sig", signature)
    [entry] = run("a/b:all", tags=("a/b:all",))
    assert len(entry.detail["changedManifests"]) == 3
    wire = customer(rig)
    assert wire("GET", f"/v2/a/b/manifests/{digest_of(RAW)}").status_code == 200
    assert wire("GET", f"/v2/a/b/manifests/{digest_of(signature)}").status_code == 404


def test_an_import_by_resource_id_uses_the_callers_own_rights(rig: Rig, run: Import) -> None:
    caller = rig.principal("importer", ROLE, rig.ids["customer"])
    by_id = {"registry_uri": None, "credentials": None, "resource_id": rig.ids["publisher"]}
    with pytest.raises(HttpResponseError) as refusal:
        run("a/b:1", caller=caller, **by_id)
    assert refusal.value.error.code == "InvalidSourceCredentials"
    rig.stack.ctx.roles.assign("/pull", caller.principal.oid, "AcrPull", rig.ids["publisher"])
    [entry] = run("a/b:1", caller=caller, **by_id)
    assert entry.detail["changedTags"] == ["a/b:1"]


def test_an_entra_token_is_a_password_without_a_name(rig: Rig, run: Import) -> None:
    token = rig.owner.get_token("https://containerregistry.azure.net/.default").token
    [entry] = run("a/b:1", credentials=models.ImportSourceCredentials(password=token))
    assert entry.status == 200


def test_importing_needs_its_right_on_the_target(rig: Rig, run: Import) -> None:
    reader = rig.principal("reader", "AcrPush", rig.ids["customer"])
    with pytest.raises(HttpResponseError) as refusal:
        run("a/b:1", caller=reader)
    assert (refusal.value.status_code, refusal.value.error.code) == (403, "AuthorizationFailed")
    assert "importImage/action" in str(refusal.value)
    assert run("a/b:1", caller=rig.principal("importer", ROLE, rig.ids["customer"]))


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("a/b:none", {}, "ManifestUnknown"),
        ("none/b:1", {}, "ManifestUnknown"),
        ("a/b:1", {"credentials": WRONG}, "InvalidSourceCredentials"),
        ("a/b:1", {"credentials": None}, "InvalidSourceCredentials"),
        ("a/b:1", {"registry_uri": "127.0.0.1:9"}, "SourceRegistryUnreachable"),
    ],
)  # fmt: skip
def test_what_fails_fails_the_operation(
    rig: Rig, run: Import, name: str, more: dict[str, Any], code: str
) -> None:
    with pytest.raises(HttpResponseError) as refusal:
        run(name, tags=("a/b:x",), **more)
    assert refusal.value.error.code == code
    assert customer(rig)("GET", "/v2/a/b/manifests/x").status_code == 404


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("a/b@sha256:x", {}),
        ("../b:1", {}),
        (f"a/b@{digest_of(b'')}", {}),
        ("a/b:1", {"registry_uri": None}),
        ("a/b:1", {"mode": "Perhaps"}),
        ("a/b:1", {"tags": ("a/b:..",)}),
    ],
)
def test_a_malformed_request_is_refused_at_once(run: Import, name: str, more: dict[str, Any]) -> None:
    with pytest.raises(HttpResponseError) as refusal:
        run(name, **more)
    assert refusal.value.status_code == 400


def test_tampered_content_is_not_imported(rig: Rig, run: Import) -> None:
    for lie in ("flip", "short", "truncate"):
        rig.stack.faults.set(f"oci_registry.blob.{digest_of(b'layer')}", lie)
        with pytest.raises(HttpResponseError) as refusal:
            run("a/b:1")
        assert refusal.value.error.code == "InvalidSourceContent"
    assert customer(rig)("GET", "/v2/a/b/manifests/1").status_code == 404


def test_a_closed_target_is_reached_through_trusted_services_only(rig: Rig, run: Import) -> None:
    body = {"location": "x", "sku": {"name": "Premium"}, "properties": {"publicNetworkAccess": "Disabled"}}
    rig.put(rig.ids["customer"], body)
    assert run("a/b:1")
    body["properties"]["networkRuleBypassOptions"] = "None"
    rig.put(rig.ids["customer"], body)
    with pytest.raises(HttpResponseError) as refusal:
        run("a/b:1", mode="Force")
    assert (refusal.value.status_code, refusal.value.error.code) == (403, "NetworkAccessDenied")


def test_a_closed_source_is_not_imported_from_by_name(rig: Rig, run: Import) -> None:
    body = {"location": "x", "sku": {"name": "Premium"}, "properties": {"publicNetworkAccess": "Disabled"}}
    rig.put(rig.ids["publisher"], body)
    with pytest.raises(HttpResponseError) as refusal:
        run("a/b:1")
    assert refusal.value.error.code == "SourceRegistryNetworkAccessDenied"


def test_a_slow_import_is_polled_to_its_end(rig: Rig, run: Import) -> None:
    rig.stack.faults.add("oci_registry", "manifest.get", latency=1.2, times=1)
    [entry] = run("a/b:1")
    assert entry.detail["changedTags"] == ["a/b:1"]


def test_the_answer_is_202_with_a_location(
    rig: Rig, run: Import, reader: models.ImportSourceCredentials
) -> None:
    body = {
        "source": {
            "registryUri": rig.hosts["publisher"],
            "sourceImage": "a/b:1",
            "credentials": {"username": reader.username, "password": reader.password},
        }
    }
    answer = rig.arm("POST", f"{rig.ids['customer']}/importImage", json=body)
    assert answer.status_code == 202
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["Location"].startswith("https://127.0.0.1:")


def test_no_credential_of_an_import_is_kept(
    rig: Rig, run: Import, reader: models.ImportSourceCredentials
) -> None:
    run("a/b:1")
    assert not any(reader.password.encode() in content(path) for path in files(rig.stack.directory))


def test_a_registry_reads_back_as_the_clients_model(rig: Rig) -> None:
    found = rig.management().registries.get(rig.group, "customer")
    assert found.properties.login_server == rig.hosts["customer"]
    assert found.properties.network_rule_bypass_options == "AzureServices"
    assert found.sku.name == "Premium"


@pytest.mark.parametrize(("name", "sku"), [("ab", "Premium"), ("with-dash", "Premium"), ("registry", "Free")])
def test_a_malformed_registry_is_refused(rig: Rig, name: str, sku: str) -> None:
    place = rig.ids["customer"].rsplit("/", 1)[0] + f"/{name}"
    rig.put(place, {"location": "x", "sku": {"name": sku}, "properties": {}}, expected=(400,))


def test_an_operation_can_fail_and_changes_nothing_then(rig: Rig, run: Import) -> None:
    rig.stack.faults.add(
        "registry_import", "copy", status=500, code="InternalError", message="It failed.", times=1
    )
    with pytest.raises(HttpResponseError) as refusal:
        run("a/b:1")
    assert (refusal.value.error.code, refusal.value.error.message) == ("InternalError", "It failed.")
    assert customer(rig)("GET", "/v2/a/b/manifests/1").status_code == 404
    assert run("a/b:1")


def test_an_operations_address_can_be_lost_while_the_copy_goes_on(rig: Rig, run: Import) -> None:
    rig.stack.faults.add("arm", "operation.*", status=404, code="OperationNotFound", times=1)
    with pytest.raises(HttpResponseError) as refusal:
        run("a/b:1")
    assert refusal.value.status_code == 404
    assert customer(rig)("GET", "/v2/a/b/manifests/1").content == RAW


def test_a_tag_can_be_taken_right_before_an_import(rig: Rig, run: Import, source: Wire) -> None:
    rig.stack.faults.set("oci_registry.taken.a/b:1", "same")
    with pytest.raises(ResourceExistsError, match="already exists"):
        run("a/b:1")
    assert customer(rig)("GET", "/v2/a/b/manifests/1").content == RAW
    source.push("a/b", b"new")
    source.put("a/b", "2", image(b"new"))
    run(f"a/b@{digest_of(image(b'new'))}", untagged=("a/b",))
    rig.stack.faults.set("oci_registry.taken.a/b:other", digest_of(image(b"new")))
    with pytest.raises(ResourceExistsError, match="already exists"):
        run("a/b:1", tags=("a/b:other",))
    assert customer(rig)("GET", "/v2/a/b/manifests/other").content == image(b"new")
    assert run("a/b:1", tags=("a/b:other",), mode="Force")[0].detail["changedTags"] == ["a/b:other"]


def test_registry_tokens_can_live_shorter(rig: Rig, source: Wire) -> None:
    rig.stack.faults.set("oci_registry.token_seconds", 200)
    wire = Wire(rig).sign_in("repository:a/b:pull")
    assert wire("GET", "/v2/a/b/manifests/1").status_code == 200
    rig.stack.faults.set("clock.skew_seconds", 250)
    assert wire("GET", "/v2/a/b/manifests/1").status_code == 401
    assert wire.sign_in("repository:a/b:pull")("GET", "/v2/a/b/manifests/1").status_code == 200
