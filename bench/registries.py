"""Two Debian docker-registry processes with TLS and token sign-in on loopback: a source to read and a target to wipe.

Tokens are minted as an Azure Container Registry does it (`/oauth2/exchange`, `/oauth2/token`); the registries take
them by the key that they were started with.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import trustme

from bench.measure import Unavailable
from bench.token_service import ISSUER, NULL_GUID, TokenService

SECONDS_TO_START = 10.0


@dataclass
class Server:
    """One docker-registry: its folder, its address, its process."""

    directory: Path
    host: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens. Raises RuntimeError."""
        command = ["docker-registry", "serve", str(self.directory / "registry.json")]
        log = (self.directory / "log").open("ab")
        with log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        name, _, port = self.host.partition(":")
        late = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < late and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((name, int(port)), 1):
                return
            time.sleep(0.01)
        raise RuntimeError((self.directory / "log").read_text("utf-8")[-2000:])

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def wipe(self) -> None:
        """Begin anew with nothing in it; its cache goes with its process."""
        self.stop()
        shutil.rmtree(self.content, ignore_errors=True)
        self.start()

    @property
    def content(self) -> Path:
        """Where its blobs, manifests and uploads lie."""
        return self.directory / "content"

    def requests(self) -> list[str]:
        """Return what was asked for so far, as `METHOD /path`; needs the access log."""
        lines = (self.directory / "log").read_text("utf-8").splitlines()
        return [line.partition('] "')[2].rpartition(" HTTP/")[0] for line in lines if " HTTP/" in line]

    def uploads(self) -> list[Path]:
        """Return the upload sessions that are left; of one that ended, a folder with a hash state may remain."""
        return sorted(found.parent for found in self.content.glob("**/_uploads/*/startedat"))


@dataclass
class Registries:
    """Source, target, and what a client needs to use them."""

    directory: Path
    tokens: TokenService
    source: Server
    target: Server
    ca_file: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def password(self) -> str:
        """The refresh token, which with the null GUID as user name signs in everywhere."""
        return self.tokens.refresh

    @property
    def username(self) -> str:
        """The user name that goes with a refresh token."""
        return NULL_GUID


@contextlib.contextmanager
def registries(*, access_log: bool = False) -> Iterator[Registries]:
    """Run both registries and their token service until the block ends. Raises Unavailable."""
    if shutil.which("docker-registry") is None:
        raise Unavailable("docker-registry is not installed (Debian: apt-get install docker-registry)")
    with tempfile.TemporaryDirectory(prefix="registries-") as name, contextlib.ExitStack() as ends:
        directory = Path(name)
        ca_file, certificate, key = _certificates(directory)
        tokens = ends.enter_context(TokenService(directory, certificate, key))
        servers = [
            _server(directory / place, tokens, (certificate, key), access_log)
            for place in ("source", "target")
        ]
        for server in servers:
            ends.callback(server.stop)
            server.start()
        yield Registries(directory, tokens, *servers, ca_file)


def _server(directory: Path, tokens: TokenService, tls: tuple[Path, Path], access_log: bool) -> Server:
    directory.mkdir()
    host = f"127.0.0.1:{free_port()}"
    token = {
        "realm": f"https://{tokens.host}/oauth2/token",
        "service": host,
        "issuer": ISSUER,
        "rootcertbundle": str(tokens.certificate),
    }
    settings = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": not access_log}},
        "storage": {
            "filesystem": {"rootdirectory": str(directory / "content")},
            "delete": {"enabled": True},
            "cache": {"blobdescriptor": "inmemory"},
        },
        "http": {
            "addr": host,
            "secret": "bench",
            "tls": {"certificate": str(tls[0]), "key": str(tls[1])},
        },
        "auth": {"token": token},
    }
    (directory / "registry.json").write_text(json.dumps(settings), "utf-8")
    return Server(directory, host)


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificates(directory: Path) -> tuple[Path, Path, Path]:
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1", "localhost")
    ca_file, certificate, key = (directory / name for name in ("ca.pem", "server.pem", "server.key"))
    authority.cert_pem.write_to_path(str(ca_file))
    for pem in leaf.cert_chain_pems:
        pem.write_to_path(str(certificate), append=True)
    leaf.private_key_pem.write_to_path(str(key))
    return ca_file, certificate, key
