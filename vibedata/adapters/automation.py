"""Runbooks and their schedules in Azure Automation, through its management client.

The client takes a 409 on a schedule for success, so a schedule is read back after it was put.
"""

from __future__ import annotations

from collections.abc import Mapping

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.automation import AutomationClient
from azure.mgmt.automation import models as m

from vibedata.adapters.azure_errors import azure_errors
from vibedata.adapters.clients import ONE_TRY
from vibedata.automation import PARAMETER, RunbookRecord, ScheduleLink, ScheduleRecord
from vibedata.errors import Failed
from vibedata.settings import Settings

NEEDS = "automation"
POLL_SECONDS = 0.2  # where the service names no Retry-After; it mostly answers at once
TIME_ZONE = "UTC"


def automation_client(credential: TokenCredential, settings: Settings) -> AutomationClient:
    """Return the management client for the instance's subscription."""
    return AutomationClient(
        credential,
        settings.subscription_id,
        base_url=settings.arm_endpoint,
        polling_interval=POLL_SECONDS,
        **ONE_TRY,
    )


class AzureRunbooks:
    """See `ports.Runbooks`."""

    def __init__(self, credential: TokenCredential, settings: Settings) -> None:
        self._client = automation_client(credential, settings)
        self._at = (settings.resource_group, settings.automation_account)

    def all(self) -> list[RunbookRecord]:
        """Return every runbook of the account."""
        with azure_errors("list the runbooks", needs=NEEDS):
            return [_record(found) for found in self._client.runbook.list_by_automation_account(*self._at)]

    def get(self, name: str) -> RunbookRecord | None:
        """Return the runbook, or None."""
        with azure_errors(f"read runbook {name}", needs=NEEDS):
            try:
                return _record(self._client.runbook.get(*self._at, name))
            except ResourceNotFoundError:
                return None

    def published(self, name: str) -> bytes | None:
        """Return the published content as the service gives it back; None when nothing is published."""
        with azure_errors(f"read the content of runbook {name}", needs=NEEDS):
            try:
                return (self._client.runbook.get_content(*self._at, name) or "").encode()
            except ResourceNotFoundError:
                return None

    def create(
        self, name: str, *, kind: str, runtime: str, description: str, tags: Mapping[str, str]
    ) -> None:
        """Create the runbook, or change the facts of the one that exists."""
        wanted = m.RunbookCreateOrUpdateParameters(
            name=name,
            tags=dict(tags),
            properties=m.RunbookCreateOrUpdateProperties(
                runbook_type=kind,
                runtime_environment=runtime,
                description=description,
                log_verbose=False,
                log_progress=False,
            ),
        )
        with azure_errors(f"create runbook {name}", needs=NEEDS):
            wanted.location = self._client.automation_account.get(*self._at).location
            self._client.runbook.create_or_update(*self._at, name, wanted)

    def replace_draft(self, name: str, content: bytes) -> None:
        """Make `content` the draft."""
        with azure_errors(f"replace the draft of runbook {name}", needs=NEEDS):
            text = content.decode("utf-8", "replace")  # what is no text shows as drift when it is read back
            self._client.runbook_draft.begin_replace_content(*self._at, name, text).result()

    def publish(self, name: str) -> None:
        """Make the draft the published content."""
        with azure_errors(f"publish runbook {name}", needs=NEEDS):
            self._client.runbook.begin_publish(*self._at, name).result()

    def schedule(self, name: str) -> ScheduleRecord | None:
        """Return the schedule, or None."""
        with azure_errors(f"read schedule {name}", needs=NEEDS):
            try:
                found = self._client.schedule.get(*self._at, name)
            except ResourceNotFoundError:
                return None
        return _schedule(name, found)

    def put_schedule(self, schedule: ScheduleRecord) -> None:
        """Create the schedule. Raises Failed (schedule-refused) when another one stands there afterwards."""
        wanted = m.ScheduleCreateOrUpdateParameters(
            name=schedule.name,
            properties=m.ScheduleCreateOrUpdateProperties(
                start_time=schedule.start,
                frequency=schedule.unit,
                interval=schedule.every,
                time_zone=TIME_ZONE,
            ),
        )
        with azure_errors(f"create schedule {schedule.name}", needs=NEEDS):
            self._client.schedule.create_or_update(*self._at, schedule.name, wanted)
        found = self.schedule(schedule.name)
        if found is None or (found.unit, found.every) != (schedule.unit, schedule.every):
            raise Failed(
                "schedule-refused",
                f"Automation did not take schedule {schedule.name}: it has {found or 'none'}.",
                hint="Delete that schedule in the Automation account, then run again.",
            )

    def delete_schedule(self, name: str) -> None:
        """Delete the schedule and its links; one that is gone is no error."""
        with azure_errors(f"delete schedule {name}", needs=NEEDS):
            try:
                self._client.schedule.delete(*self._at, name)
            except ResourceNotFoundError:
                return

    def link(self, link_id: str) -> ScheduleLink | None:
        """Return the link, or None; read by its id, for a list leaves the parameters out."""
        with azure_errors(f"read job schedule {link_id}", needs=NEEDS):
            try:
                found = self._client.job_schedule.get(*self._at, link_id)
            except ResourceNotFoundError:
                return None
        return _link(link_id, found)

    def put_link(self, link: ScheduleLink) -> None:
        """Create the link."""
        wanted = m.JobScheduleCreateParameters(
            properties=m.JobScheduleCreateProperties(
                schedule=m.ScheduleAssociationProperty(name=link.schedule),
                runbook=m.RunbookAssociationProperty(name=link.runbook),
                run_on=link.worker_group,
                parameters={PARAMETER: link.parameter},
            )
        )
        with azure_errors(f"link schedule {link.schedule} to runbook {link.runbook}", needs=NEEDS):
            self._client.job_schedule.create(*self._at, link.link_id, wanted)

    def delete_link(self, link_id: str) -> None:
        """Delete the link; one that is gone is no error."""
        with azure_errors(f"delete job schedule {link_id}", needs=NEEDS):
            try:
                self._client.job_schedule.delete(*self._at, link_id)
            except ResourceNotFoundError:
                return


def _record(found: m.Runbook) -> RunbookRecord:
    properties = found.properties or m.RunbookProperties()
    return RunbookRecord(
        name=found.name or "",
        state=word(properties.state),
        kind=word(properties.runbook_type),
        runtime=properties.runtime_environment or "",
        tags=dict(found.tags or {}),
    )


def _schedule(name: str, found: m.Schedule) -> ScheduleRecord:
    properties = found.properties or m.ScheduleProperties()
    if properties.start_time is None:
        raise Failed("schedule-refused", f"Schedule {name} has no start.", hint="Delete it, then run again.")
    return ScheduleRecord(
        name=name,
        unit=word(properties.frequency),
        every=int(properties.interval or 1),
        start=properties.start_time,
        enabled=bool(properties.is_enabled),
    )


def _link(link_id: str, found: m.JobSchedule) -> ScheduleLink:
    properties = found.properties or m.JobScheduleProperties()
    return ScheduleLink(
        link_id=link_id,
        schedule=(properties.schedule.name if properties.schedule else "") or "",
        runbook=(properties.runbook.name if properties.runbook else "") or "",
        worker_group=properties.run_on or "",
        parameter=(properties.parameters or {}).get(PARAMETER, ""),
    )


def word(value: object) -> str:
    """Return Azure's own word: the SDK's enums print differently from one Python to the next."""
    return str(getattr(value, "value", value) or "")
