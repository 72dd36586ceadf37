"""The demo's stage: a stack of its own, a publisher with this checkout's release, and one fresh instance."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from dataclasses import asdict
from pathlib import Path

from demo import publishing
from demo.arm import Arm
from demo.functions import FunctionApp
from demo.instance import Instance, Names, seed
from demo.publisher import Publisher, seed_publisher
from demo.publishing import Release
from local_stack.core.client import ControlClient
from local_stack.core.daemon import start_detached, stop
from local_stack.core.environment import environment
from local_stack.core.lock import running
from vibedata.adapters.credentials import deployer_credential
from vibedata.errors import BadInput

INSTANCE_ID = "demo"
HUB_SENDER = "2b629674-e913-4c01-ae53-ef4638d8f975"  # Azure Event Hubs Data Sender
FALLBACK_ROLE = "ActionGroupsSecureWebhook"
HIDDEN = ("SSL_CERT_DIR", "CURL_CA_BUNDLE")  # would let other CAs in beside the stack's


class Stage:
    """Everything that has to stand before someone presses Create; `directory` keeps all of it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.stack = self.directory / "stack"
        self.home = self.directory / "worker"
        self.kept = ""
        self.deployment_file = self.directory / "deployment.json"
        self.functions = FunctionApp(self.stack, self.directory / "functions")

    def clear(self) -> None:
        """Remove what an earlier demo kept."""
        if self.stack.exists():
            self.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def open(self) -> None:
        """Start the stack, unless it runs, and point this process's clients at it."""
        if not running(self.stack):
            start_detached(self.stack, (f"st{Names(INSTANCE_ID).suffix}",))
        self.client = ControlClient(self.stack)
        for name in HIDDEN:
            os.environ.pop(name, None)
        os.environ.update(environment(self.stack, self.client.addresses["identity"]))

    def close(self) -> None:
        """Stop the Function app and the stack; the directory stays."""
        try:
            self.functions.stop()
        finally:
            stop(self.stack)

    def pack(self) -> Release:
        """Pack this checkout's release and sign it with the demo's own key."""
        return publishing.pack(self.directory / "release")

    def publish(self, release: Release) -> Publisher:
        """Seed the publisher and push the release to it."""
        deployer = json.loads((self.stack / "deployer.json").read_text("utf-8"))
        publisher = seed_publisher(
            self._arm("publisher"), deployer_credential(), deployer["object_id"], suffix=INSTANCE_ID
        )
        try:
            publishing.push(release, publisher.registry)
        except BadInput as error:
            if error.code != "release-serial-not-newer":
                raise
            self.kept = error.message  # somebody tries a release of their own
        return publisher

    def provision(self, release: Release, publisher: Publisher) -> Instance:
        """Seed the managed resource group and write its deployment file and this shell's settings."""
        instance = seed(
            self._arm("customer"),
            publisher,
            release.manifest,
            instance_id=INSTANCE_ID,
            home=self.home,
            bundle=release.bundle,
            release_keys=release.release_keys,
            addresses=self.client.addresses,
        )
        instance.save(self.deployment_file)
        self._tell("vibedata", self._shell(instance))
        return instance

    def serve(self, instance: Instance) -> str:
        """Start the Function app, unless it runs, and return its address; let this shell's user send alerts to it."""
        deployer = json.loads((self.stack / "deployer.json").read_text("utf-8"))
        self._arm("customer").assign(instance.ids["eventHub"], HUB_SENDER, deployer["object_id"])
        audience = instance.settings.alert_http_audience
        given = {"clientId": deployer["client_id"], "audience": audience, "role": FALLBACK_ROLE}
        self.client.call("POST", "/services/identity/app-roles", given)
        authority = self.client.addresses["identity"]
        url = self.functions.start(instance, authority, deployer["client_id"])
        os.environ["VIBEDATA_FUNCTIONS_URL"] = url
        self._tell("vibedata", self._shell(instance))
        return url

    def _arm(self, whose: str) -> Arm:
        subscription = str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://vibedata.example/{whose}"))
        return Arm(self.client.addresses["arm"], deployer_credential(), subscription)

    def _shell(self, instance: Instance) -> dict[str, str]:
        """Return what the command line needs to act as on the worker."""
        values = {
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": f"{self.client.addresses['imds']}/vm/{instance.vm_id}",
            "AZURE_SUBSCRIPTION_ID": instance.settings.subscription_id,
            "VIBEDATA_HOME": str(self.home),
            "VIBEDATA_DEPLOYMENT": str(self.deployment_file),
        }
        settings = {
            **asdict(instance.settings),
            "functions_url": os.environ.get("VIBEDATA_FUNCTIONS_URL", ""),
        }
        for name, value in settings.items():
            values[f"VIBEDATA_{name.upper()}"] = ",".join(value) if isinstance(value, list) else str(value)
        return values

    def _tell(self, name: str, values: dict[str, str]) -> None:
        """Set variables here, and drop them where `local_stack env` finds them."""
        os.environ.update(values)
        folder = self.stack / "env.d"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.env").write_text("".join(f"{k}={v}\n" for k, v in values.items()), "utf-8")
