"""keygen, sign and verify as a release engineer meets them: on a layout on disk, secrets on standard input only."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.release_sources import FakeSources
from tests.fakes.wheels import FakeWheels
from vibedata import release
from vibedata.adapters.release_store import LayoutRelease
from vibedata.flows.pack_release import pack_release
from vibedata.ports import Commit

VERSION = "1.4.0"
PASSPHRASE = "correct horse battery staple"


class Desk:
    """The release engineer's folder: a packed release, and a key."""

    def __init__(self, folder: Path) -> None:
        self.layout, self.key = folder / "release", folder / "release-key.pem"
        packed = LayoutRelease(self.layout)
        today = FakeSources(Commit("f" * 40, datetime.now(timezone.utc).replace(microsecond=0)))
        made = pack_release(sources=today, wheels=FakeWheels(), packed=packed, version=VERSION)
        self.tag = release.signature_tag(made.data["release"])

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vibedata", "cli", "release", *words],
            env={"PATH": os.environ["PATH"]},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def keygen(self, *more: str, stdin: str = "") -> str:
        done = self.run("keygen", str(self.key), *more, stdin=stdin)
        assert done.returncode == 0, done.stderr
        assert re.fullmatch(r"key id [0-9a-f]{64}; the private key is in \S+: keep it offline\n", done.stderr)
        return done.stdout.strip()

    def sign(self, *more: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self.run(
            "sign", str(self.layout), "--version", VERSION, "--key", str(self.key), *more, stdin=stdin
        )

    def verify(self, *keys: str, more: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        pinned = [word for key in keys for word in ("--release-key", key)]
        return self.run("verify", str(self.layout), "--version", VERSION, *pinned, *more, "-ojson")

    def files(self) -> dict[str, bytes]:
        found = (path for path in self.layout.rglob("*") if path.is_file())
        return {str(path.relative_to(self.layout)): path.read_bytes() for path in found}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def code_of(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode in (2, 3)
    assert "Traceback" not in done.stdout + done.stderr
    return str(json.loads(done.stdout)["error"]["code"])


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def test_make_a_key_sign_and_verify(desk: Desk) -> None:
    key = desk.keygen()
    assert re.fullmatch(r"ed25519:[A-Za-z0-9_-]{43}", key)
    assert stat.S_IMODE(desk.key.stat().st_mode) == 0o600
    assert told(desk.sign("-ojson"))["written"] == {"signatures": 1}
    assert desk.tag in LayoutRelease(desk.layout).packed_tags()
    assert told(desk.verify(key))["version"] == VERSION


def test_signing_again_leaves_every_file_as_it_is(desk: Desk) -> None:
    desk.keygen()
    desk.sign()
    before = desk.files()
    assert told(desk.sign("-ojson"))["written"] == {"signatures": 0}
    assert desk.files() == before


def test_the_passphrase_comes_on_standard_input_and_is_told_nowhere(desk: Desk) -> None:
    key = desk.keygen("--passphrase-stdin", stdin=f"{PASSPHRASE}\n")
    assert b"ENCRYPTED" in desk.key.read_bytes()
    assert code_of(desk.sign("-ojson")) == "release-key-passphrase"
    wrong = desk.sign("--passphrase-stdin", "-ojson", stdin="another one\n")
    assert code_of(wrong) == "release-key-passphrase"
    assert "another one" not in wrong.stdout + wrong.stderr
    assert code_of(desk.sign("--passphrase-stdin", "-ojson")) == "release-key-passphrase"
    assert told(desk.sign("--passphrase-stdin", "-ojson", stdin=f"{PASSPHRASE}\n"))
    assert told(desk.verify(key))
    assert not [name for name, content in desk.files().items() if PASSPHRASE.encode() in content]


@pytest.mark.parametrize("given", ["x" * 1024, "é" * 512], ids=["characters", "bytes"])
def test_a_passphrase_that_no_key_can_have_is_refused_and_told_nowhere(desk: Desk, given: str) -> None:
    ended = desk.run("keygen", str(desk.key), "-ojson", "--passphrase-stdin", stdin=f"{given}\n")
    assert code_of(ended) == "release-key-passphrase"
    assert given not in ended.stdout + ended.stderr
    assert not desk.key.exists()


def test_a_key_is_never_written_over(desk: Desk) -> None:
    desk.keygen()
    before = desk.key.read_bytes()
    assert code_of(desk.run("keygen", str(desk.key), "-ojson")) == "release-key-exists"
    assert desk.key.read_bytes() == before


def test_keygen_as_json_names_the_key_and_not_its_private_half(desk: Desk) -> None:
    document = told(desk.run("keygen", str(desk.key), "-ojson"))
    assert set(document) == {"releaseKey", "keyId", "file"}
    assert re.fullmatch(r"[0-9a-f]{64}", document["keyId"])


def test_what_customers_would_refuse_is_told_before_it_is_pushed(desk: Desk, tmp_path: Path) -> None:
    key = desk.keygen()
    assert code_of(desk.verify(key)) == "release-unsigned"
    desk.sign()
    other = desk.run("keygen", str(tmp_path / "other.pem")).stdout.strip()
    assert code_of(desk.verify(other)) == "release-signer-unknown"
    assert code_of(desk.verify(key, other, more=("--threshold", "2"))) == "release-signers-too-few"
    assert code_of(desk.verify("ed25519:" + "A" * 43)) == "release-keys-invalid"
    desk.key = tmp_path / "other.pem"
    desk.sign()
    both = told(desk.verify(key, other, more=("--threshold", "2")))
    assert len(both["signedBy"]) == 2


def test_an_unsigned_release_is_not_pushed_and_nobody_is_asked(desk: Desk) -> None:
    done = desk.run("push", str(desk.layout), "127.0.0.1:9", "--version", VERSION, "-ojson")
    assert code_of(done) == "release-not-signed"
    assert "release sign" in json.loads(done.stdout)["error"]["hint"]
