"""Copy whole artifacts from place to place: what is there already is not sent again.

Blobs go before manifests and children before parents, so that what is visible is complete whenever it stops.
"""

from __future__ import annotations

from collections.abc import Sequence

from oci.closure import MAX_MANIFESTS, closure
from oci.errors import OciError
from oci.stores import Store
from oci.transfer import Artifact, Copied, Order, Progress, Shared
from oci.workers import Workers

__all__ = ["MAX_MANIFESTS", "Copied", "Order", "Progress", "closure", "copy", "copy_all"]


def copy(
    source: Store,
    reference: str,
    target: Store,
    *,
    tag: str | None = None,
    jobs: int = 4,
    progress: Progress | None = None,
) -> Copied:
    """Copy what `reference` names, with everything that it holds, and set `tag` on it in the target.

    At most 50 manifests. Raises OciError (oci-closure-too-large, and what either side raises).
    """
    (outcome,) = copy_all([Order(source, reference, target, tag)], jobs=jobs, progress=progress)
    if isinstance(outcome, OciError):
        raise outcome
    return outcome


def copy_all(
    orders: Sequence[Order], *, jobs: int = 8, progress: Progress | None = None
) -> list[Copied | OciError]:
    """Copy many artifacts with `jobs` requests at once; one that fails leaves the others alone.

    Returns what became of each, in their order.
    """
    workers = Workers(jobs)
    shared = Shared(workers, progress)
    artifacts = [Artifact(order, shared) for order in orders]
    if len(orders) > 1:
        _announce(orders)
    for artifact in reversed(artifacts):
        workers.add(artifact.start)
    workers.run()
    return [artifact.outcome for artifact in artifacts if artifact.outcome is not None]


def _announce(orders: Sequence[Order]) -> None:
    for order in orders:
        order.source.expect(writing=False)
    for order in orders:
        order.target.expect(writing=True)
