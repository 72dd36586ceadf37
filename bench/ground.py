"""What the cases stand on: a local stack in a process of its own, this checkout's release, and fresh instances."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from demo import publishing
from demo.arm import Arm
from demo.instance import Instance, seed
from demo.publisher import Publisher, seed_publisher
from demo.publishing import Release
from local_stack.core.client import ControlClient
from local_stack.core.daemon import start_detached, stop
from local_stack.core.environment import environment
from vibedata.adapters.credentials import deployer_credential

HIDDEN = ("SSL_CERT_DIR", "CURL_CA_BUNDLE")  # would let other CAs in beside the stack's


@dataclass
class Ground:
    """A running stack; what is not asked for is not made."""

    directory: Path
    addresses: dict[str, str] = field(default_factory=dict)

    @cached_property
    def release(self) -> Release:
        """This checkout's release, packed once."""
        return publishing.pack(self.directory / "release")

    @cached_property
    def publisher(self) -> Publisher:
        """The publisher that has it."""
        deployer = json.loads((self.directory / "stack" / "deployer.json").read_text("utf-8"))
        made = seed_publisher(self.arm(), deployer_credential(), deployer["object_id"], suffix="bench")
        publishing.push(self.release, made.registry)
        return made

    @property
    def control(self) -> ControlClient:
        """The stack's own way in."""
        return ControlClient(self.directory / "stack")

    def arm(self) -> Arm:
        """Return ARM for a new subscription, as the deployer."""
        return Arm(self.addresses["arm"], deployer_credential(), str(uuid.uuid4()))

    def instance(self) -> Instance:
        """Seed a fresh instance, whose worker has nothing yet."""
        name = f"bench-{uuid.uuid4().hex[:12]}"
        return seed(
            self.arm(),
            self.publisher,
            self.release.manifest,
            instance_id=name,
            home=self.directory / name,
            bundle=self.release.bundle,
            release_keys=self.release.release_keys,
            addresses=self.addresses,
        )


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """Start a stack in a temporary directory and point this process at it; both end with the block."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="vibedata-bench-") as name:
        found = Ground(Path(name))
        _ = found.release  # fetches wheels, before this process trusts the stack's CA alone
        start_detached(found.directory / "stack", ())
        try:
            found.addresses = found.control.addresses
            for hidden in HIDDEN:
                os.environ.pop(hidden, None)
            os.environ.update(environment(found.directory / "stack", found.addresses["identity"]))
            yield found
        finally:
            stop(found.directory / "stack")
            os.environ.clear()
            os.environ.update(before)
