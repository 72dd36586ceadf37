"""A workspace with our table, a collection endpoint and rule, and an application with roles on them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient

from local_stack.core import Principal
from local_stack.threaded import ThreadedStack
from vibedata.operations_table import data_flows, stream_declarations, table, table_schema

VERSION = "2024-03-11"


@dataclass
class Instance:
    """What was seeded, and who may use it."""

    stack: ThreadedStack
    arm: ResourceManagementClient
    group: str
    workspace: dict
    rule: dict
    endpoint: dict
    principal: Principal
    credential: ClientSecretCredential

    @property
    def rule_id(self) -> str:
        return self.rule["properties"]["immutableId"]

    @property
    def customer_id(self) -> str:
        return self.workspace["properties"]["customerId"]

    @property
    def ingestion_url(self) -> str:
        return self.endpoint["properties"]["logsIngestion"]["endpoint"]

    @property
    def query_url(self) -> str:
        return self.stack.addresses.url("logs_query") + "/v1"

    def assign(self, role: str, scope: str) -> None:
        name = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        self.stack.ctx.roles.assign(name, self.principal.oid, role, scope)


def credential(stack: ThreadedStack, client_id: str, secret: str) -> ClientSecretCredential:
    return ClientSecretCredential(
        stack.tenant_id,
        client_id,
        secret,
        authority=stack.addresses.url("identity"),
        disable_instance_discovery=True,
    )


def put(arm: ResourceManagementClient, resource_id: str, body: dict, version: str = VERSION) -> dict:
    poller = arm.resources.begin_create_or_update_by_id(
        resource_id, body, api_version=version, polling_interval=0
    )
    return dict(poller.result().as_dict())


def arm_client(stack: ThreadedStack, subscription: str) -> ResourceManagementClient:
    deployer = credential(stack, stack.deployer["client_id"], stack.deployer["client_secret"])
    return ResourceManagementClient(deployer, subscription, base_url=stack.addresses.url("arm"))


def seed(stack: ThreadedStack, *, roles: bool = True) -> Instance:
    subscription = str(uuid.uuid4())
    arm = arm_client(stack, subscription)
    arm.resource_groups.create_or_update("rg", {"location": "westeurope"})
    group = f"/subscriptions/{subscription}/resourceGroups/rg"
    workspace_id = f"{group}/providers/Microsoft.OperationalInsights/workspaces/law"
    workspace = put(arm, workspace_id, {"location": "westeurope"}, "2025-07-01")
    put(
        arm, f"{workspace_id}/tables/{table().name}", {"properties": {"schema": table_schema()}}, "2025-07-01"
    )
    endpoint_id = f"{group}/providers/Microsoft.Insights/dataCollectionEndpoints/dce"
    endpoint = put(arm, endpoint_id, {"location": "westeurope"})
    rule_id = f"{group}/providers/Microsoft.Insights/dataCollectionRules/dcr"
    rule = put(arm, rule_id, rule_body(workspace_id, endpoint_id))
    principal, secret = stack.create_application(f"app-{subscription[:8]}")
    instance = Instance(
        stack,
        arm,
        group,
        workspace,
        rule,
        endpoint,
        principal,
        credential(stack, principal.app_id, secret),
    )
    if roles:
        instance.assign("Monitoring Metrics Publisher", rule_id)
        instance.assign("Log Analytics Reader", workspace_id)
    return instance


def rule_body(workspace_id: str, endpoint_id: str, **changes: object) -> dict:
    properties = {
        "dataCollectionEndpointId": endpoint_id,
        "streamDeclarations": stream_declarations(),
        "destinations": {"logAnalytics": [{"workspaceResourceId": workspace_id, "name": "law"}]},
        "dataFlows": data_flows("law"),
        **changes,
    }
    return {"location": "westeurope", "properties": properties}


def vault_body(tenant_id: str, **more: object) -> dict:
    properties = {"tenantId": tenant_id, "sku": {"family": "A", "name": "standard"}, **more}
    return {"location": "westeurope", "properties": properties}
