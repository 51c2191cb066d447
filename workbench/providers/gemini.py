"""Gemini through google-genai: text with a response schema, pictures, and Veo clips as long operations.

One call is one HTTP request: the SDK's retries and redirects are off, its API version is pinned, and nothing of the
environment reaches it. Sources: docs/providers.md and the SDK's own code (google-genai 3.4).
"""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import math
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx2

from workbench.errors import ProviderError, not_downloaded
from workbench.i18n import N_, Text
from workbench.providers import faults, wire
from workbench.providers.answers import count, mapping
from workbench.providers.base import (
    MODES,
    GeneratedMedia,
    ImageProvider,
    ImageReply,
    ImageRequest,
    Mode,
    OnDelta,
    Profile,
    TaskState,
    TextProvider,
    TextReply,
    TextRequest,
    Usage,
    VideoProvider,
    VideoRequest,
)
from workbench.providers.reading import clean_text
from workbench.security.redact import redactor

if TYPE_CHECKING:
    from google import genai
    from google.genai import types

    from workbench.settings import Settings

BASE_URL = "https://generativelanguage.googleapis.com"
#: v1 knows no responseJsonSchema
API_VERSION = "v1beta"
DEADLINE_S = 600.0
POLL_MS = 10_000
#: the engine gives up on a poll after ten seconds and asks again later; so do we, with a word
POLL_S = 8.0
RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
VIDEO_RATIOS = ("16:9", "9:16")
#: the lengths that Veo films, in seconds
VIDEO_SECONDS = (4, 6, 8)
#: our name → the SDK's
_PASSED_ON = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_output_tokens",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
_FINISH = {"STOP": "stop", "MAX_TOKENS": "length"}
_WITHHELD = ("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_")
_NO_IMAGE = "NO_IMAGE"
#: google.rpc.Code → HTTP status
_RPC_CODES = {3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 13: 500, 14: 503, 16: 401}

T = TypeVar("T")


def make(profile: Profile, settings: Settings) -> Gemini:
    """The provider of this profile; the registry's factory."""
    return Gemini(profile, trust_env=settings.trust_env)


class Gemini(TextProvider, ImageProvider, VideoProvider):
    """Use it inside one event loop and close it there."""

    modes: tuple[Mode, ...] = MODES

    def __init__(self, profile: Profile, *, trust_env: bool = False, most_bytes: int = wire.MOST_BYTES) -> None:
        self.name = profile.name
        self._params = profile.params
        self._base_url = (profile.base_url or BASE_URL).rstrip("/")
        self._key = wire.usable_key(profile.key)
        redactor.remember(self._key)
        self._trust_env = trust_env
        self._most_bytes = most_bytes

    # -- text ----------------------------------------------------------------------------------------------------------

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        """Make one request. Raises ProviderError with the exact kind; calls `on_delta` with each piece of streamed text."""
        client = self._client
        answer = _Answer(request.model)
        params = {**self._params, **{k: v for k, v in request.params.items() if v is not None}}
        structured = request.mode != "plain"

        async def ask() -> TextReply:
            told = self._told(request, params)
            if params.get("stream", True):
                stream = await client.aio.models.generate_content_stream(**told)
                async for chunk in stream:
                    answer.take(chunk, on_delta, streamed=True)
            else:
                answer.take(await client.aio.models.generate_content(**told), on_delta, streamed=False)
            return answer.reply()

        try:
            return await self._once(ask, self._deadline_s(params), structured=structured)
        except ProviderError as error:
            error.raw = error.raw or clean_text(answer.text) or None
            error.usage = error.usage or (answer.usage if answer.usage != Usage() else None)
            raise

    def _told(self, request: TextRequest, params: Mapping[str, Any]) -> dict[str, Any]:
        """The SDK's arguments of a text request."""
        from google.genai import types

        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        contents = [
            types.Content(role="model" if m.role == "assistant" else "user", parts=[types.Part(text=m.content)])
            for m in request.messages
            if m.role != "system"
        ]
        config: dict[str, Any] = {
            theirs: params[ours] for ours, theirs in _PASSED_ON.items() if params.get(ours) is not None
        }
        if system:
            config["system_instruction"] = system
        if params.get("stop"):
            config["stop_sequences"] = [params["stop"]] if isinstance(params["stop"], str) else list(params["stop"])
        if params.get("thinking_budget") is not None:
            config["thinking_config"] = types.ThinkingConfig(thinking_budget=params["thinking_budget"])
        if request.schema is not None and request.mode != "plain":
            config["response_mime_type"] = "application/json"
            if request.mode == "json_schema":
                config["response_json_schema"] = request.schema
        return {
            "model": request.model,
            "contents": contents,
            "config": types.GenerateContentConfig(**config, http_options=_headers(request.call_id)),
        }

    # -- pictures ------------------------------------------------------------------------------------------------------

    async def images(self, request: ImageRequest) -> ImageReply:
        """Make one request for a picture. Raises ProviderError with the exact kind."""
        if not request.model:
            raise ProviderError("not_found_model", Text(N_("The profile names no image model.")), sent=False)
        client = self._client

        async def draw() -> ImageReply:
            from google.genai import types

            parts = [types.Part.from_bytes(data=data, mime_type=_mime(data)) for data in request.references]
            config = types.GenerateContentConfig(
                response_modalities=["TEXT", "IMAGE"],
                image_config=types.ImageConfig(
                    aspect_ratio=nearest_ratio(request.size, RATIOS), image_size=request.params.get("image_size")
                ),
                http_options=_headers(request.call_id),
            )
            contents: Any = [types.Content(role="user", parts=[*parts, types.Part(text=request.prompt)])]
            answered = await client.aio.models.generate_content(model=request.model, contents=contents, config=config)
            return _pictures(answered, request.model)

        return await self._once(draw, self._deadline_s(request.params))

    # -- clips ---------------------------------------------------------------------------------------------------------

    async def submit(self, request: VideoRequest) -> str:
        """Create the operation, once; returns its name. Raises ProviderError with the exact kind."""
        if request.last_frame is not None and request.first_frame is None:
            raise ProviderError("bad_request", Text(N_("A clip with a last frame needs a first one.")), sent=False)

        async def create() -> str:
            instance = {
                "prompt": request.prompt,
                "image": _inline(request.first_frame),
                "lastFrame": _inline(request.last_frame),
            }
            parameters = {
                "durationSeconds": nearest_length(request.seconds),
                "aspectRatio": nearest_ratio(request.size, VIDEO_RATIOS),
                "resolution": request.params.get("resolution"),
                "seed": request.seed if request.params.get("image_seed") else None,
            }
            body = {"instances": [_given(instance)], "parameters": _given(parameters)}
            path = f"models/{request.model}:predictLongRunning"
            found = await self._asked("POST", path, json=body, headers={"X-Client-Request-Id": request.call_id})
            if not found.get("name"):
                raise ProviderError("empty_output", Text(N_("The service created no task.")), http_status=200)
            return str(found["name"])

        return await self._once(create, self._deadline_s(request.params))

    async def poll(self, task_id: str) -> TaskState:
        """How the operation is. Raises ProviderError: a retryable one says nothing of it."""

        async def ask() -> TaskState:
            operation = await self._asked("GET", task_id)
            if not operation.get("done"):
                return TaskState("running", poll_after_ms=int(self._params.get("poll_ms") or POLL_MS))
            if operation.get("error"):
                return _failed(mapping(operation["error"]))
            response = mapping(operation.get("response"))
            return self._finished(mapping(response.get("generateVideoResponse", response)))

        try:
            return await self._once(ask, min(POLL_S, self._deadline_s({})))
        except ProviderError as error:
            # A gateway's page or redirect is no word of the service: the clip is paid for and may well be there.
            error.retryable = error.retryable or error.kind in ("malformed_output", "unknown")
            raise

    async def _asked(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """One request of the long-operation API. The SDK (3.4) makes it for the cloud platform alone."""
        version = str(self._params.get("api_version") or API_VERSION)
        headers = {"x-goog-api-key": self._key or wire.NO_KEY, **more.pop("headers", {})}
        response = await self._http.request(method, f"{self._base_url}/{version}/{path}", headers=headers, **more)
        if response.status_code != 200:
            raise faults.fault(response.status_code, response.text, response.headers)
        found = response.json()
        if not isinstance(found, dict):
            raise _foreign(redactor.text(response.text[:200]))
        return found

    def _finished(self, response: dict[str, Any]) -> TaskState:
        samples = [mapping(s) for s in response.get("generatedSamples") or ()]
        if not samples:
            reasons = [str(r) for r in response.get("raiMediaFilteredReasons") or ()]
            said = redactor.text("; ".join(reasons))[: faults.LONGEST_MESSAGE]
            if said:
                return TaskState("failed", error=faults.filtered(faults.CLIP, said), error_kind="content_filter")
            nothing = Text(N_("The service answered without a picture or clip."))
            return TaskState("failed", error=nothing, error_kind="empty_output")
        link = str(mapping(samples[0].get("video")).get("uri") or "")
        if _host(link) != _host(self._base_url):
            return TaskState("succeeded", clip=GeneratedMedia(url=link))
        # It may take longer than a poll, and outlive this provider.
        return TaskState("succeeded", clip=GeneratedMedia(fetch=functools.partial(self._fetched, link)))

    async def _fetched(self, link: str, add: Callable[[bytes], None]) -> str | None:
        """A clip from the profile's own host, with the key; a link elsewhere, or a redirect, never gets it."""
        headers = {"x-goog-api-key": self._key or wire.NO_KEY}
        try:
            async with (
                wire.client(self._params, lambda _: sys.maxsize, trust_env=self._trust_env) as http,
                http.stream("GET", link, headers=headers) as response,
            ):
                if response.is_redirect:
                    # the clip itself may lie on another host, behind a signed link that needs no key
                    return urljoin(link, str(response.headers.get("location", "")))
                status = response.status_code
                if status != 200:
                    reason = Text(N_("its server answered {status}"), status=status)
                    raise not_downloaded(reason, passing=status == 429 or status >= 500)
                async for piece in response.aiter_raw():
                    add(piece)
                return None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            problem = type(error).__name__
        # Raised out here: the handler's context would drag along a request with its key.
        raise not_downloaded(Text(N_("the connection failed ({problem})"), problem=problem), passing=True)

    async def cancel(self, task_id: str) -> None:
        """Gemini's operations cannot be cancelled; nothing happens."""

    def ready(self) -> None:
        """Load what the first call needs."""
        _ = self._client

    async def aclose(self) -> None:
        """Close connections."""
        if "_client" in self.__dict__:
            await self._client.aio.aclose()
        if "_http" in self.__dict__:
            await self._http.aclose()

    # -- sending -------------------------------------------------------------------------------------------------------

    async def _once(self, call: Callable[[], Awaitable[T]], deadline_s: float, *, structured: bool = False) -> T:
        """The call under its deadline; what fails becomes a ProviderError."""
        failure: Exception
        try:
            async with asyncio.timeout(deadline_s):
                return await call()
        except Exception as error:
            failure = error
        # Raised out here, so that no handler's context drags along an exception that quotes request headers.
        raise _translated(failure, deadline_s, structured=structured)

    @functools.cached_property
    def _http(self) -> httpx2.AsyncClient:
        return wire.client(self._params, self._most, trust_env=self._trust_env)

    @functools.cached_property
    def _client(self) -> genai.Client:
        # Imported here: the SDK takes most of a second to load, which no other provider's job should wait for.
        from google import genai
        from google.genai import types

        return genai.Client(
            vertexai=False,
            api_key=self._key or wire.NO_KEY,
            http_options=types.HttpOptions(
                base_url=self._base_url,
                api_version=str(self._params.get("api_version") or API_VERSION),
                httpx_async_client=self._http,
                # unset would mean none here, but five for the uploads that share the code
                retry_options=types.HttpRetryOptions(attempts=1),
            ),
        )

    def _most(self, request: httpx2.Request) -> int:
        # pictures and text come by the same call
        return max(self._most_bytes, wire.MOST_IMAGE_BYTES) if "image" in request.url.path else self._most_bytes

    def _deadline_s(self, params: Mapping[str, Any]) -> float:
        return float(params.get("timeout_s") or self._params.get("timeout_s") or DEADLINE_S)


# -- reading -----------------------------------------------------------------------------------------------------------


class _Answer:
    """What has come in of a text answer so far."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.usage = Usage()
        self.pieces: list[str] = []
        self.finish: str | None = None
        self.blocked = ""
        self.request_id: str | None = None
        self.ttft_ms: int | None = None
        self.chunks = 0
        self._started = time.monotonic()

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def take(self, chunk: types.GenerateContentResponse, on_delta: OnDelta, *, streamed: bool) -> None:
        self.chunks += 1
        self.request_id = self.request_id or _request_id(chunk)
        usage = usage_of(chunk.usage_metadata)
        if usage != Usage():
            self.usage = usage  # every chunk has it; the last one counts
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            self.blocked = _name(chunk.prompt_feedback.block_reason)
        for candidate in (chunk.candidates or ())[:1]:
            if candidate.finish_reason:
                self.finish = _name(candidate.finish_reason)
            for part in (candidate.content.parts if candidate.content else None) or ():
                if part.text and streamed and self.ttft_ms is None:
                    # a model's thoughts are its first tokens, too, though they are no part of the answer
                    self.ttft_ms = round((time.monotonic() - self._started) * 1000)
                if part.text and not part.thought:
                    self.pieces.append(part.text)
                    on_delta(clean_text(part.text))

    def reply(self) -> TextReply:
        """The finished answer. Raises ProviderError content_filter when it was withheld, network when it is half of one."""
        if not self.chunks:
            raise _foreign("")
        if self.blocked or (self.finish or "").startswith(_WITHHELD):
            part = _part_blocked(self.blocked) if self.blocked else faults.ANSWER
            raise _withheld(part, self.blocked or self.finish or "", self.usage, self.request_id)
        if self.finish is None and self.pieces:
            raise ProviderError(
                "network", Text(N_("The stream ended before the answer was complete.")), http_status=200
            )
        if self.finish is None and self.usage == Usage():
            raise _foreign("")
        finish = _FINISH.get(self.finish or "STOP", "other")
        return TextReply(clean_text(self.text), self.usage, self.model, finish, self.request_id, self.ttft_ms)


def usage_of(metadata: Any) -> Usage:
    """Tokens of one answer. Thoughts are outside the candidates' count and billed as output."""
    if metadata is None:
        return Usage()
    asked, tools = count(metadata.prompt_token_count), count(metadata.tool_use_prompt_token_count)
    said, thought = count(metadata.candidates_token_count), count(metadata.thoughts_token_count)
    return Usage(
        input=None if asked is None else asked + (tools or 0),
        cached=count(metadata.cached_content_token_count),
        output=None if said is None and thought is None else (said or 0) + (thought or 0),
        reasoning=thought,
        image_input=_of_images(metadata.prompt_tokens_details),
        image_output=_of_images(metadata.candidates_tokens_details),
    )


def _request_id(answered: types.GenerateContentResponse) -> str | None:
    """The service's own id of the request, for its support."""
    return redactor.text(answered.response_id)[:200] if answered.response_id else None


def _of_images(details: Any) -> int | None:
    found = [count(d.token_count) for d in details or () if d.modality is not None and _name(d.modality) == "IMAGE"]
    return sum(c or 0 for c in found) if found else None


def _pictures(answered: types.GenerateContentResponse, model: str) -> ImageReply:
    usage = usage_of(answered.usage_metadata)
    if answered.prompt_feedback is not None and answered.prompt_feedback.block_reason:
        reason = _name(answered.prompt_feedback.block_reason)
        raise _withheld(_part_blocked(reason), reason, usage, _request_id(answered))
    made, finishes = [], []
    for candidate in answered.candidates or ():
        finishes.append(_name(candidate.finish_reason) if candidate.finish_reason else "")
        for part in (candidate.content.parts if candidate.content else None) or ():
            if part.inline_data is not None and part.inline_data.data and not part.thought:
                made.append(GeneratedMedia(data=part.inline_data.data))
    refused = next((f for f in finishes if f.startswith(_WITHHELD) and f != _NO_IMAGE), None)
    if not made and refused:
        raise _withheld(faults.PICTURE, refused, usage, _request_id(answered))
    return ImageReply(tuple(made), usage, model, count=len(made), request_id=_request_id(answered))


def _failed(error: Mapping[str, Any]) -> TaskState:
    """An operation that ended with an error: a google.rpc.Status."""
    made = faults.fault(_RPC_CODES.get(count(error.get("code")) or 0, 200), {"error": {**error, "code": None}}, {})
    if made.kind in ("unknown", "bad_request") and "safety" in str(error).lower():
        said = redactor.text(str(error.get("message") or ""))[: faults.LONGEST_MESSAGE]
        return TaskState("failed", error=faults.filtered(faults.REQUEST, said), error_kind="content_filter")
    return TaskState("failed", error=made.text, error_kind=made.kind)


def _part_blocked(reason: str) -> str:
    """What of a request is blocked for this reason."""
    return faults.GIVEN if reason == "IMAGE_SAFETY" else faults.PROMPT


def _withheld(part: str, reason: str, usage: Usage, request_id: str | None) -> ProviderError:
    return ProviderError(
        "content_filter",
        faults.filtered(part, reason),
        http_status=200,
        request_id=request_id,
        usage=usage if usage != Usage() else None,
    )


def _foreign(begins: str) -> ProviderError:
    return ProviderError(
        "malformed_output",
        Text(
            N_("The service answered with something else than a completion. Check the base URL. It begins: {start}"),
            start=begins,
        ),
        http_status=200,
    )


def _translated(error: Exception, deadline_s: float, *, structured: bool) -> ProviderError:
    from google.genai import errors

    if isinstance(error, ProviderError):
        return error
    if isinstance(error, errors.APIError):
        headers = {} if error.response is None else error.response.headers
        return faults.fault(error.code, error.details, headers, structured=structured)
    if isinstance(error, TimeoutError):
        return ProviderError("timeout", Text("No complete answer within {seconds} s.", seconds=f"{deadline_s:g}"))
    if isinstance(error, httpx2.TransportError | OSError):
        return wire.transport_fault(error)
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | errors.UnknownApiResponseError):
        begins = redactor.text(getattr(error, "doc", "") or str(error))[:200]
        return _foreign(begins)
    if isinstance(error, ValueError):  # pydantic's too: an answer in another shape than the SDK knows
        return ProviderError(
            "malformed_output",
            Text("The service's answer cannot be read: {problem}", problem=redactor.text(str(error))[:300]),
        )
    # Anything else is a bug of ours or the SDK's: the engine shows it as internal, with its traceback.
    raise error


# -- wording -----------------------------------------------------------------------------------------------------------


def nearest_ratio(size: tuple[int, int], ratios: tuple[str, ...]) -> str:
    """The ratio nearest in shape to the wanted size."""
    shape = size[0] / size[1]

    def distance(ratio: str) -> float:
        width, height = (int(n) for n in ratio.split(":"))
        return abs(math.log(width / height / shape))

    return min(ratios, key=distance)


def nearest_length(seconds: float) -> int:
    """The shortest clip that Veo films of at least these seconds, else its longest."""
    return next((s for s in VIDEO_SECONDS if s >= seconds), VIDEO_SECONDS[-1])


def _headers(call_id: str) -> types.HttpOptions:
    from google.genai import types

    return types.HttpOptions(headers={"X-Client-Request-Id": call_id})


def _inline(data: bytes | None) -> dict[str, str] | None:
    """A picture in the words of the long-operation API."""
    return None if data is None else {"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": _mime(data)}


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in fields.items() if v is not None}


def _mime(data: bytes) -> str:
    if data[:4] == b"RIFF":
        return "image/webp"
    return "image/png" if data[:4] == b"\x89PNG" else "image/jpeg"


def _name(value: Any) -> str:
    """An enumeration's own word, also one that the SDK does not know."""
    return str(getattr(value, "value", value)).upper()


def _host(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
