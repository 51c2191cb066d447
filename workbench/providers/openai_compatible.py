"""Text and pictures through any service that speaks OpenAI's chat completions, responses and image calls, by the openai
SDK.

One `text()` or `images()` call is one HTTP request: the SDK's own retries and redirects are off. What a service turns
out not to know (``stream_options``, streaming, the name of the token cap, a temperature) is learned from its refusal
for the life
of the process, and the refusal is raised with `adapted`: the same call, made again, is worded in the way it
understands.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx2
import openai

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.plain_text import storable
from workbench.providers import faults, openai_chat, openai_images, openai_responses, wire
from workbench.providers.answers import ReadAnswer, ServiceRefused, check_words, states_failure
from workbench.providers.base import (
    ImageProvider,
    ImageReply,
    ImageRequest,
    Mode,
    OnDelta,
    Profile,
    TextProvider,
    TextReply,
    TextRequest,
    Usage,
)
from workbench.providers.endpoints import OPENAI, endpoint_of
from workbench.providers.events import read_events, sniff
from workbench.providers.lessons import learn, lessons_of
from workbench.providers.references import ReferenceLimits, limits_of
from workbench.security.redact import redactor

if TYPE_CHECKING:
    from workbench.settings import Settings

#: the wall clock of a whole call; `timeout_s` in the profile's or the call's params replaces it
DEADLINE_S = 600.0


def make(profile: Profile, settings: Settings) -> OpenAICompatible:
    """The provider of this profile; the registry's factory."""
    return OpenAICompatible(profile, trust_env=settings.trust_env)


class OpenAICompatible(TextProvider, ImageProvider):
    """Use it inside one event loop and close it there."""

    #: where the profile names no address
    default_base_url = OPENAI.base_url
    #: which API texts go to where the profile's params do not say: chat or responses
    default_api = "chat"
    #: how a profile switches thinking off
    _thinking_off = (
        '{"reasoning_effort": "none"}, {"extra_body": {"enable_thinking": false}}, {"extra_body": {"thinking": '
        '{"type": "disabled"}}}'
    )

    def __init__(self, profile: Profile, *, trust_env: bool = False, most_bytes: int = wire.MOST_BYTES) -> None:
        self.name = profile.name
        self._params = profile.params
        self._base_url = profile.base_url or self.default_base_url
        self._endpoint = endpoint_of(self._base_url)
        self.modes: tuple[Mode, ...] = self._endpoint.modes
        self._key = wire.usable_key(profile.key)
        redactor.remember(self._key)
        self._trust_env = trust_env
        self._most_bytes = most_bytes

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        """Make one request. Raises ProviderError with the exact kind; calls `on_delta` with each piece of streamed
        text."""
        client = self._client  # made before the clock starts: it is no part of the service's latency
        answer = self._answer(request)
        # As it is sent now: by the time it is refused, another call may have learned to leave something out.
        body = self._body(request)
        failure: Exception | None = None
        try:
            async with asyncio.timeout(self._deadline_s(request.params)):
                await self._ask(client, body, request.call_id, answer, on_delta)
        except Exception as error:
            failure = error
        # What a connection does after the answer is complete takes nothing from it; what the service says of it does.
        if failure is not None and (isinstance(failure, ServiceRefused) or not answer.finished):
            # Raised out here, so that no handler's context drags along an exception that quotes request headers.
            raise self._explain(failure, request, body, answer)
        return answer.reply()

    async def images(self, request: ImageRequest) -> ImageReply:
        """Make one request for a picture. Raises ProviderError with the exact kind."""
        if not request.model:
            raise ProviderError("not_found_model", Text(N_("The profile names no image model.")), sent=False)
        client = self._client
        named = self._image_body(request, names_format=lessons_of(self._base_url, request.model).image_format)
        body = self._drop_refused(named, request.model)
        headers: dict[str, str] = {}
        failure: Exception | None = None
        try:
            async with asyncio.timeout(self._deadline_s(request.params)):
                return await self._draw(client, request, body, headers)
        except Exception as error:
            failure = error
        fault = self._translate(failure, request.model, body, headers, self._deadline_s(request.params))
        fault.request_id = fault.request_id or faults.request_id(headers)
        raise fault

    def ready(self) -> None:
        """Load what the first call needs."""
        _ = self._client.responses if self._api == "responses" else self._client.chat.completions

    async def aclose(self) -> None:
        """Close connections."""
        if "_client" in self.__dict__:
            await self._client.close()
        if "_http" in self.__dict__:
            await self._http.aclose()

    # -- sending -------------------------------------------------------------------------------------------------------

    async def _ask(
        self, client: openai.AsyncOpenAI, body: JsonObject, call_id: str, answer: ReadAnswer, on_delta: OnDelta
    ) -> None:
        api = client.responses if self._api == "responses" else client.chat.completions
        response = await api.with_raw_response.create(**body, extra_headers={"X-Client-Request-Id": call_id})
        answer.request_id = faults.request_id(response.headers)
        answer.headers = response.headers
        # What it is labelled as, and whether it was asked for as a stream, says little of what it is.
        try:
            await answer.take(response.http_response.aiter_bytes(), on_delta)
        finally:
            await response.http_response.aclose()

    async def _draw(
        self, client: openai.AsyncOpenAI, request: ImageRequest, body: JsonObject, headers: dict[str, str]
    ) -> ImageReply:
        calls = client.images.with_raw_response
        call = calls.edit if "image" in body else calls.generate
        response = await call(**body, extra_headers={"X-Client-Request-Id": request.call_id})
        headers.update(response.headers)
        received, notes = response.http_response.content, self._image_notes(request)
        streamed, _ = await sniff(_once(received))
        if not streamed:
            return self._place(openai_images.read_bytes(received, request, headers, notes))
        answer: JsonObject = {}
        async for event in read_events(_once(received)):
            if isinstance(event.value, dict):
                if states_failure(event.value, event.name):
                    raise ServiceRefused(None, event.value)
                # drafts come first
                answer = event.value
            elif isinstance(event.value, str):
                check_words(event.value, event.name)
        return self._place(openai_images.read(answer, request, headers, notes))

    def _place(self, reply: ImageReply) -> ImageReply:
        """The reply with its links made whole: some services leave out their own host."""
        images = tuple(replace(m, url=urljoin(f"{self._base_url}/", m.url)) if m.url else m for m in reply.images)
        return replace(reply, images=images)

    @functools.cached_property
    def _http(self) -> httpx2.AsyncClient:
        return wire.client(self._params, self._most, trust_env=self._trust_env)

    @functools.cached_property
    def _client(self) -> openai.AsyncOpenAI:
        client = openai.AsyncOpenAI(
            api_key=self._key or wire.NO_KEY,
            base_url=self._base_url,
            timeout=wire.timeouts(self._params),
            max_retries=0,
            http_client=self._http,
        )
        # What the SDK picked up from the environment belongs to other programs, not to this profile.
        client.organization = self._params.get("organization")
        client.project = self._params.get("project")
        client.admin_api_key = None
        client._custom_headers = {}
        client._ambient_authorizations = frozenset()
        return client

    def _most(self, request: httpx2.Request) -> int:
        pictures = request.url.path.endswith(("/images/generations", "/images/edits"))
        return max(self._most_bytes, wire.MOST_IMAGE_BYTES) if pictures else self._most_bytes

    def _deadline_s(self, params: Mapping[str, Any]) -> float:
        return float(params.get("timeout_s") or self._params.get("timeout_s") or DEADLINE_S)

    # -- wording -------------------------------------------------------------------------------------------------------

    @property
    def _api(self) -> str:
        return str(self._params.get("api") or self.default_api)

    def _answer(self, request: TextRequest) -> ReadAnswer:
        kind = openai_responses.ResponseAnswer if self._api == "responses" else openai_chat.ChatAnswer
        return kind(request.model, self._thinking_off)

    def _body(self, request: TextRequest) -> JsonObject:
        """The request in the API's words. The call's params win over the profile's."""
        params = {**self._params, **{k: v for k, v in request.params.items() if v is not None}}
        learned = lessons_of(self._base_url, request.model)
        if self._api == "responses":
            body = openai_responses.body(request, params)
        else:
            cap = learned.token_cap or params.get("token_cap") or self._endpoint.token_cap
            body = openai_chat.body(request, params, cap)
        if learned.stream and params.get("stream", True):
            body["stream"] = True
            if learned.stream_options and self._api == "chat":  # responses tell their usage unasked
                body["stream_options"] = {"include_usage": True}
        own = self._own_fields(params)
        if own:
            body["extra_body"] = {**own, **body.get("extra_body", {})}
        return self._drop_refused(body, request.model)

    def _own_fields(self, params: Mapping[str, Any]) -> JsonObject:
        """Fields of a text request that only this service knows."""
        return {}

    def picture_references(self, model: str, params: JsonObject) -> ReferenceLimits:
        """How many pictures this model draws from."""
        return limits_of("openai", "image", model)

    def _image_body(self, request: ImageRequest, *, names_format: bool) -> JsonObject:
        return openai_images.body(request, names_format=names_format)

    def _image_notes(self, request: ImageRequest) -> tuple[Text, ...]:
        return openai_images.notes(request)

    def _drop_refused(self, body: JsonObject, model: str) -> JsonObject:
        """The body as this model is known to take it."""
        return lessons_of(self._base_url, model).apply(body)

    # -- failing -------------------------------------------------------------------------------------------------------

    def _explain(
        self, error: Exception, request: TextRequest, body: Mapping[str, Any], answer: ReadAnswer
    ) -> ProviderError:
        fault = self._translate(
            error,
            request.model,
            body,
            answer.headers,
            self._deadline_s(request.params),
            structured=request.mode != "plain",
        )
        fault.request_id = fault.request_id or answer.request_id
        fault.raw = storable(answer.text) or None
        fault.usage = answer.usage if answer.usage != Usage() else None
        return fault

    def _translate(
        self,
        error: Exception,
        model: str,
        sent: Mapping[str, Any],
        headers: Mapping[str, str],
        deadline_s: float,
        *,
        structured: bool = False,
    ) -> ProviderError:
        """What went wrong in our words. `sent`: the body of the request, `headers`: what came back, as far as it
        did."""
        match error:
            case ProviderError():
                return error
            case openai.APIStatusError():
                response = error.response
                return self._explain_refusal(
                    error.status_code,
                    wire.words_of(response.content),
                    response.headers,
                    model,
                    sent,
                    structured=structured,
                )
            case TimeoutError() if not isinstance(error, ssl.SSLError):
                return ProviderError(
                    "timeout", Text(N_("No complete answer within {seconds} s."), seconds=f"{deadline_s:g}")
                )
            case openai.APIConnectionError() | httpx2.TransportError() | httpx2.InvalidURL() | ssl.SSLError():
                return wire.transport_fault(error)
            case ServiceRefused():  # with a good status: a body, an event, a choice
                return self._explain_refusal(error.status, error.body, headers, model, sent, structured=structured)
            case UnicodeDecodeError():
                return wire.not_utf8(error, headers)
        # Anything else is a bug of ours or the SDK's: the engine shows it as internal, with its traceback.
        raise error

    def _explain_refusal(
        self,
        status: int | None,
        body: Any,
        headers: Mapping[str, str],
        model: str,
        sent: Mapping[str, Any],
        *,
        structured: bool = False,
    ) -> ProviderError:
        """The error of an answer that is none. A detail of the wording that was refused is learned."""
        known, asked = self._endpoint.dialect, _prompt_of(sent)
        fault = faults.fault(status, body, headers, structured=structured, dialect=known, asked=asked, model=model)
        # a relay's 500 may stand around a refusal of the request
        if fault.mode_unsupported or fault.kind not in ("bad_request", "unknown", "overloaded"):
            return fault
        if not learn(lessons_of(self._base_url, model), faults.read_refusal(body), sent, known):
            return fault
        fault.retryable = fault.adapted = True
        return fault


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _prompt_of(sent: Mapping[str, Any]) -> str:
    """What a request asks, in all its words."""
    messages = sent.get("messages") or sent.get("input") or ()
    said = [m.get("content") for m in messages]
    words = [p.get("text") or "" for c in said for p in (c if isinstance(c, list) else [{"text": str(c)}])]
    return "\n".join((str(sent.get("prompt") or ""), *words))
