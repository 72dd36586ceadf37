"""Private DNS: zones, records and private endpoints from ARM, answered on loopback by UDP and TCP."""

from __future__ import annotations

from local_stack.core import Context, Provider, Service
from local_stack.dns.answers import Answers
from local_stack.dns.paths import DnsListener
from local_stack.dns.resources import PrivateEndpoints, Watched, ZoneGroups
from local_stack.dns.state import A_RECORDS, LINKS, ZONES, Addresses, Zones


class Dns(Service):
    """The name server of every virtual network, and the addresses of private endpoints."""

    name = "dns"

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self.zones = Zones(ctx)
        self.addresses = Addresses(ctx)
        self._listener = DnsListener(ctx, Answers(ctx, self.zones))

    def providers(self) -> dict[str, Provider]:
        """Return the types that names and addresses come from."""
        return {
            "Microsoft.Network/privateEndpoints": PrivateEndpoints(self.ctx, self.addresses),
            "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": ZoneGroups(
                self.ctx, self.zones, self.addresses
            ),
            **{kind: Watched(self.zones) for kind in (ZONES, A_RECORDS, LINKS)},
        }

    async def start(self) -> None:
        """Open the port, UDP and TCP."""
        await self._listener.open()

    async def stop(self) -> None:
        """Close it."""
        await self._listener.close()


service = Dns
