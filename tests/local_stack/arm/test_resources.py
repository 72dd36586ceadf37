"""Resources of any type, as the SDK and `az` ask for them."""

from __future__ import annotations

import socket
import ssl
import time
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.local_stack.support import WEST, Place, arm_client

SITES = "Microsoft.Web/sites"


def test_a_new_resource_answers_201_and_the_same_again_200(place: Place) -> None:
    path = place.id(SITES, "a")
    assert place.rest("PUT", path, WEST).status_code == 201
    again = place.rest("PUT", path, WEST)
    assert again.status_code == 200
    assert again.json() == {
        "location": "westeurope",
        "properties": {"provisioningState": "Succeeded"},
        "id": path,
        "name": "a",
        "type": SITES,
    }


def test_ids_ignore_case_and_keep_the_first_spelling(place: Place) -> None:
    place.put(SITES, "MySite")
    found = place.rest("GET", place.id(SITES, "MySite").lower().replace("resourcegroups", "resourcegroups"))
    assert found.json()["name"] == "MySite"


def test_ids_have_azures_own_words_however_they_were_asked_for(place: Place) -> None:
    asked = place.id(SITES, "a").replace("resourceGroups", "resourcegroups").replace("providers", "PROVIDERS")
    assert place.rest("PUT", asked, WEST).json()["id"] == place.id(SITES, "a")


def test_double_slashes_are_one(place: Place) -> None:
    made = place.rest("PUT", f"{place.group}/providers/Microsoft.Web//sites/a", WEST)
    assert made.json()["id"] == place.id(SITES, "a")


def test_patch_merges_and_null_removes(place: Place) -> None:
    place.put(
        SITES,
        "a",
        tags={"x": "1", "y": "2"},
        properties={"siteConfig": {"ftpsState": "Disabled", "alwaysOn": False}},
    )
    change = {"tags": {"x": None}, "properties": {"siteConfig": {"alwaysOn": True}}}
    body = place.rest("PATCH", place.id(SITES, "a"), change).json()
    assert body["tags"] == {"y": "2"}
    assert body["properties"]["siteConfig"] == {"ftpsState": "Disabled", "alwaysOn": True}


def test_head_says_whether_it_exists(place: Place) -> None:
    place.put(SITES, "a")
    assert place.rest("HEAD", place.id(SITES, "a")).status_code == 204
    assert place.rest("HEAD", place.id(SITES, "b")).status_code == 404


def test_deleting_takes_the_children_and_their_assignments_too(place: Place) -> None:
    place.put(SITES, "a")
    place.put(f"{SITES}/a/slots", "s")
    application = place.application("Reader", scope=place.id(SITES, "a"))
    assert place.rest("DELETE", place.id(SITES, "a")).status_code == 200
    assert place.rest("DELETE", place.id(SITES, "a")).status_code == 204
    assert place.rest("GET", place.id(f"{SITES}/a/slots", "s")).json()["error"]["code"] == "ResourceNotFound"
    assert place.rest_as(application)("GET", place.id(SITES, "a")).status_code == 403


def test_a_child_without_its_parent_is_refused(place: Place) -> None:
    reply = place.rest("PUT", place.id(f"{SITES}/a/slots", "s"), WEST)
    assert reply.status_code == 404
    assert reply.json()["error"]["code"] == "ParentResourceNotFound"


def test_a_missing_group_is_named(place: Place) -> None:
    reply = place.rest("PUT", place.id(SITES, "a").replace("/rg/", "/other/"), WEST)
    assert reply.status_code == 404
    assert reply.json()["error"] == {
        "code": "ResourceGroupNotFound",
        "message": "Resource group 'other' could not be found.",
    }


def test_a_missing_resource_is_an_sdk_not_found(place: Place) -> None:
    with pytest.raises(ResourceNotFoundError) as missing:
        place.arm.resources.get_by_id(place.id(SITES, "a"), api_version="2024-04-01")
    assert "The Resource 'Microsoft.Web/sites/a' under resource group 'rg' was not found" in str(
        missing.value
    )


def test_without_a_location_a_top_level_resource_is_refused(place: Place) -> None:
    reply = place.rest("PUT", place.id("Contoso.Things/things", "a"), {})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "LocationRequired")


def test_without_an_api_version_nothing_is_answered(place: Place) -> None:
    reply = place.rest("GET", f"{place.group}?api-version=")
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "MissingApiVersionParameter")


@pytest.mark.parametrize("text", ["[1]", "{", "[" * 200_000], ids=["no object", "cut", "deep"])
@pytest.mark.parametrize("kind", [SITES, "Microsoft.Authorization/roleAssignments"])
def test_a_body_that_is_no_json_object_is_refused(place: Place, kind: str, text: str) -> None:
    reply = requests.put(
        f"{place.stack.addresses.url('arm')}{place.id(kind, 'a')}?api-version=2022-09-01",
        text,
        headers={"Authorization": f"Bearer {place.rest._token}"},
        verify=str(place.stack.ca_file),
        timeout=30,
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "InvalidRequestContent")


def test_a_subscription_must_be_a_guid(place: Place) -> None:
    reply = place.rest("PUT", "/subscriptions/nope/resourceGroups/rg", WEST)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "InvalidSubscriptionId")


def test_lists_come_in_pages(place: Place) -> None:
    for name in "abcde":
        place.put(SITES, name)
    place.stack.faults.set("arm.page_size", 2)
    assert [r.name for r in place.arm.resources.list_by_resource_group("rg")] == list("abcde")
    first = place.rest("GET", f"{place.group}/resources?$top=3").json()
    assert len(first["value"]) == 2
    assert "nextLink" in first
    assert [r["name"] for r in place.rest("GET", first["nextLink"]).json()["value"]] == ["c", "d"]


def test_a_filter_narrows_by_type_and_lists_show_no_properties(place: Place) -> None:
    place.put(SITES, "a", kind="functionapp", properties={"state": "Running"})
    place.put("Microsoft.Web/serverfarms", "plan")
    found = list(
        place.arm.resources.list(
            filter="resourceType eq 'microsoft.web/SITES'", expand="createdTime,provisioningState"
        )
    )
    assert [r.name for r in found] == ["a"]
    assert found[0].provisioning_state == "Succeeded"
    assert found[0].created_time is not None
    assert found[0].properties is None
    raw = place.rest("GET", f"{place.group}/resources").json()["value"]
    assert all("properties" not in each and "createdTime" not in each for each in raw)


def test_a_filter_that_arm_does_not_know_is_refused(place: Place) -> None:
    reply = place.rest("GET", f"{place.group}/resources?$filter=colour eq 'red'")
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "InvalidFilterInQueryString")


def test_one_type_is_listed_in_a_group(place: Place) -> None:
    place.put(SITES, "a")
    place.put(SITES, "b")
    place.put("Microsoft.Web/serverfarms", "plan")
    found = place.rest("GET", f"{place.group}/providers/{SITES}").json()["value"]
    assert [each["name"] for each in found] == ["a", "b"]
    assert found[0]["properties"]["provisioningState"] == "Succeeded"


def test_another_subscription_sees_nothing_of_it(place: Place) -> None:
    place.put(SITES, "a")
    other = arm_client(place.stack, str(uuid.uuid4()))
    assert list(other.resources.list()) == []


def test_deleting_a_group_is_a_long_running_operation(place: Place) -> None:
    place.put(SITES, "a")
    reply = place.rest("DELETE", place.group)
    assert reply.status_code == 202
    assert reply.headers["Retry-After"] == "1"
    state = place.rest("GET", reply.headers["Azure-AsyncOperation"]).json()
    assert state["status"] == "Succeeded"
    assert not place.arm.resource_groups.check_existence("rg")


def test_a_namespace_that_is_not_registered_can_be_registered(place: Place) -> None:
    place.stack.faults.set("arm.unregistered", "microsoft.web")
    refused = place.rest("PUT", place.id(SITES, "a"), WEST)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "MissingSubscriptionRegistration")
    assert place.arm.providers.get("Microsoft.Web").registration_state == "NotRegistered"
    assert place.arm.providers.register("Microsoft.Web").registration_state == "Registered"
    place.put(SITES, "a")


def test_a_provider_names_its_types_and_api_versions(place: Place) -> None:
    provider = place.arm.providers.get("microsoft.containerregistry")
    (registries,) = [t for t in provider.resource_types if t.resource_type == "registries"]
    assert "2025-11-01" in registries.api_versions


def test_clouds_are_described_to_anybody_as_an_object(place: Place) -> None:
    url = place.stack.addresses.url("arm") + "/metadata/endpoints?api-version=2022-09-01"
    body = requests.get(url, verify=str(place.stack.ca_file)).json()
    assert body["resourceManager"] == place.stack.addresses.url("arm")
    assert body["authentication"]["loginEndpoint"] == place.stack.addresses.url("identity")


def test_every_answer_carries_request_ids(place: Place) -> None:
    headers = place.rest("GET", "/subscriptions").headers
    assert uuid.UUID(headers["x-ms-request-id"])
    assert uuid.UUID(headers["x-ms-correlation-request-id"])


def test_faults_strike_as_often_as_they_should(place: Place) -> None:
    place.stack.faults.add("arm", "resource.get", status=429, retry_after=1, times=1)
    place.put(SITES, "a")
    struck = place.rest("GET", place.id(SITES, "a"))
    assert (struck.status_code, struck.headers["Retry-After"]) == (429, "1")
    assert place.rest("GET", place.id(SITES, "a")).status_code == 200


def test_a_reset_after_the_work_was_done_loses_only_the_answer(place: Place) -> None:
    place.stack.faults.add("arm", "resource.createOrUpdate", reset=True, after=True, times=1)
    before = place.stack.writes.last
    with pytest.raises(requests.ConnectionError):
        place.rest("PUT", place.id(SITES, "a"), WEST)
    assert place.rest("GET", place.id(SITES, "a")).status_code == 200
    [entry] = place.stack.writes.since(before)
    assert entry.detail["lostStatus"] == 201


def await_true(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_caller_that_goes_away_is_in_the_write_log(place: Place) -> None:
    before = place.stack.writes.last
    place.stack.faults.add("arm", "resource.createOrUpdate", latency=0.01, times=1)
    address = urlsplit(place.stack.addresses.url("arm"))
    trusted = ssl.create_default_context(cafile=str(place.stack.ca_file))
    head = (
        f"PUT {place.id(SITES, 'a')}?api-version=2022-09-01 HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: Bearer {place.rest._token}\r\nContent-Length: 100\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port)) as plain:
        wrapped = trusted.wrap_socket(plain, server_hostname=address.hostname)
        wrapped.sendall(head.encode() + b'{"loc')
        await_true(lambda: not place.stack.faults.list())  # the request is there
        wrapped.close()
    await_true(lambda: place.stack.writes.since(before))
    [entry] = place.stack.writes.since(before)
    assert (entry.operation, entry.status) == ("resource.createOrUpdate", 499)


def test_the_write_log_names_operation_caller_and_status(place: Place) -> None:
    before = place.stack.writes.last
    place.put(SITES, "a")
    place.rest("GET", place.id(SITES, "a"))
    (entry,) = place.stack.writes.since(before, service="arm")
    assert (entry.operation, entry.method, entry.status, entry.principal) == (
        "resource.createOrUpdate",
        "PUT",
        201,
        "deployer",
    )
    assert entry.path == place.id(SITES, "a")


def test_a_caller_without_the_right_is_told_client_action_and_scope(place: Place) -> None:
    client_id, secret = place.application("Reader")
    with pytest.raises(HttpResponseError) as refused:
        arm_client(
            place.stack, place.subscription, (client_id, secret)
        ).resources.begin_create_or_update_by_id(place.id(SITES, "a"), WEST, api_version="2024-04-01")
    assert refused.value.status_code == 403
    assert refused.value.error.code == "AuthorizationFailed"
    for word in (client_id, "Microsoft.Web/sites/write", place.id(SITES, "a")):
        assert word in refused.value.message


def test_lists_of_a_subscription_show_what_the_caller_may_read(place: Place) -> None:
    place.put(SITES, "a")
    place.put(SITES, "b")
    rest = place.rest_as(place.application("Reader", scope=place.id(SITES, "b")))
    seen = rest("GET", f"/subscriptions/{place.subscription}/resources").json()["value"]
    assert [each["name"] for each in seen] == ["b"]
    refused = rest("GET", f"{place.group}/resources").json()["error"]["message"]
    assert "Microsoft.Resources/subscriptions/resourceGroups/resources/read" in refused
