"""Jobs in Azure Automation. A name is taken for ever: a second PUT answers 409, whatever became of the first."""

from __future__ import annotations

from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.rest import arm
from vibedata.automation import PARAMETER, JobRecord
from vibedata.errors import Blocked
from vibedata.settings import Settings

NEEDS = "automation"
VERSION = {"api-version": "2024-10-23"}


class AzureJobs:
    """See `ports.Jobs`."""

    def __init__(self, credential: TokenCredential, settings: Settings) -> None:
        self._arm = arm(settings.arm_endpoint, credential)
        self._account = (
            f"/subscriptions/{settings.subscription_id}/resourceGroups/{settings.resource_group}"
            f"/providers/Microsoft.Automation/automationAccounts/{settings.automation_account}"
        )

    def start(self, name: str, *, runbook: str, worker_group: str, parameter: str) -> bool:
        """Start a job under that GUID; False when there is one already."""
        wanted = {"runbook": {"name": runbook}, "runOn": worker_group, "parameters": {PARAMETER: parameter}}
        with azure_errors(f"start a job of runbook {runbook}", needs=NEEDS):
            try:
                self._arm.call("PUT", self._job(name), params=VERSION, body={"properties": wanted})
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
            found: dict[str, Any] = self._arm.get(self._job(name), **VERSION).get("properties") or {}
        return JobRecord(
            name=name,
            runbook=(found.get("runbook") or {}).get("name") or "",
            status=found.get("status") or "",
            parameter=(found.get("parameters") or {}).get(PARAMETER, ""),
            exception=found.get("exception") or "",
        )

    def output(self, name: str) -> str:
        """Return what the job wrote so far."""
        with azure_errors(f"read the output of job {name}", needs=NEEDS):
            return self._arm.call("GET", f"{self._job(name)}/output", params=VERSION).text()

    def _job(self, name: str) -> str:
        return f"{self._account}/jobs/{name}"

    def _is_published(self, runbook: str) -> bool:
        try:
            found = self._arm.get(f"{self._account}/runbooks/{runbook}", **VERSION)
        except ResourceNotFoundError:
            return False
        properties = found.get("properties") or {}
        return bool(properties and properties.get("state") != "New")


def _not_published(runbook: str) -> Blocked:
    return Blocked(
        "runbook-not-published",
        f"The Automation account has no published runbook {runbook}.",
        hint="Run `vibedata publish-runbooks` (phase 8) first.",
        detail={"runbook": runbook},
    )
