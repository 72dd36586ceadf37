"""The whole state of every service and of the worker, read from the files of a stack that is down.

Names, ports and ids are those of the prepared state, so the stores can be compared value by value. What no two runs
share is left out by `comparing.py`, and by nothing else.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def everything(root: Path) -> Row:
    """Return the state below `root` (`stack/` and `worker/`) as plain data."""
    stack = root / "stack"
    with sqlite3.connect(stack / "stack.db") as db:
        state: Row = {"stores": _documents(db), "logs": _log_rows(db)}
    db.close()
    storage = stack / "files" / "storage"
    state["tables"] = _tables(storage)
    state["blobs"] = _blobs(storage)
    state["queues"] = _loki(storage / "__azurite_db_queue__.json")
    state["registries"] = dict(_files(stack / "files" / "oci_registry"))
    state["machine"] = dict(_files(stack / "vms"))
    state["worker"] = dict(_files(root / "worker"))
    return state


def _documents(db: sqlite3.Connection) -> Row:
    found: Row = {}
    for collection, key, value in db.execute("SELECT collection, key, value FROM documents ORDER BY 1, 2"):
        kept = json.loads(value)
        name = NAMES.get(collection, lambda key, _: key)(key, kept)
        while name in found.setdefault(collection, {}):
            name += " again"
        found[collection][name] = kept
    return found


def _job(key: str, job: Row) -> str:
    """Name a job by what it ran and how it ended: its own name holds the attempt."""
    return f"{job['runbook']} {job['status']}" + ("" if job["status"] == "Completed" else f" {key}")


def _command(key: str, command: Row) -> str:
    """Name a Run Command's parameters, which ARM keeps as a list."""
    properties = command["properties"]
    properties["parameters"] = {one["name"]: one["value"] for one in properties["parameters"]}
    return key


NAMES = {"automation/jobs": _job, "run_command/commands": _command}


def _log_rows(db: sqlite3.Connection) -> Row:
    """Return the operations rows as every reader sees them: one for each EventId, the newest."""
    rows: Row = {}
    for (text,) in db.execute("SELECT row FROM log_rows ORDER BY time"):
        row = json.loads(text)
        names = (row[key] for key in ("Operation", "Component", "Status", "ErrorCode", "EventId"))
        rows[" ".join(map(str, names))] = row
    return rows


def _loki(file: Path) -> Row:
    """Return the collections of one of Azurite's databases."""
    if not file.exists():
        return {}
    document = json.loads(file.read_text("utf-8"))
    return {collection["name"]: collection["data"] for collection in document["collections"]}


def _tables(storage: Path) -> Row:
    found: Row = {}
    for name, rows in _loki(storage / "__azurite_db_table__.json").items():
        if name == "$TABLES_COLLECTION$":
            found["tables"] = sorted(f"{row['account']}/{row['table']}" for row in rows)
        elif not name.startswith("$"):
            table = name.partition("$")[2]
            found[table] = {f"{row['PartitionKey']}/{row['RowKey']}": row["properties"] for row in rows}
    return found


def _blobs(storage: Path) -> Row:
    collections = _loki(storage / "__azurite_db_blob__.json")
    return {
        "containers": sorted(row["name"] for row in collections.get("$CONTAINERS_COLLECTION$", [])),
        "uncommitted": [row["name"] for row in collections.get("$BLOCKS_COLLECTION$", [])],
        "blobs": {
            f"{row['containerName']}/{row['name']}{row.get('snapshot') or ''}": {
                "sha256": hashlib.sha256(_content(storage, row)).hexdigest(),
                "type": row["properties"].get("contentType"),
                "bytes": row["properties"]["contentLength"],
                "metadata": row.get("metadata"),
            }
            for row in collections.get("$BLOBS_COLLECTION$", [])
        },
    }


def _content(storage: Path, blob: Row) -> bytes:
    chunks = [block["persistency"] for block in blob.get("committedBlocksInOrder") or []]
    if blob.get("persistency"):
        chunks.append(blob["persistency"])
    parts = []
    for chunk in chunks:
        with (storage / "__blobstorage__" / chunk["id"]).open("rb") as file:
            file.seek(chunk["offset"])
            parts.append(file.read(chunk["count"]))
    return b"".join(parts)


def _files(top: Path) -> Iterator[tuple[str, str]]:
    """Yield every path below `top` with what it is: a directory, a link's target, or mode and size of a file."""
    for path in sorted(top.rglob("*")):
        name = str(path.relative_to(top))
        facts = path.lstat()
        if path.is_symlink():
            yield name, f"link to {path.readlink()}"
        elif path.is_dir():
            yield name, f"directory {facts.st_mode & 0o7777:o}"
        else:
            yield name, f"file {facts.st_mode & 0o7777:o} {facts.st_size}"
