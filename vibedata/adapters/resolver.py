"""Names to addresses: the instance's name servers are asked, never this machine's hosts file or cache."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import dns.exception
import dns.nameserver
import dns.resolver

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class NotResolved(Exception):
    """The name servers answered: there is no address under this name."""


class ResolverUnreachable(Exception):
    """No name server answered in time."""


class Resolver:
    """Resolves through `servers` (`address[:port]`; none: the machine's own)."""

    def __init__(self, servers: Sequence[str] = (), private_networks: Sequence[str] = ()) -> None:
        self._servers = tuple(servers)
        self._private: list[Network] = [ipaddress.ip_network(network) for network in private_networks]

    def addresses(self, host: str, timeout: float) -> list[str]:
        """Return the addresses of `host` within `timeout` s. Raises NotResolved, ResolverUnreachable."""
        if _is_address(host):
            return [host]
        resolver = self._resolver()
        try:
            answer = resolver.resolve_name(host, lifetime=timeout, search=False)
            return sorted(answer.addresses())
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer) as error:
            raise NotResolved(str(error)) from error
        except dns.exception.DNSException as error:
            raise ResolverUnreachable(str(error)) from error

    def is_private(self, address: str) -> bool:
        """Say whether an address lies in the instance's private networks."""
        return any(ipaddress.ip_address(address) in network for network in self._private)

    def _resolver(self) -> dns.resolver.Resolver:
        if not self._servers:
            return dns.resolver.Resolver()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = [_nameserver(server) for server in self._servers]
        return resolver


def _nameserver(server: str) -> dns.nameserver.Nameserver:
    address, _, port = server.rpartition(":") if server.count(":") == 1 else (server, "", "")
    return dns.nameserver.Do53Nameserver(address, int(port or 53))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
