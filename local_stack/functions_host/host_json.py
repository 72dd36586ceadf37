"""host.json: what the app asks of its host. Defaults are Azure's; app settings override it, as there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_stack.functions_host.errors import HostError
from local_stack.functions_host.section import Section

_OVERRIDE = "azurefunctionsjobhost__"
_MOST = 1_000_000
_NO_EFFECT = (
    *(
        "$schema",
        "logging",
        "extensionBundle",
        "aggregator",
        "healthMonitor",
        "singleton",
        "watchDirectories",
    ),
    *("watchFiles", "managedDependency", "concurrency", "telemetryMode", "sendCanceledInvocationsToWorker"),
)


@dataclass(frozen=True)
class QueueOptions:
    """`extensions.queues`; times in seconds."""

    batch_size: int
    new_batch_threshold: int
    max_dequeue_count: int
    visibility_timeout: float
    max_polling_interval: float
    encoding: str


@dataclass(frozen=True)
class HubOptions:
    """`extensions.eventHubs`; times in seconds."""

    most: int
    least: int
    max_wait: float
    checkpoint_every: int


@dataclass(frozen=True)
class HttpOptions:
    """`extensions.http`; -1 is without a limit."""

    prefix: str
    max_outstanding: int
    max_concurrent: int
    headers: dict[str, str]


@dataclass(frozen=True)
class HostJson:
    """A checked host.json."""

    queues: QueueOptions
    hubs: HubOptions
    http: HttpOptions
    function_timeout: float | None
    only: tuple[str, ...]
    warnings: tuple[str, ...]


def load(app: Path) -> dict[str, Any]:
    """Return the document beside function_app.py. Raises HostError."""
    path = app / "host.json"
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError as error:
        raise HostError(
            f"{path} is missing; the folder given by --app must be a function app's root."
        ) from error
    except (OSError, ValueError) as error:
        raise HostError(f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(document, dict):
        raise HostError(f"{path} must hold a JSON object.")
    return document


def parse(document: Mapping[str, Any], settings: Mapping[str, str]) -> HostJson:
    """Check a document, with the settings `AzureFunctionsJobHost__…` laid over it. Raises HostError."""
    warnings: list[str] = []
    root = Section(_overlaid(document, settings), "", warnings)
    if root.get("version") != "2.0":
        raise HostError(f'host.json: version is {root.get("version")!r}; it must be "2.0".')
    timeout = root.get("functionTimeout")
    extensions = root.section("extensions")
    found = HostJson(
        queues=_queues(extensions.section("queues")),
        hubs=_hubs(extensions.section("eventHubs")),
        http=_http(extensions.section("http")),
        function_timeout=None if timeout == "-1" else root.span("functionTimeout", 1800.0, 1.0),
        only=_names(root.get("functions")),
        warnings=(),
    )
    root.pass_over(*_NO_EFFECT)
    extensions.pass_over("tables", "blobs")
    root.warn_of_rest()
    extensions.warn_of_rest()
    return HostJson(found.queues, found.hubs, found.http, found.function_timeout, found.only, tuple(warnings))


def _queues(section: Section) -> QueueOptions:
    batch = section.integer("batchSize", 16, 1, 32)
    options = QueueOptions(
        batch_size=batch,
        new_batch_threshold=section.integer("newBatchThreshold", batch // 2, 0, _MOST),
        max_dequeue_count=section.integer("maxDequeueCount", 5, 1, _MOST),
        visibility_timeout=section.span("visibilityTimeout", 0.0),
        max_polling_interval=section.span("maxPollingInterval", 60.0, 0.1),
        encoding=section.choice("messageEncoding", "base64", ("base64", "none")),
    )
    section.warn_of_rest()
    return options


def _hubs(section: Section) -> HubOptions:
    most = section.integer("maxEventBatchSize", 100, 1, _MOST)
    options = HubOptions(
        most=most,
        least=section.integer("minEventBatchSize", 1, 1, most),
        max_wait=section.span("maxWaitTime", 60.0, 0.1),
        checkpoint_every=section.integer("batchCheckpointFrequency", 1, 1, _MOST),
    )
    start = section.section("initialOffsetOptions")
    start.choice("type", "fromStart", ("fromStart",))  # the stand-in for AMQP cannot start elsewhere
    start.warn_of_rest()
    section.pass_over(
        "prefetchCount", "transportType", "clientRetryOptions", "targetUnprocessedEventThreshold"
    )
    section.pass_over("loadBalancingUpdateInterval", "partitionOwnershipExpirationInterval")
    section.pass_over("trackLastEnqueuedEventProperties", "webProxy", "customEndpointAddress")
    section.warn_of_rest()
    return options


def _http(section: Section) -> HttpOptions:
    headers = section.get("customHeaders") or {}
    prefix = section.get("routePrefix", "api")
    if not isinstance(prefix, str) or not isinstance(headers, dict):
        raise HostError("host.json: extensions.http.routePrefix must be text, customHeaders an object.")
    options = HttpOptions(
        prefix=prefix.strip("/"),
        max_outstanding=section.integer("maxOutstandingRequests", -1, -1, _MOST),
        max_concurrent=section.integer("maxConcurrentRequests", -1, -1, _MOST),
        headers={str(name): str(value) for name, value in headers.items()},
    )
    section.pass_over("dynamicThrottlesEnabled", "hsts")
    section.warn_of_rest()
    return options


def _names(listed: object) -> tuple[str, ...]:
    if listed is None:
        return ()
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise HostError("host.json: functions must be a list of function names.")
    return tuple(listed)


def _overlaid(document: Mapping[str, Any], settings: Mapping[str, str]) -> dict[str, Any]:
    merged: dict[str, Any] = json.loads(json.dumps(document))
    for name, text in settings.items():
        if name.lower().startswith(_OVERRIDE):
            _set(merged, name[len(_OVERRIDE) :].split("__"), text)
    return merged


def _set(target: dict[str, Any], path: list[str], text: str) -> None:
    for part in path[:-1]:
        child = target.setdefault(_spelt(target, part), {})
        if not isinstance(child, dict):
            raise HostError(
                f"host.json: the setting {_OVERRIDE}{'__'.join(path)} goes below what is no object."
            )
        target = child
    target[_spelt(target, path[-1])] = _number(text)


def _spelt(target: dict[str, Any], name: str) -> str:
    return next((key for key in target if key.lower() == name.lower()), name)


def _number(text: str) -> int | str:
    return int(text) if text.removeprefix("-").isdigit() else text
