"""What a run left or said, and who saw its secrets: gathered to be looked through."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from demo.instance import Instance
from local_stack.threaded import ThreadedStack
from tests.contents import content
from tests.environment import deployer
from tests.hostile.watching import Sampler, Secrets, Seen, files_below
from tests.journeys.state import everything

# What may keep a secret, and why. Everything else may not.
KEEPERS = {
    "key_vault/secrets:": "the vault is where the publisher's password and the instance's own secrets live",
}


KEEPER_FILES = {
    "keys": "the stack's own signing keys and CA, as a cloud has them; no client reads them but ca.pem",
    "deployer.json": "the deployer's own copy of its client secret",
    "stack.db": "read row by row below, so that its keepers can be told from the rest",
    "stack.db-wal": "the same",
    "stack.db-shm": "the same",
}


# The agent hands the publisher's password to the Run Command's script by environment (protectedParameters), so the
# agent's own processes and the script have it in what they were started with. What the script starts must not.
AGENT = (b"supervisor.py", b"script.sh")


@dataclass
class Evidence:
    """Everything that a run left or said, by where it is."""

    texts: dict[str, bytes] = field(default_factory=dict)

    def add(self, where: str, what: Any) -> None:
        text = what if isinstance(what, bytes) else str(what).encode(errors="surrogateescape")
        self.texts[f"{where} #{len(self.texts)}"] = text

    def leaks(self, known: Secrets) -> dict[str, set[str]]:
        """Return where something is found, and what."""
        needles = known.needles()
        found = {}
        for where, text in self.texts.items():
            here = {what for needle, what in needles.items() if needle in text}
            if here:
                found[where] = here
        return found


class Logged(logging.Handler):
    """Everything that any library logs in this process, the stack's services among them."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@dataclass
class Run:
    """One run under watch: what was secret, what was logged, which processes there were."""

    known: Secrets
    logged: Logged
    sampler: Sampler = field(default_factory=Sampler)
    instance: Any = None
    done: Any = None


@contextmanager
def watched(stack: ThreadedStack) -> Iterator[Run]:
    """Watch until the block ends; the stack tells every token that it makes."""
    run = Run(Secrets(), Logged())
    run.known.add("the deployer's client secret", stack.deployer["client_secret"])
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(run.logged)
    root.setLevel(logging.DEBUG)
    stack.ctx.tokens.watchers.append(run.known.add_token)
    try:
        with run.sampler.watching():
            yield run
    finally:
        stack.ctx.tokens.watchers.remove(run.known.add_token)
        root.removeHandler(run.logged)
        root.setLevel(level)


def store_rows(stack: ThreadedStack, evidence: Evidence) -> None:
    for collection, key, value in stack.ctx.store.execute("SELECT collection, key, value FROM documents"):
        if not any(collection.startswith(keeper) for keeper in KEEPERS):
            evidence.add(f"store {collection}", f"{key} {value}")
    for row in stack.ctx.store.execute("SELECT * FROM writes"):
        evidence.add("write log", row)


def served(stack: ThreadedStack, instance: Instance, evidence: Evidence) -> None:
    """Read blobs and tables as a client does, and what ARM shows of the Run Commands."""
    everything(stack, instance)  # gives the deployer the roles to read
    credential = deployer(stack)
    blobs = BlobServiceClient(instance.settings.blob_endpoint, credential=credential)
    for container in blobs.list_containers():
        client = blobs.get_container_client(container.name)
        for blob in client.list_blobs(include=["metadata", "tags"]):
            evidence.add(f"blob {container.name}/{blob.name}", client.download_blob(blob.name).readall())
            evidence.add("blob metadata", dict(blob))
    tables = TableServiceClient(instance.settings.table_endpoint, credential=credential)
    for table in tables.list_tables():
        for entity in tables.get_table_client(table.name).list_entities():
            evidence.add(f"table {table.name}", dict(entity))


def files(stack: ThreadedStack, instance: Instance, evidence: Evidence) -> None:
    """Read what lies on disk: the worker's, then the stack's own. Bundles are compared with what was packed."""
    for path in files_below([instance.home], leave=[instance.home / "bundles"]):
        evidence.add(f"worker {path}", content(path))
    leave = [stack.directory / name for name in (*KEEPER_FILES, "files/oci_registry")]
    for path in files_below([stack.directory], leave=leave):
        evidence.add(f"stack {path}", content(path))


def processes(run: Run, cli_words: bytes) -> dict[str, set[str]]:
    """Return the processes that were started with a secret and may not be."""
    found: dict[str, set[str]] = {}
    persons = {seen.pid for seen in run.sampler.seen if cli_words in seen.argv}
    for seen in run.sampler.seen:
        words, around = run.known.found_in(seen.argv), run.known.found_in(seen.environment)
        if is_agents(seen, run.sampler.seen):
            around -= {"the publisher's password"}
        if seen.pid in persons:  # who signs in gives it by environment, as Azure's SDKs want it
            around -= {"the deployer's client secret"}
        if words | around:
            found[f"{seen.pid} {seen.argv[:300]!r}"] = words | around
    return found


def is_agents(seen: Seen, everything: set[Seen]) -> bool:
    """Tell the agent's processes and the script itself from what the script starts.

    A child of the script looks like the script until it becomes another program; one that never does is no child
    of its own, but a copy, and has all that the script was started with.
    """
    scripts = {
        one.pid
        for one in everything
        if b"-I\0" in one.argv and b"script.sh" in one.argv and b"supervisor.py" not in one.argv
    }
    became_another = any(one.pid == seen.pid and b"script.sh" not in one.argv for one in everything)
    return any(word in seen.argv for word in AGENT) and (seen.parent not in scripts or became_another)
