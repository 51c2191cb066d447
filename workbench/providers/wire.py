"""How providers reach a service over HTTP: no redirects, a cap on every answer, faults told apart. See
docs/providers.md."""

from __future__ import annotations

import functools
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any

import httpx2
import openai

from workbench.errors import InvalidInput, ProviderError
from workbench.i18n import N_, Text
from workbench.security.keys import normalise_key
from workbench.security.link_local import is_link_local
from workbench.security.redact import redactor

CONNECT_S = 15.0
#: the longest plausible text answer is a few megabytes; a service that sends more is broken or hostile
MOST_BYTES = 16 * 1024 * 1024
#: a PNG of 27 MB as base64; whoever draws several at once is asked for links
MOST_IMAGE_BYTES = 36 * 1024 * 1024
#: what the SDK sends where the profile has no key; it refuses to be made without one
NO_KEY = "no-key"


class TooLarge(httpx2.TransportError):
    """The answer passed the byte cap."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__("the answer is too large")
        self.most_bytes = most_bytes


class Packed(httpx2.TransportError):
    """The answer is compressed, though that was declined, and cannot be unpacked within the cap."""


class LinkLocal(httpx2.TransportError):
    """The service's name led to an address at which no service is."""


class _Unpacker:
    """Unpacks gzip, of one member or several, and deflate, with its header or without."""

    def __init__(self, packing: str, begins: bytes) -> None:
        self._packing = packing
        headed = begins.startswith(_GZIP[:1]) or int.from_bytes(begins[:2]) % 31 == 0 or len(begins) < 2
        headless = packing == "deflate" and not headed
        self._wbits = -zlib.MAX_WBITS if headless else _GZIP_OR_ZLIB
        self._unpacker = zlib.decompressobj(wbits=self._wbits)

    @property
    def eof(self) -> bool:
        return self._unpacker.eof

    def unpack(self, chunk: bytes) -> Iterator[bytes]:
        """A little at a time: a few bytes may unpack to gigabytes."""
        try:
            while chunk:
                if self._unpacker.eof:
                    if not chunk.startswith(_GZIP[:1]):
                        return  # what follows is padding
                    self._unpacker = zlib.decompressobj(wbits=self._wbits)
                piece = self._unpacker.decompress(chunk, _AT_ONCE)
                chunk = self._unpacker.unconsumed_tail or self._unpacker.unused_data
                if piece:
                    yield piece
                elif not self._unpacker.eof and not chunk:
                    return
        except zlib.error:
            raise Packed(self._packing) from None


class Capped(httpx2.AsyncByteStream):
    """A response body that ends with TooLarge once it passes the cap; unpacked where it came as gzip."""

    def __init__(self, stream: httpx2.AsyncByteStream, most_bytes: int, packing: str = "") -> None:
        self._stream = stream
        self._most_bytes = most_bytes
        self._packing = packing

    async def __aiter__(self) -> AsyncIterator[bytes]:
        came, passed, unpacker = 0, 0, None
        async for chunk in self._stream:
            if not came and chunk.startswith(_GZIP):
                self._packing = self._packing or "gzip"
            if self._packing and not came:
                unpacker = _Unpacker(self._packing, chunk)
            came += len(chunk)
            for piece in unpacker.unpack(chunk) if unpacker is not None else (chunk,):
                passed += len(piece)
                if passed > self._most_bytes:
                    raise TooLarge(self._most_bytes) if unpacker is None else Packed(self._packing)
                yield piece
        if unpacker is not None and came and not unpacker.eof:
            if not passed:
                raise Packed(self._packing)
            raise httpx2.RemoteProtocolError("the compressed answer was cut off")

    async def aclose(self) -> None:
        await self._stream.aclose()


_GZIP = b"\x1f\x8b\x08"
#: zlib's word for “as the header says”
_GZIP_OR_ZLIB = 47
_AT_ONCE = 64 * 1024


def decode(body: bytes) -> str:
    """The text of an answer, which is UTF-8 whatever its label says. Raises UnicodeDecodeError."""
    if b"\x00" in body[:2]:
        # UTF-16 without its mark; letters of English would pass for UTF-8
        raise UnicodeDecodeError("utf-8", body, 0, 1, "a NUL")
    return body.decode("utf-8-sig")


def not_utf8(error: UnicodeDecodeError, headers: Mapping[str, str]) -> ProviderError:
    """An answer whose characters cannot be told for certain: half of them would be kept as “�”."""
    declared = re.search(r"charset=\"?([\w-]+)", headers.get("content-type", ""), re.IGNORECASE)
    encoding = declared.group(1).upper() if declared and declared.group(1).upper() not in ("UTF-8", "UTF8") else ""
    message = N_(
        "The service answered in {encoding}, not in UTF-8, so its characters cannot be told for certain. Have the "
        "service or relay send UTF-8."
    )
    return ProviderError("malformed_output", Text(message, encoding=encoding or _guess(error.object)), http_status=200)


def _guess(body: bytes) -> str:
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in body[:2]:
        return "UTF-16"
    fitting = [name for name, codec in (("GBK", "gb18030"), ("Big5", "big5")) if _decodes(body, codec)]
    return " / ".join(fitting) or "Latin-1"


def _decodes(body: bytes, codec: str) -> bool:
    try:
        body.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def words_of(body: bytes) -> str:
    """What an error page says, in whatever encoding: it is shown and never kept as an answer."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode("utf-8", "replace")


def timeouts(params: Mapping[str, Any]) -> httpx2.Timeout:
    """A profile's `connect_s` and `read_s`. Reading has no limit of its own otherwise: the wall clock ends the call."""
    connect = float(params.get("connect_s") or CONNECT_S)
    read = params.get("read_s")
    return httpx2.Timeout(None, connect=connect, read=float(read) if read else None, pool=connect)


def client(
    params: Mapping[str, Any], most_bytes: Callable[[httpx2.Request], int], *, trust_env: bool
) -> httpx2.AsyncClient:
    """A client for one provider. `most_bytes`: the cap on the answer to a request."""

    limits = timeouts(params)

    async def time(request: httpx2.Request) -> None:
        # Whatever the SDK says.
        request.extensions["timeout"] = limits.as_dict()

    async def cap(response: httpx2.Response) -> None:
        stream = response.extensions.get("network_stream")
        peer = stream.get_extra_info("server_addr") if stream is not None else None
        if isinstance(peer, tuple) and is_link_local(str(peer[0])):
            # a name that means another address by now: nothing of the answer is read
            raise LinkLocal(str(peer[0]))
        packing = response.headers.get("content-encoding", "").strip().lower().removeprefix("x-")
        if packing not in ("", "identity", "gzip", "deflate"):
            raise Packed(packing)
        # Unpacked here, a little at a time; the SDK would do it at once.
        response.headers.pop("content-encoding", None)
        # JSON is nothing else; the service's own word for it could name a codec that unpacks.
        response.encoding = "utf-8"
        packing = "" if packing == "identity" else packing
        response.stream = Capped(response.stream, most_bytes(response.request), packing)  # type: ignore[arg-type]

    return httpx2.AsyncClient(
        verify=_load_authorities(trust_env),
        trust_env=trust_env,
        follow_redirects=False,
        timeout=limits,
        headers={"Accept-Encoding": "identity"},
        event_hooks={"request": [time], "response": [cap]},
    )


@functools.cache
def _load_authorities(trust_env: bool) -> ssl.SSLContext:
    # Loading the certificates takes tens of milliseconds of CPU: once a process, not once a job.
    return httpx2.create_ssl_context(trust_env=trust_env)


def usable_key(key: str | None) -> str | None:
    """The key as it may go into a header. A stored key is clean already; one made elsewhere may not be."""
    if not key or not key.strip():
        return None
    try:
        return normalise_key(key)
    except InvalidInput as error:
        raise ProviderError("auth", error.text, sent=False) from None


def transport_fault(error: Exception) -> ProviderError:
    """What a failure below HTTP means. `sent` is False only where nothing can have reached the service."""
    cause = _cause(error)
    reason = redactor.text(str(cause) or type(cause).__name__)
    unsent = isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError))
    if isinstance(cause, TooLarge):
        size = round(cause.most_bytes / 1024 / 1024, 1)
        return ProviderError("malformed_output", Text(N_("The service sent more than {size} MB."), size=size))
    if isinstance(cause, LinkLocal):
        return ProviderError(
            "network",
            Text(N_("The service's name leads to {address}, an address of this machine's own link."), address=reason),
            retryable=False,
        )
    if isinstance(cause, Packed):
        message = N_(
            "The service sent a compressed answer ({encoding}), which was not asked for and cannot be unpacked safely."
        )
        return ProviderError("malformed_output", Text(message, encoding=reason[:40]))
    if isinstance(cause, httpx2.UnsupportedProtocol):
        return ProviderError(
            "network", Text(N_("The base URL is no web address: {reason}"), reason=reason), retryable=False, sent=False
        )
    if isinstance(cause, httpx2.LocalProtocolError) and "header" in str(cause).lower():
        # The SDK calls this a connection error; trying again would never help.
        return ProviderError("auth", Text(N_("The key has characters that no HTTP header may have.")), sent=False)
    if isinstance(cause, httpx2.TimeoutException) or isinstance(error, openai.APITimeoutError):
        return ProviderError(
            "timeout", Text(N_("The service did not answer in time: {reason}"), reason=reason), sent=not unsent
        )
    if unsent:
        return ProviderError("network", Text(N_("The service cannot be reached: {reason}"), reason=reason), sent=False)
    return ProviderError(
        "network", Text(N_("The connection broke before the answer was complete: {reason}"), reason=reason)
    )


def _cause(error: BaseException) -> BaseException:
    """What the SDK wrapped."""
    return error.__cause__ if isinstance(error, openai.APIConnectionError) and error.__cause__ is not None else error
