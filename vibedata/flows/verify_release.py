"""Verifies a packed release as a customer's instance would, before it is pushed: signature, contract, time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from vibedata import manifest, release, trust
from vibedata.ports import PackedRelease, Summary
from vibedata.trust import Authenticated


def verify_release(
    *,
    packed: PackedRelease,
    authenticate: Callable[[str, bytes | None], Authenticated],
    version: str,
    clock: Callable[[], datetime],
) -> Summary:
    """Check the packed release `version` under pinned keys (`ReleaseTrust.authenticate`); writes nothing.

    Raises Blocked (release-unsigned, release-sign*, release-expired), BadInput (release-not-packed, manifest-invalid).
    """
    digest, raw = packed.packed(version)
    tag = release.signature_tag(digest)
    envelope = packed.packed(tag)[1] if tag in packed.packed_tags() else None
    trusted = authenticate(digest, envelope)
    trust.refuse_other_manifest(trusted.manifest_digest, manifest.digest_of(raw))
    found = manifest.parse(raw)
    trust.refuse_expired(found.release, clock())
    return Summary(
        verb="verify_release",
        written={},
        message=f"Release {version} is signed by {', '.join(trusted.key_ids)}; instances that pin it accept it until "
        f"{found.release.expires:%Y-%m-%d}.",
        data={
            "version": version,
            "release": digest,
            "manifest": found.digest,
            "serial": found.release.serial,
            "signedBy": list(trusted.key_ids),
        },
    )
