from __future__ import annotations

import urllib.parse

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.rest import HttpRequest
from azure.mgmt.automation import models as m

from local_stack.threaded import ThreadedStack
from tests.local_stack.automation.world import GROUP, LOCATION, Account


def created(at: Account, name: str = "sample", **more: object) -> m.Runbook:
    properties = m.RunbookCreateOrUpdateProperties(
        runbook_type="Python", runtime_environment="Python-3.10", **more
    )
    wanted = m.RunbookCreateOrUpdateParameters(
        name=name, location=LOCATION, tags={"a": "b"}, properties=properties
    )
    return at.client.runbook.create_or_update(*at.at, name, wanted)


def state(at: Account, name: str = "sample") -> str:
    properties = at.client.runbook.get(*at.at, name).properties
    assert properties is not None
    return str(properties.state.value if hasattr(properties.state, "value") else properties.state)


def test_account_shows_the_url_of_hybrid_workers_and_no_identity(at: Account) -> None:
    found = at.client.automation_account.get(*at.at)
    assert found.properties is not None
    assert (found.properties.automation_hybrid_service_url or "").startswith("https://")
    assert found.properties.state == "Ok"
    assert found.identity is None


def test_runbook_goes_from_new_to_published_to_edit_and_back(at: Account) -> None:
    found = created(at)
    assert found.properties is not None
    assert (found.tags, found.properties.runtime_environment) == ({"a": "b"}, "Python-3.10")
    assert state(at) == "New"
    at.client.runbook_draft.begin_replace_content(*at.at, "sample", "print(1)\n").result()
    assert state(at) == "New"
    with pytest.raises(ResourceNotFoundError):
        at.client.runbook.get_content(*at.at, "sample")
    at.client.runbook.begin_publish(*at.at, "sample").result()
    assert state(at) == "Published"
    assert at.client.runbook.get_content(*at.at, "sample") == "print(1)\n"
    at.client.runbook_draft.begin_replace_content(*at.at, "sample", "print(2)\n").result()
    assert state(at) == "Edit"
    assert at.client.runbook_draft.get_content(*at.at, "sample") == "print(2)\n"
    assert at.client.runbook.get_content(*at.at, "sample") == "print(1)\n"
    at.client.runbook_draft.undo_edit(*at.at, "sample")
    assert state(at) == "Published"
    with pytest.raises(ResourceNotFoundError):
        at.client.runbook_draft.get_content(*at.at, "sample")


def test_put_again_changes_facts_and_keeps_the_text(at: Account) -> None:
    at.publish("sample", "print(1)\n")
    created(at, description="new words")
    assert state(at) == "Published"
    assert at.client.runbook.get_content(*at.at, "sample") == "print(1)\n"
    found = at.client.runbook.get(*at.at, "sample")
    assert found.properties is not None
    assert found.properties.description == "new words"


def test_publish_without_a_draft_is_refused(at: Account) -> None:
    created(at)
    with pytest.raises(HttpResponseError) as caught:
        at.client.runbook.begin_publish(*at.at, "sample")
    assert caught.value.status_code == 400


def test_type_cannot_be_changed(at: Account) -> None:
    created(at)
    wanted = m.RunbookCreateOrUpdateParameters(
        name="sample", properties=m.RunbookCreateOrUpdateProperties(runbook_type="PowerShell")
    )
    with pytest.raises(HttpResponseError) as caught:
        at.client.runbook.create_or_update(*at.at, "sample", wanted)
    assert caught.value.status_code == 400


def test_unknown_account_and_runbook_are_not_found(at: Account) -> None:
    with pytest.raises(ResourceNotFoundError):
        at.client.runbook.get(*at.at, "nobody")
    with pytest.raises(ResourceNotFoundError):
        list(at.client.runbook.list_by_automation_account(GROUP, "no-account"))


def test_list_of_many_runbooks_comes_in_pages(at: Account) -> None:
    for number in range(103):
        at.stack.ctx.resources.put(
            f"{at.id}/runbooks/r{number:03d}",
            {"location": LOCATION, "tags": {}, "properties": {"runbookType": "Python", "state": "New"}},
        )
    found = list(at.client.runbook.list_by_automation_account(*at.at))
    assert [one.name for one in found] == [f"r{number:03d}" for number in range(103)]


def test_deleted_runbook_is_gone_with_its_text(at: Account) -> None:
    at.publish("sample", "print(1)\n")
    at.client.runbook.delete(*at.at, "sample")
    at.client.runbook.delete(*at.at, "sample")
    with pytest.raises(ResourceNotFoundError):
        at.client.runbook.get(*at.at, "sample")
    created(at)
    assert state(at) == "New"


@pytest.mark.parametrize(("how", "given_back"), [("crlf", b"a\r\nb\r\n"), ("bom", b"\xef\xbb\xbfa\nb\n")])
def test_service_that_rewrites_texts(at: Account, own: ThreadedStack, how: str, given_back: bytes) -> None:
    at.publish("sample", "a\nb\n")
    own.faults.set("automation.rewrite_content", how)
    url = f"{at.id}/runbooks/sample/content?api-version=2024-10-23"
    assert at.client.send_request(HttpRequest("GET", url)).content == given_back


def test_runbook_is_a_resource_of_its_group(at: Account) -> None:
    at.publish("sample", "print(1)\n")
    kinds = [found.type for found in at.arm.client.resources.list_by_resource_group(GROUP)]
    assert "Microsoft.Automation/automationAccounts/runbooks" in kinds


def test_writes_are_logged_by_operation(at: Account, own: ThreadedStack) -> None:
    before = own.writes.last
    at.publish("sample", "print(1)\n")
    logged = [(write.operation, write.status) for write in own.writes.since(before)]
    assert logged == [
        ("runbook.createOrUpdate", 201),
        ("runbookDraft.replaceContent", 202),
        ("runbook.publish", 202),
    ]
    assert urllib.parse.urlparse(own.writes.since(before)[0].path).path.endswith("/runbooks/sample")
