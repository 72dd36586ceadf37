"""The ports: what a flow may ask of the world. Documented here and nowhere else.

Each has a real twin in `vibedata/adapters/` and a fake in `tests/fakes/`; both pass the same contract test in
`tests/contracts/`. Every method raises only `VibedataError`s.
"""

from __future__ import annotations

from vibedata.ports.content import (
    ArtifactBlobs,
    Artifacts,
    Descriptor,
    ImageImporter,
    ImportOutcome,
    ReleasePointer,
    ReleaseRecord,
)
from vibedata.ports.deployments import DeploymentHistory, RecordedDeployments
from vibedata.ports.instance import ComponentRegistry, Inventory, Prober, Secrets
from vibedata.ports.operations import Lease, Leases, OperationsLog, OperationsReader, Summary
from vibedata.ports.publishing import Commit, PackedRelease, Publication, Pushed, ReleaseSources, Wheels
from vibedata.ports.receipts import Receipts
from vibedata.ports.trust import ReleaseSigner, ReleaseTrust
from vibedata.ports.worker import Jobs, Runbooks, RunCommands, RunOutcome

__all__ = [
    "ArtifactBlobs",
    "Artifacts",
    "Commit",
    "ComponentRegistry",
    "DeploymentHistory",
    "Descriptor",
    "ImageImporter",
    "ImportOutcome",
    "Inventory",
    "Jobs",
    "Lease",
    "Leases",
    "OperationsLog",
    "OperationsReader",
    "PackedRelease",
    "Prober",
    "Publication",
    "Pushed",
    "Receipts",
    "RecordedDeployments",
    "ReleasePointer",
    "ReleaseRecord",
    "ReleaseSigner",
    "ReleaseSources",
    "ReleaseTrust",
    "RunCommands",
    "RunOutcome",
    "Runbooks",
    "Secrets",
    "Summary",
    "Wheels",
]
