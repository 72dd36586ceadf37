"""ImageImporter over Resource Manager: `importImage`, one call per manifest, inside the service (D6)."""

from __future__ import annotations

from collections.abc import Sequence

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.containerregistry.models import (
    ImportImageParameters,
    ImportMode,
    ImportSource,
    ImportSourceCredentials,
)

from vibedata.adapters.azure_errors import is_busy, translate
from vibedata.adapters.clients import ONE_TRY
from vibedata.errors import Blocked, Failed, Transient, VibedataError
from vibedata.ports import ImportOutcome

DEADLINE_SECONDS = 900.0  # of one copy
NEEDS = "registry-import"  # its row in contracts/rbac.json
# The service tells these apart by words only, of its own and of the source registry.
MISSING_AT_SOURCE = (
    "manifestunknown",
    "manifest unknown",
    "manifest_unknown",
    "name_unknown",
    "unable to find manifest",
)
REFUSED_AT_SOURCE = ("invalidsourcecredentials", "unauthorized", "authentication required", "denied")
DOWN_AT_SOURCE = ("sourceregistryunreachable", "sourceregistryerror", "cannot be reached", "timed out")
CLOSED_SOURCE = ("sourceregistrynetworkaccessdenied", "not supported over public access disabled")
CLOSED_TARGET = ("networkaccessdenied", "trusted services", "is not allowed access")
DAMAGED_AT_SOURCE = (
    *("invalidsourcecontent", "does not match its digest", "digest mismatch"),
    *("blobunknown", "blob unknown", "blob_unknown"),  # its manifest is there, a part of it is not
)


class AcrImporter:
    """The customer's registry as Resource Manager knows it; one try per call."""

    def __init__(
        self,
        *,
        arm_endpoint: str,
        credential: TokenCredential,
        subscription_id: str,
        resource_group: str,
        registry_name: str,
        publisher_registry: str,
        username: str = "",
        password: str = "",
        poll_seconds: float = 2.0,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._registries = ContainerRegistryManagementClient(
            credential, subscription_id, base_url=arm_endpoint, polling_interval=poll_seconds, **ONE_TRY
        ).registries
        self._target = (resource_group, registry_name)
        self._deadline = deadline_seconds
        self._publisher = publisher_registry
        self._credentials = (
            ImportSourceCredentials(username=username, password=password) if password else None
        )

    def import_image(
        self,
        source: str,
        *,
        target_tags: Sequence[str] = (),
        untagged_repositories: Sequence[str] = (),
        force: bool = False,
    ) -> ImportOutcome:
        """Start the copy and wait until it has ended, or for too long; a poll honours the service's Retry-After."""
        parameters = ImportImageParameters(
            source=ImportSource(
                registry_uri=self._publisher, source_image=source, credentials=self._credentials
            ),
            target_tags=list(target_tags),
            untagged_target_repositories=list(untagged_repositories),
            mode=ImportMode.FORCE if force else ImportMode.NO_FORCE,
        )
        try:
            poller = self._registries.begin_import_image(*self._target, parameters)
        except AzureError as error:
            return self._outcome(error, source)
        try:
            poller.wait(self._deadline)
        except AzureError as error:
            if (
                getattr(error, "status_code", None) == 404
            ):  # its address is gone: only the target tells how it ended
                return ImportOutcome.UNKNOWN
            return self._outcome(error, source)
        if not poller.done():
            raise Transient(
                "import-unfinished",
                f"The import of {source} runs for more than {self._deadline:.0f} s.",
                hint="Run import_artifacts again; if it stays, look up the registry's activity log.",
            )
        return ImportOutcome.DONE

    def _outcome(self, error: AzureError, source: str) -> ImportOutcome:
        status, text = getattr(error, "status_code", None), _text(error)
        if "already exists" in text:
            return ImportOutcome.TAG_EXISTS
        if any(word in text for word in MISSING_AT_SOURCE):
            return ImportOutcome.SOURCE_MISSING
        raise self._error(error, status, text, source) from error

    def _error(self, error: AzureError, status: int | None, text: str, source: str) -> VibedataError:
        doing = f"import {source} from {self._publisher}"
        if any(word in text for word in CLOSED_SOURCE):
            return Blocked(
                "publisher-registry-closed",
                f"Could not {doing}: that registry is not open to the public. {text.strip()[:300]}",
                hint="Tell the publisher: importing from another tenant needs its registry's public endpoint.",
            )
        if status == 403 and any(word in text for word in CLOSED_TARGET):
            return Blocked(
                "registry-closed",
                f"Could not {doing}: the customer's registry shuts Azure's own services out. {text.strip()[:300]}",
                hint="Set the registry's networkRuleBypassOptions to AzureServices, then run import_artifacts again.",
            )
        if status == 403 or is_busy(status) or status is None:
            return translate(error, doing=doing, needs=NEEDS)
        if any(word in text for word in REFUSED_AT_SOURCE):
            return Blocked(
                "publisher-credentials-refused",
                f"{self._publisher} refuses the publisher's token for {source}.",
                hint="Ask the publisher for a new token; deploy again with it.",
            )
        if any(word in text for word in DOWN_AT_SOURCE):
            return Transient("publisher-down", f"Could not {doing}: {text[:400]}", hint="Run again later.")
        if any(word in text for word in DAMAGED_AT_SOURCE):
            return Failed(
                "publisher-content-damaged",
                f"Could not {doing}: {text[:400]}",
                hint="Nothing of it was used. Tell the publisher: an artifact is not what its digest says.",
            )
        if status == 404:
            return translate(error, doing=doing, needs=NEEDS)
        return Failed(
            "import-failed",
            f"Could not {doing}: {text[:400]}",
            hint="Run import_artifacts again; if it stays, look up the registry's message.",
        )


def _text(error: AzureError) -> str:
    inner = getattr(error, "error", None) if isinstance(error, HttpResponseError) else None
    return f"{getattr(inner, 'code', '')} {getattr(inner, 'message', '')} {error.message}".lower()
