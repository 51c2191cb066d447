"""Requests to an address that somebody else named: a result's link, a webhook.

Each host is resolved here and the connection goes to the very address that was looked at, so that no name can mean
one address when checked and another when called. Nothing is followed, no proxy is asked, no key goes along.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import re
import socket
import ssl
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import httpx

from workbench.i18n import N_, Text
from workbench.security.link_local import is_link_local

CONNECT_S = 10.0
READ_S = 30.0
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: all that is given out in IPv6
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
#: IANA's special purposes, an anycast to relays, and the address under which Azure's hosts answer their guests
_SPECIAL = tuple(ipaddress.ip_network(n) for n in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20"))
NO_ADDRESS = Text(N_("the link is no web address"))
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(Exception):
    """The address may not, or cannot, be called. `passing`: it may be another time."""

    def __init__(self, reason: Text, *, passing: bool = False) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.passing = passing


async def request(
    client: httpx.AsyncClient,
    url: str,
    *,
    allow_private: bool,
    attempt: int = 0,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> httpx.Request:
    """A request to a checked address, with the name only in the Host header and the TLS handshake. Raises
    AddressRefused.

    Where a host has several addresses, each `attempt` calls another one.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
        if not host.isascii():
            host = host.encode("idna").decode()
    except ValueError:
        raise AddressRefused(NO_ADDRESS) from None
    # what the name may hold ends up in messages, too: no zone, no control character
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or not port or parts.username is not None:
        raise AddressRefused(NO_ADDRESS)
    address = await _resolve(host, port, allow_private, attempt)
    shown = f"[{address}]" if address.version == 6 else str(address)
    # a signed query counts byte for byte
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return client.build_request(
        method,
        f"{parts.scheme}://{shown}:{port}/",
        headers={
            **(headers or {}),
            "Host": parts.netloc if parts.netloc.isascii() else f"{host}:{port}" if parts.port else host,
        },
        content=content,
        extensions={"sni_hostname": host, "target": quote(target, safe="%/:?#[]@!$&'()*+,;=-._~\"<>\\^`{|}").encode()},
    )


async def _resolve(host: str, port: int, allow_private: bool, attempt: int) -> Address:
    """The address to call. Refused when any that the name stands for is not a public one."""
    unknown = Text(N_("its host {host} is not known"), host=host)
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused(unknown, passing=True) from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in infos]
    if not addresses:
        raise AddressRefused(unknown, passing=True)
    # allowed or not: nobody's service is where a cloud hands out keys
    if any(is_link_local(str(a)) for a in addresses) or not (allow_private or all(is_public(a) for a in addresses)):
        raise AddressRefused(Text(N_("its host {host} is no public address"), host=host))
    return addresses[attempt % len(addresses)]


def is_public(address: Address) -> bool:
    """No loopback, private, link-local, metadata, multicast or reserved address, in none of its disguises."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address not in _GLOBAL_UNICAST:
            return False
    # is_global alone depends on the Python: 3.11.7 takes 192.0.0.192 and fec0::1 for public ones
    special = any(address in network for network in _SPECIAL)
    return address.is_global and not address.is_multicast and not address.is_reserved and not special


def names_private(url: str) -> bool:
    """Whether an address says by itself that it is no public one: in numbers, or as this machine's own name."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    try:
        return not is_public(ipaddress.ip_address(host))
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def client() -> httpx.AsyncClient:
    """For requests made here: follows nothing, asks no proxy."""
    return httpx.AsyncClient(
        verify=_load_authorities(),
        # a proxy would look the host up again, and elsewhere
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
        headers={"Accept-Encoding": "identity", "User-Agent": "Reelwright"},
    )


@functools.cache
def _load_authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
