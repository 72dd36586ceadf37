"""Pushes a packed release to the publisher's registry: artifacts first, then its signature, the release, `latest` last.

Whenever a push stops, `latest` names a release that is there whole and signed. A version names the same bytes for
ever, and within a channel `latest` only moves to a greater serial. What customers would refuse is not pushed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vibedata import dsse, manifest, release, trust
from vibedata.errors import BadInput
from vibedata.manifest import Manifest
from vibedata.ports import Publication, Pushed, Summary

Part = tuple[str, str, str]  # digest, repository, tag


def push_release(
    *,
    publication: Publication,
    version: str,
    progress: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Push the packed release `version` and let `latest` name it; a second push writes nothing.

    Raises BadInput (release-not-packed, release-not-signed, release-version-taken, release-serial-not-newer,
    manifest-invalid), Blocked (publisher-registry-denied, publisher-sign-in-failed, release-signature-*), Transient
    (publisher-registry-busy), Failed (release-refused).
    """
    digest, raw = publication.packed(version)
    found = manifest.parse(raw)
    signature = _signature(publication, digest, found)
    parts = [*_parts(found), (digest, release.RELEASE_REPOSITORY, found.release.version)]
    for part in parts:
        _refuse_moved_version(publication, part)
    _refuse_older(publication, digest, found)
    parts.insert(-1, signature)
    parts.append((digest, release.RELEASE_REPOSITORY, release.LATEST))
    done = [_push(publication, part, progress) for part in parts]
    return Summary(
        verb="push_release",
        written={
            "blobs": sum(pushed.blobs for pushed in done),
            "manifests": sum(pushed.manifests for pushed in done),
            "tags": sum(pushed.tags for pushed in done),
        },
        message=f"Release {found.release.version} is published; latest names it.",
        data={"version": found.release.version, "release": digest, "manifest": found.digest},
    )


def _parts(found: Manifest) -> Iterator[Part]:
    for component in found.components:
        if component.artifact:
            yield component.artifact.digest, component.artifact.repository, component.version
    for runbook in found.runbooks:
        yield runbook.artifact.digest, runbook.artifact.repository, runbook.version
    for target, artifact in found.bundles.items():
        yield artifact.digest, artifact.repository, release.bundle_tag(found.release.version, target)


def _signature(publication: Publication, digest: str, found: Manifest) -> Part:
    tag = release.signature_tag(digest)
    if tag not in publication.packed_tags():
        raise BadInput(
            "release-not-signed",
            f"Release {found.release.version} is packed, but not signed: every customer would refuse it.",
            hint="Sign it first: vibedata release sign DIR --version V --key FILE.",
        )
    signature, envelope = publication.packed(tag)
    stated = trust.statement(dsse.parse(envelope))
    trust.refuse_other_subject(stated, digest)
    trust.refuse_other_manifest(stated.manifest, found.digest)
    return signature, release.RELEASE_REPOSITORY, tag


def _refuse_moved_version(publication: Publication, part: Part) -> None:
    digest, repository, tag = part
    there = publication.published_digest(repository, tag)
    if there not in (None, digest):
        raise BadInput(
            "release-version-taken",
            f"{repository}:{tag} is published with other content.",
            hint="A version names the same bytes for ever: give what changed a new one, and pack again.",
            detail={"repository": repository, "tag": tag, "published": there, "packed": digest},
        )


def _refuse_older(publication: Publication, digest: str, found: Manifest) -> None:
    latest = publication.published(release.RELEASE_REPOSITORY, release.LATEST)
    if latest is None or latest[0] == digest:
        return
    theirs = manifest.parse(latest[1]).release
    if theirs.channel == found.release.channel and theirs.serial >= found.release.serial:
        raise BadInput(
            "release-serial-not-newer",
            f"latest is {theirs.version} with serial {theirs.serial}; {found.release.version} has "
            f"{found.release.serial}, and a serial only grows.",
            hint="Pack from a newer commit, or give a greater serial.",
        )


def _push(publication: Publication, part: Part, progress: Callable[[str], None]) -> Pushed:
    digest, repository, tag = part
    pushed = publication.push(digest, repository, tag)
    told = "pushed" if pushed.blobs or pushed.manifests else "tagged" if pushed.tags else "there already"
    progress(f"{repository}:{tag} {told}")
    return pushed
