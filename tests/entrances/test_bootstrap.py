# ruff: noqa: F811 - pytest knows fixtures by their imported names
"""The bootstrap as the Run Command runs it: a process of its own, isolated, with nothing but the standard library."""

from __future__ import annotations

import base64
import dataclasses
import importlib.util
import io
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from oci import media_types
from tests.builders.cloud import Cloud
from tests.builders.cloud_fixtures import cloud  # noqa: F401
from tests.builders.release import Packed, digest_of, pack
from vibedata import contracts, retry
from vibedata.settings import Settings

SCRIPT = Path(__file__).resolve().parents[2] / "runbooks" / "bootstrap.py"
REPOSITORY = "vibedata/bundle"
KIND, LAYER = "application/vnd.vibedata.bundle.v1", "application/vnd.vibedata.bundle.layer.v1.tar"
ENVELOPE = "eyJ2ZXJiIjogImltcG9ydCJ9"
ENGINE = b"""
import json, os, signal, sys
print(json.dumps({"argv": sys.argv[1:], "stdin": sys.stdin.read(), "env": dict(os.environ), "file": __file__,
                  "isolated": sys.flags.isolated, "no_site": sys.flags.no_site}))
if os.environ.get("TEST_DIES"):
    os.kill(os.getpid(), signal.SIGKILL)
print("the last line")
sys.exit(int(os.environ.get("TEST_EXIT", "0")))
"""


def python_310() -> str | None:
    """Return the worker's interpreter, where this machine has one."""
    own = sorted((Path.home() / ".pyenv" / "versions").glob("3.10.*/bin/python"))
    return str(own[-1]) if own else shutil.which("python3.10")


PYTHONS = [
    pytest.param(sys.executable, id="own"),
    pytest.param(
        python_310(), id="3.10", marks=pytest.mark.skipif(not python_310(), reason="no CPython 3.10 here")
    ),
]


def tar(*members: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    """Return a plain tar of files, or of any other members."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size, info.mode = len(member[1]), 0o600
            archive.addfile(info, io.BytesIO(member[1]))
    return into.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def bundle(engine: bytes = ENGINE, *more: tuple[str, bytes]) -> Packed:
    return wrap(tar(("vibedata/__main__.py", engine), ("vibedata/deep/module.py", b"X = 1\n"), *more))


def wrap(layer: bytes) -> Packed:
    return pack(REPOSITORY, layer, kind=KIND, layer=LAYER)


@dataclass
class Worker:
    """A machine with nothing but Python and what Azure gives it."""

    cloud: Cloud
    home: Path
    python: str = sys.executable
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, packed: Packed | str, *, settings: dict[str, Any] | None = None) -> subprocess.Popen[str]:
        digest = packed if isinstance(packed, str) else packed.digest
        parameters = {
            "VIBEDATA_HOME": str(self.home),
            "VIBEDATA_SETTINGS": encoded(settings or self.cloud.settings()),
            "VIBEDATA_ENVELOPE": ENVELOPE,
            "VIBEDATA_BUNDLE": digest,
            "VIBEDATA_BUNDLE_REPOSITORY": REPOSITORY,
            "VIBEDATA_ATTEMPT": "1",
            "VIBEDATA_PUBLISHER_USERNAME": self.cloud.username,
            "VIBEDATA_PUBLISHER_PASSWORD": self.cloud.password,
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": self.cloud.imds,
            "SSL_CERT_FILE": str(self.cloud.stack.ca_file),
            "PATH": os.defpath,
        }
        environment = {**parameters, **self.environment}
        return subprocess.Popen(
            [self.python, "-I", str(SCRIPT)],
            env={key: value for key, value in environment.items() if value},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, packed: Packed | str, **more: Any) -> Result:
        process = self.start(packed, **more)
        out, err = process.communicate(timeout=180)
        assert self.cloud.password not in err
        assert "Traceback" not in err
        return Result(process.returncode, out, err)

    def unpacked(self) -> list[str]:
        return sorted(path.name for path in (self.home / "bundles").iterdir())

    def folder(self, packed: Packed) -> Path:
        return self.home / "bundles" / packed.digest.replace(":", "-")


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def error(self) -> dict[str, Any]:
        """The error line: the last on both streams."""
        last = self.out.strip().splitlines()[-1]
        assert last == self.err.strip().splitlines()[-1]
        return dict(json.loads(last))

    @property
    def told(self) -> dict[str, Any]:
        """What the engine saw."""
        return dict(json.loads(self.out.splitlines()[0]))


def encoded(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


@pytest.fixture
def worker(cloud: Cloud, tmp_path: Path) -> Worker:
    return Worker(cloud, tmp_path / "opt" / "vibedata")


def imports(cloud: Cloud, since: int) -> list[Any]:
    return [write for write in cloud.writes(since) if write.operation == "registry.importImage"]


@pytest.mark.parametrize("python", PYTHONS)
def test_a_bare_machine_gets_the_bundle_and_runs_the_verb(worker: Worker, python: str) -> None:
    worker.python = python
    packed = bundle()
    worker.cloud.push(packed)
    result = worker.run(packed)
    assert result.code == 0, result.err
    assert result.out.splitlines()[-1] == "the last line"
    assert worker.unpacked() == [packed.digest.replace(":", "-")]
    assert str((worker.home / "current").readlink()) == f"bundles/{packed.digest.replace(':', '-')}"
    assert Path(result.told["file"]).parents[1] == worker.folder(packed).resolve()
    assert json.loads((worker.home / "settings.json").read_text()) == worker.cloud.settings()
    assert list(worker.folder(packed).rglob("*.pyc"))


def test_the_verb_is_isolated_and_gets_secrets_on_standard_input_only(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    told = worker.run(packed).told
    assert (told["isolated"], told["no_site"]) == (1, 1)
    assert told["argv"] == ["--secrets-from-stdin", ENVELOPE]
    assert json.loads(told["stdin"]) == {
        "publisher_username": worker.cloud.username,
        "publisher_password": worker.cloud.password,
    }
    assert worker.cloud.password not in json.dumps(told["env"])
    on_disk = b"".join(path.read_bytes() for path in worker.home.rglob("*") if path.is_file())
    assert worker.cloud.password.encode() not in on_disk


def test_everything_is_readable_by_all_and_writable_by_none_but_the_owner(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    assert worker.run(packed).code == 0
    for path in [worker.folder(packed), *worker.folder(packed).rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o444 == 0o444, path
        assert not mode & 0o022, path
    assert stat.S_IMODE((worker.home / "settings.json").stat().st_mode) == 0o644
    assert (worker.home / "work").is_dir()


def test_a_second_run_asks_nobody_and_writes_nothing(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    assert worker.run(packed).code == 0
    before = {path: path.stat().st_mtime_ns for path in worker.home.rglob("*") if path.is_file()}
    seen = worker.cloud.stack.writes.last
    worker.environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = "http://127.0.0.1:1"
    assert worker.run(packed).code == 0
    assert {path: path.stat().st_mtime_ns for path in worker.home.rglob("*") if path.is_file()} == before
    assert worker.cloud.stack.writes.last == seen


def test_changed_settings_are_written(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    worker.run(packed)
    worker.run(packed, settings=worker.cloud.settings(image_tag="other"))
    assert json.loads((worker.home / "settings.json").read_text())["image_tag"] == "other"


def test_a_bundle_that_the_customer_has_is_not_imported(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed, host=worker.cloud.customer_registry)
    seen = worker.cloud.stack.writes.last
    assert worker.run(packed).code == 0
    assert imports(worker.cloud, seen) == []


def test_a_newer_bundle_is_brought_but_not_switched_to(worker: Worker) -> None:
    first, second = bundle(), bundle(ENGINE + b"# newer\n")
    worker.cloud.push(first, second)
    worker.run(first)
    result = worker.run(second)
    assert result.code == 0
    assert Path(result.told["file"]).parents[1] == worker.folder(first).resolve()
    assert worker.folder(second).is_dir()


def test_a_current_that_leads_nowhere_is_set_right(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    worker.home.mkdir(parents=True)
    (worker.home / "current").symlink_to("bundles/sha256-gone")
    assert worker.run(packed).code == 0
    assert (worker.home / "current").resolve() == worker.folder(packed).resolve()


def test_the_verbs_exit_code_is_ours(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    worker.environment["TEST_EXIT"] = "3"
    result = worker.run(packed)
    assert result.code == 3
    assert result.out.splitlines()[-1] == "the last line"


def test_a_verb_that_is_killed_leaves_an_error_line(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    worker.environment["TEST_DIES"] = "1"
    result = worker.run(packed)
    assert (result.code, result.error["code"]) == (5, "verb-killed")


def test_it_runs_when_the_agent_starts_it_with_sh(worker: Worker) -> None:
    done = subprocess.run(
        ["sh", str(SCRIPT)],
        env={"VIBEDATA_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["code"] == "bootstrap-parameter"


def test_what_it_says_twice_it_says_alike() -> None:
    """It can import nothing of ours, so it repeats numbers, a role and codes: they are held to the originals."""
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    assert spec and spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    row = next(r for r in contracts.load("rbac.json")["assignments"] if r["key"] == "registry-import")
    assert {script.IMPORT, script.PULL} <= set(row["actions"])
    assert script.ROLES[script.IMPORT] == script.ROLES[script.PULL] == row["role"]
    assert (script.ATTEMPTS, script.PAUSE) == (retry.ATTEMPTS, retry.DELAY_SECONDS)
    assert script.LAYER_TYPE == media_types.BUNDLE_LAYER
    assert set(script.NEEDED) <= {setting.name for setting in dataclasses.fields(Settings)}
    documented = (SCRIPT.parents[1] / "docs" / "errors.md").read_text("utf-8")
    assert [code for code in script.HINTS if f"| `{code}` |" not in documented] == []


def test_it_fits_into_a_run_command() -> None:
    text = SCRIPT.read_bytes()
    assert text.isascii()
    assert len(text) < 48 * 1024


@pytest.mark.parametrize(
    "member",
    [
        ("../escaped", b"x"),
        ("vibedata/../../escaped", b"x"),
        ("/tmp/escaped", b"x"),
        ("./vibedata/dotted", b"x"),
        ("a//b", b"x"),
        ("a\\b", b"x"),
        special("link", tarfile.SYMTYPE, "../../escaped"),
        special("vibedata/hard", tarfile.LNKTYPE, "vibedata/__main__.py"),
        special("device", tarfile.CHRTYPE),
        special("pipe", tarfile.FIFOTYPE),
        special("sparse", tarfile.GNUTYPE_SPARSE),
        ("vibedata/__main__.py", b"a second one"),
    ],
    ids=lambda member: member.name if isinstance(member, tarfile.TarInfo) else member[0],
)
def test_an_unsafe_archive_is_refused_and_leaves_nothing(worker: Worker, tmp_path: Path, member: Any) -> None:
    packed = wrap(tar(("vibedata/__main__.py", ENGINE), member))
    worker.cloud.push(packed, host=worker.cloud.customer_registry)
    result = worker.run(packed)
    assert (result.code, result.error["code"]) == (5, "bundle-unsafe"), result.out
    assert worker.unpacked() == []
    assert not (worker.home / "current").exists()
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("python", PYTHONS)
def test_a_tampered_blob_is_refused_and_leaves_nothing(worker: Worker, python: str) -> None:
    worker.python = python
    packed = bundle()
    worker.cloud.push(packed, host=worker.cloud.customer_registry)
    worker.cloud.stack.faults.set(f"oci_registry.blob.{digest_of(packed.blobs[1])}", "flip")
    result = worker.run(packed)
    assert (result.code, result.error["code"]) == (5, "bundle-digest-mismatch")
    assert worker.unpacked() == []


def test_a_tampered_manifest_is_refused(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed, host=worker.cloud.customer_registry)
    worker.cloud.stack.faults.set(f"oci_registry.blob.{packed.digest}", "flip")
    result = worker.run(packed)
    assert (result.code, result.error["code"]) == (5, "bundle-digest-mismatch")


def test_a_digest_that_the_publisher_does_not_have(worker: Worker) -> None:
    result = worker.run("sha256:" + "0" * 64)
    assert (result.code, result.error["code"]) == (5, "import-failed")
    assert "0" * 64 in result.error["message"]


@pytest.mark.parametrize(
    "packed",
    [
        pack(REPOSITORY, tar(("vibedata/__main__.py", ENGINE)), kind=KIND, layer="application/x-tar"),
        wrap(tar(("something/else.py", b""))),
    ],
    ids=["another media type", "no engine inside"],
)
def test_what_is_no_bundle_is_refused(worker: Worker, packed: Packed) -> None:
    worker.cloud.push(packed)
    result = worker.run(packed)
    assert (result.code, result.error["code"]) == (5, "bundle-malformed")
    assert worker.unpacked() == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[:1024],
        lambda whole: b"no tar at all",
        lambda whole: whole[:1024] + b"\xff" * 512 + whole[1536:],
    ],
    ids=["cut", "no tar", "broken header"],
)
def test_a_broken_archive_is_refused_whole(worker: Worker, damage: Callable[[bytes], bytes]) -> None:
    whole = tar(("vibedata/__main__.py", ENGINE[:512]), ("vibedata/other.py", b"x" * 700))
    packed = wrap(damage(whole))
    worker.cloud.push(packed)
    result = worker.run(packed)
    assert (result.code, result.error["code"]) == (5, "bundle-unreadable")
    assert worker.unpacked() == []


def test_chance_failures_are_tried_again(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    faults = worker.cloud.stack.faults
    faults.add("*", "registry.importImage", status=503, times=1)
    faults.set(f"oci_registry.blob.{digest_of(packed.blobs[1])}", "")
    faults.add("oci_registry", "blob.get", reset=True, times=1)
    assert worker.run(packed).code == 0


def test_retry_after_is_obeyed(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    worker.cloud.stack.faults.add("*", "registry.importImage", status=429, retry_after=4, times=1)
    began = time.monotonic()
    assert worker.run(packed).code == 0
    assert time.monotonic() - began >= 4


def test_a_blob_that_is_cut_every_time_is_given_up(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed, host=worker.cloud.customer_registry)
    worker.cloud.stack.faults.set(f"oci_registry.blob.{digest_of(packed.blobs[1])}", "truncate")
    result = worker.run(packed)
    assert (result.code, result.error["code"]) == (4, "network-down")
    assert worker.unpacked() == []


def test_a_missing_role_is_named_after_the_limit(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    worker.cloud.revoke_all()
    result = worker.run(packed)
    assert (result.code, result.error["code"]) == (3, "role-missing")
    for named in ("Microsoft.ContainerRegistry/registries/", worker.cloud.registry_name, "Data Importer"):
        assert named in result.error["message"]


def test_a_role_that_is_still_spreading_is_waited_for(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    worker.cloud.revoke_all()
    process = worker.start(packed, settings=worker.cloud.settings(propagation_seconds=120))
    time.sleep(1.5)
    assert process.poll() is None
    worker.cloud.grant()
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, out + err


def test_an_identity_that_the_machine_does_not_have(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    wrong = worker.cloud.settings(
        uami_client_id="11111111-1111-1111-1111-111111111111", propagation_seconds=1
    )
    result = worker.run(packed, settings=wrong)
    assert (result.code, result.error["code"]) == (3, "role-missing")
    assert "Identity not found" in result.error["message"]


def test_a_refused_publisher_token(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    worker.environment["VIBEDATA_PUBLISHER_PASSWORD"] = "not-the-password"
    result = worker.run(packed)
    assert (result.code, result.error["code"]) == (5, "import-failed")
    assert "not-the-password" not in result.out + result.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VIBEDATA_SETTINGS", ""),
        ("VIBEDATA_SETTINGS", "!!"),
        ("VIBEDATA_ENVELOPE", ""),
        ("VIBEDATA_ENVELOPE", "a b"),
        ("VIBEDATA_BUNDLE", ""),
        ("VIBEDATA_BUNDLE", "latest"),
        ("VIBEDATA_BUNDLE", "sha256:../../x"),
        ("VIBEDATA_BUNDLE_REPOSITORY", "../x"),
    ],
)
def test_a_bad_parameter_is_named_before_anything_is_done(worker: Worker, name: str, value: str) -> None:
    worker.environment[name] = value
    result = worker.run("sha256:" + "0" * 64)
    assert (result.code, result.error["code"]) == (2, "bootstrap-parameter")
    assert name in result.error["message"]
    assert not worker.home.exists()


@pytest.mark.parametrize(
    "settings",
    [[], {}, {"customer_registry": "a/b"}, {"customer_registry": 1}, {"arm_endpoint": "http://plain"}],
)
def test_bad_settings_are_refused(worker: Worker, settings: Any) -> None:
    given = {**worker.cloud.settings(), **settings} if settings else settings
    worker.environment["VIBEDATA_SETTINGS"] = encoded(given)
    result = worker.run("sha256:" + "0" * 64)
    assert (result.code, result.error["code"]) == (2, "bootstrap-settings")


def test_an_unknown_authority_is_not_trusted(worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("")
    worker.environment["SSL_CERT_FILE"] = str(tmp_path / "none.pem")
    result = worker.run(bundle())
    assert (result.code, result.error["code"]) == (3, "tls-not-trusted")


def test_leftovers_of_a_killed_run_are_removed(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    leftover = worker.home / "bundles" / ".incoming-x"
    (leftover / "tree").mkdir(parents=True)
    (leftover / "layer.tar").write_bytes(b"half")
    (worker.home / ".settings-x").write_text("half")
    assert worker.run(packed).code == 0
    assert worker.unpacked() == [packed.digest.replace(":", "-")]
    assert not (worker.home / ".settings-x").exists()


def test_a_run_killed_in_the_middle_is_finished_by_the_next(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed, host=worker.cloud.customer_registry)
    fault = worker.cloud.stack.faults.add("oci_registry", "blob.get", latency=30)
    process = worker.start(packed)
    wait_for(lambda: any((worker.home / "bundles").glob(".incoming-*")))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert worker.unpacked() != []
    worker.cloud.stack.faults.remove(fault.id)
    assert worker.run(packed).code == 0
    assert worker.unpacked() == [packed.digest.replace(":", "-")]


def test_two_at_once_bring_it_once(worker: Worker) -> None:
    packed = bundle()
    worker.cloud.push(packed)
    seen = worker.cloud.stack.writes.last
    processes = [worker.start(packed) for _ in range(2)]
    assert [(p.communicate(timeout=180), p.returncode)[1] for p in processes] == [0, 0]
    assert len(imports(worker.cloud, seen)) == 1
    assert worker.unpacked() == [packed.digest.replace(":", "-")]


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        threading.Event().wait(0.02)
