"""The Function package: what `.funcignore` leaves is enough to run, and nothing besides goes to Azure."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.entrances.test_function_app import SETTINGS, TRIGGERS

ROOT = Path(__file__).resolve().parents[2]
# As the extra's distributions and what they need are the only ones that Azure installs, others cannot be imported.
FENCED = """
import importlib.metadata as metadata, json, os, re, sys
plain = lambda name: re.sub("[-_.]+", "-", name).lower()
from importlib.abc import MetaPathFinder
locked, owners = set(json.loads(os.environ["LOCKED"])), metadata.packages_distributions()
foreign = {name for name, who in owners.items() if not {plain(one) for one in who} & locked}
class Fence(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in foreign - {"vibedata", "azure"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Fence())
sys.path.insert(0, os.getcwd())
try:
    import typer
except ModuleNotFoundError:
    pass
else:
    raise AssertionError("the fence has a hole")
import function_app, vibedata
assert vibedata.__file__.startswith(os.getcwd()), vibedata.__file__
names = [one.get_function_name() for one in function_app.app.get_functions()]
from vibedata.alert_settings import AlertSettings
wires = function_app.FunctionWires(AlertSettings(**json.loads(os.environ["GIVEN"])))
wires.callers()
for name in names:
    getattr(wires, "receive_alert" if name == "relay_alerts" else name)()
azure = {name for name in sys.modules if name.startswith("azure.")}
print(json.dumps({"names": names, "azure": sorted(azure)}))
"""


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the files that a deployment takes, by `.funcignore` and git's rules for such a file."""
    scratch = tmp_path_factory.mktemp("rules")
    subprocess.run(["git", "init", "-q", str(scratch)], check=True)
    shutil.copy(ROOT / ".funcignore", scratch / ".gitignore")
    found: list[str] = []
    for folder, folders, files in os.walk(ROOT):
        here = Path(folder).relative_to(ROOT)
        gone = ignored(scratch, [(here / name).as_posix() for name in (*folders, *files)])
        folders[:] = [name for name in folders if (here / name).as_posix() not in gone]
        found += [path for name in files if (path := (here / name).as_posix()) not in gone]
    return sorted(found)


def ignored(scratch: Path, paths: list[str]) -> set[str]:
    """Return the paths that the rules leave out; a folder's rule needs its slash, so both spellings are asked."""
    asked = "\0".join([*paths, *(f"{path}/" for path in paths)]) + "\0"
    command = ["git", "-C", str(scratch), "check-ignore", "--no-index", "-z", "--stdin"]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    files = {path for path in paths if (ROOT / path).is_file()}
    told = done.stdout.split("\0")
    return {path.rstrip("/") for path in told if not (path.endswith("/") and path[:-1] in files)}


def test_what_goes_to_azure_is_the_app_and_the_engine(packed: list[str]) -> None:
    tops = {path.partition("/")[0] for path in packed}
    assert tops == {"function_app.py", "functions_app", "host.json", "requirements.txt", "vibedata"}
    assert not [path for path in packed if not path.endswith((".py", ".json", ".txt"))]
    assert {
        f"functions_app/{name}.py" for name in ("alerts", "processing", "poison", "reconciliation")
    } < set(packed)
    assert "vibedata/contracts/rbac.json" in packed


def test_the_package_runs_with_what_its_requirements_install(packed: list[str], tmp_path: Path) -> None:
    for path in packed:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    pattern = r"^([A-Za-z0-9][A-Za-z0-9._-]*)=="
    locked = re.findall(pattern, (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    given = {"LOCKED": json.dumps([name.lower() for name in locked]), "GIVEN": json.dumps(SETTINGS)}
    done = subprocess.run(
        [sys.executable, "-c", FENCED],
        cwd=tmp_path,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert set(told["names"]) == set(TRIGGERS)
    assert not [name for name in told["azure"] if name.startswith(("azure.mgmt", "azure.keyvault"))]


def test_the_requirements_are_locked_with_hashes_for_every_python() -> None:
    text = (ROOT / "requirements.txt").read_text("utf-8")
    assert text.count("--hash=sha256:") >= text.count("==")
    functions = re.findall(r"^azure-functions==(\d+)\S* ; (.*) \\$", text, re.MULTILINE)
    assert functions == [("1", "python_full_version < '3.13'"), ("2", "python_full_version >= '3.13'")]
