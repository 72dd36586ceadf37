"""The resource types behind the logs: what a PUT of each must hold, and the properties that Azure adds."""

from __future__ import annotations

import uuid
from typing import Any

from local_stack.core.arm_ids import name_of, parent_of
from local_stack.core.context import Context
from local_stack.logs import columns
from local_stack.logs.errors import invalid_resource
from local_stack.logs.state import Logs

Body = dict[str, Any]


class Workspaces:
    """Log Analytics workspaces."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def put(self, _resource_id: str, body: Body, previous: Body | None) -> Body:
        known = (previous or {}).get("properties", {})
        properties = {
            "sku": {"name": "PerGB2018"},
            "retentionInDays": 30,
            "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled",
            **(body.get("properties") or {}),
            "customerId": known.get("customerId") or str(uuid.uuid4()),
            "createdDate": known.get("createdDate") or self._ctx.clock.now().isoformat(),
            "provisioningState": "Succeeded",
        }
        return {**body, "properties": properties}

    async def delete(self, _resource_id: str) -> None:
        """A workspace's tables go with it, as ARM deletes children."""


class Tables:
    """Custom tables of a workspace."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    async def put(self, resource_id: str, body: Body, _previous: Body | None) -> Body:
        name = name_of(resource_id)
        properties = body.get("properties") or {}
        schema = properties.get("schema") or {}
        _check_table(name, schema)
        full = {**schema, "tableType": "CustomLog", "tableSubType": "DataCollectionRuleBased"}
        return {
            **body,
            "properties": {
                "plan": "Analytics",
                "retentionInDays": 30,
                "totalRetentionInDays": 30,
                **properties,
                "schema": full,
                "provisioningState": "Succeeded",
            },
        }

    async def delete(self, resource_id: str) -> None:
        self._logs.drop(parent_of(resource_id), name_of(resource_id))


class Endpoints:
    """Data collection endpoints: all of them are the stack's one ingestion listener."""

    def __init__(self, ctx: Context, logs: Logs) -> None:
        self._ctx = ctx
        self._logs = logs

    async def put(self, resource_id: str, body: Body, previous: Body | None) -> Body:
        known = (previous or {}).get("properties", {})
        properties = {
            "networkAcls": {"publicNetworkAccess": "Enabled"},
            **(body.get("properties") or {}),
            "immutableId": known.get("immutableId") or self._logs.immutable_id("dce", resource_id),
            "logsIngestion": {"endpoint": self._ctx.addresses.url("logs_ingestion")},
            "provisioningState": "Succeeded",
        }
        return {**body, "properties": properties}

    async def delete(self, _resource_id: str) -> None:
        """Nothing stands behind one."""


class Rules:
    """Data collection rules."""

    def __init__(self, ctx: Context, logs: Logs) -> None:
        self._ctx = ctx
        self._logs = logs

    async def put(self, resource_id: str, body: Body, previous: Body | None) -> Body:
        known = (previous or {}).get("properties", {})
        direct = body.get("kind") == "Direct"
        if previous and direct != (previous.get("kind") == "Direct"):
            raise invalid_resource("InvalidKind", "The kind of a data collection rule cannot be changed.")
        properties = dict(body.get("properties") or {})
        self._check(properties, direct)
        properties["immutableId"] = known.get("immutableId") or self._logs.immutable_id("dcr", resource_id)
        properties["provisioningState"] = "Succeeded"
        if direct:
            properties["endpoints"] = {"logsIngestion": self._ctx.addresses.url("logs_ingestion")}
        return {**body, "properties": properties}

    async def delete(self, resource_id: str) -> None:
        rule = self._ctx.resources.get(resource_id)
        if rule:
            self._logs.forget(rule["properties"]["immutableId"])

    def _check(self, properties: Body, direct: bool) -> None:
        endpoint = properties.get("dataCollectionEndpointId")
        if endpoint and self._ctx.resources.get(endpoint) is None:
            raise _bad_rule(f"The data collection endpoint '{endpoint}' does not exist.")
        if not endpoint and not direct:
            raise _bad_rule("A rule that takes logs needs a dataCollectionEndpointId, or the kind Direct.")
        streams = properties.get("streamDeclarations") or {}
        for name, stream in streams.items():
            if not name.startswith("Custom-"):
                raise _bad_rule(f"The stream '{name}' must start with 'Custom-'.")
            _check_columns(name, stream.get("columns") or [])
        found = (properties.get("destinations") or {}).get("logAnalytics") or []
        targets = {row["name"]: row["workspaceResourceId"] for row in found}
        for flow in properties.get("dataFlows") or []:
            self._check_flow(flow, set(streams), targets)

    def _check_flow(self, flow: Body, streams: set[str], targets: dict[str, str]) -> None:
        for stream in set(flow.get("streams") or []) - streams:
            raise _bad_rule(f"The stream '{stream}' is not declared.")
        if flow.get("transformKql", "source").strip() != "source":
            raise _bad_rule("The local stack transforms nothing: transformKql must be 'source'.")
        table = str(flow.get("outputStream", "")).removeprefix("Custom-")
        for destination in flow.get("destinations") or []:
            if destination not in targets:
                raise _bad_rule(f"The destination '{destination}' is not declared.")
            if self._logs.table(targets[destination], table) is None:
                raise _bad_rule(
                    f"Table for output stream 'Custom-{table}' is not available for '{destination}'."
                )


def _bad_rule(message: str) -> Exception:
    return invalid_resource("InvalidPayload", f"Data collection rule is invalid: {message}")


def _check_table(name: str, schema: Body) -> None:
    if not name.endswith("_CL"):
        raise invalid_resource("InvalidParameter", f"The custom table '{name}' must end with '_CL'.")
    if schema.get("name") != name:
        raise invalid_resource("InvalidParameter", f"The schema's name must be the table's, '{name}'.")
    _check_columns(name, schema.get("columns") or [])
    if not any(
        c["name"] == "TimeGenerated" and columns.normal(c["type"]) == "datetime" for c in schema["columns"]
    ):
        raise invalid_resource(
            "InvalidParameter", f"The table '{name}' needs a dateTime column TimeGenerated."
        )


def _check_columns(owner: str, declared: list[Body]) -> None:
    for column in declared:
        name = str(column.get("name", ""))
        fine = name[:1].isalpha() and len(name) <= 45 and name.replace("_", "a").isalnum() and name.isascii()
        if not fine or name in (
            "id",
            "TenantId",
            "Type",
            "UniqueId",
            "Title",
            "_ResourceId",
            "_SubscriptionId",
        ):
            raise invalid_resource("InvalidParameter", f"{owner}: '{name}' is no valid column name.")
        if columns.normal(str(column.get("type", ""))) not in columns.TYPES:
            raise invalid_resource("InvalidParameter", f"{owner}: '{name}' has no valid type.")
