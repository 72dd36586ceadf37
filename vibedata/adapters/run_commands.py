"""Managed Run Commands through ARM's generic resource calls, so that the large compute SDK is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import GenericResource

from vibedata.adapters.azure_errors import azure_errors
from vibedata.errors import Blocked
from vibedata.ports import RunOutcome

API_VERSION = "2024-11-01"
POLL_SECONDS = 1
PREEMPTED = "OperationPreempted"


class ArmRunCommands:
    """Runs scripts on one VM."""

    def __init__(
        self,
        credential: TokenCredential,
        *,
        subscription_id: str,
        vm_id: str,
        location: str,
        arm_endpoint: str,
    ) -> None:
        self._vm_id = vm_id
        self._location = location
        self._client = ResourceManagementClient(
            credential,
            subscription_id,
            base_url=arm_endpoint,
            polling_interval=POLL_SECONDS,
        )

    def run(
        self,
        name: str,
        *,
        script: str,
        parameters: Mapping[str, str],
        protected: Mapping[str, str],
        timeout_seconds: int,
    ) -> RunOutcome:
        """See `ports.RunCommands.run`."""
        resource_id = f"{self._vm_id}/runCommands/{name}"
        body = GenericResource(
            location=self._location,
            properties={
                "source": {"script": script},
                "parameters": [{"name": key, "value": value} for key, value in sorted(parameters.items())],
                "protectedParameters": [
                    {"name": key, "value": value} for key, value in sorted(protected.items())
                ],
                "timeoutInSeconds": timeout_seconds,
                "asyncExecution": False,
                "treatFailureAsDeploymentFailure": True,
            },
        )
        with azure_errors(f"run the command {name} on the worker"):
            try:
                self._client.resources.begin_create_or_update_by_id(
                    resource_id, body, api_version=API_VERSION
                ).result()
            except HttpResponseError as error:
                if PREEMPTED in f"{error.error} {error.message}":  # the view is the other's
                    raise _replaced(name) from error
                view = self._view(resource_id)
                if not view or view.get("exitCode") in (None, 0):
                    raise error
            view = self._view(resource_id)
        return RunOutcome(
            int(view.get("exitCode") or 0), str(view.get("output") or ""), str(view.get("error") or "")
        )

    def _view(self, resource_id: str) -> dict[str, Any]:
        """Read the instance view, which ARM gives only on `$expand`."""
        request = HttpRequest(
            "GET", resource_id, params={"api-version": API_VERSION, "$expand": "instanceView"}
        )
        response = self._client.send_request(request)
        if response.status_code != 200:
            return {}
        properties: dict[str, Any] = response.json().get("properties") or {}
        view: dict[str, Any] = properties.get("instanceView") or {}
        return view


def _replaced(name: str) -> Blocked:
    return Blocked(
        "run-command-replaced",
        f"Another deployment has started {name} on the worker, which ended this one's.",
        hint="Let the other go on (`vibedata logs --follow` shows it); run this one again only if it fails.",
        detail={"runCommand": name},
    )
