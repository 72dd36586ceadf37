from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from local_stack.functions_host import app_settings, connections, host_json, indexing, listeners
from local_stack.functions_host.__main__ import main
from local_stack.functions_host.errors import HostError
from local_stack.functions_host.threaded import FunctionsHost

HEAD = "import azure.functions as func\napp = func.FunctionApp()\n"
QUEUE = '@app.queue_trigger(arg_name="m", queue_name="q", connection="Work")\ndef f(m): ...\n'


def app(folder: Path, text: str, host: str = '{"version": "2.0"}') -> Path:
    (folder / "function_app.py").write_text(text)
    (folder / "host.json").write_text(host)
    return folder


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nothing_like_it", "ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("x = 1", "exactly one name for a FunctionApp; it has none"),
        (HEAD + "again = app", "it has several"),
        (HEAD, "has no functions"),
        (HEAD + QUEUE, "Work has no setting Work__queueServiceUri"),
        (HEAD + QUEUE.replace("f(m)", "f(m, more)"), "f must take m"),
        (HEAD + QUEUE.replace("f(m)", "f(m: int)"), "m is annotated <class 'int'>"),
        (HEAD + QUEUE.replace('"q"', '"%Missing%"'), "%Missing% names a setting that is not there"),
        (
            HEAD + '@app.queue_output(arg_name="o", queue_name="q", connection="Work")\n' + QUEUE,
            "the binding o",
        ),
        (HEAD + '@app.blob_trigger(arg_name="b", path="p", connection="W")\ndef f(b): ...\n', "blobTrigger"),
        (HEAD + '@app.route(route="a/{b:odd}")\ndef f(req): ...\n', "does not know the constraint 'odd'"),
    ],
)
def test_an_app_that_cannot_run_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    name = f"app_{uuid.uuid4().hex}.py"  # a name of its own: this process imports it
    (app(tmp_path, text) / "function_app.py").rename(tmp_path / name)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(HostError) as caught:
        found = indexing.index(tmp_path, {"PYTHON_SCRIPT_FILE_NAME": name})
        listeners.check(found, host_json.parse({"version": "2.0"}, {}), {})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "must hold a JSON object"),
        ("{}", 'version is None; it must be "2.0"'),
        (
            {"queues": {"batchSize": 33}},
            "extensions.queues.batchSize is 33; it must be a whole number from 1 to 32",
        ),
        ({"queues": {"batchSize": "8"}}, "extensions.queues.batchSize is '8'"),
        (
            {"queues": {"visibilityTimeout": 30}},
            "extensions.queues.visibilityTimeout is 30; it must be a time span",
        ),
        ({"queues": {"messageEncoding": "utf8"}}, "it must be one of base64, none"),
        ({"queues": []}, "ok"),
        ({"queues": "many"}, "extensions.queues must be an object, not str"),
        (
            {"eventHubs": {"initialOffsetOptions": {"type": "fromEnd"}}},
            "initialOffsetOptions.type is 'fromEnd'",
        ),
    ],
)
def test_a_wrong_host_json_is_named_with_its_path(tmp_path: Path, document: Any, words: str) -> None:
    text = document if isinstance(document, str) else json.dumps({"version": "2.0", "extensions": document})
    folder = app(tmp_path, HEAD, text)
    if words == "ok":
        host_json.parse(host_json.load(folder), {})
        return
    with pytest.raises(HostError) as caught:
        host_json.parse(host_json.load(folder), {})
    assert words in str(caught.value)


def test_settings_override_host_json_and_unknown_keys_are_warned_of() -> None:
    document = {"version": "2.0", "extensions": {"queues": {"BatchSize": 8, "bachSize": 1}}, "odd": {}}
    settings = {"AzureFunctionsJobHost__extensions__queues__batchSize": "24"}
    found = host_json.parse(document, settings)
    assert (found.queues.batch_size, found.queues.new_batch_threshold) == (24, 12)
    assert found.queues.max_polling_interval == 60.0
    assert sorted(found.warnings) == [
        "host.json: extensions.queues.bachSize is not known to this host; it changes nothing.",
        "host.json: odd is not known to this host; it changes nothing.",
    ]


def test_a_connections_exact_setting_wins_and_is_refused() -> None:
    settings = {"Work__queueServiceUri": "https://a.example/", "work__clientid": "c"}
    found = connections.queue_service(settings, "Work")
    assert (found.url, found.client_id) == ("https://a.example", "c")
    with pytest.raises(HostError, match="The setting Work holds a connection string"):
        connections.queue_service({**settings, "Work": "UseDevelopmentStorage=true"}, "Work")
    with pytest.raises(HostError, match="Hub has no setting Hub__fullyQualifiedNamespace"):
        connections.event_hubs({}, "Hub")
    with pytest.raises(HostError, match="Work__credential is 'workloadidentity'"):
        connections.queue_service({**settings, "Work__credential": "workloadidentity"}, "Work")


def test_settings_must_be_strings(tmp_path: Path) -> None:
    file = tmp_path / "local.settings.json"
    file.write_text('{"Values": {"Port": 7071}}')
    with pytest.raises(HostError, match="the setting Port is a int"):
        app_settings.load(file)


def test_a_host_that_cannot_start_leaves_nothing_behind(tmp_path: Path) -> None:
    timer = '@app.timer_trigger(arg_name="t", schedule="soon", use_monitor=False)\ndef f(t): ...\n'
    host = FunctionsHost(app(tmp_path, HEAD + timer), {})
    with pytest.raises(HostError, match="The schedule of f is 'soon'"):
        host.start()
    assert host.workers() == [0]


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "local.settings.json"
    file.write_text('{"IsEncrypted": false, "Values": {}}')
    folder = app(tmp_path, HEAD + QUEUE)
    assert main(["--app", str(folder), "--settings", str(file)]) == 3
    assert (
        "functions_host: The connection Work has no setting Work__queueServiceUri" in capsys.readouterr().err
    )
