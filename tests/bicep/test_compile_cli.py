"""The verbs as a person runs them: what is written, what is told, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local_stack.bicep.__main__ import main

PARAMS = """using 'main.bicep'
param names = ['a', readEnvironmentVariable('NOT_SET_HERE', 'b')]
var prefix = 'x'
param mode = '${prefix}-${names2}'
param names2 = 'y'
param key = az.getSecret('sub', 'rg', 'kv', 'secret')
"""
TEMPLATE = """param names array
@allowed(['x-y', 'z'])
param mode string
param names2 string
@secure()
param key string
output o array = [names, mode, names2, empty(key)]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIBEDATA_AZURE_TYPES", str(tmp_path / "none"))
    return tmp_path


def test_build_writes_beside_the_source_without_a_final_newline(folder: Path) -> None:
    (folder / "main.bicep").write_text("var v = 'é'\n", "utf-8")
    assert main(["build", str(folder / "main.bicep")]) == 0
    text = (folder / "main.json").read_bytes().decode("utf-8")
    assert text.startswith('{\n  "$schema"') and text.endswith("}") and "é" in text
    before = (folder / "main.json").stat().st_mtime_ns, text
    assert main(["build", str(folder / "main.bicep")]) == 0
    assert (folder / "main.json").read_text("utf-8") == before[1]


def test_nothing_is_written_where_there_are_errors(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "main.bicep").write_text("var v = nope\n", "utf-8")
    assert main(["build", str(folder / "main.bicep")]) == 1
    assert not (folder / "main.json").exists()
    assert "main.bicep(1,9) : Error BCP057" in capsys.readouterr().err


def test_a_missing_file_is_said_to_be_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(folder / "no.bicep")]) == 1
    assert "no.bicep" in capsys.readouterr().err


def test_stdout_takes_the_template_and_outfile_another_place(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "main.bicep").write_text("var v = 1\n", "utf-8")
    assert main(["build", str(folder / "main.bicep"), "--stdout"]) == 0
    assert json.loads(capsys.readouterr().out)["variables"] == {"v": 1}
    assert main(["build", str(folder / "main.bicep"), "--outfile", str(folder / "other.json")]) == 0
    assert (folder / "other.json").exists() and not (folder / "main.json").exists()


def parameters(folder: Path, text: str, template: str = TEMPLATE) -> Any:
    (folder / "main.bicep").write_text(template, "utf-8")
    (folder / "p.bicepparam").write_text(text, "utf-8")
    status = main(["build-params", str(folder / "p.bicepparam"), "--outfile", str(folder / "p.json")])
    return json.loads((folder / "p.json").read_text("utf-8")) if status == 0 else None


def test_a_parameter_file_becomes_deployment_parameters(folder: Path) -> None:
    assert parameters(folder, PARAMS) == {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "names": {"value": ["a", "b"]},
            "mode": {"value": "x-y"},
            "names2": {"value": "y"},
            "key": {
                "reference": {
                    "keyVault": {
                        "id": "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
                    },
                    "secretName": "secret",
                }
            },
        },
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("using 'main.bicep'\n", "BCP258"),
        (f"{PARAMS}param more = 1\n", "BCP259"),
        (f"{PARAMS}param names2 = 'again'\n", "BCP250"),
        (PARAMS.replace("using 'main.bicep'\n", ""), "BCP261"),
        (PARAMS.replace("'x'", "'q'"), "BCP033"),
        (PARAMS.replace("['a'", "1 // ['a'"), "BCP033"),
        (PARAMS.replace(", 'b')", ")"), "BCP427"),
        (PARAMS.replace("main.bicep", "no.bicep"), "BCP091"),
        (f"{PARAMS}resource x 'y'\n", "BCP337"),
    ],
)
def test_a_parameter_file_that_does_not_fit_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, code: str
) -> None:
    assert parameters(folder, text) is None
    assert code in capsys.readouterr().err


def test_standard_output_of_build_params_is_what_azs_cli_reads(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parameters(folder, PARAMS)
    capsys.readouterr()
    assert main(["build-params", str(folder / "p.bicepparam"), "--stdout"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert json.loads(told["parametersJson"])["parameters"]["names2"] == {"value": "y"}
    assert json.loads(told["templateJson"])["outputs"]["o"]["type"] == "array"
