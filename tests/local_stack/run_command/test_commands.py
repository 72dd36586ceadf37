from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.rest import HttpRequest
from azure.mgmt.resource.resources.models import GenericResource

from local_stack.threaded import ThreadedStack
from tests.contents import content, files
from tests.local_stack.automation.test_jobs import gone
from tests.local_stack.automation.world import LOCATION, Account, account, own_stack

VERSION = "2024-11-01"
SECRET = "s3cret-of-the-publisher"


def named(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def begin(at: Account, script: str, name: str = "sample", **properties: Any) -> Any:
    body = GenericResource(location=LOCATION, properties={"source": {"script": script}, **properties})
    return at.arm.client.resources.begin_create_or_update_by_id(
        f"{at.vm_id}/runCommands/{name}", body, api_version=VERSION
    )


def put(at: Account, script: str, name: str = "sample", **properties: Any) -> dict[str, Any]:
    """Run a script to its end and return its instance view; looks more often than the client's poller."""
    body = {"location": LOCATION, "properties": {"source": {"script": script}, **properties}}
    url = f"{at.vm_id}/runCommands/{name}?api-version={VERSION}"
    response = at.arm.client.send_request(HttpRequest("PUT", url, json=body))
    assert response.status_code in (200, 201), response.text()
    while show(at, name)["properties"]["provisioningState"] in ("Creating", "Updating"):
        time.sleep(0.03)
    return view(at, name)


def view(at: Account, name: str = "sample") -> dict[str, Any]:
    url = f"{at.vm_id}/runCommands/{name}?api-version={VERSION}&$expand=instanceView"
    response = at.arm.client.send_request(HttpRequest("GET", url))
    assert response.status_code == 200
    found: dict[str, Any] = response.json()["properties"]["instanceView"]
    return found


def show(at: Account, name: str = "sample") -> dict[str, Any]:
    found = at.arm.client.resources.get_by_id(f"{at.vm_id}/runCommands/{name}", api_version=VERSION)
    return dict(found.as_dict())


def test_script_ends_with_its_code_output_and_times(at: Account) -> None:
    begin(at, "echo out; echo err >&2; exit 0").result()
    found = view(at)
    assert (found["executionState"], found["exitCode"]) == ("Succeeded", 0)
    assert (found["output"], found["error"]) == ("out\n", "err\n")
    assert found["startTime"] < found["endTime"]
    assert "instanceView" not in show(at)["properties"]
    assert show(at)["properties"]["provisioningState"] == "Succeeded"


def test_script_with_an_interpreter_line_is_run_by_it(at: Account) -> None:
    found = put(at, "#!/usr/bin/env python3\nimport sys\nprint(sys.version_info[0], sys.argv[1:])\n")
    assert found["output"] == "3 []\n"


def test_named_parameters_are_variables_and_others_arguments(at: Account) -> None:
    found = put(
        at,
        'echo "$OPEN|$HIDDEN|$1|$2"',
        parameters=[*named(OPEN="a b"), {"value": "first"}],
        protectedParameters=[*named(HIDDEN="h"), {"name": "", "value": "second"}],
    )
    assert found["output"] == "a b|h|first|second\n"


def test_environment_is_the_machines_alone(own: ThreadedStack) -> None:
    at = account(own, environment="SAMPLE_HOME=/srv/sample")
    lines = put(at, "env | sort; pwd")["output"].splitlines()
    names = {line.split("=")[0] for line in lines[:-1]}
    assert names >= {"SAMPLE_HOME", "REQUESTS_CA_BUNDLE", "AZURE_POD_IDENTITY_AUTHORITY_HOST", "HOME"}
    assert not [name for name in names if name.startswith(("VIRTUAL", "PYTEST", "AZURE_CLIENT"))]
    assert not Path(lines[-1]).exists()


def test_unchanged_put_does_not_run_again(at: Account, own: ThreadedStack, tmp_path: Path) -> None:
    script = f"echo x >> {tmp_path}/runs"
    put(at, script, parameters=named(ATTEMPT="1"))
    put(at, script, parameters=named(ATTEMPT="1"))
    assert (tmp_path / "runs").read_text() == "x\n"
    put(at, script, parameters=named(ATTEMPT="2"))
    assert (tmp_path / "runs").read_text() == "x\nx\n"
    ran = [w.detail["ran"] for w in own.writes.since(0, service="run_command") if at.vm_id in w.path]
    assert ran == [True, False, True]


def test_failure_fails_the_deployment_only_when_asked(at: Account) -> None:
    found = put(at, "echo why >&2; exit 7")
    assert (found["executionState"], found["exitCode"]) == ("Failed", 7)
    assert show(at)["properties"]["provisioningState"] == "Succeeded"
    with pytest.raises(HttpResponseError) as caught:
        begin(at, "echo the-last-line; echo why >&2; exit 7", treatFailureAsDeploymentFailure=True).result()
    assert "VMExtensionProvisioningError" in str(caught.value)
    assert "the-last-line" in str(caught.value)
    assert "exit code 7" in str(caught.value)
    assert view(at)["exitCode"] == 7
    assert show(at)["properties"]["provisioningState"] == "Failed"


def test_only_the_last_4_kb_are_kept(at: Account) -> None:
    found = put(at, "yes 0123456789 | head -n 5000; echo end; yes e | head -n 5000 >&2; echo END >&2")
    assert len(found["output"]) == 4096
    assert len(found["error"]) == 4096
    assert found["output"].endswith("end\n")
    assert found["error"].endswith("END\n")


def test_secret_is_readable_by_nobody_and_on_no_disk(at: Account, own: ThreadedStack) -> None:
    found = put(
        at,
        f"[ ${{#PASSWORD}} -eq {len(SECRET)} ] && echo ok",
        protectedParameters=named(PASSWORD=SECRET),
        runAsPassword=SECRET,
        runAsUser="somebody",
    )
    assert found["output"] == "ok\n"
    assert "ignores runAsUser" in found["statuses"][0]["message"]
    assert SECRET not in str(show(at))
    for path in files(own.directory):
        assert SECRET.encode() not in content(path), path


def test_timeout_ends_the_script_and_all_it_started(at: Account, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    found = put(at, f"sleep 60 & echo $! $$ > {pids}; sleep 60", timeoutInSeconds=5)
    assert found["executionState"] == "TimedOut"
    assert all(gone(int(pid)) for pid in pids.read_text().split())


def test_scripts_of_one_machine_wait_for_each_other(at: Account, tmp_path: Path) -> None:
    script = f"echo begin >> {tmp_path}/log; sleep 0.3; echo end >> {tmp_path}/log"
    with ThreadPoolExecutor(3) as pool:
        for name in ("a", "b", "c"):
            pool.submit(put, at, script, name)
    assert (tmp_path / "log").read_text().split() == ["begin", "end"] * 3


def test_asynchronous_execution_succeeds_at_once(at: Account, tmp_path: Path) -> None:
    put(at, f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; echo done", asyncExecution=True)
    assert show(at)["properties"]["provisioningState"] == "Succeeded"
    assert view(at)["executionState"] == "Running"
    (tmp_path / "go").touch()
    deadline = time.monotonic() + 60
    while view(at)["executionState"] == "Running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert view(at)["output"] == "done\n"


def test_a_script_put_again_while_it_runs_ends_the_first_and_tells_who_waits(at: Account) -> None:
    first = begin(at, "sleep 30")
    second = begin(at, "echo second")
    second.result()
    assert view(at)["output"] == "second\n"
    with pytest.raises(HttpResponseError, match="OperationPreempted"):
        first.result()


def test_the_operations_result_is_the_command(at: Account) -> None:
    url = f"{at.vm_id}/runCommands/sample?api-version={VERSION}"
    body = {"location": LOCATION, "properties": {"source": {"script": "true"}}}
    told = at.arm.client.send_request(HttpRequest("PUT", url, json=body))
    deadline = time.monotonic() + 60
    asking = HttpRequest("GET", told.headers["Location"])
    while (ended := at.arm.client.send_request(asking)).status_code == 202:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (ended.status_code, ended.json()["properties"]["provisioningState"]) == (200, "Succeeded")


def test_deleted_command_is_gone_with_its_process(at: Account, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    put(at, f"echo $$ > {pids}; sleep 60", asyncExecution=True)
    while not pids.exists() or not pids.read_text().strip():
        time.sleep(0.02)
    at.arm.client.resources.begin_delete_by_id(f"{at.vm_id}/runCommands/sample", api_version=VERSION).result()
    assert gone(int(pids.read_text()))
    with pytest.raises(ResourceNotFoundError):
        show(at)


def test_commands_are_listed(at: Account) -> None:
    put(at, "true", "one")
    put(at, "true", "two")
    url = f"{at.vm_id}/runCommands?api-version={VERSION}"
    listed = at.arm.client.send_request(HttpRequest("GET", url)).json()["value"]
    assert [one["name"] for one in listed] == ["one", "two"]


@pytest.mark.parametrize(
    "source", [{}, {"script": ""}, {"scriptUri": "https://x/y"}, {"script": "x" * 300_000}]
)
def test_body_without_a_usable_script_is_refused(at: Account, source: dict[str, str]) -> None:
    with pytest.raises(HttpResponseError) as caught:
        begin(at, "true", source=source)
    assert caught.value.status_code == 400


@pytest.mark.parametrize("name", ["..%2F..", "%2E%2E", "a%2Fb", "-x"])
def test_name_that_is_a_path_is_refused(at: Account, name: str) -> None:
    body = {"location": LOCATION, "properties": {"source": {"script": "true"}}}
    url = f"{at.vm_id}/runCommands/{name}?api-version={VERSION}"
    response = at.arm.client.send_request(HttpRequest("PUT", url, json=body))
    assert (response.status_code, response.json()["error"]["code"]) == (400, "InvalidParameter")


def test_unknown_machine_is_not_found(at: Account) -> None:
    at.vm_id += "-other"
    with pytest.raises(ResourceNotFoundError):
        begin(at, "true")


def test_stack_that_stops_leaves_no_process_and_closes_the_command(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with own_stack(tmp_path / "stack") as stack:
        at = account(stack)
        poller = begin(at, f"sleep 60 & echo $! $$ > {pids}; sleep 60")
        while not pids.exists() or len(pids.read_text().split()) < 2:
            time.sleep(0.02)
    assert all(gone(int(pid)) for pid in pids.read_text().split())
    with own_stack(tmp_path / "stack"):
        with pytest.raises(HttpResponseError) as caught:
            poller.result(60)
        assert "VMExtensionProvisioningError" in str(caught.value)
