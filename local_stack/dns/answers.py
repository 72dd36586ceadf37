"""One question in, one answer out, as bytes."""

from __future__ import annotations

import asyncio

from dnslib import (  # type: ignore[import-untyped]
    CNAME,
    QTYPE,
    RCODE,
    RR,
    A,
    DNSError,
    DNSQuestion,
    DNSRecord,
)

from local_stack.core import Context
from local_stack.dns.state import Found, Zones

SERVICE = "dns"
OPERATION = "query"
TTL_SECONDS = 5


class Answers:
    """Parses, asks the zones, shapes the reply."""

    def __init__(self, ctx: Context, zones: Zones) -> None:
        self._ctx = ctx
        self._zones = zones

    async def reply(self, message: bytes) -> bytes | None:
        """Return the reply to a message; None when there shall be none (no DNS, or a fault)."""
        try:
            query = DNSRecord.parse(message)
        except (DNSError, ValueError, IndexError):
            return None
        if query.header.qr or not query.questions:
            return None
        fault = self._ctx.faults.take(SERVICE, OPERATION, str(query.q.qname))
        if fault:
            await asyncio.sleep(fault.latency)
            if fault.reset:
                return None
        answer: DNSRecord = query.reply(ra=0, aa=1)
        if fault and fault.status:
            answer.header.rcode = RCODE.SERVFAIL
        else:
            _fill(answer, query.q, self._zones.find(str(query.q.qname)))
        packed: bytes = answer.pack()
        return packed


def _fill(answer: DNSRecord, question: DNSQuestion, found: Found) -> None:
    if not found.exists:
        answer.header.rcode = RCODE.NXDOMAIN
        return
    owner = question.qname
    for alias in found.aliases:
        answer.add_answer(RR(owner, QTYPE.CNAME, ttl=TTL_SECONDS, rdata=CNAME(alias)))
        owner = alias
    if question.qtype in (QTYPE.A, QTYPE.ANY):
        for address in found.addresses:
            answer.add_answer(RR(owner, QTYPE.A, ttl=TTL_SECONDS, rdata=A(address)))
