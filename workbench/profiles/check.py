"""A profile tried out: one tiny real call of each kind it is bound to, written into the ledger like any other.

A text call, an answer in a schema (with the mode that works kept for later jobs) and, when asked for, a picture.
"""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic import BaseModel

from workbench import crash
from workbench.db.connection import Database
from workbench.db.rows.profiles import SavedProfile
from workbench.db.writes import ledger
from workbench.db.writes import profiles as profile_writes
from workbench.errors import KINDS, JobError, OutputError, ProviderError
from workbench.i18n import N_, Text
from workbench.media import MediaStore
from workbench.media.generated import store_generated
from workbench.profiles.routing import Capability, RateLimit, Service, Services, Suspend, admit, take_place
from workbench.providers.base import ImageReply, ImageRequest, Message, Mode, TextReply, TextRequest, Usage
from workbench.providers.reading import read_model
from workbench.security.redact import redactor
from workbench.usage.prices import Cost, cost_of, image_cost_of, now_ms

PURPOSE = "test"
#: what a trial is expected to count in its service's minute
TOKENS = 100
#: how often a service may refuse a detail of the wording before it counts as a failure
WORDINGS = 4


class Colour(BaseModel):
    """The smallest answer that shows whether a schema is kept to."""

    name: str
    warm: bool


@dataclass(frozen=True)
class Trial:
    """One call and what came of it. `error_kind` None: it worked; else `message` says why, `remedy` what to do."""

    check: str
    model: str
    latency_ms: int
    error_kind: str | None = None
    message: str = ""
    remedy: str = ""
    http_status: int | None = None
    request_id: str | None = None
    mode: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_micros: int | None = None
    currency: str | None = None
    #: the picture that was drawn, in the media store; nothing refers to it, so it is swept away in time
    media: str | None = None

    @property
    def ok(self) -> bool:
        return self.error_kind is None


def untried(row: SavedProfile) -> Text:
    """Why no call was made to a profile, and what tries it."""
    if row.image_model:
        return Text(N_("It writes no text: have it draw a picture, too."))
    return Text(N_("It only films, and a clip costs too much for a test: film one short scene instead."))


class Trials:
    """Tries one profile. Use it inside one event loop."""

    def __init__(self, database: Database, services: Services, media: MediaStore, limit: RateLimit) -> None:
        self._database = database
        self._services = services
        self._media = media
        self._limit = limit

    async def run(self, *, image: bool = False) -> list[Trial]:
        """The checks in order. After a refused key or an unreachable service the rest is not tried."""
        found: list[Trial] = []
        checks: list[Callable[[], Awaitable[Trial]]] = []
        if self._services.of("text").model("text"):
            checks += [self._text, self._structured]
        if image:
            checks.append(self._image)
        for check in checks:
            found.append(await check())
            if found[-1].error_kind in ("auth", "network", "not_found_model", "quota_exhausted"):
                break
        return found

    async def _text(self) -> Trial:
        service = self._services.of("text")
        messages = (Message("user", "Answer with the one word: ready"),)
        return await self._tried("text", service, "text", partial(self._asked, service, messages, "plain", None))

    async def _structured(self) -> Trial:
        """The strongest mode that the service takes; kept for its model."""
        service = self._services.of("text")
        schema = Colour.model_json_schema()
        trial: Trial | None = None
        for mode in service.provider.modes:
            told = (
                "" if mode == "json_schema" else f" Answer with JSON alone, in this JSON schema: {json.dumps(schema)}"
            )
            messages = (Message("user", f"Name a colour, and say whether it is warm.{told}"),)
            ask = partial(self._asked, service, messages, mode, schema)
            trial = await self._tried("structured", service, "text", ask, mode)
            if trial.error_kind != "mode_unsupported":
                if trial.ok and service.profile.id is not None:
                    with self._database.write() as conn:
                        profile_writes.remember_mode(conn, service.profile.id, service.profile.text_model, mode)
                return trial
        assert trial is not None
        return trial

    async def _image(self) -> Trial:
        service = self._services.of("image")
        drawn: list[str] = []

        async def draw(call_id: str) -> ImageReply:
            request = ImageRequest(
                model=service.model("image"),
                prompt="A small red lighthouse on a white ground, flat colours.",
                size=(1024, 1024),
                seed=1,
                call_id=call_id,
                params=service.profile.params,
                draw=_dot,
            )
            reply: ImageReply = await service.provider.images(request)
            try:
                found = await store_generated(reply.images, self._media, "image", service.profile)
            except JobError as error:
                raise _Useless(error, reply) from None
            crash.point("media_stored")
            for picture in found:
                with self._database.write() as conn:
                    self._media.record(conn, picture)
                drawn.append(picture.sha256)
            return reply

        trial = await self._tried("image", service, "image", draw)
        return replace(trial, media=drawn[0] if drawn else None)

    async def _asked(
        self, service: Service, messages: tuple[Message, ...], mode: Mode, schema: dict[str, Any] | None, call_id: str
    ) -> TextReply:
        request = TextRequest(
            model=service.profile.text_model,
            messages=messages,
            call_id=call_id,
            schema=schema,
            schema_name="colour",
            mode=mode,
            params=service.profile.params,
            draft=lambda: '{"name": "red", "warm": true}' if schema else "ready",
        )
        reply: TextReply = await service.provider.text(request, lambda piece: None)
        if reply.finish_reason == "length":
            text = Text(N_("The answer was cut off at {tokens} tokens."), tokens=reply.usage.output or "?")
            raise _Useless(OutputError("truncated_output", text), reply)
        if not reply.text.strip():
            raise _Useless(OutputError("empty_output", Text(N_("The service answered with nothing."))), reply)
        if schema is not None:
            try:
                read_model(reply.text, Colour)
            except OutputError as error:
                raise _Useless(error, reply) from None
        return reply

    async def _tried(
        self,
        check: str,
        service: Service,
        capability: Capability,
        call: Callable[[str], Awaitable[TextReply | ImageReply]],
        mode: Mode | None = None,
    ) -> Trial:
        model = service.model(capability)
        for _ in range(WORDINGS):
            call_id = uuid.uuid4().hex
            try:
                # like any paid call: of the minute's share, and of the budget for all
                await admit(self._database, self._limit, service, None, TOKENS)
                row = self._open(service, capability, model, mode, call_id)
                crash.point("call_opened")
            except Suspend as held:
                return Trial(check, model, 0, mode=mode, **_held(held))
            started = time.monotonic()
            reply: TextReply | ImageReply | None = None
            error: JobError | None = None
            try:
                reply = await call(call_id)
            except _Useless as useless:
                reply, error = useless.reply, useless.error
            except JobError as failure:
                error = failure
            except BaseException as broken:
                # a trial has no job whose end would close its call
                said = JobError(Text("{problem}", problem=type(broken).__name__), kind="internal")
                self._close(row, service, model, round((time.monotonic() - started) * 1000), None, said)
                raise
            latency_ms = round((time.monotonic() - started) * 1000)
            crash.point("call_answered")
            cost = self._close(row, service, model, latency_ms, reply, error)
            crash.point("call_settled")
            if not getattr(error, "adapted", False):
                break
        usage = reply.usage if reply is not None else Usage()
        return Trial(check, model, latency_ms, mode=mode, **_told(error), **_counted(usage, cost))

    def _open(self, service: Service, capability: Capability, model: str, mode: Mode | None, call_id: str) -> int:
        with self._database.write() as conn:
            take_place(conn, service, None)
            return ledger.open_call(
                conn,
                {
                    "call_id": call_id,
                    "purpose": PURPOSE,
                    "profile_id": service.profile.id,
                    "provider": service.profile.provider,
                    "model": model,
                    "capability": capability,
                    "mode": mode,
                },
            )

    def _close(
        self,
        row: int,
        service: Service,
        model: str,
        latency_ms: int,
        reply: TextReply | ImageReply | None,
        error: JobError | None,
    ) -> Cost:
        known = error if isinstance(error, ProviderError) else None
        usage = reply.usage if reply is not None else (known.usage if known else None) or Usage()
        images = reply.count if isinstance(reply, ImageReply) else None
        if images is None:
            cost = cost_of(service.profile, model, usage, now_ms())
        else:
            cost = image_cost_of(service.profile, model, usage, images, now_ms())
        with self._database.write() as conn:
            ledger.close_call(
                conn,
                row,
                outcome="ok" if reply is not None else "error",
                valid=error is None,
                latency_ms=latency_ms,
                ttft_ms=reply.ttft_ms if isinstance(reply, TextReply) else None,
                model=model,
                error_kind=error.kind if error else None,
                error=redactor.text(str(error)) if error else None,
                http_status=known.http_status if known else None,
                request_id=reply.request_id if reply is not None else known.request_id if known else None,
                images=images,
                **usage.as_columns(),
                **cost.as_columns(),
            )
        return cost


class _Useless(Exception):
    """An answer that was paid and cannot be used."""

    def __init__(self, error: JobError, reply: TextReply | ImageReply) -> None:
        super().__init__(str(error))
        self.error, self.reply = error, reply


def _held(held: Suspend) -> dict[str, Any]:
    kind = KINDS["budget_exceeded" if held.waiting_for == "budget" else "rate_limit"]
    return {"error_kind": kind.name, "message": held.said or Text(kind.title), "remedy": kind.remedy}


def _told(error: JobError | None) -> dict[str, Any]:
    if error is None:
        return {}
    known = error if isinstance(error, ProviderError) else None
    unsupported = known is not None and known.mode_unsupported
    return {
        "error_kind": "mode_unsupported" if unsupported else error.kind,
        "message": error.text if redactor.text(str(error)) == str(error) else redactor.text(str(error)),
        "remedy": KINDS[error.kind].remedy,
        "http_status": known.http_status if known else None,
        "request_id": known.request_id if known else None,
    }


def _counted(usage: Usage, cost: Cost) -> dict[str, Any]:
    return {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "cost_micros": cost.cost_micros,
        "currency": cost.currency,
    }


def _dot() -> bytes:
    """What the offline provider draws."""
    from PIL import Image

    made = io.BytesIO()
    Image.new("RGB", (64, 64), "#c0392b").save(made, format="PNG")
    return made.getvalue()
