"""A profile checked: one tiny real call of each kind it is bound to, written into the ledger like any other.

A text call, an answer in a schema (with the mode that works kept for later jobs) and, when asked for, a picture.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

from pydantic import BaseModel
from sqlalchemy import Connection

from workbench import crash
from workbench.db.connection import Database
from workbench.db.rows.profiles import SavedProfile
from workbench.db.writes import profiles as profile_writes
from workbench.errors import KINDS, JobError, OutputError, ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.media import Media, MediaStore
from workbench.media.generated import store_generated
from workbench.profiles.model_call import CallResult, CallSpec, ModelCall
from workbench.profiles.routing import BoundProvider, BoundProviders, Capability, RateLimit, admit
from workbench.providers.base import ImageRequest, Message, Mode, TextReply, TextRequest, Usage
from workbench.providers.reading import read_model
from workbench.security.redact import redactor
from workbench.suspend import Suspend
from workbench.usage.prices import Cost, clock_ms, cost_of, image_cost_of

PURPOSE = "test"
#: what a call of a check is expected to count in its service's minute
TOKENS = 100
#: how often a service may refuse a detail of the wording before it counts as a failure
WORDINGS = 4
#: failures after which no other call of the profile can work; a permission may be missing for one capability alone
FINAL = frozenset(k.name for k in KINDS.values() if k.shared_by) - {"permission"}


class Colour(BaseModel):
    """The smallest answer that shows whether a schema is followed."""

    name: str
    warm: bool


@dataclass(frozen=True)
class ProfileCheck:
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
    #: of a text: its first words came before it was whole; its tokens were told. None: not asked for
    streamed: bool | None = None
    counted: bool | None = None
    #: what the service cannot do, and what follows from it
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.error_kind is None


def why_unchecked(profile: SavedProfile) -> Text:
    """Why no call was made to a profile, and what checks it."""
    if profile.image_model:
        return Text(N_("It writes no text: have it draw a picture, too."))
    return Text(N_("It only films, and a clip costs too much for a test: film one short scene instead."))


class ProfileChecker:
    """Checks one profile; the owner of its calls, which belong to no job. Use it inside one event loop."""

    job_id = claim = project_id = workflow = None

    def __init__(self, database: Database, providers: BoundProviders, media: MediaStore, limit: RateLimit) -> None:
        self.database = database
        self.limit = limit
        self._providers = providers
        self._media = media

    def write(self) -> AbstractContextManager[Connection]:
        return self.database.write()

    async def run(self, *, image: bool = False) -> list[ProfileCheck]:
        """The checks in order. After a refused key or an unreachable service the rest is not made."""
        results: list[ProfileCheck] = []
        checks: list[Callable[[], Awaitable[ProfileCheck]]] = []
        if self._providers.of("text").model("text"):
            checks += [self._check_text, self._check_structured]
        if image:
            checks.append(self._check_image)
        for check in checks:
            results.append(self._know(await check(), results))
            if results[-1].error_kind in FINAL:
                break
        return results

    def _know(self, check: ProfileCheck, before: list[ProfileCheck]) -> ProfileCheck:
        """What a failure means beside what worked: a service that writes and has no such address for pictures."""
        same = (
            check.check == "image" and self._providers.of("image").profile.id == self._providers.of("text").profile.id
        )
        writes = any(c.check in ("text", "structured") and c.http_status is None for c in before)
        if same and writes and check.error_kind == "not_found_model" and check.http_status in (404, 405):
            return replace(check, notes=(*check.notes, Text(N_("It writes, and draws no pictures at this address."))))
        return check

    async def _check_text(self) -> ProfileCheck:
        messages = (Message("user", "Answer with the one word: ready"),)
        check = await self._check("text", "text", lambda bound, call: self._ask(bound, call, messages))
        bound = self._providers.of("text")
        if not check.ok or bound.text.free:
            return check
        lacking = []
        if not check.streamed and bound.profile.params.get("stream", True):
            lacking.append(Text(N_("It does not stream: an answer is seen once it is whole.")))
        if not check.counted:
            lacking.append(Text(N_("It does not tell its tokens: what a call costs stays unknown.")))
        return replace(check, notes=(*check.notes, *lacking))

    async def _check_structured(self) -> ProfileCheck:
        """The strongest mode that the service takes; kept for its model."""
        bound = self._providers.of("text")
        schema = Colour.model_json_schema()
        check: ProfileCheck | None = None
        refused: list[Mode] = []
        for mode in bound.text.modes:
            contract = (
                "" if mode == "json_schema" else f" Answer with JSON alone, in this JSON schema: {json.dumps(schema)}"
            )
            messages = (Message("user", f"Name a colour, and say whether it is warm.{contract}"),)
            ask = partial(self._ask, messages=messages, mode=mode, schema=schema)
            check = await self._check("structured", "text", ask, mode)
            if check.error_kind != "mode_unsupported":
                if check.ok and bound.profile.id is not None:
                    with self.database.write() as conn:
                        profile_writes.remember_mode(conn, bound.profile.id, bound.profile.text_model, mode)
                if refused:
                    text = N_("It takes no {refused}: answers are asked for as {mode}.")
                    check = replace(check, notes=(*check.notes, Text(text, refused=", ".join(refused), mode=mode)))
                return check
            refused.append(mode)
        assert check is not None
        return check

    async def _check_image(self) -> ProfileCheck:
        return await self._check("image", "image", self._draw)

    async def _check(
        self,
        check: str,
        capability: Capability,
        ask: Callable[[BoundProvider, ModelCall], Awaitable[_Outcome]],
        mode: Mode | None = None,
    ) -> ProfileCheck:
        """One call, sent again where the provider has learned to word it otherwise."""
        bound = self._providers.of(capability)
        spec = CallSpec(
            call_id="",
            capability=capability,
            model=bound.model(capability),
            purpose=PURPOSE,
            price=partial(_price, bound, capability),
            tokens=TOKENS,
            mode=mode,
        )
        result = ProfileCheck(check, spec.model, 0, mode=mode)
        left_out: list[str] = []
        for _ in range(WORDINGS):
            try:
                # like any paid call: within the minute's share, and within the budget for all
                await admit(self.database, self.limit, bound, None, TOKENS)
                call = ModelCall.open(self, bound, replace(spec, call_id=uuid.uuid4().hex))
            except Suspend as wait:
                return _describe_wait(result, wait)
            try:
                outcome = await ask(bound, call)
            except JobError as error:
                usage = (error.usage if isinstance(error, ProviderError) else None) or Usage()
                outcome = _Outcome(CallResult(model=spec.model, usage=usage, cost=spec.price(usage), error=error))
            result = _summarise(check, mode, call, outcome)
            if not _is_adapted(outcome.result.error):
                break
            text = N_("It refused a detail, and is asked otherwise from now on. {message}")
            left_out.append(Text(text, message=result.message))
        return replace(result, notes=tuple(left_out))

    async def _ask(
        self,
        bound: BoundProvider,
        call: ModelCall,
        messages: tuple[Message, ...],
        mode: Mode = "plain",
        schema: JsonObject | None = None,
    ) -> _Outcome:
        request = TextRequest(
            model=bound.profile.text_model,
            messages=messages,
            call_id=call.call_id,
            schema=schema,
            schema_name="colour",
            mode=mode,
            params=bound.profile.params,
            draft=lambda: '{"name": "red", "warm": true}' if schema else "ready",
        )
        reply = await call.send(lambda: bound.text.text(request, lambda piece: None))
        error = _fault_of(reply, structured=schema is not None)
        result = CallResult(
            model=request.model,
            usage=reply.usage,
            cost=_price(bound, "text", reply.usage),
            valid=error is None,
            error=error,
            request_id=reply.request_id,
            ttft_ms=reply.ttft_ms,
        )
        call.settle(result)
        return _Outcome(result)

    async def _draw(self, bound: BoundProvider, call: ModelCall) -> _Outcome:
        request = ImageRequest(
            model=bound.model("image"),
            prompt="A small red lighthouse on a white ground, flat colours.",
            size=(1024, 1024),
            seed=1,
            call_id=call.call_id,
            params=bound.profile.params,
            draw=_dot,
        )
        reply = await call.send(lambda: bound.image.images(request))
        cost = image_cost_of(bound.profile, request.model, reply.usage, reply.count, clock_ms())
        result = CallResult(
            model=request.model, usage=reply.usage, cost=cost, images=reply.count, request_id=reply.request_id
        )
        pictures: list[Media] = []
        try:
            pictures = await store_generated(reply.generated, self._media, "image", bound.profile)
        except JobError as error:
            result = replace(result, valid=False, error=error)
        except BaseException as error:
            # a check has no job whose end would close its call
            call.settle_useless(result, error)
            raise
        crash.point("media_stored")

        def record(conn: Connection) -> None:
            for picture in pictures:
                self._media.record(conn, picture)

        call.settle(result, record)
        return _Outcome(result, pictures[0].sha256 if pictures else None)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a call came to; `media`: the picture that was drawn."""

    result: CallResult
    media: str | None = None


def _price(bound: BoundProvider, capability: Capability, usage: Usage) -> Cost:
    """What a call costs that drew no picture."""
    model = bound.model(capability)
    if capability == "image":
        return image_cost_of(bound.profile, model, usage, 0, clock_ms())
    return cost_of(bound.profile, model, usage, clock_ms())


def _fault_of(reply: TextReply, *, structured: bool) -> OutputError | None:
    """Why an answer cannot be used."""
    if reply.finish_reason == "length":
        return OutputError(
            "truncated_output",
            Text(N_("The answer was cut off at {tokens} tokens."), tokens=reply.usage.output or "?"),
        )
    if not reply.text.strip():
        return OutputError("empty_output", Text(N_("The service answered with nothing.")))
    if structured:
        try:
            read_model(reply.text, Colour)
        except OutputError as error:
            return error
    return None


def _is_adapted(error: JobError | None) -> bool:
    return isinstance(error, ProviderError) and error.adapted


def _describe_wait(check: ProfileCheck, wait: Suspend) -> ProfileCheck:
    """Nothing was sent: the call would have had to wait."""
    kind = KINDS["budget_exceeded" if wait.waiting_for == "budget" else "rate_limit"]
    message = wait.message or Text(kind.title)
    return replace(check, error_kind=kind.name, message=message, remedy=kind.remedy)


def _summarise(check: str, mode: Mode | None, call: ModelCall, outcome: _Outcome) -> ProfileCheck:
    result = outcome.result
    summary = ProfileCheck(
        check,
        result.model,
        call.latency_ms,
        mode=mode,
        input_tokens=result.usage.input,
        output_tokens=result.usage.output,
        cost_micros=result.cost.cost_micros,
        currency=result.cost.currency,
        media=outcome.media,
        streamed=None if check == "image" else result.ttft_ms is not None,
        counted=None if check == "image" else None not in (result.usage.input, result.usage.output),
    )
    error = result.error
    if error is None:
        return summary
    answered = error if isinstance(error, ProviderError) else None
    shown = redactor.text(str(error))
    return replace(
        summary,
        error_kind="mode_unsupported" if answered is not None and answered.mode_unsupported else error.kind,
        message=error.text if shown == str(error) else shown,
        remedy=KINDS[error.kind].remedy,
        http_status=answered.http_status if answered is not None else None,
        request_id=answered.request_id if answered is not None else None,
    )


def _dot() -> bytes:
    """What the offline provider draws."""
    from PIL import Image

    png = io.BytesIO()
    Image.new("RGB", (64, 64), "#c0392b").save(png, format="PNG")
    return png.getvalue()
