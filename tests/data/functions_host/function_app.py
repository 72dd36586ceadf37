"""A small app for the tests of the functions host: it notes what it is called with, and does as the message says."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import List  # noqa: UP035 - the library knows no list[...] in an annotation

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


def note(what: str, **facts: object) -> None:
    line = json.dumps({"what": what, "pid": os.getpid(), "at": time.time(), **facts}).encode() + b"\n"
    file = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line)
    os.close(file)


@app.queue_trigger(arg_name="message", queue_name="%Jobs%", connection="Work")
def work(message: func.QueueMessage, context: func.Context) -> None:
    told = message.get_json()
    facts = {"job": told["job"], "dequeued": message.dequeue_count, "id": message.id}
    note("begun", **facts, invocation=context.invocation_id)
    time.sleep(told.get("seconds", 0) if message.dequeue_count <= told.get("times", 9) else 0)
    if told.get("fail", 0) >= message.dequeue_count:
        raise ValueError("a secret that no log may show")
    note("done", **facts)


@app.queue_trigger(arg_name="message", queue_name="%Jobs%-poison", connection="Work")
async def poisoned(message: func.QueueMessage) -> None:
    note("poisoned", body=message.get_body().decode(), dequeued=message.dequeue_count)


@app.event_hub_message_trigger(
    arg_name="events",
    event_hub_name="alerts",
    connection="Hub",
    cardinality="many",
    consumer_group="vibedata",
)
@app.retry(
    strategy="fixed_delay", max_retry_count="2", delay_interval=os.environ.get("RETRY_DELAY", "00:00:00.1")
)
def read(events: List[func.EventHubEvent], context: func.Context) -> None:  # noqa: UP006
    numbers = [event.sequence_number for event in events]
    bodies = [event.get_body().decode() for event in events]
    tried = context.retry_context.retry_count
    note("read", numbers=numbers, bodies=bodies, tried=tried, enqueued=str(events[0].enqueued_time))
    if "bad" in bodies:
        raise RuntimeError
    if "slow" in bodies:  # the first time only
        mark = Path(os.environ["LEDGER"] + ".slow")
        if not mark.exists():
            mark.touch()
            time.sleep(30)
    note("kept", numbers=numbers)


@app.route(route="echo/{name:alpha}", methods=["POST", "PUT"])
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    await asyncio.sleep(0)
    body = {"name": req.route_params["name"], "body": req.get_body().decode(), "q": req.params.get("q"),
            "header": req.headers.get("X-Mine"), "pid": os.getpid()}  # fmt: skip
    return func.HttpResponse(
        json.dumps(body), status_code=202, mimetype="application/json", headers={"X-Was": "here"}
    )


@app.route(route="text", methods=["GET"])
def text(req: func.HttpRequest) -> str:
    until = req.params.get("until")
    if until:
        note("waiting")
    while until and not Path(until).exists():
        time.sleep(0.02)
    return "plain"


@app.route(route="boom")
def boom(req: func.HttpRequest) -> func.HttpResponse:
    raise KeyError(req.url)


@app.route(route="keyed", auth_level=func.AuthLevel.FUNCTION)
def keyed(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("in")


@app.timer_trigger(arg_name="timer", schedule="%Hourly%", use_monitor=True)
async def hourly(timer: func.TimerRequest) -> None:
    await asyncio.sleep(float(os.environ.get("HOURLY_SECONDS", "0")))
    note("hourly", past_due=timer.past_due)


@app.route(route="environment", methods=["GET"])
def environment(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(dict(os.environ)), mimetype="application/json")
