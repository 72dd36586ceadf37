"""An Automation account with a worker on a stack: the few resources that runbooks and jobs need."""

from __future__ import annotations

import base64
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azure.core.credentials import TokenCredential
from azure.identity import ClientSecretCredential
from azure.mgmt.automation import AutomationClient
from azure.mgmt.automation import models as m

from demo.arm import Arm
from local_stack.threaded import ThreadedStack
from tests.builders.signing import KEY
from vibedata.settings import Settings

LOCATION = "westeurope"
GROUP = "group"
WORKERS = "vibedata-workers"
SERVICES = ("identity", "arm", "automation", "run_command")
ENDED = {"Completed", "Failed", "Stopped", "Suspended"}


@dataclass
class Account:
    """One account in a subscription of its own, with its worker VM."""

    stack: ThreadedStack
    arm: Arm
    id: str
    vm_id: str
    settings: Settings
    credential: TokenCredential

    @property
    def client(self) -> AutomationClient:
        """The real management client, as the deployer."""
        return AutomationClient(
            self.credential,
            self.arm.subscription_id,
            base_url=self.stack.addresses.url("arm"),
            polling_interval=0.05,
        )

    @property
    def at(self) -> tuple[str, str]:
        """Group and account, as the client's calls begin."""
        return GROUP, self.settings.automation_account

    def publish(self, name: str, text: str) -> None:
        """Publish a Python runbook."""
        self.client.runbook.create_or_update(
            *self.at,
            name,
            m.RunbookCreateOrUpdateParameters(
                name=name,
                location=LOCATION,
                properties=m.RunbookCreateOrUpdateProperties(
                    runbook_type="Python", runtime_environment="Python-3.10"
                ),
            ),
        )
        self.client.runbook_draft.begin_replace_content(*self.at, name, text).result()
        self.client.runbook.begin_publish(*self.at, name).result()

    def start(self, runbook: str, *, run_on: str = WORKERS, **parameters: str) -> str:
        """Start a job under a new GUID, which is returned."""
        name = str(uuid.uuid4())
        self.client.job.create(*self.at, name, job(runbook, run_on, parameters))
        return name

    def wait(self, name: str, *statuses: str, seconds: float = 60) -> m.JobProperties:
        """Wait until the job has one of these statuses (default: has ended) and return its properties."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.client.job.get(*self.at, name).properties
            assert found is not None
            if found.status in (statuses or ENDED):
                return found
            assert time.monotonic() < deadline, f"job is still {found.status}: {found.exception}"
            time.sleep(0.05)

    def run(self, text: str, **parameters: str) -> tuple[str, m.JobProperties]:
        """Publish a text, run it as a job to its end, and return the job's name and properties."""
        self.publish("sample", text)
        name = self.start("sample", **parameters)
        return name, self.wait(name)

    def as_application(self, client_id: str, secret: str) -> TokenCredential:
        """Return the credential of another application."""
        return application(self.stack, client_id, secret)

    def output(self, name: str) -> str:
        """Return the job's output."""
        return self.client.job.get_output(*self.at, name) or ""


def job(runbook: str, run_on: str, parameters: dict[str, str]) -> m.JobCreateParameters:
    """Return the body that starts a job."""
    return m.JobCreateParameters(
        properties=m.JobCreateProperties(
            runbook=m.RunbookAssociationProperty(name=runbook), run_on=run_on, parameters=parameters
        )
    )


def account(stack: ThreadedStack, *, environment: str = "", worker: bool = True) -> Account:
    """Seed an account; `environment` is written to the VM's /etc/environment by cloud-config."""
    credential = deployer(stack)
    arm = Arm(stack.addresses.url("arm"), credential, str(uuid.uuid4()))
    group = arm.group(GROUP, LOCATION)
    account_id = f"{group}/providers/Microsoft.Automation/automationAccounts/aa-test"
    uami = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/uami"
    vm_id = f"{group}/providers/Microsoft.Compute/virtualMachines/vm-worker"
    arm.put(account_id, location=LOCATION, properties={"sku": {"name": "Basic"}})
    client_id = arm.put(uami, location=LOCATION)["properties"]["clientId"]
    config = "#cloud-config\nwrite_files:\n- path: /etc/environment\n  content: |\n" + "".join(
        f"    {line}\n" for line in environment.splitlines()
    )
    arm.put(
        vm_id,
        location=LOCATION,
        identity={"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {uami: {}}},
        properties={"osProfile": {"customData": base64.b64encode(config.encode()).decode()}},
    )
    arm.put(f"{account_id}/hybridRunbookWorkerGroups/{WORKERS}", properties={})
    found = Account(stack, arm, account_id, vm_id, _settings(stack, arm, client_id), credential)
    if worker:
        add_worker(found)
    return found


def add_worker(account: Account) -> str:
    """Register the VM as a hybrid worker and return the worker's id."""
    worker_id = str(uuid.uuid4())
    account.arm.put(
        f"{account.id}/hybridRunbookWorkerGroups/{WORKERS}/hybridRunbookWorkers/{worker_id}",
        properties={"vmResourceId": account.vm_id},
    )
    return worker_id


def deployer(stack: ThreadedStack) -> ClientSecretCredential:
    """Return the credential of the stack's deployer."""
    return application(stack, stack.deployer["client_id"], stack.deployer["client_secret"])


def application(stack: ThreadedStack, client_id: str, secret: str) -> ClientSecretCredential:
    """Return the credential of an application of the stack's tenant."""
    return ClientSecretCredential(
        stack.tenant_id,
        client_id,
        secret,
        authority=stack.addresses.url("identity"),
        disable_instance_discovery=True,
    )


@contextmanager
def trusting(stack: ThreadedStack) -> Iterator[None]:
    """Let this process's clients trust the stack for a while, and nobody else."""
    names = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE")
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ.update({name: str(stack.ca_file) for name in names[:2]})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def own_stack(directory: Path) -> Iterator[ThreadedStack]:
    """A stack of these services alone, for tests that stop or bend it."""
    with ThreadedStack(directory, services=SERVICES) as stack, trusting(stack):
        yield stack


def _settings(stack: ThreadedStack, arm: Arm, client_id: str) -> Settings:
    unused = "https://127.0.0.1:1/unused"
    return Settings(
        tenant_id=stack.tenant_id,
        subscription_id=arm.subscription_id,
        resource_group=GROUP,
        instance_id="test",
        name_suffix="abcdefghij234",
        uami_client_id=client_id,
        automation_account="aa-test",
        worker_group=WORKERS,
        customer_registry="127.0.0.1:1",
        customer_registry_name="unused",
        publisher_registry="127.0.0.1:1",
        release_keys=[str(KEY.key)],
        image_tag="day0",
        blob_endpoint=unused,
        table_endpoint=unused,
        logs_ingestion_endpoint=unused,
        dcr_immutable_id="dcr-unused",
        log_workspace_id="unused",
        arm_endpoint=stack.addresses.url("arm"),
    )
