"""What the processor reads and writes for each alert ends soon when the storage account hangs: every call says so."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import HttpTransport

from tests.entrances.test_function_app import SETTINGS
from vibedata.alert_settings import AlertSettings
from vibedata.alerts.message import claim_name
from vibedata.brief_patience import SECONDS
from vibedata.errors import Transient
from vibedata.wiring.alert_ports import AlertPorts


class Hanging(HttpTransport):  # type: ignore[type-arg]
    """Connections to what never answers, and how long each call would have waited."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def send(self, request: Any, **told: Any) -> Any:
        self.waited.append(told["connection_timeout"] + told["read_timeout"])
        raise ServiceRequestError("timed out")

    def open(self) -> None: ...

    def close(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


class Credential:
    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken("token", int(time.time()) + 3600)


@pytest.mark.parametrize(
    "call",
    [
        lambda ports: ports.deliveries().seen("a" * 64),
        lambda ports: ports.incidents().read("key"),
        lambda ports: ports.incidents().open_of(["postgres"], lambda _: True),
        lambda ports: ports.registry().read(),
        lambda ports: ports.claims().read(claim_name("a" * 64, b"body")),
    ],
    ids=["delivery", "incident", "marks", "registry", "claim"],
)
def test_a_call_that_hangs_is_given_up_soon(call: Any) -> None:
    ports, transport = AlertPorts(AlertSettings(**SETTINGS)), Hanging()
    ports.once("transport", lambda: transport)
    ports.once("credential", Credential)
    with pytest.raises(Transient, match="azure-unreachable"):
        call(ports)
    assert transport.waited
    assert set(transport.waited) == {15}
    assert SECONDS > 4 * (15 + 2), "all tries of one call fit"


def test_a_registry_that_hangs_is_asked_once_by_all() -> None:
    """Within seconds: who comes after the one that has waited fails as it did."""
    ports, transport = AlertPorts(AlertSettings(**SETTINGS)), Hanging()
    ports.once("transport", lambda: transport)
    ports.once("credential", Credential)
    for _ in range(24):
        with contextlib.suppress(Transient):
            ports.registry().read()
    assert len(transport.waited) == 1
