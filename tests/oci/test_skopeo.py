from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path

import pytest

from oci import media_types
from oci.copying import copy
from oci.layout import Layout
from oci.package import pack_files, pack_tree
from tests.oci.rig import Rig
from tests.peers import command


class Skopeo:
    """The Debian tool, with credentials for the rig's registries."""

    def __init__(self, folder: Path, rig: Rig, token: tuple[str, str]) -> None:
        pair = base64.b64encode(":".join(token).encode()).decode()
        self._auth = folder / "auth.json"
        self._auth.write_text(json.dumps({"auths": {rig.hosts["publisher"]: {"auth": pair}}}))
        (folder / "policy.json").write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
        self._policy = folder / "policy.json"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "SSL_CERT_FILE": str(rig.stack.ca_file),
        }

    def __call__(self, command: str, *arguments: str) -> bytes:
        call = ["skopeo", "--policy", str(self._policy), command, "--authfile", str(self._auth), *arguments]
        done = subprocess.run(call, env=self._environment, capture_output=True, timeout=180)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


@pytest.fixture
def skopeo(tmp_path: Path, rig: Rig, publisher_token: tuple[str, str]) -> Skopeo:
    command("skopeo", "skopeo")
    return Skopeo(tmp_path, rig, publisher_token)


def test_skopeo_reads_and_copies_what_we_push(skopeo: Skopeo, rig: Rig, tmp_path: Path) -> None:
    layout = Layout.create(tmp_path / "layout")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_bytes(os.urandom(100_000))
    runbook = pack_files(
        {"run.py": b"print(1)\n"}, layout, artifact_type=media_types.RUNBOOK, layer_type=media_types.RUNBOOK_SCRIPT,
        tag="runbook",
    )  # fmt: skip
    bundle = pack_tree(
        tmp_path / "src",
        layout,
        artifact_type=media_types.BUNDLE,
        layer_type=media_types.BUNDLE_LAYER,
        tag="bundle",
    )
    for manifest, tag in ((runbook, "runbook"), (bundle, "bundle")):
        repository = f"vibedata/{tag}"
        copy(layout, tag, rig.registry("publisher").repository(repository), tag="1")
        source = f"docker://{rig.hosts['publisher']}/{repository}:1"
        assert skopeo("inspect", "--raw", source) == manifest.raw

        skopeo("copy", source, f"oci:{tmp_path}/copied-{tag}:1")
        copied = Layout.open(tmp_path / f"copied-{tag}")
        assert copied.resolve("1").digest == manifest.descriptor.digest

        skopeo(
            "copy",
            f"oci:{tmp_path}/copied-{tag}:1",
            f"docker://{rig.hosts['publisher']}/{repository}-again:2",
        )
        assert rig.registry("publisher").get_manifest(f"{repository}-again", "2").raw == manifest.raw
