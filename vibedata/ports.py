"""The ports: what a flow may ask of the world. Documented here and nowhere else.

Each has a real twin in `vibedata/adapters/` and a fake in `tests/fakes/`; both pass the same contract test in
`tests/contracts/`. Every method raises only `VibedataError`s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from vibedata.automation import JobRecord, RunbookRecord, ScheduleLink, ScheduleRecord
from vibedata.bundle import Locked, Target, Wheel
from vibedata.discovery import Resource
from vibedata.health import Outcome
from vibedata.probing import Probe
from vibedata.registry import Change, Row
from vibedata.release import Packed


@dataclass(frozen=True)
class Summary:
    """How a verb ended: what it wrote, by kind (all zero: nothing to do), and facts for the caller."""

    verb: str
    written: Mapping[str, int]
    message: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        """How many things were written in all."""
        return sum(self.written.values())


# --- operations log ---------------------------------------------------------------------------------------------


class OperationsLog(Protocol):
    """Where rows of `VibeData_Operations_CL` go. Delivery never fails the work: what cannot be sent is spooled."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Accept rows for delivery, in order; may buffer."""

    def flush(self) -> None:
        """Deliver the buffer, and what earlier processes left in the spool; what fails goes to the spool."""

    def check(self) -> None:
        """Deliver the buffer, and raise Blocked (role-missing) when Azure refuses rows for want of a role."""


class OperationsReader(Protocol):
    """Reads rows back."""

    def rows(self, *, since: datetime, operation_id: str | None = None) -> list[dict[str, Any]]:
        """Return the rows since then, folded by EventId (the newest TimeGenerated stands), oldest first."""


# --- leases -----------------------------------------------------------------------------------------------------


class Lease(Protocol):
    """The right to change an instance, held by one operation at a time."""

    fence: int

    def check(self) -> None:
        """Raise Failed (lease-lost) when another operation has taken over; renews when it is time."""

    def release(self) -> None:
        """Give the lease back; a lost one is left alone."""


class Leases(Protocol):
    """Who may change the instance now."""

    def acquire(self, name: str, *, owner: str) -> Lease:
        """Take the lease `name` for operation `owner`, which may hold it already; wait out a holder that died.

        Raises Blocked (lease-held).
        """


# --- artifacts --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Descriptor:
    """What a registry says of one piece of content: its digest (`sha256:<hex>`), size in bytes and media type."""

    digest: str
    size: int
    media_type: str


class Artifacts(Protocol):
    """The read side of one OCI registry. A tag finds, a digest decides: bytes are only ever read by digest (D5)."""

    def resolve(self, repository: str, reference: str) -> Descriptor | None:
        """Return what a tag or digest names now, or None when there is no such manifest."""

    def manifest(self, repository: str, digest: str) -> bytes:
        """Return a manifest's bytes, hashed while they arrive. Raises Failed (oci-digest-mismatch and kin)."""

    def blob(self, repository: str, digest: str, size: int) -> bytes:
        """Return a blob of at most `size` bytes, hashed while it arrives. Raises Failed when it is not what it says."""

    def check_blob(self, repository: str, digest: str, size: int) -> None:
        """Read a blob to its end without keeping it. Raises Failed when it is not what it says."""


# --- imports ----------------------------------------------------------------------------------------------------


class ImportOutcome(Enum):
    """How an import ended when it did not fail: the caller decides what each means for it."""

    DONE = "done"
    TAG_EXISTS = "tag-exists"  # only without `force`: nothing was copied
    SOURCE_MISSING = "source-missing"  # the publisher has no such manifest or tag
    UNKNOWN = "unknown"  # the operation's address was lost: look at the target


class ImageImporter(Protocol):
    """Copies from the publisher's registry into the customer's, inside the service (D6)."""

    def import_image(
        self,
        source: str,
        *,
        target_tags: Sequence[str] = (),
        untagged_repositories: Sequence[str] = (),
        force: bool = False,
    ) -> ImportOutcome:
        """Copy `repository@digest` or `repository:tag` to `repository:tag`s or untagged; wait until it has ended.

        Raises Blocked (role-missing, publisher-credentials-refused), Transient (azure-busy, publisher-down),
        Failed (import-failed, publisher-content-damaged).
        """


# --- blobs ------------------------------------------------------------------------------------------------------


class ArtifactBlobs(Protocol):
    """Immutable content in Blob, named `sha256/<hex>` in a container (D12)."""

    def has(self, container: str, digest: str) -> bool:
        """Tell whether something lies under the digest's name; its bytes are not read."""

    def put(self, container: str, digest: str, data: bytes) -> bool:
        """Store bytes under their digest: True when written, False when they are there already.

        Raises BadInput (blob-digest-mismatch: `data` has another digest; blob-conflict: other bytes lie there).
        """

    def get(self, container: str, digest: str) -> bytes:
        """Return the bytes under a digest, verified. Raises Blocked (blob-missing), Failed (blob-tampered)."""


# --- releases ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReleaseRecord:
    """Which release is completely imported. `digest` names it in the registry, `manifest_digest` its JSON in Blob."""

    digest: str
    manifest_digest: str
    version: str
    channel: str
    serial: int
    operation_id: str


class ReleasePointer(Protocol):
    """How later phases find the release that `import_artifacts` completed."""

    def get(self) -> ReleaseRecord | None:
        """Return the instance's imported release, or None before the first import has ended."""

    def put(self, record: ReleaseRecord) -> None:
        """Make `record` the imported release."""


# --- run commands -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunOutcome:
    """How a Run Command ended; Azure keeps only the last 4 KB of its output."""

    exit_code: int
    output: str
    error: str


class RunCommands(Protocol):
    """Managed Run Commands on the worker VM."""

    def run(
        self,
        name: str,
        *,
        script: str,
        parameters: Mapping[str, str],
        protected: Mapping[str, str],
        timeout_seconds: int,
    ) -> RunOutcome:
        """Run `script` as root on the VM and wait for it; `protected` values are readable by nobody afterwards.

        Parameters reach the script as environment variables. A script that fails is an outcome, not an error; raises
        Blocked (azure-not-found, role-missing) or Transient.
        """


# --- runbooks ---------------------------------------------------------------------------------------------------


class Runbooks(Protocol):
    """The Automation account's runbooks and schedules. All raise Blocked (role-missing), Transient, Failed."""

    def all(self) -> list[RunbookRecord]:
        """Return every runbook of the account, also those that are not ours."""

    def get(self, name: str) -> RunbookRecord | None:
        """Return the runbook, or None."""

    def published(self, name: str) -> bytes | None:
        """Return the published content as the service gives it back; None when nothing is published."""

    def create(
        self, name: str, *, kind: str, runtime: str, description: str, tags: Mapping[str, str]
    ) -> None:
        """Create the runbook without content, or change the facts of the one that exists."""

    def replace_draft(self, name: str, content: bytes) -> None:
        """Make `content` the draft; returns when the service has taken it."""

    def publish(self, name: str) -> None:
        """Make the draft the published content; returns when the service has done it."""

    def schedule(self, name: str) -> ScheduleRecord | None:
        """Return the schedule, or None."""

    def put_schedule(self, schedule: ScheduleRecord) -> None:
        """Create the schedule; its start must be at least 5 minutes ahead."""

    def delete_schedule(self, name: str) -> None:
        """Delete the schedule and its links; one that is gone is no error."""

    def link(self, link_id: str) -> ScheduleLink | None:
        """Return the link, or None."""

    def put_link(self, link: ScheduleLink) -> None:
        """Create the link."""

    def delete_link(self, link_id: str) -> None:
        """Delete the link; one that is gone is no error."""


# --- jobs -------------------------------------------------------------------------------------------------------


class Jobs(Protocol):
    """The Automation account's jobs. All raise Blocked (role-missing), Transient, Failed."""

    def start(self, name: str, *, runbook: str, worker_group: str, parameter: str) -> bool:
        """Start a job under that GUID; False when there is one already. Raises Blocked (runbook-not-published)."""

    def get(self, name: str) -> JobRecord:
        """Return the job."""

    def output(self, name: str) -> str:
        """Return what the job wrote so far."""


# --- component registry -----------------------------------------------------------------------------------------


class ComponentRegistry(Protocol):
    """The instance's rows (`vibedata.registry` says which). All raise Blocked (role-missing), Transient, Failed."""

    def read(self, prefix: str = "") -> list[Row]:
        """Return the rows whose key starts with `prefix`, in key order; none when there is no table yet."""

    def write(self, changes: Sequence[Change]) -> int:
        """Apply the changes in order, up to 100 at once whole or not at all; return how many were written.

        The first write makes the table. Raises Transient (registry-changed) when a row is not as it was read, and
        BadInput (registry-row-too-large, registry-row-invalid) before anything is written.
        """


# --- inventory --------------------------------------------------------------------------------------------------


class Inventory(Protocol):
    """What Azure says is in the managed resource group. Both raise Blocked (role-missing), Transient, Failed."""

    def resources(self) -> list[Resource]:
        """Return every resource with its provisioning state and without its properties, in the order of their ids."""

    def resource(self, resource_id: str) -> Resource | None:
        """Return one resource with its properties, or None when it is gone."""


# --- probes -----------------------------------------------------------------------------------------------------


class Prober(Protocol):
    """Asks a component how it is."""

    def probe(self, probe: Probe) -> Outcome:
        """Return what the probe found within its `timeout_seconds`. Never raises: an error is an Outcome."""


# --- packing a release ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Commit:
    """The state of the repository that is packed: its commit, and when it was last changed (UTC, to the second)."""

    id: str
    time: datetime


class ReleaseSources(Protocol):
    """What a release is made of. Every method raises BadInput (release-source-missing, release-source-refused)."""

    def commit(self) -> Commit:
        """Return the checked-out commit; where the sources differ from it, its time is that of the newest change.

        Raises BadInput (release-commit-unknown) when this is no git checkout.
        """

    def description(self) -> dict[str, Any]:
        """Return the release's description: the manifest's parts that people write."""

    def engine(self) -> dict[str, bytes]:
        """Return the engine's files by their path in the bundle."""

    def lock(self) -> str:
        """Return the lock of what the worker installs."""

    def runbook(self, verb: str) -> bytes:
        """Return a runbook's script."""

    def component(self, name: str) -> dict[str, bytes]:
        """Return the files of a component's artifact by their path inside."""


class Wheels(Protocol):
    """Where locked distributions come from."""

    def fetch(self, target: Target, locked: Sequence[Locked]) -> list[Wheel]:
        """Return the wheel of every locked distribution for that target, in the order given, checked by hash.

        Raises Transient (wheels-unavailable) and Failed (wheel-refused).
        """


class PackedRelease(Protocol):
    """The OCI image layout that a release is packed into; tags are unique within it. Raises BadInput (oci-…)."""

    def add_files(
        self, files: Mapping[str, bytes], *, artifact_type: str, layer_type: str, tag: str
    ) -> Packed:
        """Pack each file as a layer of its own under `tag`."""

    def add_tree(
        self, files: Mapping[str, bytes], *, artifact_type: str, layer_type: str, tag: str
    ) -> Packed:
        """Pack all files as one plain tar layer under `tag`."""

    def size(self) -> int:
        """Return how many blobs and manifests it holds."""


# --- pushing a release ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pushed:
    """What one push wrote."""

    blobs: int
    manifests: int
    tags: int


class Publication(Protocol):
    """A packed release on disk and the publisher's registry. Raises Blocked, Transient and Failed (oci-…)."""

    def packed_tags(self) -> list[str]:
        """Return the tags of the packed release."""

    def packed(self, reference: str) -> tuple[str, bytes]:
        """Return the OCI digest of a packed artifact with one layer, and that layer's bytes."""

    def published(self, repository: str, reference: str) -> tuple[str, bytes] | None:
        """Return the same of an artifact in the registry, or None when there is none."""

    def published_digest(self, repository: str, tag: str) -> str | None:
        """Return what a tag names in the registry, or None."""

    def push(self, digest: str, repository: str, tag: str) -> Pushed:
        """Copy a packed artifact into a repository of the registry and set its tag; what is there is not sent."""


# --- secrets ----------------------------------------------------------------------------------------------------


class Secrets(Protocol):
    """The instance's Key Vault."""

    def get(self, name: str) -> str:
        """Return a secret's current value, which is masked in every row of the operations log from then on.

        Raises Blocked (secret-missing, role-missing).
        """
