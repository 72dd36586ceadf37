"""Builds what whoever makes releases needs: this checkout, the packed release and the publisher's registry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vibedata.errors import BadInput
from vibedata.ports import Summary

CHECKOUT = Path(__file__).resolve().parents[2]


def pack_release(
    directory: Path, targets: Sequence[str], progress: Callable[[str], None], **given: Any
) -> Summary:
    """Pack this checkout's release into `directory`; see `flows.pack_release`."""
    from vibedata.adapters.release_files import Checkout
    from vibedata.adapters.release_store import LayoutRelease
    from vibedata.adapters.wheels import WheelCache
    from vibedata.flows.pack_release import pack_release as flow

    return flow(
        sources=Checkout(CHECKOUT),
        wheels=WheelCache(CHECKOUT / ".cache" / "wheels"),
        packed=LayoutRelease(directory),
        targets=targets,
        progress=progress,
        **given,
    )


def make_key(file: Path, passphrase: str) -> str:
    """Make a release key in a new file; return its public half, as the setting `release_keys` wants it."""
    from vibedata.adapters.signing_key import SigningKey

    return str(SigningKey.make(file, passphrase).key)


def public_key(file: Path, passphrase: str = "") -> str:
    """Return the public half of the key in a file, as the setting `release_keys` wants it."""
    from vibedata.adapters.signing_key import SigningKey

    return str(SigningKey.read(file, passphrase).key)


def sign_release(directory: Path, version: str, key: Path, passphrase: str = "") -> Summary:
    """Sign a packed release with the key in a file; see `flows.sign_release`."""
    from vibedata.adapters.release_store import LayoutRelease
    from vibedata.adapters.signing_key import SigningKey
    from vibedata.flows.sign_release import sign_release as flow

    signer = SigningKey.read(key, passphrase)
    return flow(packed=LayoutRelease(directory, create=False), signer=signer, version=version)


def verify_release(directory: Path, version: str, release_keys: Sequence[str], threshold: int) -> Summary:
    """Check a packed release under these public keys; see `flows.verify_release`."""
    from vibedata.adapters.release_keys import PinnedKeys
    from vibedata.adapters.release_store import LayoutRelease
    from vibedata.flows.verify_release import verify_release as flow
    from vibedata.keyring import keyring
    from vibedata.wiring.engine import utc_now

    keys = PinnedKeys(keyring(release_keys, threshold))
    packed = LayoutRelease(directory, create=False)
    return flow(packed=packed, authenticate=keys.authenticate, version=version, clock=utc_now)


def push_release(directory: Path, registry: str, version: str, progress: Callable[[str], None]) -> Summary:
    """Push a packed release to the publisher's registry as whoever is signed in; see `flows.push_release`."""
    from oci.auth import Aad
    from oci.errors import OciError
    from oci.registry import Registry
    from vibedata.adapters.credentials import deployer_credential
    from vibedata.adapters.release_store import RegistryPublication
    from vibedata.flows.push_release import push_release as flow

    credential = deployer_credential()
    signed_in = Aad(lambda: credential.get_token("https://containerregistry.azure.net/.default").token)
    try:
        target = Registry(registry, signed_in)
    except OciError as error:
        raise BadInput(
            "publisher-registry-name",
            error.message,
            hint="Give its login server, without https:// before it.",
        ) from error
    return flow(
        publication=RegistryPublication(directory, target),
        version=version,
        progress=progress,
    )
