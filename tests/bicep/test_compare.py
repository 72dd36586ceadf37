"""Held against the real compiler: `compare` counts honestly, and the public pairs compile to the same JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local_stack.azure_types import AzureTypes
from local_stack.bicep.__main__ import main
from local_stack.bicep.compare import compare, differences, pairs
from tests.peers import absent

SAMPLES = "VIBEDATA_BICEP_SAMPLES"
FOLDERS = {
    "user_submitted/000": 8,
    "user_submitted/101": 72,
    "user_submitted/201": 49,
    "user_submitted/301": 14,
}
BASELINES_EQUAL = 27
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def samples() -> Path:
    """Return `src/Bicep.Core.Samples/Files` of a checkout of the public Azure/bicep repository."""
    folder = os.environ.get(SAMPLES)
    if not folder:
        pytest.skip(f"no checkout of Azure/bicep's samples here (set {SAMPLES})")
    return Path(folder)


def types() -> AzureTypes:
    found = AzureTypes()
    return found if found.named else absent("no catalogue of Azure's types here (set VIBEDATA_AZURE_TYPES)")


def pair(folder: Path, source: str, resources: list[object], **more: object) -> Path:
    folder.mkdir()
    (folder / "main.bicep").write_text(source, "utf-8")
    metadata = {"_generator": {"name": "bicep", "version": "0.0.0.0", "templateHash": "1"}}
    wanted = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "metadata": metadata,
        **more,
        "resources": resources,
    }
    (folder / "main.json").write_text(json.dumps(wanted), "utf-8")
    return folder


def test_equal_refused_and_different_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    types()
    pair(tmp_path / "a", "var v = 1\n", [], variables={"v": 1})
    pair(tmp_path / "b", "type t = string\n", [])
    pair(tmp_path / "c", "var v = 1\n", [], variables={"v": True})
    assert main(["compare", str(tmp_path)]) == 1
    *lines, last = capsys.readouterr().out.strip().split("\n")
    assert last == "1 equal, 1 refused, 1 different"
    assert any("$.variables.v: wanted true, built 1" in line for line in lines)
    assert any("VBC001" in line for line in lines)
    assert [line for line in lines if "was made by" in line] == [
        f"{tmp_path / 'c'}: different: main.json was made by bicep 0.0.0.0"
    ]


def test_refusals_alone_are_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    types()
    pair(tmp_path / "b", "type t = string\n", [])
    assert main(["compare", str(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith("0 equal, 1 refused, 0 different\n")


def test_spelling_of_types_comes_from_the_catalogue(tmp_path: Path) -> None:
    source = "resource ip 'microsoft.network/publicIpAddresses@2023-09-01' = {\n  name: 'ip'\n}\n"
    wanted = {"type": "Microsoft.Network/publicIPAddresses", "apiVersion": "2023-09-01", "name": "ip"}
    result = compare(pair(tmp_path / "a", source, [wanted]), types())
    assert not result.refused and not result.differences


def test_without_a_catalogue_nothing_is_compared(tmp_path: Path) -> None:
    environment = {**os.environ, "VIBEDATA_AZURE_TYPES": str(tmp_path)}
    command = [sys.executable, "-m", "local_stack.bicep", "compare", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert ran.returncode == 2
    assert "catalogue" in ran.stdout + ran.stderr


def test_only_one_loops_entries_of_dependson_are_a_set() -> None:
    first, second = "[resourceId('a', range(0, 2)[0])]", "[resourceId('a', range(0, 2)[1])]"
    assert not list(differences({"dependsOn": [first, second]}, {"dependsOn": [second, first]}, "$"))
    assert list(
        differences({"dependsOn": ["[a('x')]", "[b('x')]"]}, {"dependsOn": ["[b('x')]", "[a('x')]"]}, "$")
    )
    assert list(differences({"x": [1, 2]}, {"x": [2, 1]}, "$"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_public_pairs_compile_to_the_same_json(folder: str) -> None:
    root = samples() / folder
    results = [compare(each, types()) for each in pairs(root)]
    wrong = [result for result in results if result.refused or result.differences]
    assert not wrong
    assert len(results) >= FOLDERS[folder]


def test_no_baseline_is_silently_different() -> None:
    results = [compare(each, types()) for each in pairs(samples() / "baselines")]
    assert not [result.differences for result in results if result.differences]
    assert sum(not result.refused for result in results) >= BASELINES_EQUAL


_MARK = re.compile(r"^//@\[(\d+):\d+\) \[(BCP\d+) \((\w+)\)\] ")
# Of these codes every one that the baselines hold must be found at its very place, and no other.
_EXACT = set(
    re.findall(
        r"BCP\d+",
        """
    BCP001 BCP002 BCP006 BCP008 BCP010 BCP013 BCP015 BCP016 BCP017 BCP019 BCP020 BCP022 BCP025 BCP028
    BCP047 BCP051 BCP059 BCP060 BCP061 BCP063 BCP065 BCP068 BCP072 BCP079 BCP080 BCP085 BCP094 BCP096
    BCP098 BCP117 BCP118 BCP138 BCP142 BCP143 BCP144 BCP145 BCP167 BCP169 BCP170 BCP238 BCP239 BCP240
    BCP242 BCP247 BCP248 BCP249 BCP265 BCP268
    """,
    )
)


def _wanted(file: Path) -> set[tuple[int, int, str]]:
    found, line = set(), 0
    for text in file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").split("\n"):
        mark = _MARK.match(text)
        line += 0 if text.startswith("//@[") else 1
        if mark and mark[2] in _EXACT:
            found.add((line, int(mark[1]) + 1, mark[2]))
    return found


def test_the_baselines_errors_are_found_where_the_compiler_finds_them() -> None:
    from local_stack.bicep.compilation import Compilation

    missed: list[str] = []
    for folder in sorted((samples() / "baselines").iterdir()):
        if not (folder / "main.diagnostics.bicep").exists():
            continue
        compilation = Compilation(types())
        compilation.build(folder / "main.bicep")
        own = [each for each in compilation.diagnostics if Path(each.path).parent.name == folder.name]
        refused = {each.line for each in own if each.code.startswith("VBC")}
        found = {(each.line, each.column, each.code) for each in own if each.code in _EXACT}
        for place in _wanted(folder / "main.diagnostics.bicep") ^ found:
            if place[0] not in refused:
                missed.append(f"{folder.name}: {place}")
    assert len(missed) <= 20, "\n".join(missed)
