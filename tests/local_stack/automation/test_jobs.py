from __future__ import annotations

import json
import time
import uuid
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.automation import models as m

from local_stack.threaded import ThreadedStack
from tests.local_stack.automation.world import WORKERS, Account, account, add_worker, job, own_stack

ENVIRONMENT = """
import json, os, sys
print(json.dumps({"env": dict(os.environ), "argv": sys.argv, "cwd": os.getcwd(), "path": sys.path}))
"""


def alive(pid: int) -> bool:
    try:
        return not Path(f"/proc/{pid}/stat").read_text().split(") ")[1].startswith("Z")
    except (FileNotFoundError, ProcessLookupError):  # it may end between any two looks
        return False


def gone(pid: int) -> bool:
    """Wait for a process to end."""
    deadline = time.monotonic() + 60
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_job_runs_the_published_text(at: Account) -> None:
    at.publish("sample", "print('published')\n")
    at.client.runbook_draft.begin_replace_content(*at.at, "sample", "print('draft')\n").result()
    name = at.start("sample")
    ended = at.wait(name)
    assert ended.status == "Completed"
    assert ended.exception is None
    assert at.output(name) == "published"
    assert ended.provisioning_state == "Succeeded"
    assert ended.end_time is not None


def test_job_sees_the_machine_and_nothing_of_the_stack(own: ThreadedStack) -> None:
    at = account(own, environment="SAMPLE_HOME=/srv/sample\nQUOTED='a b'")
    name, _ = at.run(ENVIRONMENT)
    told = json.loads(at.output(name))
    env = told["env"]
    assert env["AUTOMATION_JOB_ID"] == name
    assert (env["SAMPLE_HOME"], env["QUOTED"]) == ("/srv/sample", "a b")
    assert env["HOME"] == told["cwd"]
    assert set(env) <= {
        "PATH", "LANG", "HOME", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "AUTOMATION_JOB_ID", "SAMPLE_HOME",
        "AZURE_POD_IDENTITY_AUTHORITY_HOST", "QUOTED", "LC_CTYPE", "PWD",
    }  # fmt: skip
    assert not [entry for entry in told["path"] if ".venv" in entry]
    assert not Path(told["cwd"]).exists()


def test_parameters_arrive_by_position_as_python_shows_them(at: Account) -> None:
    name, _ = at.run("import sys\nprint(sys.argv[1:])\n", a="plain", b='{"x": true}', c='"quoted"', d="true")
    assert at.output(name) == "['plain', \"{'x': True}\", 'quoted', 'True']"


def test_failed_job_leaves_its_standard_error(at: Account) -> None:
    name, ended = at.run("import sys\nprint('out')\nprint('why', file=sys.stderr)\nsys.exit(5)\n")
    assert ended.status == "Failed"
    assert ended.exception == "why"
    assert ended.provisioning_state == "Failed"
    assert at.output(name) == "out"


def test_job_that_fails_without_a_word_names_its_exit_code(at: Account) -> None:
    _, ended = at.run("raise SystemExit(3)\n")
    assert ended.exception == "The job ended with exit code 3."


def test_exception_is_bounded_and_keeps_the_end(at: Account) -> None:
    _, ended = at.run("import sys\nsys.stderr.write('x' * 300_000 + 'END')\nsys.exit(1)\n")
    assert len(ended.exception or "") == 64 * 1024
    assert (ended.exception or "").endswith("END")


def test_prefixes_sort_lines_into_streams(at: Account) -> None:
    name, _ = at.run("print('ERROR: bad')\nprint('WARNING: hm')\nprint('VERBOSE: v')\nprint('plain')\n")
    streams = list(at.client.job_stream.list_by_job(*at.at, name))
    assert [one.properties.stream_type for one in streams if one.properties] == [
        "Error",
        "Warning",
        "Verbose",
        "Output",
    ]
    assert at.output(name) == "plain"
    (error,) = at.client.job_stream.list_by_job(*at.at, name, filter="properties/streamType eq 'Error'")
    assert error.properties is not None
    assert error.properties.stream_text is None
    whole = at.client.job_stream.get(*at.at, name, error.properties.job_stream_id or "")
    assert whole.properties is not None
    assert whole.properties.stream_text == "ERROR: bad"


def test_same_guid_again_conflicts_whatever_became_of_it(at: Account) -> None:
    name, _ = at.run("raise SystemExit(1)\n")
    with pytest.raises(ResourceExistsError) as caught:
        at.client.job.create(*at.at, name, job("sample", WORKERS, {}))
    assert "Job with specified id already exists" in str(caught.value)


def test_name_that_is_no_guid_is_refused(at: Account) -> None:
    at.publish("sample", "print(1)\n")
    with pytest.raises(HttpResponseError) as caught:
        at.client.job.create(*at.at, "no-guid", job("sample", WORKERS, {}))
    assert caught.value.status_code == 400


def test_empty_run_on_is_refused_for_there_is_no_sandbox(at: Account) -> None:
    at.publish("sample", "print(1)\n")
    with pytest.raises(HttpResponseError) as caught:
        at.start("sample", run_on="")
    assert "sandbox" in str(caught.value)


def test_unpublished_or_unknown_runbook_starts_nothing(at: Account) -> None:
    at.client.runbook.create_or_update(
        *at.at,
        "fresh",
        m.RunbookCreateOrUpdateParameters(
            properties=m.RunbookCreateOrUpdateProperties(runbook_type="Python")
        ),
    )
    with pytest.raises(HttpResponseError):
        at.start("fresh")
    with pytest.raises(ResourceNotFoundError):
        at.start("nobody")
    assert list(at.client.job.list_by_automation_account(*at.at)) == []


def test_unknown_group_suspends_the_job(at: Account) -> None:
    at.publish("sample", "print(1)\n")
    ended = at.wait(at.start("sample", run_on="no-group"))
    assert ended.status == "Suspended"
    assert "no-group" in (ended.exception or "")


def test_job_waits_for_a_worker(own: ThreadedStack) -> None:
    at = account(own, worker=False)
    at.publish("sample", "print(1)\n")
    name = at.start("sample")
    time.sleep(0.2)
    assert at.wait(name, "New").status == "New"
    add_worker(at)
    assert at.wait(name).status == "Completed"


def test_pace_shows_every_status(at: Account, own: ThreadedStack) -> None:
    own.faults.set("automation.pace_seconds", 60)
    at.publish("sample", "print(1)\n")
    name = at.start("sample")
    assert at.wait(name, "New").provisioning_state == "Processing"
    for status in ("Activating", "Running"):
        own.clock.advance(61)  # what the wire tells is told when the job has gone to sleep
        assert at.wait(name, status, "Completed").status in (status, "Completed")
    assert at.wait(name).status == "Completed"


def test_stopped_job_has_no_process_left(at: Account) -> None:
    at.publish(
        "sample",
        "import os, subprocess, time\nchild = subprocess.Popen(['sleep', '60'])\n"
        "print(os.getpid(), child.pid, flush=True)\ntime.sleep(60)\n",
    )
    name = at.start("sample")
    deadline = time.monotonic() + 60
    while not at.output(name) and time.monotonic() < deadline:
        time.sleep(0.05)
    pids = [int(word) for word in at.output(name).split()]
    assert len(pids) == 2
    at.client.job.stop(*at.at, name)
    assert at.wait(name).status == "Stopped"
    assert all(gone(pid) for pid in pids)


def test_jobs_are_listed_newest_first_and_filtered(at: Account) -> None:
    first, _ = at.run("print(1)\n")
    second, _ = at.run("raise SystemExit(1)\n")
    listed = [one.name for one in at.client.job.list_by_automation_account(*at.at)]
    assert listed == [second, first]
    failed = at.client.job.list_by_automation_account(*at.at, filter="properties/status eq 'Failed'")
    assert [one.name for one in failed] == [second]
    assert at.client.job.get_runbook_content(*at.at, first) == "print(1)\n"


def test_account_with_an_identity_hides_the_machines(own: ThreadedStack) -> None:
    at = account(own)
    at.arm.put(at.id, location="westeurope", identity={"type": "SystemAssigned"}, properties={})
    name, _ = at.run("import os\nprint('AZURE_POD_IDENTITY_AUTHORITY_HOST' in os.environ)\n")
    assert at.output(name) == "False"


def test_job_gets_tokens_of_the_named_identity(at: Account) -> None:
    text = (
        "import json, os, urllib.request\n"
        "url = os.environ['AZURE_POD_IDENTITY_AUTHORITY_HOST'] + '/metadata/identity/oauth2/token'\n"
        f"query = '?api-version=2018-02-01&resource=https://vault.azure.net&client_id={at.settings.uami_client_id}'\n"
        "asked = urllib.request.Request(url + query, headers={'Metadata': 'true'})\n"
        "print(json.load(urllib.request.urlopen(asked))['client_id'])\n"
    )
    name, ended = at.run(text)
    assert ended.status == "Completed", ended.exception
    assert at.output(name) == at.settings.uami_client_id


def test_job_that_the_platform_dropped_starts_again_three_times_and_is_suspended(tmp_path: Path) -> None:
    counter = tmp_path / "count"
    text = (
        "import pathlib, time\n"
        f"path = pathlib.Path({str(counter)!r})\n"
        "path.write_text(str(int(path.read_text()) + 1) if path.exists() else '1')\n"
        "time.sleep(60)\n"
    )
    directory, name = tmp_path / "stack", str(uuid.uuid4())
    for start in range(1, 6):
        with own_stack(directory) as stack:
            if start == 1:
                at = account(stack)
                at.publish("sample", text)
                at.client.job.create(*at.at, name, job("sample", WORKERS, {}))
            at.stack = stack
            if start < 5:
                at.wait(name, "Running")
                deadline = time.monotonic() + 60
                while not (counter.exists() and counter.read_text() == str(start)):
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
            else:
                ended = at.wait(name)
                assert ended.status == "Suspended"
                assert "restarted 3 times" in (ended.exception or "")
    assert counter.read_text() == "4"


@pytest.mark.parametrize(("times", "ends"), [(1, "Completed"), (3, "Completed"), (4, "Suspended")])
def test_job_whose_process_the_platform_ends_starts_again_from_the_top(
    own: ThreadedStack, tmp_path: Path, times: int, ends: str
) -> None:
    at = account(own)
    own.faults.set("automation.interrupt_after_lines", 2)
    own.faults.set("automation.interruptions", times)
    text = (
        "import os, pathlib, subprocess, time\n"
        f"starts = pathlib.Path({str(tmp_path / 'starts')!r})\n"
        "starts.write_text((starts.read_text() if starts.exists() else '') + 'x')\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "print('begun', flush=True)\n"
        "print(os.getpid(), child.pid, flush=True)\n"
        f"time.sleep(60 if len(starts.read_text()) <= {times} else 0)\n"
        "child.kill()\n"
        "print('ended')\n"
    )
    name, ended = at.run(text)
    said = at.output(name).splitlines()
    assert ended.status == ends
    assert said.count("begun") == min(times, 3) + 1
    assert said.count("ended") == (1 if ends == "Completed" else 0)
    assert all(gone(int(pid)) for line in said if line[0].isdigit() for pid in line.split())
