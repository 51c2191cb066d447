"""Gemini through google-genai: text with a response schema, pictures, and Veo clips as long operations.

One call is one HTTP request: the SDK's retries, continuations and redirects are off, its API version is pinned, and
nothing of the environment reaches it. What it cannot read is put into its words first: gemini_wire.py. Sources:
docs/providers.md and the SDK's own code (google-genai 3.4).
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx2

from workbench.errors import ProviderError, not_downloaded
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject, parse_json
from workbench.plain_text import storable
from workbench.providers import faults, wire
from workbench.providers.answers import Joiner, ServiceRefused
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
from workbench.providers.counting import mapping
from workbench.providers.gemini_answers import TextAnswer, not_gemini
from workbench.providers.gemini_media import (
    RATIOS,
    mime_of,
    nearest_ratio,
    read_failure,
    read_pictures,
    video_body,
)
from workbench.providers.gemini_wire import clean_answer, read_usage
from workbench.providers.openai_images import decode_base64, note_left_out
from workbench.providers.references import ReferenceLimits, limits_of
from workbench.security.redact import redactor

if TYPE_CHECKING:
    from google import genai

    from workbench.settings import Settings

BASE_URL = "https://generativelanguage.googleapis.com"
#: v1 knows no responseJsonSchema
API_VERSION = "v1beta"
DEADLINE_S = 600.0
POLL_MS = 10_000
#: the engine gives up on a poll after ten seconds and asks again later; so do we, with a word
POLL_S = 8.0
#: our name → the SDK's
_PASSED_ON = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_output_tokens",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}

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
        """Make one request. Raises ProviderError with the exact kind; calls `on_delta` with each piece of streamed
        text."""
        client = self._client
        answer = TextAnswer(request.model, off='{"thinking_budget": 0}')
        params = {**self._params, **{k: v for k, v in request.params.items() if v is not None}}
        arguments = self._arguments(request, params)

        async def ask() -> None:
            if not params.get("stream", True):
                answer.take_whole(await client.aio.models.generate_content(**arguments), on_delta)
                return
            joiner = Joiner(on_delta)
            async for chunk in await client.aio.models.generate_content_stream(**arguments):
                answer.take_chunk(chunk, joiner)
            joiner.end()
            answer.end_stream()

        failure: ProviderError | None = None
        refused = False

        async def note_refusal() -> None:
            nonlocal refused
            try:
                await ask()
            except ServiceRefused:
                refused = True
                raise

        try:
            await self._send(note_refusal, self._deadline_s(params), structured=request.mode != "plain")
        except ProviderError as error:
            failure = error
        if failure is None or (answer.finished and not refused):
            return answer.reply()
        failure.raw = failure.raw or storable(answer.text) or None
        failure.usage = failure.usage or (answer.usage if answer.usage != Usage() else None)
        raise failure

    def _arguments(self, request: TextRequest, params: Mapping[str, Any]) -> JsonObject:
        """The SDK's arguments of a text request."""
        from google.genai import types

        system = "\n\n".join(m.content for m in request.messages if m.role == "system")
        contents = [
            types.Content(
                role="model" if m.role == "assistant" else "user",
                parts=[
                    types.Part(text=m.content),
                    *(types.Part.from_bytes(data=p, mime_type="image/jpeg") for p in m.pictures),
                ],
            )
            for m in request.messages
            if m.role != "system"
        ]
        config: JsonObject = {
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
            "config": types.GenerateContentConfig(**config, **_once(request.call_id)),
        }

    # -- pictures ------------------------------------------------------------------------------------------------------

    async def images(self, request: ImageRequest) -> ImageReply:
        """Make one request for a picture. Raises ProviderError with the exact kind."""
        if not request.model:
            raise ProviderError("not_found_model", Text(N_("The profile names no image model.")), sent=False)
        client = self._client

        async def draw() -> ImageReply:
            from google.genai import types

            taken = request.references[: self.picture_references(request.model, request.params).most]
            parts = [types.Part.from_bytes(data=data, mime_type=mime_of(data)) for data in taken]
            config = types.GenerateContentConfig(
                response_modalities=["TEXT", "IMAGE"],
                image_config=types.ImageConfig(
                    aspect_ratio=nearest_ratio(request.size, RATIOS), image_size=request.params.get("image_size")
                ),
                **_once(request.call_id),
            )
            contents: Any = [types.Content(role="user", parts=[*parts, types.Part(text=request.prompt)])]
            answer = await client.aio.models.generate_content(model=request.model, contents=contents, config=config)
            left_out = note_left_out(request.model, len(request.references), len(taken))
            return replace(read_pictures(answer, request.model), notes=left_out)

        return await self._send(draw, self._deadline_s(request.params))

    def picture_references(self, model: str, params: JsonObject) -> ReferenceLimits:
        """How many pictures this model draws from."""
        return limits_of("gemini", "image", model)

    def clip_references(self, model: str) -> ReferenceLimits:
        """How many pictures this model films from that are no frames of the clip."""
        return limits_of("gemini", "video", model)

    # -- clips ---------------------------------------------------------------------------------------------------------

    async def submit(self, request: VideoRequest) -> str:
        """Create the operation, once; returns its name. Raises ProviderError with the exact kind."""
        body = video_body(request)

        async def create() -> str:
            path = f"{_path_of(request.model)}:predictLongRunning"
            headers = {"X-Client-Request-Id": request.call_id}
            operation = await self._exchange("POST", path, json=body, headers=headers)
            if not operation.get("name"):
                raise ProviderError("empty_output", Text(N_("The service created no task.")), http_status=200)
            return str(operation["name"])

        return await self._send(create, self._deadline_s(request.params))

    async def poll(self, task_id: str) -> TaskState:
        """How the operation is. Raises ProviderError: a retryable one says nothing of it."""

        async def ask() -> TaskState:
            operation = await self._exchange("GET", task_id)
            if not operation.get("done"):
                return TaskState("running", poll_after_ms=int(self._params.get("poll_ms") or POLL_MS))
            if operation.get("error"):
                return read_failure(mapping(operation["error"]))
            response = mapping(operation.get("response"))
            return self._read_clip(mapping(response.get("generateVideoResponse", response)))

        try:
            return await self._send(ask, min(POLL_S, self._deadline_s({})))
        except ProviderError as error:
            # A gateway's page or redirect is no word of the service: the clip is paid for and may well be there.
            error.retryable = error.retryable or error.kind in ("malformed_output", "unknown")
            raise

    async def _exchange(self, method: str, path: str, **more: Any) -> JsonObject:
        """One request of the long-operation API. The SDK (3.4) makes it for the cloud platform alone."""
        version = str(self._params.get("api_version") or API_VERSION)
        headers = {"x-goog-api-key": self._key or wire.NO_KEY, **more.pop("headers", {})}
        response = await self._http.request(method, f"{self._base_url}/{version}/{path}", headers=headers, **more)
        if response.status_code != 200:
            raise faults.fault(response.status_code, wire.words_of(response.content), response.headers)
        body = wire.decode(response.content)
        try:
            answer = parse_json(body)
        except ValueError:
            answer = None
        if isinstance(answer, list) and len(answer) == 1:
            answer = answer[0]
        if not isinstance(answer, dict):
            raise not_gemini(redactor.text(faults.read_refusal(body[:20_000]).message)[:200])
        if "done" not in answer and faults.find_refusal(answer) is not None:
            raise faults.fault(200, answer, response.headers)
        return answer

    def _read_clip(self, response: JsonObject) -> TaskState:
        listed = next((response[n] for n in ("generatedSamples", "generatedVideos", "videos") if response.get(n)), ())
        samples = [mapping(s) for s in listed]
        if not samples:
            reasons = [str(r) for r in response.get("raiMediaFilteredReasons") or ()]
            reason = redactor.text("; ".join(reasons))[: faults.LONGEST_MESSAGE]
            if reason:
                return TaskState(
                    "failed", error=faults.describe_filter(faults.CLIP, reason), error_kind="content_filter"
                )
            nothing = Text(N_("The service answered without a picture or clip."))
            return TaskState("failed", error=nothing, error_kind="empty_output")
        video = mapping(samples[0].get("video")) or samples[0]
        encoded = video.get("bytesBase64Encoded") or video.get("encodedVideo") or video.get("videoBytes")
        if isinstance(encoded, str) and encoded:
            data = decode_base64(encoded)
            return TaskState("succeeded", clip=GeneratedMedia(data))
        link = self._route(str(video.get("uri") or video.get("url") or ""))
        if _host(link) != _host(self._base_url):
            return TaskState("succeeded", clip=GeneratedMedia(url=link))
        # It may take longer than a poll, and outlive this provider.
        return TaskState("succeeded", clip=GeneratedMedia(fetch=functools.partial(self._fetch_clip, link)))

    def _route(self, link: str) -> str:
        """Where the clip behind a link is asked for. A relay hands on the links of Google's own service, which knows
        no key of the relay's: the relay is asked for the same path."""
        parts = urlsplit(link)
        if parts.hostname != urlsplit(BASE_URL).hostname or _host(link) == _host(self._base_url):
            return link
        return f"{self._base_url}{parts.path}" + (f"?{parts.query}" if parts.query else "")

    async def _fetch_clip(self, link: str, add: Callable[[bytes], None]) -> str | None:
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

    async def _send(self, call: Callable[[], Awaitable[T]], deadline_s: float, *, structured: bool = False) -> T:
        """The call under its deadline; what fails becomes a ProviderError."""
        failure: Exception
        try:
            async with asyncio.timeout(deadline_s):
                return await call()
        except Exception as error:
            failure = error
        # Raised out here, so that no handler's context drags along an exception that quotes request headers.
        raise _translate(failure, deadline_s, structured=structured)

    @functools.cached_property
    def _http(self) -> httpx2.AsyncClient:
        client = wire.client(self._params, self._most, trust_env=self._trust_env)
        client.event_hooks["response"].append(clean_answer)
        return client

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


# -- failing -----------------------------------------------------------------------------------------------------------


def _explain(error: Any, *, structured: bool) -> ProviderError:
    """What the SDK's error says."""
    if isinstance(error.response, httpx2.Response):
        return faults.fault(error.code, error.response.text, error.response.headers, structured=structured)
    return faults.fault(error.code, error.details, {}, structured=structured)


def _translate(error: Exception, deadline_s: float, *, structured: bool) -> ProviderError:
    # Loaded where a call of its has failed; a poll, which makes none, has no second for that.
    sdk: Any = sys.modules.get("google.genai.errors")
    if sdk is not None and isinstance(error, sdk.APIError):
        return _explain(error, structured=structured)
    match error:
        case ProviderError():
            return error
        case ServiceRefused():  # with a good status: a body, or an event of a stream
            fault = faults.fault(error.status, error.body, {}, structured=structured)
            fault.usage = read_usage(error.body)
            return fault
        case TimeoutError():
            return ProviderError("timeout", Text("No complete answer within {seconds} s.", seconds=f"{deadline_s:g}"))
        case httpx2.TransportError() | httpx2.InvalidURL() | OSError():
            return wire.transport_fault(error)
        case UnicodeDecodeError():
            return wire.not_utf8(error, {})
        case ValueError():  # pydantic's too: the SDK does not know the answer in the words that it was given
            return ProviderError(
                "malformed_output",
                Text("The service's answer cannot be read: {problem}", problem=redactor.text(str(error))[:300]),
            )
    # Anything else is a bug of ours or the SDK's: the engine shows it as internal, with its traceback.
    raise error


# -- wording -----------------------------------------------------------------------------------------------------------


def _once(call_id: str) -> JsonObject:
    """What every request says of itself. An answer that the model would go on with later is none that the SDK asks on
    for by itself, at our cost."""
    from google.genai import types

    return {
        "http_options": types.HttpOptions(headers={"X-Client-Request-Id": call_id}),
        "automatic_continuation": False,
    }


def _path_of(model: str) -> str:
    return model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"


def _host(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
