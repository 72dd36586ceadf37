"""A hub of a test's own, and a sender that picks the partition."""

from __future__ import annotations

from local_stack.threaded import ThreadedStack
from tests.local_stack.hubs import SENDER, HubPlace


class Hub(HubPlace):
    """The hub `alerts` with four partitions and the consumer group `vibedata`."""

    def __init__(self, stack: ThreadedStack) -> None:
        super().__init__(stack)
        self.fully_qualified = self.url.removeprefix("https://").removesuffix("/alerts")
        self._sender = self.caller(SENDER)

    def send(self, partition: int, *bodies: str) -> None:
        for body in bodies:
            assert self._sender.send(body, f"partitions/{partition}/messages").status_code == 201
