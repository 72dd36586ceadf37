"""Jobs in Azure Automation. A name is taken for ever: a second PUT answers 409, whatever became of the first."""

from __future__ import annotations

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.automation import models as m

from vibedata.adapters.automation import NEEDS, automation_client, word
from vibedata.adapters.azure_errors import azure_errors
from vibedata.automation import PARAMETER, JobRecord
from vibedata.errors import Blocked
from vibedata.settings import Settings


class AzureJobs:
    """See `ports.Jobs`."""

    def __init__(self, credential: TokenCredential, settings: Settings) -> None:
        self._client = automation_client(credential, settings)
        self._at = (settings.resource_group, settings.automation_account)

    def start(self, name: str, *, runbook: str, worker_group: str, parameter: str) -> bool:
        """Start a job under that GUID; False when there is one already."""
        wanted = m.JobCreateParameters(
            properties=m.JobCreateProperties(
                runbook=m.RunbookAssociationProperty(name=runbook),
                run_on=worker_group,
                parameters={PARAMETER: parameter},
            )
        )
        with azure_errors(f"start a job of runbook {runbook}", needs=NEEDS):
            try:
                self._client.job.create(*self._at, name, wanted)
            except ResourceExistsError:
                return False
            except HttpResponseError as error:
                if error.status_code in (400, 404) and not self._is_published(runbook):
                    raise _not_published(runbook) from error
                raise
        return True

    def get(self, name: str) -> JobRecord:
        """Return the job."""
        with azure_errors(f"read job {name}", needs=NEEDS):
            found = self._client.job.get(*self._at, name).properties or m.JobProperties()
        return JobRecord(
            name=name,
            runbook=(found.runbook.name if found.runbook else "") or "",
            status=word(found.status),
            parameter=(found.parameters or {}).get(PARAMETER, ""),
            exception=found.exception or "",
        )

    def output(self, name: str) -> str:
        """Return what the job wrote so far."""
        with azure_errors(f"read the output of job {name}", needs=NEEDS):
            return self._client.job.get_output(*self._at, name) or ""

    def _is_published(self, runbook: str) -> bool:
        try:
            found = self._client.runbook.get(*self._at, runbook)
        except ResourceNotFoundError:
            return False
        return bool(found.properties and found.properties.state != "New")


def _not_published(runbook: str) -> Blocked:
    return Blocked(
        "runbook-not-published",
        f"The Automation account has no published runbook {runbook}.",
        hint="Run `vibedata publish-runbooks` (phase 8) first.",
        detail={"runbook": runbook},
    )
