"""What `push` and `copy` do: one artifact, or those of a list, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from oci.copying import Copied, Order, Progress, copy_all
from oci.errors import OciError
from oci.places import Places
from oci.references import parse_reference

_MAX_LIST_BYTES = 4 << 20
_MAX_LINES = 10_000


def copy_artifact(source: str, target: str, places: Places, jobs: int, progress: Progress) -> dict[str, Any]:
    """Copy an artifact; a target without tag takes the source's. Raises OciError."""
    (outcome,) = copy_all([_order(source, target, places)], jobs=jobs, progress=progress)
    if isinstance(outcome, OciError):
        raise outcome
    return _facts(outcome)


def copy_list(
    pairs: Sequence[tuple[str, str]], places: Places, jobs: int, progress: Progress
) -> dict[str, Any]:
    """Copy many artifacts. One that fails leaves the others alone; its code is the exit code.

    Raises OciError for what is wrong with the list itself.
    """
    orders = [_order(source, target, places) for source, target in pairs]
    outcomes = copy_all(orders, jobs=jobs, progress=progress)
    rows = [
        {"source": source, "target": target, **_outcome(outcome)}
        for (source, target), outcome in zip(pairs, outcomes, strict=True)
    ]
    done = [outcome for outcome in outcomes if isinstance(outcome, Copied)]
    failed = [outcome for outcome in outcomes if isinstance(outcome, OciError)]
    return {
        "artifacts": rows,
        "copied": len(done),
        "failed": len(failed),
        "changed": sum(copied.changed for copied in done),
        "bytesWritten": sum(copied.bytes_written for copied in done),
        "exitCode": failed[0].exit_code if failed else 0,
    }


def read_list(file: Path) -> list[tuple[str, str]]:
    """Read a list's `SOURCE TARGET` lines; # begins a comment. Raises OciError (oci-usage)."""
    with file.open("rb") as lines:
        raw = lines.read(_MAX_LIST_BYTES + 1)
    try:
        words = [line.partition("#")[0].split() for line in raw.decode("utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise OciError("oci-usage", f"{file} is no text", "write SOURCE TARGET lines, in UTF-8") from error
    pairs = [line for line in words if line]
    if len(raw) > _MAX_LIST_BYTES or len(pairs) > _MAX_LINES:
        raise OciError("oci-usage", f"{file} has more than {_MAX_LINES} lines", "split it")
    if not pairs or any(len(line) != 2 for line in pairs):
        raise OciError("oci-usage", f"{file} holds other lines than SOURCE TARGET", "write two places a line")
    if len({target for _, target in pairs}) != len(pairs):
        raise OciError("oci-usage", f"{file} names a target twice", "give each artifact a tag of its own")
    return [(source, target) for source, target in pairs]


def _order(source: str, target: str, places: Places) -> Order:
    origin, place = parse_reference(source), parse_reference(target)
    if place.reference and not place.tag:
        raise OciError(
            "oci-usage", f"the target {target} is named by digest", "name a tag, or none to keep the source's"
        )
    if not origin.reference:
        raise OciError(
            "oci-usage", f"the source {source} names no tag and no digest", "add :TAG or @sha256:…"
        )
    tag = place.tag or origin.tag
    return Order(places.source(origin), origin.reference, places.target(place), tag)


def _outcome(outcome: Copied | OciError) -> dict[str, Any]:
    if isinstance(outcome, OciError):
        return {"code": outcome.code, "message": outcome.message, "hint": outcome.hint}
    return _facts(outcome)


def _facts(copied: Copied) -> dict[str, Any]:
    return {
        "digest": copied.root.digest,
        "manifestsWritten": copied.manifests_written,
        "blobsWritten": copied.blobs_written,
        "blobsPresent": copied.blobs_present,
        "bytesWritten": copied.bytes_written,
        "tagsWritten": copied.tags_written,
        "changed": copied.changed,
    }
