"""One storage queue by REST: receive, hide, delete, put."""

from __future__ import annotations

import time
import xml.etree.ElementTree as xml
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import quote
from xml.sax.saxutils import escape

from local_stack.functions_host.connections import Connection
from local_stack.functions_host.rest import Reply, Rest, Unreachable

_HEADERS = {"x-ms-version": "2021-12-02"}
_XML = {**_HEADERS, "Content-Type": "application/xml"}
_OK, _CREATED, _NO_CONTENT, _BAD, _NOT_FOUND = 200, 201, 204, 400, 404
_POISON = "-poison"


@dataclass
class Message:
    """A received message; its pop receipt changes each time it is hidden again. Times as the service wrote them."""

    id: str
    text: str
    dequeue_count: int
    pop_receipt: str
    inserted: str
    expires: str
    next_visible: str

    @property
    def age(self) -> float:
        """Seconds since it was put into the queue."""
        return max(0.0, time.time() - parsedate_to_datetime(self.inserted).timestamp())


class Queue:
    """A queue; `poison` is where its bad messages go, None for one that is itself such a queue."""

    def __init__(self, rest: Rest, service: Connection, name: str) -> None:
        self.name = name
        self._rest = rest
        self._to = service
        self._path = f"/{quote(name, safe='')}"
        self.poison = None if name.endswith(_POISON) else Queue(rest, service, name + _POISON)

    async def receive(self, most: int, lease: float) -> list[Message]:
        """Take up to `most` messages, hidden for `lease` seconds; none when there is no queue. Raises Unreachable."""
        query = f"?numofmessages={most}&visibilitytimeout={max(1, round(lease))}"
        reply = await self._rest.send(self._to, "GET", f"{self._path}/messages{query}", headers=_HEADERS)
        if reply.status == _NOT_FOUND:
            return []
        _require(reply, _OK, "receive from", self.name)
        return [_message(each) for each in xml.fromstring(reply.body)]  # noqa: S314 - the storage account's own answer

    async def hide(self, message: Message, seconds: float) -> bool:
        """Hide a message for so long from now; say whether it was still ours. Raises Unreachable."""
        query = f"?popreceipt={quote(message.pop_receipt, safe='')}&visibilitytimeout={round(seconds)}"
        reply = await self._rest.send(self._to, "PUT", self._message(message) + query, headers=_HEADERS)
        if reply.status in (_NOT_FOUND, _BAD):
            return False
        _require(reply, _NO_CONTENT, "hide a message of", self.name)
        message.pop_receipt = reply.headers.get("x-ms-popreceipt", message.pop_receipt)
        return True

    async def delete(self, message: Message) -> bool:
        """Delete a message; say whether it was still ours. Raises Unreachable."""
        query = f"?popreceipt={quote(message.pop_receipt, safe='')}"
        reply = await self._rest.send(self._to, "DELETE", self._message(message) + query, headers=_HEADERS)
        if reply.status in (_NOT_FOUND, _BAD):
            return False
        _require(reply, _NO_CONTENT, "delete a message of", self.name)
        return True

    async def put(self, text: str) -> None:
        """Put a message as it is, for Azure's default of a week; the queue is made if need be. Raises Unreachable."""
        body = f"<QueueMessage><MessageText>{escape(text)}</MessageText></QueueMessage>".encode()
        for _ in range(2):
            reply = await self._rest.send(self._to, "POST", f"{self._path}/messages", headers=_XML, body=body)
            if reply.status != _NOT_FOUND:
                break
            await self._rest.send(self._to, "PUT", self._path, headers=_HEADERS)
        _require(reply, _CREATED, "put a message into", self.name)

    def _message(self, message: Message) -> str:
        return f"{self._path}/messages/{quote(message.id, safe='')}"


def _message(element: xml.Element) -> Message:
    def text(name: str) -> str:
        return element.findtext(name) or ""

    return Message(
        id=text("MessageId"),
        text=text("MessageText"),
        dequeue_count=int(text("DequeueCount") or 1),
        pop_receipt=text("PopReceipt"),
        inserted=text("InsertionTime"),
        expires=text("ExpirationTime"),
        next_visible=text("TimeNextVisible"),
    )


def _require(reply: Reply, status: int, what: str, queue: str) -> None:
    if reply.status != status:
        raise Unreachable(f"cannot {what} queue {queue}: {reply.status} {reply.code}")
