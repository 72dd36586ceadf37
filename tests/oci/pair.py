"""Two registries that everybody runs: Debian's docker-registry, signed in as an Azure one asks for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.registries import Registries, Server, registries
from oci.auth import Password
from oci.copying import Order, copy_all
from oci.errors import OciError
from oci.layout import Layout
from oci.manifest import Manifest
from oci.package import pack_files
from oci.registry import Registry
from tests.peers import command

KIND = "application/vnd.example.v1"
TYPES = {"artifact_type": KIND, "layer_type": KIND}
MEGABYTE = 1 << 20


@dataclass
class Pair:
    """The two registries, and clients for them."""

    there: Registries

    @property
    def source(self) -> Server:
        return self.there.source

    @property
    def target(self) -> Server:
        return self.there.target

    def client(self, host: str) -> Registry:
        return Registry(
            host,
            Password(self.there.username, self.there.password),
            ca_file=self.there.ca_file,
            sleep=lambda _: time.sleep(0.01),
            token_hosts=(self.there.tokens.host,),
        )

    def push(self, folder: Path, *artifacts: tuple[str, bytes]) -> list[Manifest]:
        """Pack and push one-file artifacts, each named by its repository."""
        layout, client = Layout.create(folder / "packed"), self.client(self.source.host)
        packed = [
            pack_files({"f": content}, layout, **TYPES, tag=name.replace("/", "-"))
            for name, content in artifacts
        ]
        orders = [
            Order(layout, manifest.descriptor.digest, client.repository(name), "1")
            for manifest, (name, _) in zip(packed, artifacts, strict=True)
        ]
        assert not [each for each in copy_all(orders) if isinstance(each, OciError)]
        return packed


@pytest.fixture(scope="module")
def running_pair() -> Iterator[Pair]:
    command("docker-registry", "docker-registry")
    with registries(access_log=True) as there:
        yield Pair(there)


@pytest.fixture
def pair(running_pair: Pair) -> Pair:
    for server in (running_pair.source, running_pair.target):
        (server.directory / "log").write_bytes(b"")
        server.wipe()
    return running_pair


def blob_file(server: Server, digest: str) -> Path:
    hexadecimal = digest.removeprefix("sha256:")
    return server.content / f"docker/registry/v2/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data"


def snapshot(server: Server) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in server.content.rglob("*")}


def orders_for(pair: Pair, names: list[str]) -> list[Order]:
    source, target = pair.client(pair.source.host), pair.client(pair.target.host)
    return [Order(source.repository(name), "1", target.repository(name), "1") for name in names]
