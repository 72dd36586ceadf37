"""Which operation a storage request is, by Azure's names, and which rights it needs: the tables below are the rule.

A right is (action, is it a data action); an operation needs one of its rights. `{write}` and the like are short for
the full action below the service's prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_PREFIX = {
    "blob": "Microsoft.Storage/storageAccounts/blobServices/",
    "queue": "Microsoft.Storage/storageAccounts/queueServices/",
    "table": "Microsoft.Storage/storageAccounts/tableServices/",
}
_BLOBS, _MESSAGES, _ENTITIES = "containers/blobs/", "queues/messages/", "tables/entities/"
_READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Operation:
    """One operation: its name (`blob.PutBlob`), whether it changes something, and the rights of which one is needed."""

    name: str
    changes: bool
    rights: tuple[tuple[str, bool], ...]


# (method, comp) -> name, actions; the level says how much of the path is there.
_BLOB_SERVICE = {
    ("GET", "list"): ("ListContainers", "containers/read"),
    ("GET", "properties"): ("GetBlobServiceProperties", "read"),
    ("PUT", "properties"): ("SetBlobServiceProperties", "write"),
    ("GET", "stats"): ("GetBlobServiceStats", "read"),
    ("POST", "userdelegationkey"): ("GetUserDelegationKey", "generateUserDelegationKey/action"),
    ("POST", "batch"): ("Batch", f"{_BLOBS}delete"),
    ("GET", "blobs"): ("FindBlobsByTags", f"{_BLOBS}filter/action"),
}
_CONTAINER = {
    ("PUT", ""): ("CreateContainer", "containers/write"),
    ("DELETE", ""): ("DeleteContainer", "containers/delete"),
    ("GET", ""): ("GetContainerProperties", "containers/read"),
    ("GET", "metadata"): ("GetContainerMetadata", "containers/read"),
    ("PUT", "metadata"): ("SetContainerMetadata", "containers/write"),
    ("PUT", "lease"): ("LeaseContainer", "containers/write"),
    ("GET", "list"): ("ListBlobs", f"{_BLOBS}read"),
    ("GET", "acl"): ("GetContainerACL", "containers/getAcl/action"),
    ("PUT", "acl"): ("SetContainerACL", "containers/setAcl/action"),
    ("POST", "batch"): ("Batch", f"{_BLOBS}delete"),
}
_WRITE = f"{_BLOBS}write"
_BLOB = {
    ("GET", ""): ("GetBlob", f"{_BLOBS}read"),
    ("HEAD", ""): ("GetBlobProperties", f"{_BLOBS}read"),
    ("GET", "metadata"): ("GetBlobMetadata", f"{_BLOBS}read"),
    ("GET", "blocklist"): ("GetBlockList", f"{_BLOBS}read"),
    ("GET", "tags"): ("GetBlobTags", f"{_BLOBS}tags/read"),
    ("PUT", ""): ("PutBlob", f"{_WRITE}|{_BLOBS}add/action"),
    ("PUT", "block"): ("PutBlock", _WRITE),
    ("PUT", "blocklist"): ("PutBlockList", _WRITE),
    ("PUT", "appendblock"): ("AppendBlock", f"{_WRITE}|{_BLOBS}add/action"),
    ("PUT", "page"): ("PutPage", _WRITE),
    ("PUT", "metadata"): ("SetBlobMetadata", _WRITE),
    ("PUT", "properties"): ("SetBlobProperties", _WRITE),
    ("PUT", "tags"): ("SetBlobTags", f"{_BLOBS}tags/write"),
    ("PUT", "tier"): ("SetBlobTier", _WRITE),
    ("PUT", "snapshot"): ("SnapshotBlob", _WRITE),
    ("PUT", "lease"): ("LeaseBlob", _WRITE),
    ("PUT", "copy"): ("AbortCopyBlob", _WRITE),
    ("DELETE", ""): ("DeleteBlob", f"{_BLOBS}delete"),
}
_QUEUE_SERVICE = {
    ("GET", "list"): ("ListQueues", "queues/read"),
    ("GET", "properties"): ("GetQueueServiceProperties", "read"),
    ("PUT", "properties"): ("SetQueueServiceProperties", "write"),
}
_QUEUE = {
    ("PUT", ""): ("CreateQueue", "queues/write"),
    ("DELETE", ""): ("DeleteQueue", "queues/delete"),
    ("GET", "metadata"): ("GetQueueMetadata", "queues/read"),
    ("PUT", "metadata"): ("SetQueueMetadata", "queues/write"),
}
_MESSAGE = {
    ("POST", ""): ("PutMessage", f"{_MESSAGES}add/action|{_MESSAGES}write"),
    ("GET", ""): ("GetMessages", f"{_MESSAGES}process/action"),
    ("DELETE", ""): ("ClearMessages", f"{_MESSAGES}delete"),
}
_ONE_MESSAGE = {
    ("DELETE", ""): ("DeleteMessage", f"{_MESSAGES}delete|{_MESSAGES}process/action"),
    ("PUT", ""): ("UpdateMessage", f"{_MESSAGES}write"),
}


def blob_operation(
    method: str, path: list[str], query: Mapping[str, str], headers: Mapping[str, str]
) -> Operation | None:
    """Return the blob operation of a request below the account, or None."""
    comp = query.get("comp", "").lower()
    if not path:
        return _found("blob", _BLOB_SERVICE, method, comp)
    if len(path) == 1 or query.get("restype") == "container":
        return _leased(_found("blob", _CONTAINER, method, comp), headers)
    operation = _found("blob", _BLOB, method, comp)
    if operation and operation.name == "blob.PutBlob" and "x-ms-copy-source" in headers:
        return Operation("blob.CopyBlob", True, operation.rights)
    return _leased(operation, headers)


def queue_operation(
    method: str, path: list[str], query: Mapping[str, str], _headers: Mapping[str, str]
) -> Operation | None:
    """Return the queue operation of a request below the account, or None."""
    comp = query.get("comp", "").lower()
    if query.get("peekonly", "").lower() == "true":
        return Operation("queue.PeekMessages", False, _rights("queue", f"{_MESSAGES}read"))
    table = (_QUEUE_SERVICE, _QUEUE, _MESSAGE, _ONE_MESSAGE)[min(len(path), 3)]
    operation = _found("queue", table, method, comp)
    if operation and operation.name == "queue.GetMessages":
        return Operation(operation.name, True, operation.rights)  # it hides them, and counts
    return operation


def table_operation(
    method: str, path: list[str], query: Mapping[str, str], headers: Mapping[str, str]
) -> Operation | None:
    """Return the table operation of a request below the account, or None."""
    target, comp = (path[0] if path else ""), query.get("comp", "")
    if not target or comp:
        verb = "GetTableServiceProperties" if method == "GET" else "SetTableServiceProperties"
        return Operation(
            f"table.{verb}", method != "GET", _rights("table", "read" if method == "GET" else "write")
        )
    if target == "$batch":
        return Operation("table.Transaction", True, ())  # the rights are those of its parts
    if target.split("(")[0] == "Tables":
        return _tables(method)
    return _entities(method, "(" in target and not target.endswith("()"), "if-match" in headers)


def _tables(method: str) -> Operation | None:
    verbs = {
        "GET": ("QueryTables", "read"),
        "POST": ("CreateTable", "write"),
        "DELETE": ("DeleteTable", "delete"),
    }
    if method not in verbs:
        return None
    name, right = verbs[method]
    return Operation(f"table.{name}", method != "GET", _rights("table", f"tables/{right}"))


def _entities(method: str, keyed: bool, conditional: bool) -> Operation | None:
    if method in ("PUT", "PATCH", "MERGE"):
        kind = "Update" if method == "PUT" else "Merge"
        name = f"{kind}Entity" if conditional else f"InsertOr{kind.replace('Update', 'Replace')}Entity"
        right = "write|{e}update/action" if conditional else "write"
        return Operation(f"table.{name}", True, _rights("table", _ENTITIES + right.replace("{e}", _ENTITIES)))
    if method in _READS:
        return Operation(
            f"table.{'GetEntity' if keyed else 'QueryEntities'}", False, _rights("table", f"{_ENTITIES}read")
        )
    if method == "POST":
        return Operation(
            "table.InsertEntity", True, _rights("table", f"{_ENTITIES}write|{_ENTITIES}add/action")
        )
    if method == "DELETE":
        return Operation("table.DeleteEntity", True, _rights("table", f"{_ENTITIES}delete"))
    return None


def _found(
    service: str, table: Mapping[tuple[str, str], tuple[str, str]], method: str, comp: str
) -> Operation | None:
    row = table.get((method, comp)) or (table.get(("GET", comp)) if method == "HEAD" else None)
    if row is None:
        return None
    return Operation(f"{service}.{row[0]}", method not in _READS, _rights(service, row[1]))


def _leased(operation: Operation | None, headers: Mapping[str, str]) -> Operation | None:
    if operation is None or "Lease" not in operation.name:
        return operation
    verb = headers.get("x-ms-lease-action", "acquire").capitalize()
    container = "Container" if "Container" in operation.name else ""
    return Operation(f"blob.{verb}{container}Lease", True, operation.rights)


def _rights(service: str, actions: str) -> tuple[tuple[str, bool], ...]:
    return tuple((_PREFIX[service] + action, _is_data(action)) for action in actions.split("|"))


def _is_data(action: str) -> bool:
    return action.startswith((_BLOBS, _MESSAGES, _ENTITIES))
