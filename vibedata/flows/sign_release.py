"""Signs a packed release: says under a release key which manifest the release's digest stands for.

Ed25519 gives the same signature each time, so signing again writes nothing. Another key's signature is added to those
that are there: a release signed by the old and the new key is accepted wherever one of the two is pinned.
"""

from __future__ import annotations

from collections.abc import Mapping

from vibedata import dsse, manifest, release
from vibedata.dsse import Envelope
from vibedata.errors import Blocked
from vibedata.keyring import short_id
from vibedata.ports import PackedRelease, ReleaseSigner, Summary
from vibedata.trust import STATEMENT_TYPE, Statement


def sign_release(*, packed: PackedRelease, signer: ReleaseSigner, version: str) -> Summary:
    """Sign the packed release `version` and pack the signature beside it; a second time writes nothing.

    Raises BadInput (release-not-packed, manifest-invalid).
    """
    digest, raw = packed.packed(version)
    found = manifest.parse(raw)
    payload = Statement(digest, found.digest, len(raw)).encode()
    before = _before(packed, digest)
    signatures = dict(_signatures(before, payload))
    signatures[signer.key.key_id] = signer.sign(dsse.pae(STATEMENT_TYPE, payload))
    envelope = Envelope(payload, STATEMENT_TYPE, signatures).encode()
    is_new = envelope != before
    if is_new:
        packed.add_files(
            {release.SIGNATURE_FILE: envelope},
            artifact_type=release.SIGNATURE_TYPE,
            layer_type=dsse.ENVELOPE_TYPE,
            tag=release.signature_tag(digest),
        )
    return Summary(
        verb="sign_release",
        written={"signatures": int(is_new)},
        message=f"Release {version} is signed by {', '.join(map(short_id, sorted(signatures)))}."
        + ("" if is_new else " It was before: nothing was written."),
        data={
            "version": version,
            "release": digest,
            "manifest": found.digest,
            "signature": manifest.digest_of(envelope),
            "signedBy": sorted(signatures),
        },
    )


def _before(packed: PackedRelease, digest: str) -> bytes | None:
    tag = release.signature_tag(digest)
    return packed.packed(tag)[1] if tag in packed.packed_tags() else None


def _signatures(raw: bytes | None, payload: bytes) -> Mapping[str, bytes]:
    """Return the signatures that are there already, as long as they are under the same statement."""
    try:
        before = dsse.parse(raw or b"")
    except Blocked:
        return {}
    return before.signatures if (before.payload_type, before.payload) == (STATEMENT_TYPE, payload) else {}
