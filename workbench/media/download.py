"""Fetching what a service made from the link it gave: at once, without any key, and from public addresses alone.

Redirects are followed by hand, each hop looked at like the first.
"""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urljoin

import httpx

from workbench.errors import MediaRefused
from workbench.i18n import N_, Text
from workbench.security import outbound
from workbench.security.outbound import AddressRefused

HOPS = 5
DEADLINE_S = 180.0
#: waits before a link that failed in passing is asked again
PAUSES_S = (0.5, 2.0)


async def fetch(url: str, *, most_bytes: int, allow_private: bool = False, deadline_s: float = DEADLINE_S) -> bytes:
    """The bytes behind a link. Raises MediaRefused, kind media_download, with the reason; no message has the link itself."""
    try:
        async with asyncio.timeout(deadline_s), outbound.client() as client:
            for attempt, pause in enumerate((*PAUSES_S, None)):
                try:
                    return await _followed(client, url, most_bytes, allow_private, attempt)
                except AddressRefused as failure:
                    if pause is None or not failure.passing:
                        raise refused(failure.reason, passing=failure.passing) from None
                await asyncio.sleep(pause)
    except TimeoutError:
        raise refused(Text(N_("it did not arrive within {seconds} s"), seconds=f"{deadline_s:g}")) from None
    raise AssertionError("the last try returns or raises")


def refused(reason: Text, *, passing: bool = False) -> MediaRefused:
    """Why the link brought nothing that may be kept."""
    made = MediaRefused(Text(N_("The result could not be downloaded: {reason}"), reason=reason), kind="media_download")
    made.passing = passing
    return made


async def _followed(client: httpx.AsyncClient, url: str, most_bytes: int, allow_private: bool, attempt: int) -> bytes:
    for _ in range(HOPS + 1):
        request = await outbound.request(client, url, allow_private=allow_private, attempt=attempt)
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
            failed = Text(N_("the connection failed ({problem})"), problem=type(error).__name__)
            raise AddressRefused(failed, passing=True) from None
    raise refused(Text(N_("it redirects more than {count} times"), count=HOPS))


async def _body(response: httpx.Response, most_bytes: int) -> bytes:
    status = response.status_code
    if status == 429 or status >= 500:
        raise AddressRefused(Text(N_("its server answered {status}"), status=status), passing=True)
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
        raise AddressRefused(outbound.NO_ADDRESS) from None
