"""What the soak runs on: a seeded instance on a local stack, and its Function app in the functions host beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
from azure.core.credentials import AccessToken
from azure.data.tables import TableClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from demo import alerting
from demo.instance import Instance
from local_stack.core.beside import functions_host
from local_stack.core.client import ControlClient

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
SUBSCRIPTION = "5c0f1a52-7d5e-4c58-9b0e-2f6a1d0c8e11"  # what the samples are about
START_SECONDS = 90.0


class AppIdentity:
    """The Function app's own identity, for looking at what it wrote."""

    def __init__(self, endpoint: str, header: str, client_id: str) -> None:
        self._endpoint, self._header, self._client = endpoint, header, client_id

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Return a token, as App Service gives it."""
        asked = {"resource": scopes[0].removesuffix("/.default"), "api-version": "2019-08-01"}
        headers = {"X-IDENTITY-HEADER": self._header}
        reply = requests.get(
            self._endpoint, params={**asked, "client_id": self._client}, headers=headers, timeout=30
        )
        told = reply.json()
        return AccessToken(told["access_token"], int(told["expires_on"]))


@dataclass
class Rig:
    """One instance on the stack in `stack`; `directory` keeps what the run leaves behind."""

    stack: Path
    directory: Path
    instance: Instance

    @cached_property
    def control(self) -> ControlClient:
        """The stack's own way in."""
        return ControlClient(self.stack)

    @property
    def ca_file(self) -> Path:
        """The stack's CA."""
        return self.stack / "keys" / "ca.pem"

    @property
    def events(self) -> Path:
        """Where the host writes down each invocation."""
        return self.directory / "events.jsonl"

    @property
    def action_group(self) -> str:
        """The address of the action group."""
        return self.control.addresses["arm"] + self.instance.ids["actionGroup"]

    def names(self) -> dict[str, str]:
        """Return what to replace in the samples, so that they concern the instance's own resources."""
        suffix, settings = self.instance.names.suffix, self.instance.settings
        return {
            SUBSCRIPTION: settings.subscription_id,
            "mrg-vibedata/": f"{self.instance.names.group}/",
            "app-web-x7k2": f"app-studio-{suffix}",
            "psql-vibedata-x7k2": f"psql-{suffix}",
            "aks-vibedata-x7k2": f"aks-{suffix}",
            "log-vibedata-x7k2": f"log-{suffix}",
            "stvibedatax7k2": f"st{suffix}",
        }

    @cached_property
    def identity(self) -> AppIdentity:
        """The app's identity."""
        told = self.control.call("POST", "/services/identity/apps", {"id": self.instance.ids["functionApp"]})
        client = self.instance.settings.uami_client_id
        return AppIdentity(told["IDENTITY_ENDPOINT"], told["IDENTITY_HEADER"], client)

    def queue(self, name: str) -> QueueClient:
        """Return a queue of the instance."""
        s = self.instance.settings
        return QueueClient(
            s.queue_endpoint, name, credential=self.identity, connection_verify=str(self.ca_file)
        )

    def blobs(self) -> BlobServiceClient:
        """Return the instance's blobs."""
        s = self.instance.settings
        return BlobServiceClient(
            s.blob_endpoint, credential=self.identity, connection_verify=str(self.ca_file)
        )

    def table(self, name: str) -> TableClient:
        """Return a table of the instance."""
        s = self.instance.settings
        return TableClient(
            s.table_endpoint, table_name=name, credential=self.identity, connection_verify=str(self.ca_file)
        )

    @contextmanager
    def host(
        self, *, workers: int, lease: float, app: Path = ROOT, more: dict[str, str] | None = None
    ) -> Iterator[Host]:
        """Run an app in the functions host for the length of the block."""
        self.directory.mkdir(parents=True, exist_ok=True)
        file, output = self.directory / "local.settings.json", self.directory / "host.out"
        alerting.write_host_settings(
            file, self.instance.settings, self.control.addresses["identity"], "nobody"
        )
        document = json.loads(file.read_text("utf-8"))
        document["Values"] |= more or {}
        file.write_text(json.dumps(document), "utf-8")
        words = ["--app", str(app), "--settings", str(file), "--directory", str(self.stack)]
        words += ["--resource-id", self.instance.ids["functionApp"], "--workers", str(workers)]
        words += ["--lease", str(lease), "--drain", "20", "--events", str(self.events)]
        with output.open("w") as told:
            process = subprocess.Popen(
                [sys.executable, "-m", "local_stack.functions_host", *words],
                cwd=ROOT,
                env={name: os.environ[name] for name in KEPT if name in os.environ},
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield Host(process, self._started(process, output), self)
        finally:
            process.terminate()
            process.wait(60)

    def _started(self, process: subprocess.Popen[bytes], output: Path) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            found = functions_host(self.stack)
            if found and found[0] == process.pid:
                return found[1]
            time.sleep(0.05)
        process.kill()
        raise RuntimeError(f"the functions host did not start: {output.read_text()[-2000:]}")


@dataclass
class Host:
    """The running host."""

    process: subprocess.Popen[bytes]
    url: str
    rig: Rig

    @property
    def pid(self) -> int:
        """The host's own process."""
        return self.process.pid

    def workers(self) -> list[int]:
        """Return the processes of the workers, the longest-lived first."""
        pids = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii").split()
        return sorted(map(int, pids))

    def fire(self, function: str) -> None:
        """Have a worker run a function now."""
        keys = json.loads((self.rig.stack / "keys" / "functions.json").read_text("ascii"))
        reply = requests.post(
            f"{self.url}/admin/functions/{function}",
            json={"input": ""},
            headers={"x-functions-key": keys["master"]},
            verify=str(self.rig.ca_file),
            timeout=30,
        )
        reply.raise_for_status()


def rss_bytes(pid: int) -> int:
    """Return the resident memory of a process; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
