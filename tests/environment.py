"""What tests share: one stack, one publisher with a packed release, and as many instances as are asked for."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.identity import ClientSecretCredential

from demo import publishing
from demo.arm import Arm
from demo.instance import Instance, seed
from demo.publisher import Publisher, seed_publisher
from demo.publishing import Release
from local_stack.core.environment import client_environment
from local_stack.threaded import ThreadedStack


@dataclass
class World:
    """The stack and everything that is made once."""

    stack: ThreadedStack
    directory: Path
    _publisher: Publisher | None = None
    _release: Release | None = None

    def arm(self, subscription_id: str | None = None) -> Arm:
        """Return ARM for a subscription, a new one unless given."""
        return Arm(
            self.stack.addresses.url("arm"), deployer(self.stack), subscription_id or str(uuid.uuid4())
        )

    def release(self) -> Release:
        """Return this checkout's release, packed and signed once."""
        if self._release is None:
            self._release = publishing.pack(self.directory / "release")
        return self._release

    def publisher(self) -> Publisher:
        """Return the publisher that has that release, made once."""
        if self._publisher is None:
            self._publisher = self.new_publisher("session")
            publishing.push(self.release(), self._publisher.registry)
        return self._publisher

    def new_publisher(self, suffix: str) -> Publisher:
        """Return a publisher without a release."""
        return seed_publisher(
            self.arm(), deployer(self.stack), self.stack.deployer["object_id"], suffix=suffix
        )

    def instance(self, home: Path, publisher: Publisher | None = None, **changes: Any) -> Instance:
        """Seed a fresh instance whose worker lives in `home`."""
        release = self.release()
        given: dict[str, Any] = {
            "release": release.manifest,
            "bundle": release.bundle,
            "release_keys": release.release_keys,
            **changes,
        }
        return seed(
            given.pop("arm", None) or self.arm(),
            publisher or self.publisher(),
            instance_id=given.pop("instance_id", f"test-{uuid.uuid4().hex[:12]}"),
            home=home,
            addresses={name: self.stack.addresses.url(name) for name in ("arm", "dns", "logs_query")},
            **given,
        )


def deployer(stack: ThreadedStack) -> ClientSecretCredential:
    """Return the credential of the stack's deployer."""
    told = client_environment(stack.ctx)
    return ClientSecretCredential(
        told["AZURE_TENANT_ID"],
        told["AZURE_CLIENT_ID"],
        told["AZURE_CLIENT_SECRET"],
        authority=told["AZURE_AUTHORITY_HOST"],
        disable_instance_discovery=True,
    )


def use(stack: ThreadedStack) -> dict[str, str]:
    """Point this process's clients at the stack; returns what was there before."""
    told = client_environment(stack.ctx)
    before = {name: os.environ.get(name, "") for name in (*told, "SSL_CERT_DIR", "CURL_CA_BUNDLE")}
    os.environ.update(told)
    for name in ("SSL_CERT_DIR", "CURL_CA_BUNDLE"):
        os.environ.pop(name, None)
    return before
