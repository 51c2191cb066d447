"""Volcengine Ark: Doubao's texts, Seedream's pictures, Seedance's clips. See docs/providers.md.

Texts and pictures go through the openai SDK, which Ark understands; its own fields travel as extra ones. Clips are
tasks of its own, asked for by a plain HTTP client.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx2

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject, parse_json
from workbench.providers import ark_images, ark_video, faults, wire
from workbench.providers.base import (
    ImageReply,
    ImageRequest,
    OnDelta,
    Profile,
    TaskState,
    TextReply,
    TextRequest,
    VideoProvider,
    VideoRequest,
)
from workbench.providers.endpoints import ARK
from workbench.providers.openai_compatible import OpenAICompatible
from workbench.providers.references import ReferenceLimits, limits_of
from workbench.security.redact import redactor

if TYPE_CHECKING:
    from workbench.settings import Settings

#: the engine gives up on a poll after ten seconds and asks again later; so do we, with a word
POLL_S = 8.0
#: efforts that go along with thinking switched off
_NO_EFFORT = (None, "none", "minimal")


def make(profile: Profile, settings: Settings) -> Ark:
    """The provider of this profile; the registry's factory."""
    return Ark(profile, trust_env=settings.trust_env)


def model_id(pasted: str) -> str:
    """The model as the service wants it: the console copies endpoints as “name ep-20250101-abcde”."""
    endpoint = re.search(r"\bep-[0-9A-Za-z][0-9A-Za-z-]*", pasted)
    return endpoint.group(0) if endpoint else pasted.strip()


class Ark(OpenAICompatible, VideoProvider):
    """Use it inside one event loop and close it there."""

    default_base_url = ARK.base_url
    default_api = "responses"
    _thinking_off = '{"thinking": "disabled"}'

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        """Make one request. Raises ProviderError with the exact kind; calls `on_delta` with each piece of streamed
        text."""
        return await super().text(replace(request, model=model_id(request.model)), on_delta)

    async def images(self, request: ImageRequest) -> ImageReply:
        """Make one request; a group brings several pictures. Raises ProviderError with the exact kind."""
        return await super().images(replace(request, model=model_id(request.model)))

    def most_images(self, request: ImageRequest) -> int:
        """How many pictures one request may bring."""
        return ark_images.group_size(replace(request, model=model_id(request.model)))

    def picture_references(self, model: str, params: JsonObject) -> ReferenceLimits:
        """How many pictures this model draws from beside those that it draws."""
        asked = ImageRequest(model_id(model), "", (1, 1), 0, "", params=params)
        return ark_images.references(asked)

    def clip_references(self, model: str) -> ReferenceLimits:
        """How many pictures this model films from that are no frames of the clip."""
        return limits_of("ark", "video", model_id(model))

    # -- clips ---------------------------------------------------------------------------------------------------------

    async def submit(self, request: VideoRequest) -> str:
        """Create the task, once. Raises ProviderError with the exact kind."""
        model = model_id(request.model)
        if not model:
            raise ProviderError("not_found_model", Text(N_("The profile names no video model.")), sent=False)
        body = self._drop_refused(ark_video.body(replace(request, model=model)), model)
        task = await self._exchange("POST", "", self._deadline_s(request.params), body=body, call_id=request.call_id)
        if not task.get("id"):
            raise _no_task(json.dumps(task, ensure_ascii=False))
        return str(task["id"])

    async def poll(self, task_id: str) -> TaskState:
        """How the task is. Raises ProviderError: a retryable one says nothing of the task."""
        try:
            task = await self._exchange("GET", f"/{quote(task_id, safe='')}", self._poll_s())
        except ProviderError as error:
            # A gateway's page or redirect is no word of the service: the clip is paid for and may well be there.
            error.retryable = error.retryable or error.kind in ("malformed_output", "unknown")
            raise
        return ark_video.state_of(task, self._params.get("poll_ms"))

    async def cancel(self, task_id: str) -> None:
        """Cancel a queued task; a running one goes on, and is refused in silence. Raises ProviderError worth a
        retry."""
        try:
            await self._exchange("DELETE", f"/{quote(task_id, safe='')}", self._poll_s())
        except ProviderError as error:
            if error.retryable:
                raise

    async def find(self, model: str, seed: int, since_ms: int) -> str | None:
        """The id of a task that was created and never written down. Raises ProviderError."""
        page = await self._exchange("GET", "?page_num=1&page_size=100", self._poll_s())
        return ark_video.find(page.get("items"), model_id(model), seed, since_ms)

    def _poll_s(self) -> float:
        return min(POLL_S, self._deadline_s({}))

    async def _exchange(
        self,
        method: str,
        path: str,
        deadline_s: float,
        *,
        body: Mapping[str, Any] | None = None,
        call_id: str | None = None,
    ) -> JsonObject:
        """One request about tasks and its answer. Raises ProviderError with the exact kind."""
        headers = {"Authorization": f"Bearer {self._key or wire.NO_KEY}"}
        if call_id:
            headers["X-Client-Request-Id"] = call_id
        url = f"{self._base_url.rstrip('/')}{ark_video.TASKS}{path}"
        sent = dict(body or {})
        model = str(sent.get("model") or "")
        client = self._http
        response: httpx2.Response | None = None
        failure: Exception | None = None
        try:
            async with asyncio.timeout(deadline_s):
                response = await client.request(method, url, json=body, headers=headers)
        except Exception as error:
            failure = error
        if response is None:
            # Raised out here: the handler's context would drag along a request with its key.
            assert failure is not None
            raise self._translate(failure, model, sent, {}, deadline_s)
        if not response.is_success:
            raise self._explain_refusal(
                response.status_code, wire.words_of(response.content), response.headers, model, sent
            )
        return {} if method == "DELETE" else _read(response)

    # -- wording -------------------------------------------------------------------------------------------------------

    def _own_fields(self, params: Mapping[str, Any]) -> JsonObject:
        """Doubao thinks unless told not to: seconds and tokens that a screenplay in JSON gains nothing from."""
        if params.get("thinking"):
            return {"thinking": {"type": params["thinking"]}}
        return {"thinking": {"type": "disabled"}} if params.get("reasoning_effort") in _NO_EFFORT else {}

    def _image_body(self, request: ImageRequest, *, names_format: bool) -> JsonObject:
        return ark_images.body(request, names_format=names_format)

    def _image_notes(self, request: ImageRequest) -> tuple[Text, ...]:
        return ark_images.notes(request)


def _read(response: httpx2.Response) -> JsonObject:
    try:
        body = wire.decode(response.content)
    except UnicodeDecodeError as error:
        raise wire.not_utf8(error, response.headers) from None
    try:
        answer = parse_json(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and {"id", "status", "items"} & answer.keys():
        return answer
    if faults.find_refusal(answer) is not None:
        raise faults.fault(200, answer, response.headers)
    raise _no_task(body, faults.request_id(response.headers))


def _no_task(body: str, request_id: str | None = None) -> ProviderError:
    shown = redactor.text(faults.read_refusal(body[:20_000]).message)[:200]
    message = N_("The service answered with something else than a video task. Check the base URL. It begins: {start}")
    return ProviderError("malformed_output", Text(message, start=shown), http_status=200, request_id=request_id)
