"""A client that only goes where it is allowed to: to hosts of a list, at public addresses.

Every redirect is checked. The address of a host is looked up once and is the one connected to, so
that a name cannot mean one machine when it is checked and another when it is used. Through a proxy
it is the proxy that looks up and connects; there the list of hosts holds.
"""

import ipaddress
import socket
from collections.abc import Collection
from typing import Any
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import LocationValueError, NameResolutionError

from loaders.core.errors import Problem
from loaders.core.http.client import Client
from loaders.core.http.connections import POOLS, Timed, TimedSafely
from loaders.core.http.faults import host_of

WIKIMEDIA = frozenset({"commons.wikimedia.org", "upload.wikimedia.org"})
PORTS = {"http": 80, "https": 443}
# How IPv6 writes an address of IPv4, which a gateway may connect to (RFC 4291, RFC 6052).
OF_IPV4 = ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("64:ff9b::/96")


class NotPublic(Problem):
    """A host whose address is of this machine or of a network behind it."""


class GuardedClient(Client):
    """A Client for hosts of a list. private: whether they may be on this machine, as in tests."""

    def __init__(
        self,
        contact: str | None,
        hosts: Collection[str],
        *,
        private: bool = False,
        timeout: float = 30,
    ) -> None:
        super().__init__(contact, timeout=timeout)
        self.hosts, self.private = frozenset(hosts), private

    def _pool(self, url: str) -> urllib3.PoolManager:
        """As the Client's, for the first address and for each that it is redirected to."""
        host = checked(url, self.hosts)
        if not proxy_bypass(host) and getproxies().get(url.partition(":")[0].lower()):
            if not self.private and _is_literal(host) and not _is_public(host):
                raise NotPublic(f"{host} is not a public address")
            return super()._pool(url)
        if None not in self._pools:
            manager = urllib3.PoolManager()
            manager.pool_classes_by_scheme = POOLS if self.private else PUBLIC_POOLS
            self._pools[None] = manager
        return self._pools[None]


def checked(url: str, hosts: Collection[str]) -> str:
    """The host of an address. Errors: a Problem where it is not allowed, or holds a password."""
    host = host_of(url)
    if urllib3.util.parse_url(url).auth:
        raise Problem(f"{host}: no names or passwords in addresses")
    if place_of(url) not in hosts:
        raise Problem(f"{place_of(url)} is not among the allowed hosts: --host adds it")
    return host


def place_of(url: str) -> str:
    """The host in lower case, with its port where that is not the usual one."""
    host = host_of(url).lower().rstrip(".")
    parts = urllib3.util.parse_url(url)
    usual = parts.port is None or parts.port == PORTS[parts.scheme or "https"]
    return host if usual else f"{host}:{parts.port}"


def public_address(host: str, port: int) -> str:
    """The address to connect to. Errors: NotPublic where one of the host's is not."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not _is_public(address):
            raise NotPublic(f"{host} is at {address}, which is not a public address")
    return addresses[0]


def _is_public(address: str) -> bool:
    known = ipaddress.ip_address(address.partition("%")[0].strip("[]"))
    if isinstance(known, ipaddress.IPv6Address):
        if known.is_site_local:
            return False
        known = known.ipv4_mapped or known.sixtofour or _of_ipv4(known) or known
    return known.is_global and not known.is_multicast


def _of_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if not any(address in network for network in OF_IPV4):
        return None
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


class _Pinned(Timed):
    """Connects to the address that was checked; certificates are still those of the name."""

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            self._dns_host = public_address(name.strip("[]"), self.port)
        except socket.gaierror as error:
            raise NameResolutionError(name, self, error) from error
        except UnicodeError as error:
            raise LocationValueError(f"{name!r} is no host") from error
        try:
            return super()._new_conn()
        finally:
            self._dns_host = name


class _PinnedSafely(_Pinned, TimedSafely):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls: Any = _Pinned


class _SafePool(HTTPSConnectionPool):
    ConnectionCls: Any = _PinnedSafely


PUBLIC_POOLS = {"http": _Pool, "https": _SafePool}
