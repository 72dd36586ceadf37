"""The placeholder certificate's script against a vault that answers as Key Vault does: made once, and only once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.bicep.template import BICEP

SCRIPT = BICEP / "scripts/placeholder_certificate.py"


class Vault(ThreadingHTTPServer):
    """A vault and the machine's metadata service; `refusals` are answered 403 before the role has spread."""

    def __init__(self, refusals: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.refusals = refusals
        self.certificates: dict[str, dict[str, object]] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: Vault

    def do_GET(self) -> None:
        if self.path.startswith("/metadata/"):
            assert self.headers["Metadata"] == "true"
            self.server.asked.append(self.path)
            self._say(200, {"access_token": "a-token"})
        elif self.server.refusals:
            self.server.refusals -= 1
            self._say(403, {"error": {"code": "Forbidden"}})
        else:
            assert self.headers["Authorization"] == "Bearer a-token"
            name = self.path.split("?")[0].rsplit("/", 1)[1]
            found = self.server.certificates.get(name)
            self._say(200 if found else 404, found or {"error": {"code": "CertificateNotFound"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = self.path.split("?")[0].split("/")[2]
        assert name not in self.server.certificates, "made twice"
        self.server.certificates[name] = body
        self._say(202, {"status": "inProgress"})

    def _say(self, status: int, document: object) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def vault() -> Iterator[Vault]:
    with Vault() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def run(vault: Vault) -> tuple[int, dict[str, str]]:
    """Run the script as the agent does: a file started with sh, its parameters in the environment."""
    environment = {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "AZURE_POD_IDENTITY_AUTHORITY_HOST": vault.url,
        "VIBEDATA_VAULT_URL": vault.url + "/",
        "VIBEDATA_CERTIFICATE": "gateway",
        "VIBEDATA_HOST": "demo.vibedata.ai",
        "VIBEDATA_CLIENT_ID": "the-uami",
        "VIBEDATA_AUDIENCE": "https://vault.azure.net",
    }
    done = subprocess.run(
        ["/bin/sh", str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert "a-token" not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_it_is_made_once_and_a_second_run_writes_nothing(vault: Vault) -> None:
    assert run(vault) == (0, {"status": "done"})
    policy = vault.certificates["gateway"]["policy"]
    assert isinstance(policy, dict)
    assert policy["issuer"] == {"name": "Self"}
    assert policy["key_props"]["exportable"] is True  # the gateway reads key and certificate as one secret
    assert policy["x509_props"]["subject"] == "CN=demo.vibedata.ai"
    assert run(vault) == (0, {"status": "nothing to do"})


def test_the_publishers_own_certificate_is_left_alone(vault: Vault) -> None:
    vault.certificates["gateway"] = {"policy": {"issuer": {"name": "Unknown"}}}
    assert run(vault) == (0, {"status": "nothing to do"})
    assert vault.certificates["gateway"] == {"policy": {"issuer": {"name": "Unknown"}}}


def test_a_role_that_spreads_late_is_waited_for(vault: Vault) -> None:
    vault.refusals = 1
    vault.certificates["gateway"] = {"id": "there"}
    assert run(vault) == (0, {"status": "nothing to do"})
    assert all("client_id=the-uami" in path for path in vault.asked)


def test_it_is_plain_enough_for_the_worker() -> None:
    text = SCRIPT.read_text("utf-8")
    assert text.isascii()
    assert len(text) < 8192
