"""Verifies a packed release as a customer's instance would, before it is pushed: signature, contract, time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from vibedata import manifest, release, trust
from vibedata.errors import Blocked
from vibedata.keyring import short_id
from vibedata.ports import PackedRelease, Summary
from vibedata.trust import Authenticated

TO_SIGN = (
    "Sign it with a key that the offer pins (`vibedata release sign`), and name here every key that it pins."
)


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
    try:
        trusted = authenticate(digest, envelope)
    except Blocked as refused:  # the code is the customer's; what helps is the publisher's to do
        raise Blocked(refused.code, refused.message, hint=TO_SIGN, detail=refused.detail) from refused
    trust.refuse_other_manifest(trusted.manifest_digest, manifest.digest_of(raw))
    found = manifest.parse(raw)
    trust.refuse_expired(found.release, clock())
    signers = ", ".join(map(short_id, trusted.key_ids))
    return Summary(
        verb="verify_release",
        written={},
        message=f"Release {version} is signed by {signers}; instances that pin these keys accept "
        f"it until {found.release.expires:%Y-%m-%d}.",
        data={
            "version": version,
            "release": digest,
            "manifest": found.digest,
            "serial": found.release.serial,
            "signedBy": list(trusted.key_ids),
        },
    )
