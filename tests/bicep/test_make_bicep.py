"""`make bicep`: what is committed is what the template says, and Microsoft's compiler is asked where there is one."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from local_stack.azure_types import AzureTypes
from local_stack.bicep.compare import differences
from local_stack.bicep.compilation import Compilation
from local_stack.bicep.emit import text_of
from local_stack.bicep.parameters import ParameterFile
from tests.bicep.template import BICEP, compiled
from tools import bicep

MAIN = "metadata description = 'One.'\n\nparam name string\n\noutput told string = name\n"
# Says what was prepared for it, as Microsoft's CLI does on its two verbs.
CLI = """#!/bin/sh
cat "{folder}/$1.out"
cat "{folder}/said" >&2
"""


def project(folder: Path, main: str = MAIN) -> Path:
    """Return a template with one environment."""
    (folder / "environments").mkdir()
    (folder / "main.bicep").write_text(main, "utf-8")
    (folder / "environments/one.bicepparam").write_text(
        "using '../main.bicep'\n\nparam name = 'me'\n", "utf-8"
    )
    return folder


def cli(folder: Path, old: str = "", new: str = "", said: str = "") -> str:
    """Return a command that stands for Microsoft's CLI: it says what the stand-in says, but for `old`."""
    root = project(folder)
    compilation = Compilation()
    template = text_of(compilation.build(root / "main.bicep"))
    made = ParameterFile(root / "environments/one.bicepparam", compilation, {}).build()
    (folder / "build.out").write_text(template.replace(old, new) if old else template, "utf-8")
    text = json.dumps({"parametersJson": text_of(made), "templateJson": template})
    (folder / "build-params.out").write_text(text.replace(old, new) if old else text, "utf-8")
    (folder / "said").write_text(said, "utf-8")
    file = folder / "their-bicep"
    file.write_text(CLI.format(folder=folder), "utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


def test_main_json_is_what_the_template_says() -> None:
    committed = json.loads((BICEP / "main.json").read_text("utf-8"))
    told = list(differences(compiled(), committed, "$"))
    assert not told, "run `make bicep`:\n" + "\n".join(told[:5])


def test_main_json_is_the_stand_ins_and_says_so() -> None:
    template = json.loads((BICEP / "main.json").read_text("utf-8"))
    assert template["metadata"]["_generator"]["name"] == "local_stack.bicep"


def test_the_template_is_the_same_without_azures_types(tmp_path: Path) -> None:
    bare = Compilation(AzureTypes(tmp_path)).build(BICEP / "main.bicep")
    assert not list(differences(compiled(), json.loads(json.dumps(bare)), "$"))


def test_without_microsofts_cli_the_stand_in_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(bicep.CLI, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bicep.main(project(tmp_path)) == 0
    assert "main.json and 1 parameter files" in capsys.readouterr().out
    assert json.loads((tmp_path / "main.json").read_text("utf-8"))["outputs"]["told"]


def test_the_second_run_writes_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    root = project(tmp_path)
    assert bicep.main(root) == 0
    first = (root / "main.json").read_bytes()
    assert bicep.main(root) == 0
    assert (root / "main.json").read_bytes() == first


def test_microsofts_cli_that_says_the_same_is_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(bicep.CLI, cli(tmp_path, "local_stack.bicep", "bicep"))
    assert bicep.main(tmp_path) == 0
    assert "says the same" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "said", "wanted"),
    [
        ('"told"', '"else"', "", r"main\.json differs .*outputs"),
        ('\\"me\\"', '\\"you\\"', "", r"one\.bicepparam differs"),
        ("", "", "Warning no-unused-params\n", "Warning no-unused-params"),
    ],
    ids=["another template", "another parameter file", "a warning"],
)
def test_microsofts_cli_that_says_otherwise_fails(
    old: str,
    new: str,
    said: str,
    wanted: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(bicep.CLI, cli(tmp_path, old, new, said))
    assert bicep.main(tmp_path) == 1
    assert re.search(wanted, capsys.readouterr().err)


@pytest.mark.parametrize("wrong", ["param unused string\n", "output other int = name\n"])
def test_a_warning_fails_and_nothing_is_written(wrong: str, tmp_path: Path) -> None:
    assert bicep.main(project(tmp_path, MAIN + wrong)) == 1
    assert not (tmp_path / "main.json").exists()


def test_a_parameter_file_that_lacks_a_parameter_fails(tmp_path: Path) -> None:
    root = project(tmp_path, MAIN + "\nparam other string\n\noutput more string = other\n")
    assert bicep.main(root) == 1
    assert not (root / "main.json").exists()
