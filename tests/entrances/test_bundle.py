"""The bundle as it reaches a worker: unpacked alone, in an empty directory, with an empty environment."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from oci.extract import extract
from oci.layout import Layout
from vibedata import __version__, bundle, release
from vibedata.adapters.release_files import Checkout
from vibedata.adapters.release_store import LayoutRelease
from vibedata.adapters.wheels import WheelCache

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache/wheels"
ENVIRONMENT = dict(os.environ)  # as it was before the stack's certificates came into it
LAYER = "application/vnd.vibedata.bundle.layer.v1.tar"
NOT_SHIPPED = {"packaging"}  # only who packs a release needs it; bundle.py and its tests say so
PYTHON_310 = ("python3.10", *sorted(str(p) for p in Path.home().glob(".pyenv/versions/3.10*/bin/python")))


def own_target() -> bundle.Target:
    return bundle.target_of(sys.implementation.name, sys.version_info[:2], sys.platform, platform.machine())


def files_of(target: bundle.Target) -> dict[str, bytes]:
    """Return the files of this repository's bundle for a target."""
    sources = Checkout(ROOT)
    cache = WheelCache(CACHE, environ=ENVIRONMENT)
    wheels = cache.fetch(target, bundle.locked(sources.lock(), target))
    return bundle.files_of(target, wheels, sources.engine(), __version__)


def unpacked(files: dict[str, bytes], folder: Path) -> Path:
    """Pack a bundle's files and unpack them as a worker does."""
    packed = LayoutRelease(folder / "layout").add_tree(
        files, artifact_type=release.BUNDLE_TYPE, layer_type=LAYER, tag="bundle"
    )
    assert packed.content is not None
    layer = folder / "layout/blobs/sha256" / packed.content.digest.removeprefix("sha256:")
    assert Layout.open(folder / "layout").resolve("bundle").digest == packed.digest
    extract(layer, folder / "bundle")
    return folder / "bundle"


@pytest.fixture(scope="module")
def own_files() -> dict[str, bytes]:
    return files_of(own_target())


@pytest.fixture(scope="module")
def own(own_files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(own_files, tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def interpreter_310() -> str:
    """Return a CPython 3.10 on Linux x86_64, the worker's."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("the worker's wheels do not run on this platform")
    for candidate in PYTHON_310:
        try:
            done = run([candidate, "-c", "import sys; print(*sys.version_info[:2])"], Path("/"))
        except OSError:
            continue
        if done.stdout.strip() == "3 10":
            return candidate
    pytest.skip("no CPython 3.10 on this machine (docs/unproven.md)")


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory, interpreter_310: str) -> tuple[str, Path]:
    """Return the worker's interpreter and its bundle."""
    return interpreter_310, unpacked(
        files_of(bundle.target(bundle.WORKER_TARGET)), tmp_path_factory.mktemp("worker")
    )


def run(command: list[str], directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=180, check=False
    )


def third_party() -> set[str]:
    """Return the third-party modules that the engine imports, wherever in a file it does."""
    own = {"vibedata", "oci", "__future__"}
    files = [path for package in ("vibedata", "oci") for path in (ROOT / package).rglob("*.py")]
    found = {name for path in files for name in _imports(path)}
    return {n for n in found if n.split(".")[0] not in sys.stdlib_module_names | own | NOT_SHIPPED}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def engine_modules() -> list[str]:
    files = sorted(path for package in ("vibedata", "oci") for path in (ROOT / package).rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


def import_all(python: str, tree: Path, names: list[str], directory: Path) -> dict[str, str]:
    """Import modules from the bundle alone; return those that did not, with why, and those from elsewhere."""
    script = (
        "import sys, json, importlib\n"
        "tree, names = sys.argv[1], json.loads(sys.argv[2])\n"
        "sys.path.insert(0, tree)\n"
        "bad = {}\n"
        "for name in names:\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except Exception as error:\n"
        "        bad[name] = f'{type(error).__name__}: {error}'\n"
        "for name, module in list(sys.modules.items()):\n"
        "    file = getattr(module, '__file__', None)\n"
        "    if file and 'site-packages' in file:\n"
        "        bad[name] = file\n"
        "print(json.dumps(bad))\n"
    )
    done = run([python, "-I", "-S", "-c", script, str(tree), json.dumps(names)], directory)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_the_command_line_runs_from_the_bundle_alone(own: Path, tmp_path: Path) -> None:
    done = run([sys.executable, "-I", "-S", str(own / "vibedata/__main__.py"), "cli", "--help"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "day0" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_everything_that_the_engine_imports_is_in_the_bundle(own: Path, tmp_path: Path) -> None:
    names = sorted(third_party())
    assert {"azure.identity", "azure.data.tables", "jsonschema", "urllib3"} <= set(names)
    assert import_all(sys.executable, own, names, tmp_path) == {}


def test_every_module_of_the_engine_imports_from_the_bundle(own: Path, tmp_path: Path) -> None:
    names = engine_modules()
    assert {"vibedata.entry", "vibedata.wiring", "oci.registry"} <= set(names)
    assert import_all(sys.executable, own, names, tmp_path) == {}


def test_the_worker_runs_the_command_line_under_its_own_interpreter(
    worker: tuple[str, Path], tmp_path: Path
) -> None:
    python, tree = worker
    done = run([python, "-I", "-S", str(tree / "vibedata/__main__.py"), "cli", "--help"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "day0" in done.stdout


def test_the_worker_imports_every_module_under_its_own_interpreter(
    worker: tuple[str, Path], tmp_path: Path
) -> None:
    python, tree = worker
    assert import_all(python, tree, [*sorted(third_party()), *engine_modules()], tmp_path) == {}


def test_a_bundle_is_small_clean_and_says_what_it_is(own_files: dict[str, bytes], own: Path) -> None:
    files = own_files
    assert not [name for name in files if name.endswith(".pyc") or "__pycache__" in name]
    assert sum(len(content) for content in files.values()) < 128 * 1024 * 1024
    assert all((own / name).read_bytes() == content for name, content in files.items())
    document = json.loads(files["bundle.json"])
    assert document["target"] == own_target().name
    assert document["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    names = {distribution["name"] for distribution in document["distributions"]}
    assert {"azure-identity", "cryptography"} <= names
    assert not names & {"pytest", "aiohttp", "trustme"}


def test_the_lock_of_the_worker_satisfies_what_the_project_asks_for() -> None:
    from packaging.requirements import Requirement

    locked = {row.name: row.version for row in bundle.locked(Checkout(ROOT).lock(), own_target())}
    asked = [Requirement(text) for text in importlib.metadata.requires("vibedata") or ()]
    for requirement in asked:
        if requirement.marker and requirement.marker.evaluate({"extra": "worker"}):
            assert locked[bundle.canonical_name(requirement.name)] in requirement.specifier, requirement
