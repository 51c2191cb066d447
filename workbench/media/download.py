"""Fetching what a service made from the link it gave: at once, without any key, and from public addresses alone.

Each host on the way is resolved here and the connection goes to the very address that was looked at, so that no
name can mean one address when checked and another when called. Redirects are followed by hand, each hop like the first.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import re
import socket
import ssl
from urllib.parse import quote, urljoin, urlsplit

import httpx

from workbench.errors import MediaRefused
from workbench.i18n import N_, Text

HOPS = 5
CONNECT_S = 10.0
READ_S = 30.0
DEADLINE_S = 180.0
#: waits before a link that failed in passing is asked again
PAUSES_S = (0.5, 2.0)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: all that is given out in IPv6
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
#: IANA's special purposes, an anycast to relays, and the address under which Azure's hosts answer their guests
_SPECIAL = tuple(ipaddress.ip_network(n) for n in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20"))
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class _Passing(Exception):
    """A failure that may be over in a moment."""

    def __init__(self, text: Text) -> None:
        super().__init__(str(text))
        self.text = text


async def fetch(url: str, *, most_bytes: int, allow_private: bool = False, deadline_s: float = DEADLINE_S) -> bytes:
    """The bytes behind a link. Raises MediaRefused, kind media_download, with the reason; no message has the link itself."""
    try:
        async with asyncio.timeout(deadline_s), _client() as client:
            for pause in (*PAUSES_S, None):
                try:
                    return await _followed(client, url, most_bytes, allow_private)
                except _Passing as failure:
                    if pause is None:
                        raise refused(failure.text, passing=True) from None
                await asyncio.sleep(pause)
    except TimeoutError:
        raise refused(Text(N_("it did not arrive within {seconds} s"), seconds=f"{deadline_s:g}")) from None
    raise AssertionError("the last try returns or raises")


def refused(reason: Text, *, passing: bool = False) -> MediaRefused:
    """Why the link brought nothing that may be kept."""
    made = MediaRefused(Text(N_("The result could not be downloaded: {reason}"), reason=reason), kind="media_download")
    made.passing = passing
    return made


async def _followed(client: httpx.AsyncClient, url: str, most_bytes: int, allow_private: bool) -> bytes:
    for _ in range(HOPS + 1):
        request = await _request(client, url, allow_private)
        try:
            response = await client.send(request, stream=True)
            try:
                if response.is_redirect and response.headers.get("location"):
                    url = _joined(url, response.headers["location"])
                    continue
                return await _body(response, most_bytes)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            raise _Passing(Text(N_("the connection failed ({problem})"), problem=type(error).__name__)) from None
    raise refused(Text(N_("it redirects more than {count} times"), count=HOPS))


async def _body(response: httpx.Response, most_bytes: int) -> bytes:
    status = response.status_code
    if status == 429 or status >= 500:
        raise _Passing(Text(N_("its server answered {status}"), status=status))
    if status != 200:
        raise refused(Text(N_("its server answered {status}"), status=status))
    too_large = Text(N_("it is larger than {size} MB"), size=most_bytes // 1024 // 1024)
    if int(response.headers.get("content-length") or 0) > most_bytes:
        raise refused(too_large)
    made = bytearray()
    # raw: nothing may unpack to more than came over the wire
    async for piece in response.aiter_raw():
        made += piece
        if len(made) > most_bytes:
            raise refused(too_large)
    return bytes(made)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise refused(Text(N_("the link is no web address"))) from None


async def _request(client: httpx.AsyncClient, url: str, allow_private: bool) -> httpx.Request:
    """A request to a checked address, with the name only in the Host header and the TLS handshake."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
        if not host.isascii():
            host = host.encode("idna").decode()
    except ValueError:
        raise refused(Text(N_("the link is no web address"))) from None
    # what the name may hold ends up in messages, too: no zone, no control character
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or not port or parts.username is not None:
        raise refused(Text(N_("the link is no web address")))
    address = await _resolved(host, port, allow_private)
    shown = f"[{address}]" if address.version == 6 else str(address)
    # a signed query counts byte for byte
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return client.build_request(
        "GET",
        f"{parts.scheme}://{shown}:{port}/",
        headers={"Host": parts.netloc if parts.netloc.isascii() else f"{host}:{port}" if parts.port else host},
        extensions={"sni_hostname": host, "target": quote(target, safe="%/:?#[]@!$&'()*+,;=-._~\"<>\\^`{|}").encode()},
    )


async def _resolved(host: str, port: int, allow_private: bool) -> Address:
    """The address to call. Raises MediaRefused when any that the name stands for is not a public one."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _Passing(Text(N_("its host {host} is not known"), host=host)) from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses:
        raise _Passing(Text(N_("its host {host} is not known"), host=host))
    if not allow_private and not all(is_public(a) for a in addresses):
        raise refused(Text(N_("its host {host} is no public address"), host=host))
    return addresses[0]


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


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        verify=_trusted_authorities(),
        # a proxy would look the host up again, and elsewhere
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
        headers={"Accept-Encoding": "identity", "User-Agent": "Reelwright"},
    )


@functools.cache
def _trusted_authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
