"""Text and pictures through any service that speaks OpenAI's chat completions and image calls, by the openai SDK.

One `text()` or `images()` call is one HTTP request: the SDK's own retries and redirects are off. What a service turns out not to
know (``stream_options``, streaming, the name of the token cap) is learned from its refusal for the life of the
process, and the refusal is raised as `Adapted`: the same call, made again, is worded in the way it understands.
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2
import openai

from workbench.errors import InvalidInput, ProviderError
from workbench.i18n import N_, Text
from workbench.providers import faults, openai_images
from workbench.providers.base import (
    ImageReply,
    ImageRequest,
    Mode,
    OnDelta,
    Profile,
    TextReply,
    TextRequest,
    Usage,
)
from workbench.providers.endpoints import ENDPOINTS, endpoint_of
from workbench.providers.reading import clean_text
from workbench.providers.schemas import strict_schema
from workbench.security.keys import normalise_key
from workbench.security.redact import redactor

if TYPE_CHECKING:
    from workbench.settings import Settings

CONNECT_S = 15.0
#: the wall clock of a whole call; `timeout_s` in the profile's or the call's params replaces it
DEADLINE_S = 600.0
#: the longest plausible text answer is a few megabytes; a service that sends more is broken or hostile
MOST_BYTES = 16 * 1024 * 1024

#: a picture of 24 megapixels as base64 PNG stays below it
MOST_IMAGE_BYTES = 128 * 1024 * 1024

#: sent as they are when given
_PASSED_ON = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "reasoning_effort", "seed", "stop")


class Adapted(ProviderError):
    """The service refused a detail of the wording; the next call leaves it out. Nothing was generated or billed."""

    adapted = True


class TooLarge(httpx2.TransportError):
    """The answer passed the byte cap."""


def make(profile: Profile, settings: Settings) -> OpenAICompatible:
    """The provider of this profile; the registry's factory."""
    return OpenAICompatible(profile, trust_env=settings.trust_env)


class OpenAICompatible:
    """A TextProvider and ImageProvider. Use it inside one event loop and close it there."""

    free = False

    def __init__(self, profile: Profile, *, trust_env: bool = False, most_bytes: int = MOST_BYTES) -> None:
        self.name = profile.name
        self._params = profile.params
        self._base_url = profile.base_url or ENDPOINTS[0].base_url
        self._endpoint = endpoint_of(self._base_url)
        self.modes: tuple[Mode, ...] = self._endpoint.modes
        self._key = _usable_key(profile.key)
        redactor.remember(self._key)
        self._trust_env = trust_env
        self._most_bytes = most_bytes

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        """Make one request. Raises ProviderError with the exact kind; calls `on_delta` with each piece of streamed text."""
        client = self._client  # made before the clock starts: it is no part of the service's latency
        answer = _Answer(request.model)
        failure: Exception | None = None
        try:
            async with asyncio.timeout(self._deadline_s(request)):
                await self._ask(client, request, answer, on_delta)
        except Exception as error:
            failure = error
        if failure is not None and not answer.finished:
            # Raised out here, so that no handler's context drags along an exception that quotes request headers.
            raise self._failed(failure, request, answer)
        return answer.reply()

    async def images(self, request: ImageRequest) -> ImageReply:
        """Make one request for a picture. Raises ProviderError with the exact kind."""
        if not request.model:
            raise ProviderError("not_found_model", Text(N_("The profile names no image model.")), sent=False)
        client = self._client
        body = openai_images.body(request, names_format=_learned(self._base_url, request.model).image_format)
        headers: dict[str, str] = {}
        failure: Exception | None = None
        try:
            async with asyncio.timeout(self._deadline_s(request)):
                return await self._draw(client, request, body, headers)
        except Exception as error:
            failure = error
        made = self._translated(failure, request, headers, body, structured=False)
        made.request_id = made.request_id or faults.request_id(headers)
        raise made

    async def aclose(self) -> None:
        """Close connections."""
        if "_client" in self.__dict__:
            await self._client.close()

    # -- sending -------------------------------------------------------------------------------------------------------

    async def _ask(self, client: openai.AsyncOpenAI, request: TextRequest, answer: _Answer, on_delta: OnDelta) -> None:
        body = self._body(request)
        response = await client.chat.completions.with_raw_response.create(
            **body, extra_headers={"X-Client-Request-Id": request.call_id}
        )
        answer.request_id = faults.request_id(response.headers)
        answer.headers = response.headers
        said = response.headers.get("content-type", "").lower()
        if not body.get("stream") or "json" in said or "html" in said:
            # Some services ignore `stream` and answer at once.
            await response.http_response.aread()
            answer.take_whole(response.http_response.text)
            _tell(on_delta, answer)
            return
        # As plain dicts: building the SDK's models costs more CPU than all the rest of reading a stream.
        stream = response.parse(to=openai.AsyncStream[dict[str, object]])
        try:
            await answer.take_stream(stream, on_delta)
        finally:
            await stream.close()
        answer.end_stream(done=_said_done(response.http_response.stream))

    async def _draw(
        self, client: openai.AsyncOpenAI, request: ImageRequest, body: dict[str, Any], headers: dict[str, str]
    ) -> ImageReply:
        calls = client.images.with_raw_response
        call = calls.edit if "image" in body else calls.generate
        response = await call(**body, extra_headers={"X-Client-Request-Id": request.call_id})
        headers.update(response.headers)
        return openai_images.read(response.http_response.text, request, headers)

    @functools.cached_property
    def _client(self) -> openai.AsyncOpenAI:
        http = httpx2.AsyncClient(
            verify=_trusted_authorities(self._trust_env),
            trust_env=self._trust_env,
            follow_redirects=False,
            timeout=httpx2.Timeout(None, connect=CONNECT_S, pool=CONNECT_S),
            # A compressed answer could unpack to far more than the cap on what comes over the wire.
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [self._cap]},
        )
        client = openai.AsyncOpenAI(
            api_key=self._key or "no-key",
            base_url=self._base_url,
            timeout=httpx2.Timeout(None, connect=CONNECT_S, pool=CONNECT_S),
            max_retries=0,
            http_client=http,
        )
        # What the SDK picked up from the environment belongs to other programs, not to this profile.
        client.organization = self._params.get("organization")
        client.project = self._params.get("project")
        client.admin_api_key = None
        client._custom_headers = {}
        client._ambient_authorizations = frozenset()
        return client

    async def _cap(self, response: httpx2.Response) -> None:
        pictures = response.request.url.path.endswith(("/images/generations", "/images/edits"))
        most = max(self._most_bytes, MOST_IMAGE_BYTES) if pictures else self._most_bytes
        response.stream = _Capped(response.stream, most)  # type: ignore[arg-type]

    def _deadline_s(self, request: TextRequest | ImageRequest) -> float:
        return float(request.params.get("timeout_s") or self._params.get("timeout_s") or DEADLINE_S)

    # -- wording -------------------------------------------------------------------------------------------------------

    def _body(self, request: TextRequest) -> dict[str, Any]:
        """The request in OpenAI's words. The call's params win over the profile's."""
        params = {**self._params, **{k: v for k, v in request.params.items() if v is not None}}
        learned = _learned(self._base_url, request.model)
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            **{name: params[name] for name in _PASSED_ON if params.get(name) is not None},
            **_response_format(request),
        }
        if params.get("max_tokens") is not None:
            body[learned.token_cap or params.get("token_cap") or self._endpoint.token_cap] = params["max_tokens"]
        if learned.stream and params.get("stream", True):
            body["stream"] = True
            if learned.stream_options:
                body["stream_options"] = {"include_usage": True}
        if params.get("extra_body"):
            body["extra_body"] = params["extra_body"]
        return body

    # -- failing -------------------------------------------------------------------------------------------------------

    def _failed(self, error: Exception, request: TextRequest, answer: _Answer) -> ProviderError:
        made = self._translated(error, request, answer.headers, self._body(request), structured=request.mode != "plain")
        made.request_id = made.request_id or answer.request_id
        made.raw = clean_text(answer.text) or None
        made.usage = answer.usage if answer.usage != Usage() else None
        return made

    def _translated(
        self,
        error: Exception,
        request: TextRequest | ImageRequest,
        headers: Mapping[str, str],
        sent: Mapping[str, Any],
        *,
        structured: bool,
    ) -> ProviderError:
        match error:
            case ProviderError():
                return error
            case openai.APIStatusError():
                return self._refused(error, request.model, sent, structured)
            case TimeoutError() if not isinstance(error, ssl.SSLError):
                return ProviderError(
                    "timeout", Text("No complete answer within {seconds} s.", seconds=f"{self._deadline_s(request):g}")
                )
            case openai.APIConnectionError() | httpx2.TransportError() | ssl.SSLError():
                return _transport_fault(error, self._most_bytes)
            case openai.APIError():  # an error event inside the stream
                return faults.fault(None, error.body if error.body is not None else error.message, headers)
            case json.JSONDecodeError() | UnicodeDecodeError() | openai.APIResponseValidationError():
                return ProviderError(
                    "malformed_output",
                    Text("The service's answer cannot be read: {problem}", problem=redactor.text(str(error))),
                )
        # Anything else is a bug of ours or the SDK's: the engine shows it as internal, with its traceback.
        raise error

    def _refused(
        self, error: openai.APIStatusError, model: str, sent: Mapping[str, Any], structured: bool
    ) -> ProviderError:
        made = faults.fault(error.status_code, error.response.text, error.response.headers, structured=structured)
        if made.kind == "bad_request" and not made.mode_unsupported:
            refusal = faults.read_refusal(error.response.text)
            if _learn(self._base_url, model, refusal, sent):
                return Adapted(
                    "bad_request",
                    made.text,
                    http_status=made.http_status,
                    request_id=made.request_id,
                    retryable=True,
                    sent=True,
                )
        return made


def _usable_key(key: str | None) -> str | None:
    """The key as it may go into a header. A stored key is clean already; one made elsewhere may not be."""
    if not key or not key.strip():
        return None
    try:
        return normalise_key(key)
    except InvalidInput as error:
        raise ProviderError("auth", error.text, sent=False) from None


@functools.cache
def _trusted_authorities(trust_env: bool) -> ssl.SSLContext:
    # Loading the certificates takes tens of milliseconds of CPU: once a process, not once a job.
    return httpx2.create_ssl_context(trust_env=trust_env)


def _tell(on_delta: OnDelta, answer: _Answer) -> None:
    if answer.text:
        on_delta(clean_text(answer.text))


class _Capped(httpx2.AsyncByteStream):
    """A response body that ends with TooLarge once it passes the cap. `tail`: its last bytes."""

    def __init__(self, stream: httpx2.AsyncByteStream, most_bytes: int) -> None:
        self._stream = stream
        self._most_bytes = most_bytes
        self.tail = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        passed = 0
        async for chunk in self._stream:
            passed += len(chunk)
            if passed > self._most_bytes:
                raise TooLarge("the answer is too large")
            self.tail = (self.tail + chunk)[-64:]
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def _said_done(stream: object) -> bool:
    # The SDK keeps [DONE] to itself.
    return isinstance(stream, _Capped) and b"[DONE]" in stream.tail


# -- structured output -------------------------------------------------------------------------------------------------


def _response_format(request: TextRequest) -> dict[str, Any]:
    if request.schema is None or request.mode == "plain":
        return {}
    if request.mode == "json_object":
        return {"response_format": {"type": "json_object"}}
    strict = strict_schema(request.schema)
    name = re.sub(r"[^A-Za-z0-9_-]", "_", request.schema_name)[:64] or "output"
    described = {"name": name, "schema": strict or request.schema, "strict": strict is not None}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


# -- what a service turned out not to know -----------------------------------------------------------------------------


@dataclass
class _Learned:
    stream: bool = True
    stream_options: bool = True
    token_cap: str | None = None
    #: whether a picture may be asked for as base64; the service hands out what it likes otherwise
    image_format: bool = True


_lessons: dict[tuple[str, str], _Learned] = {}


def _learned(base_url: str, model: str) -> _Learned:
    return _lessons.setdefault((base_url, model), _Learned())


_STREAMING_REFUSED = re.compile(
    r"stream(ing)?\b.{0,40}\b(not supported|unsupported|not available|not allowed)|does not support stream"
)


def _learn(base_url: str, model: str, refusal: faults.Refusal, sent: Mapping[str, Any]) -> bool:
    """Learn from a refusal that names a detail we sent; True when the next request will be worded otherwise."""
    known, named = _learned(base_url, model), refusal.named
    if "stream_options" in sent and ("stream_options" in named or "include_usage" in named):
        known.stream_options = False
        return True
    if sent.get("stream") and (refusal.param == "stream" or _STREAMING_REFUSED.search(named)):
        known.stream = False
        return True
    if "prompt" in sent and "response_format" in sent and "response_format" in named:
        known.image_format = False
        return True
    cap = next((c for c in ("max_tokens", "max_completion_tokens") if c in sent), None)
    # Only when the name is refused, not when its value is.
    if cap and known.token_cap is None and refusal.param in ("", cap) and cap in named and _NAME_REFUSED.search(named):
        known.token_cap = "max_completion_tokens" if cap == "max_tokens" else "max_tokens"
        return True
    return False


_NAME_REFUSED = re.compile(
    r"unsupported|not supported|unrecognized|unknown|extra (inputs|fields)|not permitted|unexpected"
)


# -- transport ---------------------------------------------------------------------------------------------------------


def _transport_fault(error: Exception, most_bytes: int) -> ProviderError:
    cause = _cause(error)
    reason = redactor.text(str(cause) or type(cause).__name__)
    unsent = isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError))
    if isinstance(cause, TooLarge):
        return ProviderError(
            "malformed_output", Text("The service sent more than {size} MB.", size=round(most_bytes / 1024 / 1024, 1))
        )
    if isinstance(cause, httpx2.UnsupportedProtocol):
        return ProviderError(
            "network", Text("The base URL is no web address: {reason}", reason=reason), retryable=False, sent=False
        )
    if isinstance(cause, httpx2.LocalProtocolError) and "header" in str(cause).lower():
        # The SDK calls this a connection error; trying again would never help (providers.md §6).
        return ProviderError("auth", Text("The key has characters that no HTTP header may have."), sent=False)
    if isinstance(cause, httpx2.TimeoutException) or isinstance(error, openai.APITimeoutError):
        return ProviderError(
            "timeout", Text("The service did not answer in time: {reason}", reason=reason), sent=not unsent
        )
    if unsent:
        return ProviderError("network", Text("The service cannot be reached: {reason}", reason=reason), sent=False)
    return ProviderError(
        "network", Text("The connection broke before the answer was complete: {reason}", reason=reason)
    )


def _cause(error: BaseException) -> BaseException:
    """What the SDK wrapped."""
    return error.__cause__ if isinstance(error, openai.APIConnectionError) and error.__cause__ is not None else error


# -- the answer --------------------------------------------------------------------------------------------------------

_FINISH = {"stop": "stop", "eos": "stop", "length": "length", "max_tokens": "length", "model_length": "length"}
_FILTERED = frozenset({"content_filter", "sensitive", "safety", "repetition_filter"})


@dataclass
class _Answer:
    """What has come in so far. `finished`: the model said it was done, whatever happens to the connection afterwards."""

    model: str
    usage: Usage = field(default_factory=Usage)
    request_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ttft_ms: int | None = None
    finish: str | None = None
    refusal: str = ""
    chunks: int = 0
    pieces: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def finished(self) -> bool:
        return self.finish is not None

    def reply(self) -> TextReply:
        """The finished answer. Raises ProviderError content_filter when the service withheld it."""
        text = clean_text(self.text)
        withheld = self.finish in _FILTERED
        if withheld or (self.refusal and not text.strip()):
            said = redactor.text(clean_text(self.refusal or text))[: faults.LONGEST_MESSAGE]
            raise ProviderError(
                "content_filter",
                Text("The model refused: {message}", message=said)
                if said
                else Text("The service withheld the answer."),
                http_status=200,
                request_id=self.request_id,
                raw=text or None,
                usage=self.usage if self.usage != Usage() else None,
            )
        finish = _FINISH.get(self.finish or "", "other")
        return TextReply(text, self.usage, self.model, finish, self.request_id, self.ttft_ms)

    # -- at once -------------------------------------------------------------------------------------------------------

    def take_whole(self, body: str) -> None:
        """Read an answer that came in one piece. Raises ProviderError for anything that is no completion."""
        try:
            found = json.loads(body)
        except ValueError:
            raise _no_completion(body) from None
        if not isinstance(found, dict) or not ({"choices", "error"} & found.keys()):
            raise _no_completion(body)
        if found.get("error") and not found.get("choices"):
            raise faults.fault(200, found, self.headers)
        self.model = str(found.get("model") or self.model)
        self._take_usage(found.get("usage"))
        choice = _first(found.get("choices"))
        message = _mapping(choice.get("message"))
        self._add(message.get("content"))
        self.refusal += str(message.get("refusal") or "")
        self._take_usage(choice.get("usage"))
        self.finish = str(choice.get("finish_reason") or "other")

    # -- in pieces -----------------------------------------------------------------------------------------------------

    async def take_stream(self, stream: AsyncIterator[Any], on_delta: OnDelta) -> None:
        """Read a stream to its end."""
        joiner = _Joiner(on_delta)
        async for chunk in stream:
            if isinstance(chunk, dict):
                self.chunks += 1
                self._take_chunk(chunk, joiner)
        joiner.end()

    def end_stream(self, *, done: bool) -> None:
        """`done`: the stream was closed with [DONE], so it is complete even if no reason was given.

        Raises ProviderError network when it ended before the model said it was done.
        """
        if self.finished:
            return
        if done and self.chunks:
            self.finish = "other"
            return
        if not self.chunks:
            raise ProviderError(
                "malformed_output",
                Text("The service answered, but not with a chat completion. Check the base URL."),
                http_status=200,
            )
        raise ProviderError("network", Text("The stream ended before the answer was complete."), http_status=200)

    def _take_chunk(self, chunk: dict[str, Any], joiner: _Joiner) -> None:
        self.model = str(chunk.get("model") or self.model)
        self._take_usage(chunk.get("usage"))
        choice = _first(chunk.get("choices"))
        delta = _mapping(choice.get("delta"))
        piece = delta.get("content")
        # A reasoning model's thoughts are its first tokens, too, though they are no part of the answer.
        if self.ttft_ms is None and (
            piece or delta.get("reasoning_content") or delta.get("reasoning") or delta.get("refusal")
        ):
            self.ttft_ms = round((time.monotonic() - self.started) * 1000)
        if piece:
            self._add(piece)
            joiner.add(str(piece))
        self.refusal += str(delta.get("refusal") or "")
        self._take_usage(choice.get("usage"))
        if choice.get("finish_reason"):
            self.finish = str(choice["finish_reason"])

    def _add(self, content: Any) -> None:
        if isinstance(content, str):
            self.pieces.append(content)
        elif isinstance(content, list):  # some services answer in parts, as requests may be asked
            self.pieces += [str(part.get("text") or "") for part in content if isinstance(part, dict)]

    def _take_usage(self, found: Any) -> None:
        """The last usage wins; empty objects say nothing."""
        usage = read_usage(found)
        if usage != Usage():
            self.usage = usage


def _first(choices: Any) -> dict[str, Any]:
    return _mapping(choices[0]) if isinstance(choices, list) and choices else {}


def _mapping(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _no_completion(body: str) -> ProviderError:
    shown = redactor.text(faults.read_refusal(body).message)[:200]
    return ProviderError(
        "malformed_output",
        Text(
            "The service answered with something else than a chat completion. Check the base URL. It begins: {start}",
            start=shown,
        ),
        http_status=200,
    )


def read_usage(found: Any) -> Usage:
    """Token counts as reported; anything missing or senseless stays None (providers.md §3)."""
    if not isinstance(found, dict):
        return Usage()
    prompt, completion = found.get("prompt_tokens_details"), found.get("completion_tokens_details")
    details = prompt if isinstance(prompt, dict) else {}
    cached = (details.get("cached_tokens"), found.get("prompt_cache_hit_tokens"), found.get("cached_tokens"))
    return Usage(
        input=_count(found.get("prompt_tokens")),
        cached=next((c for c in map(_count, cached) if c is not None), None),
        output=_count(found.get("completion_tokens")),
        reasoning=_count(completion.get("reasoning_tokens")) if isinstance(completion, dict) else None,
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


class _Joiner:
    """Passes streamed pieces on as whole characters: services may cut an emoji between its two halves."""

    def __init__(self, on_delta: OnDelta) -> None:
        self._on_delta = on_delta
        self._held = ""

    def add(self, piece: str) -> None:
        piece, self._held = self._held + piece, ""
        if "\ud800" <= piece[-1:] <= "\udbff":
            piece, self._held = piece[:-1], piece[-1]
        if piece:
            self._on_delta(clean_text(piece))

    def end(self) -> None:
        if self._held:
            self._on_delta(clean_text(self._held))
