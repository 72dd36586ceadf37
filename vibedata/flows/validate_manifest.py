"""Says everything that is wrong with a release manifest, so that one look is enough to mend it."""

from __future__ import annotations

from vibedata import manifest
from vibedata.errors import BadInput
from vibedata.ports import Summary


def validate_manifest(*, raw: bytes) -> Summary:
    """Check the bytes of a manifest; `data` has its digest, version, channel and serial.

    Raises BadInput: manifest-invalid, whose detail lists every violation (pointer, line, problem, remedy); or
    manifest-too-large, manifest-not-utf8, manifest-too-deep, manifest-not-json, manifest-number-refused,
    manifest-duplicate-key when it cannot be read.
    """
    found = manifest.parse(raw)
    release = found.release
    return Summary(
        verb="validate_manifest",
        written={},
        message=f"Release {release.version} ({release.channel}, serial {release.serial}) is valid.",
        data={
            "digest": found.digest,
            "version": release.version,
            "channel": release.channel,
            "serial": release.serial,
            "components": len(found.components),
            "runbooks": len(found.runbooks),
            "bundles": sorted(found.bundles),
        },
    )


def lines(error: BadInput) -> list[str]:
    """Return the violations of a refused manifest as lines for people: `line: pointer: problem. remedy`."""
    violations = error.detail.get("violations", [])
    return [f"{v['line']}: {v['pointer'] or '/'}: {v['problem']}. {v['remedy']}" for v in violations]
