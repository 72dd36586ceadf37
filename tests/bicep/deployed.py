"""The template as it would be deployed to each environment, evaluated once per session."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from local_stack.bicep.parameters import ParameterFile
from tests.bicep.evaluate import Deployment, Resource, deploy
from tests.bicep.template import BICEP, compilation, compiled

ENVIRONMENTS = ("local", "offer", "rig")
# What a release sets; nothing trusts the placeholder that stands there otherwise.
RELEASE_KEY = "VIBEDATA_RELEASE_KEY"


@lru_cache(maxsize=8)
def parameters(environment: str) -> dict[str, Any]:
    """Compile an environment's parameter file; an error or a warning in it fails the test that asked."""
    file = BICEP / f"environments/{environment}.bicepparam"
    source = ParameterFile(file, compilation(), {RELEASE_KEY: _release_key()})
    made = source.build()
    assert made is not None, "\n".join(map(str, source.diagnostics))
    assert not source.diagnostics
    return dict(made["parameters"])


def _release_key() -> str:
    raw = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key().public_bytes_raw()
    return "ed25519:" + base64.urlsafe_b64encode(raw).decode().rstrip("=")


@lru_cache(maxsize=8)
def deployment(environment: str = "offer") -> Deployment:
    """Evaluate the template for an environment."""
    return deploy(compiled(), parameters(environment))


@lru_cache(maxsize=8)
def resources(environment: str = "offer") -> tuple[Resource, ...]:
    """Return every resource that an environment gets."""
    return tuple(deployment(environment).resources())


def of_type(kind: str, environment: str = "offer") -> list[Resource]:
    """Return the resources of a type."""
    return [resource for resource in resources(environment) if resource.type == kind]


def one(kind: str, environment: str = "offer") -> Resource:
    """Return the only resource of a type."""
    (found,) = of_type(kind, environment)
    return found


def values(value: Any) -> Iterator[Any]:
    """Yield every plain value in a body."""
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from values(each)
    if not isinstance(value, (dict, list)):
        yield value
