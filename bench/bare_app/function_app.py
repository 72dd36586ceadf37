"""A function app without the suite: the calls that a script lists for each alert, and nothing else.

Its queue function does for each message what `SCRIPT` (one JSON line per message) says: the same requests to tables and
to the Logs Ingestion API, of the same sizes. Its HTTP function puts what it is sent on the queue. `BARE` says how:
`sdk`, by the SDKs' clients; `plain`, by a session of `requests` that keeps its connections, which is the floor.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import azure.functions as func
import requests
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableClient, UpdateMode
from azure.identity import ManagedIdentityCredential
from azure.monitor.ingestion import LogsIngestionClient
from azure.storage.queue import BinaryBase64EncodePolicy, QueueClient

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
TABLE = {
    "x-ms-version": "2019-02-02",
    "DataServiceVersion": "3.0",
    "Accept": "application/json;odata=minimalmetadata",
}
LOGS = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
CONNECTIONS = 64
_lock = threading.Lock()


@app.queue_trigger(arg_name="message", queue_name="alerts", connection="AlertQueue")
def process_alert(message: func.QueueMessage) -> None:
    told = json.loads(message.get_body())
    etags: dict[tuple[str, str], Any] = {}
    do = _plainly if os.environ["BARE"] == "plain" else _by_sdk
    for call in _script()[told["number"]]:
        if call["do"] == "upload":
            _upload(call)
        else:
            do(call, call["table"], (call["partition"], f"{told['round']}-{call['row']}"), etags)


@app.route(route="alerts", methods=["POST"], trigger_arg_name="request")
def receive_alert(request: func.HttpRequest) -> func.HttpResponse:
    if os.environ["BARE"] == "plain":
        text = base64.b64encode(request.get_body()).decode()
        body = f"<QueueMessage><MessageText>{text}</MessageText></QueueMessage>"
        place = f"{os.environ['VIBEDATA_QUEUE_ENDPOINT'].rstrip('/')}/alerts/messages?messagettl=-1"
        headers = {**_bearer("https://storage.azure.com"), "x-ms-version": "2021-12-02"}
        _session().post(place, data=body, headers=headers, timeout=30).raise_for_status()
    else:
        _queue().send_message(request.get_body(), time_to_live=-1)
    return func.HttpResponse(status_code=202)


def _by_sdk(
    call: dict[str, Any], name: str, place: tuple[str, str], etags: dict[tuple[str, str], Any]
) -> None:
    table = _table(name)
    entity = {**(call.get("entity") or {}), "PartitionKey": place[0], "RowKey": place[1]}
    try:
        if call["do"] == "get":
            etags[place] = table.get_entity(*place).metadata["etag"]
        elif call["do"] == "query":
            list(table.query_entities(call["filter"]))
        elif call["do"] == "insert":
            table.create_entity(entity)
        elif place in etags:
            table.update_entity(
                entity, UpdateMode.REPLACE, etag=etags[place], match_condition=MatchConditions.IfNotModified
            )
        else:
            table.upsert_entity(entity, UpdateMode.REPLACE)
    except HttpResponseError:
        return  # a row that is not there, or has changed: the call was made


def _plainly(
    call: dict[str, Any], name: str, place: tuple[str, str], etags: dict[tuple[str, str], Any]
) -> None:
    base = os.environ["VIBEDATA_TABLE_ENDPOINT"].rstrip("/")
    headers = {**TABLE, **_bearer("https://storage.azure.com")}
    entity = {**(call.get("entity") or {}), "PartitionKey": place[0], "RowKey": place[1]}
    one = f"{base}/{name}(PartitionKey='{quote(place[0])}',RowKey='{quote(place[1])}')"
    if call["do"] == "get":
        reply = _session().get(one, headers=headers, timeout=30)
        if reply.ok:
            etags[place] = reply.json()["odata.etag"]
    elif call["do"] == "query":
        _session().get(f"{base}/{name}()", params={"$filter": call["filter"]}, headers=headers, timeout=30)
    elif call["do"] == "insert":
        told = {**headers, "Prefer": "return-no-content"}
        _session().post(f"{base}/{name}", json=entity, headers=told, timeout=30)
    else:
        match = {"If-Match": etags[place]} if place in etags else {}
        _session().put(one, json=entity, headers={**headers, **match}, timeout=30)


def _upload(call: dict[str, Any]) -> None:
    rule = os.environ["VIBEDATA_DCR_IMMUTABLE_ID"]
    if os.environ["BARE"] == "sdk":
        _logs().upload(rule, call["stream"], call["rows"])
        return
    base = os.environ["VIBEDATA_LOGS_INGESTION_ENDPOINT"].rstrip("/")
    place = f"{base}/dataCollectionRules/{rule}/streams/{call['stream']}?api-version=2023-01-01"
    body = gzip.compress(json.dumps(call["rows"]).encode(), 1)
    headers = {**LOGS, **_bearer("https://monitor.azure.com")}
    _session().post(place, data=body, headers=headers, timeout=30).raise_for_status()


def once(make: Any) -> Any:
    """Return what makes it once for each argument, whichever thread asks first."""
    kept = cache(make)

    def get(*given: str) -> Any:
        with _lock:
            return kept(*given)

    return get


@once
def _session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False  # looked up for each request, it would cost more than the request
    made.verify = os.environ.get("REQUESTS_CA_BUNDLE", True)
    made.mount(
        "https://", requests.adapters.HTTPAdapter(pool_connections=CONNECTIONS, pool_maxsize=CONNECTIONS)
    )
    return made


@once
def _script() -> list[list[dict[str, Any]]]:
    return [json.loads(line) for line in Path(os.environ["SCRIPT"]).read_text("utf-8").splitlines()]


@once
def _table(name: str) -> TableClient:
    return TableClient(os.environ["VIBEDATA_TABLE_ENDPOINT"], table_name=name, credential=_credential)


@once
def _logs() -> LogsIngestionClient:
    return LogsIngestionClient(os.environ["VIBEDATA_LOGS_INGESTION_ENDPOINT"], _credential)


@once
def _queue() -> QueueClient:
    policy = BinaryBase64EncodePolicy()
    endpoint = os.environ["VIBEDATA_QUEUE_ENDPOINT"]
    return QueueClient(endpoint, "alerts", credential=_credential, message_encode_policy=policy)


_credential = ManagedIdentityCredential(client_id=os.environ["VIBEDATA_UAMI_CLIENT_ID"])
_tokens: dict[str, tuple[str, float]] = {}


def _bearer(audience: str) -> dict[str, str]:
    token, ends = _tokens.get(audience, ("", 0.0))
    if ends < time.time() + 300:
        fresh = _credential.get_token(f"{audience}/.default")
        token, ends = fresh.token, float(fresh.expires_on)
        _tokens[audience] = (token, ends)
    return {"Authorization": f"Bearer {token}"}
