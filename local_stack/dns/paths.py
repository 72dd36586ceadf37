"""Where names are asked for: one loopback port, by UDP and by TCP."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import cast

from local_stack.core import Context, StackError
from local_stack.dns.answers import Answers

NAME = "dns"
_IDLE_SECONDS = 10.0


class DnsListener:
    """Both listeners, on the port that is kept under `dns`."""

    def __init__(self, ctx: Context, answers: Answers) -> None:
        self._ctx = ctx
        self._answers = answers
        self._tcp: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Open both. Raises StackError when the port is taken."""
        bound = self._ctx.addresses.bind(NAME, tls=False)
        self._tcp = await asyncio.start_server(self._converse, sock=bound)
        address = ("127.0.0.1", self._ctx.addresses.port(NAME))
        loop = asyncio.get_running_loop()
        try:
            self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=address)
        except OSError as error:
            raise StackError(f"UDP port {address[1]}, kept for {NAME}, cannot be used ({error}).") from error

    async def close(self) -> None:
        """Close both."""
        if self._udp:
            self._udp.close()
        if self._tcp:
            self._tcp.close()
        for task in list(self._tasks):
            task.cancel()

    def datagram(self, transport: asyncio.DatagramTransport, message: bytes, peer: tuple[str, int]) -> None:
        """Answer one datagram, in its own task: a slow one must not hold up the others."""
        task = asyncio.get_running_loop().create_task(self._answer(transport, message, peer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(
        self, transport: asyncio.DatagramTransport, message: bytes, peer: tuple[str, int]
    ) -> None:
        reply = await self._answers.reply(message)
        if reply is not None and not transport.is_closing():
            transport.sendto(reply, peer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = (asyncio.IncompleteReadError, asyncio.TimeoutError, ConnectionError)
        with contextlib.suppress(*ends):
            while True:
                (length,) = struct.unpack("!H", await asyncio.wait_for(reader.readexactly(2), _IDLE_SECONDS))
                message = await asyncio.wait_for(reader.readexactly(length), _IDLE_SECONDS)
                reply = await self._answers.reply(message)
                if reply is None:
                    break
                writer.write(struct.pack("!H", len(reply)) + reply)
                await writer.drain()
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, listener: DnsListener) -> None:
        self._listener = listener
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport:
            self._listener.datagram(self._transport, data, addr)
