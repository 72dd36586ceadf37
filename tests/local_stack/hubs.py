"""An event hub of a test's own, and callers that send to it and read from it over the wire."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import requests

from local_stack.threaded import ThreadedStack
from tests.local_stack.support import Place, credential_for

AUDIENCE = "https://eventhubs.azure.net"
SENDER, RECEIVER = "Azure Event Hubs Data Sender", "Azure Event Hubs Data Receiver"
BATCH = "application/vnd.microsoft.servicebus.json"


class HubPlace(Place):
    """A group with a namespace, its hub `alerts` and the consumer group `vibedata`."""

    def __init__(self, stack: ThreadedStack, partitions: int = 4, **properties: Any) -> None:
        super().__init__(stack)
        self.namespace = f"evhns-{uuid.uuid4().hex[:10]}"
        self.namespace_body = self.put_ns()
        self.hub = f"{self.group}/providers/Microsoft.EventHub/namespaces/{self.namespace}/eventhubs/alerts"
        made = self.rest("PUT", self.hub, {"properties": {"partitionCount": partitions, **properties}})
        assert made.ok, made.text
        self.hub_body = made.json()
        assert self.rest("PUT", f"{self.hub}/consumergroups/vibedata", {"properties": {}}).ok
        self.url = f"{self.namespace_body['properties']['serviceBusEndpoint']}/alerts"

    def put_ns(self) -> dict[str, Any]:
        return self.put("Microsoft.EventHub/namespaces", self.namespace, sku={"name": "Standard"})

    def caller(self, *roles: str, audience: str = AUDIENCE, scope: str | None = None) -> Caller:
        application = self.application(*roles, scope=scope or self.hub)
        token = credential_for(self.stack, *application).get_token(f"{audience}/.default").token
        return Caller(self, token)


class Caller:
    """One application's requests to the hub; keeps its connection."""

    def __init__(self, place: HubPlace, token: str | None) -> None:
        self._place = place
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(place.stack.ca_file)
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def send(self, body: bytes | str, path: str = "messages", **headers: str) -> requests.Response:
        return self._session.post(f"{self._place.url}/{path}", data=body, headers=headers, timeout=90)

    def get(self, path: str) -> requests.Response:
        return self._session.get(f"{self._place.url}/{path}", timeout=90)

    def events(self, partition: int, group: str = "vibedata", **query: Any) -> list[dict[str, Any]]:
        asked = "&".join(f"{key}={value}" for key, value in query.items())
        answer = self.get(f"consumergroups/{group}/partitions/{partition}/events?{asked}")
        assert answer.ok, answer.text
        return answer.json()["events"]

    def bodies(self, partitions: int = 4) -> dict[int, list[bytes]]:
        return {
            number: [base64.b64decode(event["body"]) for event in self.events(number)]
            for number in range(partitions)
        }
