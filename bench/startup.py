"""What it costs to begin: `vibedata --version`, and a job on the worker up to the first request of its verb.

A job's first action is the first request after the identity's token that is not the operations log's, seen from
outside, from the start of the process on. Its floor is a bare interpreter that imports from the same bundle what the
job cannot do without until then; what it loads later is on neither side.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

from bench.ground import ground
from bench.measure import OURS, Case, Goal, Run, Sample
from vibedata import deploying
from vibedata.envelope import Envelope
from vibedata.settings import Settings

TIMES = 10
BARE = "`python -c pass`"
IMPORTS = "the imports it needs"
VERB = "bootstrap_registry"
NEEDED = (
    "azure.identity",
    "azure.data.tables",
    "azure.monitor.ingestion",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "orjson",
    "tenacity",
)


def _process(command: list[str]) -> Run:
    def run() -> Sample:
        began = time.perf_counter()
        for _ in range(TIMES):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return Sample((time.perf_counter() - began) / TIMES)

    return run


@contextmanager
def _version() -> Iterator[Mapping[str, Run]]:
    command = Path(sys.executable).with_name("vibedata")
    yield {OURS: _process([str(command), "--version"]), BARE: _process([sys.executable, "-c", "pass"])}


class _Services(ThreadingHTTPServer):
    """Every service at once: hands out tokens, and notes when the first other request came."""

    first = 0.0
    daemon_threads = True
    seen = threading.Event()


class _Answers(BaseHTTPRequestHandler):
    server: _Services

    def do_GET(self) -> None:
        if "/oauth2/token" in self.path:
            self._say(
                200, b'{"access_token":"token","expires_in":"86399","expires_on":"4102444800","resource":"r"}'
            )
            return
        if not self.server.seen.is_set():
            self.server.first = time.perf_counter()
            self.server.seen.set()
        self._say(404, b'{"odata.error":{"code":"TableNotFound","message":{"value":"none"}}}')

    do_PUT = do_HEAD = do_GET

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._say(204, b"")

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def _serving(directory: Path, *, tls: bool) -> Iterator[tuple[_Services, str]]:
    server = _Services(("127.0.0.1", 0), _Answers)
    if tls:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(directory / "ca.pem")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server, f"http{'s' * tls}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


def _pointed(settings: Settings, address: str) -> dict[str, str]:
    """Return the settings as a worker's environment, every endpoint replaced."""
    values = {
        name: address
        if name.endswith("_endpoint")
        else ",".join(value)
        if isinstance(value, list)
        else str(value)
        for name, value in asdict(settings).items()
    }
    return {f"VIBEDATA_{name.upper()}": value for name, value in values.items()}


def _first_action(
    tree: Path, settings: dict[str, str], directory: Path, services: _Services, metadata: str
) -> Run:
    environment = {
        "PATH": os.environ["PATH"],
        "REQUESTS_CA_BUNDLE": str(directory / "ca.pem"),
        "AZURE_POD_IDENTITY_AUTHORITY_HOST": metadata,
        "VIBEDATA_HOME": str(directory / "home"),
        **settings,
    }

    def run() -> Sample:
        word = Envelope(VERB, str(uuid.uuid4())).encode()
        services.seen.clear()
        began = time.perf_counter()
        command = [sys.executable, "-I", "-S", str(tree / "vibedata" / "__main__.py"), word]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            came = services.seen.wait(30)
            process.kill()
            assert came, process.stdout.read() if process.stdout else ""
        return Sample(services.first - began)

    return run


def _unpacked(directory: Path) -> tuple[Path, Settings]:
    """Return a bundle as a worker has it, and an instance's settings."""
    with ground() as here:
        instance = here.instance()
        for _ in deploying.walk(instance.deployment, str(uuid.uuid4())):
            pass
        shutil.copytree((instance.home / "current").resolve(), directory / "tree")
        return directory / "tree", instance.settings


@contextmanager
def _job() -> Iterator[Mapping[str, Run]]:
    with tempfile.TemporaryDirectory(prefix="vibedata-bench-") as name:
        directory = Path(name)
        (directory / "home").mkdir()
        tree, settings = _unpacked(directory)
        imports = f"import sys; sys.path[:0] = [{str(tree)!r}]; import {', '.join(NEEDED)}"
        with (
            _serving(directory, tls=True) as (services, address),
            _serving(directory, tls=False) as (_, metadata),
        ):
            pointed = _pointed(settings, address)
            yield {
                OURS: _first_action(tree, pointed, directory, services, metadata),
                IMPORTS: _process([sys.executable, "-I", "-S", "-c", imports]),
            }


CASES = [
    Case("startup-version", "`vibedata --version`", _version, goals=[Goal(BARE, at_most=6)]),
    Case(
        "startup-first-action", f"a job's first action (`{VERB}`)", _job, goals=[Goal(IMPORTS, at_most=1.3)]
    ),
]
