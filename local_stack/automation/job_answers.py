"""Requests about jobs, their output and streams."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from local_stack.automation.errors import bad_request, not_found
from local_stack.automation.jobs import ENDED, PROVISIONING, SUMMARY_CHARS, Job, Jobs, conditions
from local_stack.automation.runner import Runner
from local_stack.automation.state import account_of, body_of, checked_guid, page
from local_stack.core.context import Context


class JobAnswers:
    """Parse, call, shape."""

    def __init__(self, ctx: Context, jobs: Jobs, runner: Runner) -> None:
        self._ctx = ctx
        self._jobs = jobs
        self._runner = runner

    async def create(self, request: web.Request) -> web.Response:
        account, name = account_of(self._ctx, request), checked_guid(request.match_info["name"], "job")
        started_by = request["principal"].name
        job = self._jobs.create(account, name, await body_of(request), started_by)
        self._runner.look()
        return web.json_response(shaped(job), status=201)

    async def get(self, request: web.Request) -> web.Response:
        return web.json_response(shaped(self._job(request)))

    async def list(self, request: web.Request) -> web.Response:
        account = account_of(self._ctx, request)
        jobs = self._jobs.all(account, request.query.get("$filter", ""))
        return page(request, [_item(job) for job in jobs])

    async def output(self, request: web.Request) -> web.Response:
        text = self._jobs.output(self._job(request)["key"])
        return web.Response(text=text, content_type="text/plain", charset="utf-8")

    async def content(self, request: web.Request) -> web.Response:
        text = self._job(request)["content"]
        return web.Response(text=text, content_type="text/powershell", charset="utf-8")

    async def stop(self, request: web.Request) -> web.Response:
        job = self._job(request)
        if job["status"] in ENDED:
            raise bad_request(f"The job is {job['status']} and cannot be stopped.")
        self._runner.stop_job(job)
        return web.Response(status=200)

    async def streams(self, request: web.Request) -> web.Response:
        job = self._job(request)
        kind = conditions(request.query.get("$filter", "")).get("streamType")
        return page(request, [_stream(job, *row, full=False) for row in self._jobs.lines(job["key"], kind)])

    async def stream(self, request: web.Request) -> web.Response:
        job, wanted = self._job(request), request.match_info["stream"]
        for name, item in self._jobs.lines(job["key"]):
            if name == wanted:
                return web.json_response(_stream(job, name, item, full=True))
        raise not_found("job stream", wanted)

    def _job(self, request: web.Request) -> Job:
        return self._jobs.get(account_of(self._ctx, request), request.match_info["name"])


def shaped(job: Job) -> dict[str, Any]:
    """Return a job as ARM shows it."""
    item = _item(job)
    more = {
        "exception": job.get("exception"),
        "parameters": job["parameters"],
        "statusDetails": job["statusDetails"],
        "lastStatusModifiedTime": job["changed"],
    }
    return {**item, "properties": {**item["properties"], **more}}


def _item(job: Job) -> dict[str, Any]:
    return {
        "id": f"{job['account']}/jobs/{job['name']}",
        "name": job["name"],
        "type": "Microsoft.Automation/AutomationAccounts/Jobs",
        "properties": {
            "jobId": job["name"],
            "runbook": {"name": job["runbook"]},
            "status": job["status"],
            "provisioningState": PROVISIONING.get(job["status"], "Processing"),
            "runOn": job["runOn"],
            "startedBy": job["startedBy"],
            "creationTime": job["created"],
            "startTime": job.get("start"),
            "endTime": job.get("ended"),
            "lastModifiedTime": job["changed"],
            "jobRuntimeEnvironment": {"runtimeEnvironmentName": job["runtime"]},
        },
    }


def _stream(job: Job, name: str, item: dict[str, Any], full: bool) -> dict[str, Any]:
    """Return a stream item; a list shows only how it begins."""
    properties = {
        "jobStreamId": name,
        "time": item["time"],
        "streamType": item["type"],
        "summary": item["text"][:SUMMARY_CHARS],
    }
    if full:
        properties |= {"streamText": item["text"], "value": {}}
    return {"id": f"{job['account']}/jobs/{job['name']}/streams/{name}", "properties": properties}
