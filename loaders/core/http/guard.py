"""A client for allowed hosts at public addresses, as a defence against SSRF and DNS rebinding.

Every redirect is checked. A host's address is resolved once, checked, and then connected to. Behind
a proxy, which resolves by itself, only the list of hosts is checked.
"""

import ipaddress
import socket
from collections.abc import Collection
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import LocationValueError, NameResolutionError

from loaders.core.errors import Problem
from loaders.core.http.client import Client
from loaders.core.http.connections import (
    POOLS,
    DeadlineConnection,
    DeadlineHTTPSConnection,
    pool_classes,
)
from loaders.core.http.faults import host_of

WIKIMEDIA = frozenset({"commons.wikimedia.org", "upload.wikimedia.org"})
PORTS = {"http": 80, "https": 443}
# IPv4 addresses embedded in IPv6, which a gateway may connect to (RFC 4291, RFC 6052).
OF_IPV4 = ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("64:ff9b::/96")


class GuardedClient(Client):
    """A Client for a list of hosts. private: allow private addresses, for tests."""

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

    def _manager(self, url: str) -> urllib3.PoolManager:
        """Checks the host: the client calls it for the URL and for each redirect."""
        host = check_host(url, self.hosts)
        if not proxy_bypass(host) and getproxies().get(url.partition(":")[0].lower()):
            if not self.private and _is_literal(host) and not _is_public(host):
                raise Problem(f"{host} is not a public address")
            return super()._manager(url)
        if None not in self._managers:
            manager = urllib3.PoolManager()
            manager.pool_classes_by_scheme = POOLS if self.private else PUBLIC_POOLS
            self._managers[None] = manager
        return self._managers[None]


def check_host(url: str, hosts: Collection[str]) -> str:
    """The host of a URL. Errors: a Problem where it is not allowed, or the URL holds a password."""
    host = host_of(url)
    if urllib3.util.parse_url(url).auth:
        raise Problem(f"{host}: no names or passwords in addresses")
    if host_and_port(url) not in hosts:
        raise Problem(f"{host_and_port(url)} is not among the allowed hosts: --host adds it")
    return host


def host_and_port(url: str) -> str:
    """The host in lower case, with its port where that is not the default of its scheme."""
    host = host_of(url).lower().rstrip(".")
    parts = urllib3.util.parse_url(url)
    default = parts.port is None or parts.port == PORTS[parts.scheme or "https"]
    return host if default else f"{host}:{parts.port}"


def public_address(host: str, port: int) -> str:
    """The first address of a host. Errors: Problem where any of them is not public."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in entries]
    for address in addresses:
        if not _is_public(address):
            raise Problem(f"{host} is at {address}, which is not a public address")
    return addresses[0]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0].strip("[]"))
    if isinstance(address, ipaddress.IPv6Address):
        if address.is_site_local:
            return False
        address = address.ipv4_mapped or address.sixtofour or _embedded(address) or address
    return address.is_global and not address.is_multicast


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if not any(address in network for network in OF_IPV4):
        return None
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


class _Pinned(DeadlineConnection):
    """Connects to the checked address. Certificates are verified for the host name."""

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


class _PinnedHTTPS(_Pinned, DeadlineHTTPSConnection):
    pass


PUBLIC_POOLS = pool_classes(_Pinned, _PinnedHTTPS)
