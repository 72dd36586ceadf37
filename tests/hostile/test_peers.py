"""A release as `vibedata release push` leaves it, read by tools that know nothing of us: skopeo and oras-py."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import oras.provider
import pytest

from demo.publisher import Publisher
from oci import media_types
from oci.auth import Password
from oci.layout import Layout
from oci.registry import Registry
from tests.environment import World
from tests.oci.test_skopeo import Skopeo
from tests.peers import command
from vibedata import release
from vibedata.wiring import deployer

LATEST = release.LATEST


class Published:
    """The session's release in the publisher's registry, and the pull token that customers are given."""

    def __init__(self, world: World) -> None:
        publisher: Publisher = world.publisher()
        self.release = world.release()
        self.stack = world.stack
        self.host = publisher.registry
        self.hosts = {"publisher": publisher.registry}
        password = deployer.deployer_secrets(publisher.vault_url).get(publisher.secret)
        self.token = (publisher.username, password)
        self.registry = Registry(self.host, Password(*self.token), ca_file=world.stack.ca_file)

    def artifacts(self) -> list[tuple[str, str]]:
        """Return repository and reference of one artifact of each sort."""
        manifest = self.release.manifest
        component = next(one.artifact for one in manifest.components if one.artifact)
        runbook, bundle = manifest.runbooks[0].artifact, next(iter(manifest.bundles.values()))
        named = [(one.repository, one.digest) for one in (component, runbook, bundle)]
        signature = release.signature_tag(self.release.digest)
        return [(release.RELEASE_REPOSITORY, LATEST), (release.RELEASE_REPOSITORY, signature), *named]


@pytest.fixture
def published(world: World) -> Published:
    return Published(world)


def test_skopeo_reads_and_copies_a_release(published: Published, tmp_path: Path) -> None:
    command("skopeo", "skopeo")
    rig: Any = SimpleNamespace(hosts=published.hosts, stack=published.stack)
    skopeo = Skopeo(tmp_path, rig, published.token)
    tags = json.loads(skopeo("list-tags", f"docker://{published.host}/{release.RELEASE_REPOSITORY}"))["Tags"]
    assert {LATEST, published.release.version} <= set(tags)
    for number, (repository, reference) in enumerate(published.artifacts()):
        ours = published.registry.get_manifest(repository, reference)
        source = f"docker://{published.host}/{repository}{'@' if ':' in reference else ':'}{reference}"
        assert skopeo("inspect", "--raw", source) == ours.raw
        skopeo("copy", "--preserve-digests", source, f"oci:{tmp_path}/copied-{number}:1")
        copied = Layout.open(tmp_path / f"copied-{number}")
        assert copied.get_manifest("1").raw == ours.raw
        for blob in ours.blobs:
            held = tmp_path / f"copied-{number}" / "blobs" / "sha256" / blob.digest.removeprefix("sha256:")
            assert held.stat().st_size == blob.size


def test_oras_py_pulls_a_release(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its stock client, read-only, with a token made beforehand: its own sign-in does not suit Azure's registries."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for number, (repository, reference) in enumerate(published.artifacts()):
        ours = published.registry.get_manifest(repository, reference)
        client = oras.provider.Registry(hostname=published.host, auth_backend="token")
        client.auth.set_token_auth(pull_token(published, repository))
        place = f"{published.host}/{repository}{'@' if ':' in reference else ':'}{reference}"
        assert client.get_manifest(place) == json.loads(ours.raw)
        files = client.pull(target=place, outdir=str(tmp_path / str(number)))
        assert [digest_of(Path(file)) for file in files] == [layer.digest for layer in ours.layers]
        if ours.artifact_type == media_types.RUNBOOK:
            assert [Path(file).name for file in files] == [ours.layers[0].annotations[media_types.TITLE]]


def pull_token(published: Published, repository: str) -> str:
    """Return a token for one repository, as a client gets it with the customer's user name and password."""
    import requests

    query = {"service": published.host, "scope": f"repository:{repository}:pull"}
    answer = requests.get(
        f"https://{published.host}/oauth2/token",
        params=query,
        auth=published.token,
        verify=str(published.stack.ca_file),
        timeout=30,
    )
    return str(answer.json()["access_token"])


def digest_of(file: Path) -> str:
    return "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()
