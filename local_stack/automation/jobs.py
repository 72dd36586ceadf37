"""Jobs as data: what was asked, how it stands, what it wrote. The runner moves them along."""

from __future__ import annotations

import re
from typing import Any

from local_stack.automation.errors import bad_request, conflict, not_found
from local_stack.automation.runbooks import Runbooks
from local_stack.automation.state import Account
from local_stack.core.context import Context

ENDED = ("Completed", "Failed", "Stopped", "Suspended")
UNDER_WAY = ("Activating", "Running", "Stopping")
PROVISIONING = {"Completed": "Succeeded", "Failed": "Failed", "Stopped": "Failed", "Suspended": "Suspended"}
MAX_PARAMETERS = 50
MAX_PARAMETER_CHARS = 512 * 1024
SUMMARY_CHARS = 256
PREFIXES = {"ERROR:": "Error", "WARNING:": "Warning", "VERBOSE:": "Verbose", "DEBUG:": "Debug"}
_CONDITION = re.compile(r"properties/(status|runbook/name|streamType) eq '([^']*)'")

Job = dict[str, Any]


class Jobs:
    """The jobs of all accounts, each under its account's id and its own name."""

    def __init__(self, ctx: Context, runbooks: Runbooks) -> None:
        self._ctx = ctx
        self._runbooks = runbooks
        self._jobs = ctx.store.collection("automation", "jobs")
        self._streams = ctx.store.collection("automation", "streams")

    def create(self, account: Account, name: str, given: dict[str, Any], started_by: str) -> Job:
        """Keep a new job. Raises WireError (Conflict, NotFound, BadRequest)."""
        key = account.key(name)
        if key in self._jobs:
            raise conflict("Job with specified id already exists.")
        runbook = self._runbook(account, given)
        now = self._ctx.clock.now().isoformat()
        job = {
            "key": key,
            "account": account.id,
            "name": name,
            "runbook": runbook["name"],
            "runtime": runbook["properties"].get("runtimeEnvironment", ""),
            "parameters": _parameters(given),
            "runOn": _run_on(given),
            "content": self._runbooks.published(account, runbook["name"]),
            "status": "New",
            "statusDetails": "None",
            "created": now,
            "changed": now,
            "startedBy": started_by,
            "restarts": 0,
        }
        self._jobs[key] = job
        return job

    def get(self, account: Account, name: str) -> Job:
        """Return a job. Raises WireError (NotFound)."""
        job: Job | None = self._jobs.get(account.key(name))
        if job is None:
            raise not_found("job", name)
        return job

    def all(self, account: Account, filter: str = "") -> list[Job]:
        """Return the account's jobs, newest first; `filter` as OData. Raises WireError (BadRequest)."""
        wanted = conditions(filter)
        rows = [job for _, job in self._jobs.prefixed(account.key(""))]
        rows.sort(key=lambda job: str(job["created"]), reverse=True)
        return [job for job in rows if _fits(job, wanted)]

    def unfinished(self) -> list[Job]:
        """Return the jobs that have not ended."""
        return [job for job in self._jobs.values() if job["status"] not in ENDED]

    def read(self, key: str) -> Job | None:
        """Return a job by its key; None when its account is gone."""
        job: Job | None = self._jobs.get(key)
        return job

    def change(self, key: str, **facts: Any) -> Job | None:
        """Change a job's facts; a job whose account is gone stays gone."""
        job = self.read(key)
        if job is None:
            return None
        now = self._ctx.clock.now().isoformat()
        job.update(facts, changed=now)
        if job["status"] in ENDED:
            job.setdefault("ended", now)
        self._jobs[key] = job
        return job

    def add_line(self, key: str, number: int, text: str) -> None:
        """Keep a line that a job wrote to its standard output, in the stream that its prefix names."""
        kind = next((PREFIXES[prefix] for prefix in PREFIXES if text.startswith(prefix)), "Output")
        now = self._ctx.clock.now().isoformat()
        self._streams[f"{key}/{number:08d}"] = {"type": kind, "text": text, "time": now}

    def lines(self, key: str, kind: str | None = None) -> list[tuple[str, dict[str, Any]]]:
        """Return a job's stream items with their ids, in order."""
        rows = self._streams.prefixed(key + "/")
        return [(name.rsplit("/", 1)[-1], item) for name, item in rows if kind in (None, item["type"])]

    def output(self, key: str) -> str:
        """Return what the job wrote to its output stream."""
        return "\n".join(item["text"] for _, item in self.lines(key, "Output"))

    def _runbook(self, account: Account, given: dict[str, Any]) -> dict[str, Any]:
        name = str((given.get("properties", {}).get("runbook") or {}).get("name") or "")
        if not name:
            raise bad_request("The job names no runbook.")
        runbook = self._runbooks.get(account, name)
        if runbook["properties"]["state"] == "New":
            raise bad_request(f"The runbook '{name}' has no published version.")
        return runbook


def conditions(filter: str) -> dict[str, str]:
    """Return what an OData filter asks for. Raises WireError (BadRequest) on an unknown form."""
    wanted: dict[str, str] = {}
    for part in filter.split(" and ") if filter.strip() else []:
        found = _CONDITION.fullmatch(part.strip(" ()"))
        if not found:
            raise bad_request(f"The filter '{part}' is not supported.")
        wanted[found[1]] = found[2]
    return wanted


def _fits(job: Job, wanted: dict[str, str]) -> bool:
    facts = {"status": job["status"], "runbook/name": job["runbook"]}
    return all(facts.get(name, "").lower() == value.lower() for name, value in wanted.items())


def _run_on(given: dict[str, Any]) -> str:
    run_on = str(given.get("properties", {}).get("runOn") or "")
    if not run_on:
        raise bad_request("The local stack has no cloud sandbox: name a hybrid worker group in 'runOn'.")
    return run_on


def _parameters(given: dict[str, Any]) -> dict[str, str]:
    parameters = given.get("properties", {}).get("parameters") or {}
    sound = isinstance(parameters, dict) and all(isinstance(value, str) for value in parameters.values())
    if not sound or len(parameters) > MAX_PARAMETERS:
        raise bad_request("Invalid runbook parameters.")
    if sum(len(name) + len(value) for name, value in parameters.items()) > MAX_PARAMETER_CHARS:
        raise bad_request("The runbook parameters are larger than 512 KB.")
    return dict(parameters)
