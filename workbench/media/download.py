"""Fetching what a service made from the link it gave: at once, without any key, and from public addresses alone.

Redirects are followed by hand, each hop looked at like the first.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from urllib.parse import urljoin

import httpx

from workbench.errors import MediaRefused, not_downloaded
from workbench.i18n import N_, Text
from workbench.media.storage import unavailable
from workbench.providers.base import Fetch
from workbench.security import outbound
from workbench.security.outbound import AddressRefused

HOPS = 5
DEADLINE_S = 180.0
#: pictures hardly ever touch the disk
IN_MEMORY = 16 * 1024 * 1024
#: waits before a link that failed in passing is asked again
PAUSES_S = (0.5, 2.0)


async def fetch(url: str, *, most_bytes: int, allow_private: bool = False, deadline_s: float = DEADLINE_S) -> bytes:
    """The bytes behind a link. Raises MediaRefused, kind media_download, with the reason; no message has the link
    itself."""
    try:
        async with asyncio.timeout(deadline_s), outbound.client() as client:
            for attempt, pause in enumerate((*PAUSES_S, None)):
                try:
                    return await _follow(client, url, most_bytes, allow_private, attempt)
                except AddressRefused as failure:
                    if pause is None or not failure.passing:
                        raise not_downloaded(failure.reason, passing=failure.passing) from None
                await asyncio.sleep(pause)
    except TimeoutError:
        late = Text(N_("it did not arrive within {seconds} s"), seconds=f"{deadline_s:g}")
        raise not_downloaded(late, passing=True) from None
    raise AssertionError("the last try returns or raises")


async def fetch_from_provider(
    fetch: Fetch, *, most_bytes: int, deadline_s: float = DEADLINE_S
) -> tuple[bytes | None, str | None]:
    """What a provider fetches from its own service: the bytes, or the link that it was sent on to. Raises
    MediaRefused."""
    try:
        with BodyBuffer(most_bytes) as body:
            async with asyncio.timeout(deadline_s):
                link = await fetch(body.add)
            return (None, link) if link else (body.read(), None)
    except TimeoutError:
        late = Text(N_("it did not arrive within {seconds} s"), seconds=f"{deadline_s:g}")
        raise not_downloaded(late, passing=True) from None


async def _follow(client: httpx.AsyncClient, url: str, most_bytes: int, allow_private: bool, attempt: int) -> bytes:
    for _ in range(HOPS + 1):
        request = await outbound.request(client, url, allow_private=allow_private, attempt=attempt)
        try:
            response = await client.send(request, stream=True)
            try:
                if response.is_redirect and response.headers.get("location"):
                    url = _join(url, response.headers["location"])
                    continue
                return await _read_body(response, most_bytes)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            failed = Text(N_("the connection failed ({problem})"), problem=type(error).__name__)
            raise AddressRefused(failed, passing=True) from None
    raise not_downloaded(Text(N_("it redirects more than {count} times"), count=HOPS))


async def _read_body(response: httpx.Response, most_bytes: int) -> bytes:
    status = response.status_code
    if status == 429 or status >= 500:
        raise AddressRefused(Text(N_("its server answered {status}"), status=status), passing=True)
    if status != 200:
        raise not_downloaded(Text(N_("its server answered {status}"), status=status))
    if int(response.headers.get("content-length") or 0) > most_bytes:
        raise _too_large(most_bytes)
    with BodyBuffer(most_bytes) as body:
        # raw: nothing may unpack to more than came over the wire
        async for piece in response.aiter_raw():
            body.add(piece)
        return body.read()


class BodyBuffer:
    """A body that is coming in: kept on disk until it is known to be no larger than it may be."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115, closed on leaving

    def __enter__(self) -> BodyBuffer:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, piece: bytes) -> None:
        """Raises MediaRefused once it is too large, MediaUnavailable when the disk takes no more."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise unavailable(error) from error
        if self._file.tell() > self._most_bytes:
            raise _too_large(self._most_bytes)

    def read(self) -> bytes:
        self._file.seek(0)
        return self._file.read()


def _too_large(most_bytes: int) -> MediaRefused:
    return not_downloaded(Text(N_("it is larger than {size} MB"), size=most_bytes // 1024 // 1024))


def _join(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise AddressRefused(outbound.NO_ADDRESS) from None
