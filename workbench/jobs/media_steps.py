"""Paid steps whose outcome can be uncertain: images and long tasks (video). Never a silent second charge.

What a service makes goes into the media store before the commit that closes the call; a step's output names it by hash.
A video's task id is committed, then the job waits; `Poller` (jobs.poller) finishes the step and queues the job again.
On resume a bare `sent` becomes `maybe_charged`, and the job waits for a person to decide – unless the provider is free.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from sqlalchemy import Connection

from workbench import crash
from workbench.artifacts.storyboard import Candidate, made_of
from workbench.artifacts.versions import hash_of
from workbench.db.writes import jobs as writes
from workbench.db.writes import ledger
from workbench.errors import JobError, LostClaim, ProviderError
from workbench.i18n import N_, Text
from workbench.jobs.session import Price, Running, Suspend
from workbench.media import Media
from workbench.media.generated import store_generated
from workbench.profiles.routing import Capability, Held, Service
from workbench.providers.base import (
    GeneratedMedia,
    ImageReply,
    ImageRequest,
    Profile,
    Usage,
    VideoRequest,
    estimated_tokens,
)
from workbench.security.redact import redactor
from workbench.usage import money
from workbench.usage.prices import FREE, UNKNOWN, Cost, image_cost_of, now_ms, video_cost_of

log = logging.getLogger(__name__)
FIRST_POLL_MS = 3_000
#: tokens of a picture, and pictures in a second of film, where nobody knows yet
USUAL_PICTURE = 1_300
USUAL_FPS = 24
#: so long a job that is being stopped waits for the id of a task under creation
STOP_WAITS_S = 4.0


@dataclass(frozen=True)
class Asked:
    """A picture or clip that a workflow wants; media by hash. `seconds` None: a picture."""

    prompt: str
    size: tuple[int, int]
    seed: int
    references: tuple[str, ...] = ()
    seconds: float | None = None
    first_frame: str | None = None
    last_frame: str | None = None
    #: the artifact versions that it was worded from; no part of what is asked
    versions: tuple[int, ...] = ()

    @property
    def hash(self) -> str:
        if self.seconds is None:
            return made_of(self.prompt, self.size, self.seed, self.references)
        return hash_of(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        told = {
            "prompt": self.prompt,
            "size": list(self.size),
            "seed": self.seed,
            "references": list(self.references) or None,
            "seconds": self.seconds,
            "first_frame": self.first_frame,
            "last_frame": self.last_frame,
        }
        return {k: v for k, v in told.items() if v is not None}


@dataclass(frozen=True)
class _Answer:
    """What a call that was answered comes to in the ledger."""

    model: str
    usage: Usage
    cost: Cost
    images: int | None = None
    video_seconds: float | None = None
    request_id: str | None = None
    #: of a task that goes on: its price as it is now, and what it will probably come to
    expected: Cost | None = None


class Tasks:
    """The uncertain steps of one claim of one job. Several may be under way at once in the job's event loop."""

    def __init__(self, running: Running) -> None:
        self._run = running

    async def images(self, name: str, asked: Asked, draw: Callable[[], bytes] | None) -> list[Candidate]:
        """The pictures of one call, in the store; memoised under `name`."""
        done = await self._begin(name, asked, "image")
        if done is None:
            done = await self._settled(
                name, asked, "image", lambda by, purpose: self._draw(by, name, asked, draw, purpose)
            )
        return [Candidate.model_validate(c) for c in done["images"]]

    async def video(self, name: str, asked: Asked, draw: Callable[[], bytes] | None) -> dict[str, Any]:
        """One clip, in the store: {"media", "width", "height", "seconds", "model"}; suspends while the service works."""
        done = await self._begin(name, asked, "video")
        if done is not None:
            return done
        return await self._settled(name, asked, "video", lambda by, purpose: self._film(by, name, asked, draw, purpose))

    async def _begin(self, name: str, asked: Asked, capability: Capability) -> dict[str, Any] | None:
        """The memoised output, or None with the step standing as `sent`; suspends while the outcome is open.

        The limits are asked before the step stands as `sent`: what only waited was never charged.
        """
        run = self._run
        run.new_step(name)
        place = len(run.step_names)
        with run.database.read() as conn:
            there = ledger.find_step(conn, run.job_id, name)
        same = there is not None and there["input_hash"] == asked.hash
        if there is not None and same and there["state"] == "done":
            output: dict[str, Any] = there["output"]
            return output
        if there is not None and same and there["state"] == "failed":
            raise _failed_before(there["output"])
        if there is not None and there["state"] == "submitted":
            # whatever is asked by now: what is being made costs, and is followed to its end
            raise Suspend("provider")
        service = run.service(capability)
        if there is not None and there["state"] in ("sent", "maybe_charged") and not service.free:
            await self._settle_uncertain(name, asked, there, service)
        await run.admit(service, estimated_tokens(asked.prompt))
        with run.database.write() as conn:
            writes.fence(conn, run.job_id, run.claim)
            ledger.begin_step(conn, run.job_id, name, place, asked.hash, run.claim, again=there is not None)
        crash.point("step_sent")
        return None

    async def _settle_uncertain(self, name: str, asked: Asked, there: dict[str, Any], service: Service) -> None:
        """Nobody knows what became of a call: look for its task at the service, else leave it to a person. Suspends."""
        run = self._run
        task_id = await self._found(asked, there, service)
        with run.database.write() as conn:
            writes.fence(conn, run.job_id, run.claim)
            if not ledger.still_uncertain(conn, run.job_id, name, there["claim"]):
                # whoever sent it has told after all
                raise Suspend("provider")
            if task_id is None:
                ledger.set_step(conn, run.job_id, name, state="maybe_charged")
            else:
                ledger.submitted(conn, run.job_id, name, task_id, FIRST_POLL_MS)
                expected = _expected_clip(service, asked.seconds or 0.0, asked.size)
                ledger.hold_task(conn, run.job_id, name, expected.cost_micros)
                said = Text(N_("Step {step}: the task was created before the worker was lost; it goes on"), step=name)
                writes.add_event(conn, run.job_id, said, claim=run.claim)
        if task_id is None:
            raise Suspend("decision", asks=True)
        raise Suspend("provider")

    async def _found(self, asked: Asked, there: dict[str, Any], service: Service) -> str | None:
        """The id of a video task that was created and never written down, where the service lists its tasks."""
        find = getattr(service.provider, "find", None)
        if asked.seconds is None or find is None or there["input_hash"] != asked.hash:
            return None
        try:
            task_id: str | None = await find(service.model("video"), asked.seed, int(there["updated_at"]))
        except ProviderError as error:
            log.info("job %s: its task cannot be looked for: %s", self._run.job_id, error)
            return None
        return task_id

    # -- calls -------------------------------------------------------------------------------------------------

    async def _settled(
        self, name: str, asked: Asked, capability: Capability, call: Callable[[Service, str], Awaitable[dict[str, Any]]]
    ) -> dict[str, Any]:
        """Make the call: again when the provider has learned to word it otherwise, once more after an empty answer,
        by another service where this one certainly did nothing.

        What is known of a failure is kept with the step: an answer that is final is not asked for again by this job.
        """
        run = self._run
        purpose = "generate"
        service = run.service(capability)
        while True:
            try:
                return await call(service, purpose)
            except Held:
                self._not_sent(name)
                raise
            except JobError as error:
                state = _state_after(error, free=service.free) if run.stopping is None else "sent"
                if getattr(error, "adapted", False):
                    pass
                elif error.kind == "empty_output" and purpose == "generate":
                    purpose = "retry"
                elif state != "sent" and isinstance(error, ProviderError) and run.fall_back(capability, service, error):
                    purpose = "generate"
                else:
                    self._keep_failure(name, state, error)
                    raise
            service = await self._admitted_again(name, asked, capability)

    async def _admitted_again(self, name: str, asked: Asked, capability: Capability) -> Service:
        """Who is asked next; a wait for the limits leaves the step as one that was certainly not charged."""
        run = self._run
        service = run.service(capability)
        try:
            await run.admit(service, estimated_tokens(asked.prompt))
        except Suspend:
            self._not_sent(name)
            raise
        return service

    def _not_sent(self, name: str) -> None:
        with self._run.database.write() as conn:
            writes.fence(conn, self._run.job_id, self._run.claim)
            ledger.set_step(conn, self._run.job_id, name, state="refused")

    def _keep_failure(self, name: str, state: str, error: JobError) -> None:
        run = self._run
        if state == "sent":
            return
        output: dict[str, Any] = {"failed": run.redact(str(error)), "kind": error.kind}
        if output["failed"] == str(error):
            output["i18n"] = error.text.to_json()
        with run.database.write() as conn:
            writes.fence(conn, run.job_id, run.claim)
            ledger.set_step(conn, run.job_id, name, state=state, output=output if state == "failed" else None)

    async def _draw(
        self, service: Service, name: str, asked: Asked, draw: Callable[[], bytes] | None, purpose: str
    ) -> dict[str, Any]:
        run = self._run
        if not hasattr(service.provider, "images"):
            said = Text(
                N_("The service of profile {profile} draws no pictures. Choose one that does."),
                profile=service.profile.name,
            )
            raise ProviderError("bad_request", said, sent=False)
        request = ImageRequest(
            model=service.model("image"),
            prompt=asked.prompt,
            size=asked.size,
            seed=asked.seed,
            call_id=uuid.uuid4().hex,
            references=tuple([await asyncio.to_thread(run.media.read, sha) for sha in asked.references]),
            params=service.profile.params,
            draw=draw,
        )
        price = partial(image_cost_of, service.profile, request.model)
        count_of = getattr(service.provider, "most_images", None)
        most = count_of(request) if count_of is not None else 1
        row = self._open(service, name, asked, request, "image", purpose, _expected(asked, price, most))
        begun = time.monotonic()
        reply, latency_ms = await self._sent(
            row, request.model, lambda: service.provider.images(request), lambda seen: price(seen, 0, now_ms())
        )
        run.counted(service.profile, estimated_tokens(asked.prompt), reply.usage, begun)
        # a service may tell the key itself, and what it tells is stored
        reply = replace(reply, model=redactor.exact(reply.model))
        answer = _priced(service.profile, reply)
        stored = await self._stored(service, row, latency_ms, answer, reply.images, "image")
        made = [_candidate(media, asked, request.model or reply.model) for media in stored]
        output = {"images": [c.model_dump(mode="json") for c in made]}

        def keep(conn: Connection) -> None:
            ledger.finish_step(conn, run.job_id, name, output)
            ledger.price_step(conn, run.job_id, name)
            for note in reply.notes:
                writes.add_event(conn, run.job_id, note, claim=run.claim, level="warning")

        self._commit(name, row, latency_ms, answer, stored, keep)
        crash.point("step_done")
        return output

    async def _film(
        self, service: Service, name: str, asked: Asked, draw: Callable[[], bytes] | None, purpose: str
    ) -> dict[str, Any]:
        run = self._run
        if not hasattr(service.provider, "submit"):
            said = Text(
                N_("The service of profile {profile} makes no videos. Choose one that does."),
                profile=service.profile.name,
            )
            raise ProviderError("bad_request", said, sent=False)
        if not service.model("video"):
            raise ProviderError("not_found_model", Text(N_("The profile names no video model.")), sent=False)
        request = VideoRequest(
            model=service.model("video"),
            prompt=asked.prompt,
            seconds=asked.seconds or 0.0,
            size=asked.size,
            seed=asked.seed,
            call_id=uuid.uuid4().hex,
            first_frame=await self._bytes_of(asked.first_frame),
            last_frame=await self._bytes_of(asked.last_frame),
            params=service.profile.params,
            draw=draw,
        )
        expected = _expected_clip(service, request.seconds, request.size)
        row = self._open(service, name, asked, request, "video", purpose, expected)
        create = partial(_to_its_end, lambda: service.provider.submit(request))
        started, latency_ms = await self._sent(row, request.model, create)
        answer = _Answer(request.model, Usage(), FREE if service.free else UNKNOWN)
        if isinstance(started, str):
            task_id = started
            try:
                self._commit(
                    name,
                    row,
                    latency_ms,
                    # what a task costs is known when it has ended: the poller writes it, at the price of today
                    answer if service.free else replace(answer, expected=expected),
                    [],
                    lambda conn: ledger.submitted(conn, run.job_id, name, task_id, FIRST_POLL_MS),
                )
            except LostClaim:
                await self._disown(service, name, task_id)
                raise
            crash.point("task_submitted")
            raise Suspend("provider")
        [clip] = await self._stored(service, row, latency_ms, answer, (started,), "video")
        output = clip_output(clip, request.model)

        def keep(conn: Connection) -> None:
            ledger.finish_step(conn, run.job_id, name, output)
            ledger.price_step(conn, run.job_id, name)

        price = partial(video_cost_of, service.profile, request.model)
        cost = answer.cost if service.free else price(Usage(), clip.seconds, expected.price)
        answer = _Answer(request.model, Usage(), cost, video_seconds=clip.seconds)
        self._commit(name, row, latency_ms, answer, [clip], keep)
        crash.point("step_done")
        return output

    async def _disown(self, service: Service, name: str, task_id: str) -> None:
        """Cancel a task whose id came too late for its step: nobody will ever ask for it, and it is billed all the same."""
        run = self._run
        said = Text(
            N_("Step {step}: its task {task} was created after all, too late; it is cancelled"), step=name, task=task_id
        )
        with run.database.write() as conn:
            there = ledger.find_step(conn, run.job_id, name)
            if there is not None and there["provider_task_id"] == task_id:
                return
            writes.add_event(conn, run.job_id, said, claim=run.claim, level="warning")
        try:
            async with asyncio.timeout(STOP_WAITS_S):
                await service.provider.cancel(task_id)
        except (ProviderError, TimeoutError) as error:
            log.warning("task %s of job %s could not be cancelled: %s", task_id, run.job_id, error)

    async def _bytes_of(self, sha: str | None) -> bytes | None:
        return None if sha is None else await asyncio.to_thread(self._run.media.read, sha)

    async def _sent(self, row: int, model: str, call: Callable[[], Awaitable[Any]], *price: Price) -> tuple[Any, int]:
        """(what the service answered, milliseconds)"""
        answered, seconds = await self._run.called(row, model, call, *price)
        crash.point("call_answered")
        return answered, round(seconds * 1000)

    async def _stored(
        self,
        service: Service,
        row: int,
        latency_ms: int,
        answer: _Answer,
        made: Sequence[GeneratedMedia],
        kind: Literal["image", "video"],
    ) -> list[Media]:
        """What was made, as files of the store. Paid for by now: a failure closes the call as counted."""
        storing = asyncio.ensure_future(store_generated(made, self._run.media, kind, service.profile))
        stopped = False
        try:
            try:
                found = await asyncio.shield(storing)
            except asyncio.CancelledError:
                if any(m.url for m in made):
                    storing.cancel()
                # bytes that are here already are a moment's work, and may have cost money
                found, stopped = await storing, True
        except BaseException as error:
            why = getattr(error, "kind", "cancelled" if isinstance(error, asyncio.CancelledError) else "internal")
            with self._run.database.write() as conn:
                self._close(conn, row, latency_ms, answer, "error", why, self._run.redact(str(error)))
            raise
        crash.point("media_stored")
        if stopped:
            # `together` and the runner go on stopping; the picture is kept first
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
            task.cancel()
        return found

    # -- the ledger --------------------------------------------------------------------------------------------

    def _open(
        self,
        service: Service,
        name: str,
        asked: Asked,
        request: ImageRequest | VideoRequest,
        capability: Capability,
        purpose: str,
        expected: Cost,
    ) -> int:
        return self._run.open_call(
            service,
            name,
            asked.hash,
            capability=capability,
            model=request.model,
            expected=expected,
            call_id=request.call_id,
            purpose=purpose,
            prompt=asked.as_json() | ({"versions": list(asked.versions)} if asked.versions else {}),
        )

    def _commit(
        self,
        name: str,
        row: int,
        latency_ms: int,
        answer: _Answer,
        media: Sequence[Media],
        keep: Callable[[Connection], None],
    ) -> None:
        """What came of a call, what was made, and what follows, in one commit.

        Whose claim is lost by now hands over what is paid for, unless a person, or the next worker, decided meanwhile.
        """
        run = self._run

        def write(conn: Connection, outcome: str) -> None:
            self._close(conn, row, latency_ms, answer, outcome)
            for one in media:
                run.media.record(conn, one)
            keep(conn)

        def commit(again: bool) -> None:
            with run.database.write() as conn:
                writes.fence(conn, run.job_id, run.claim)
                if not (again and ledger.answered(conn, row)):
                    write(conn, "ok")

        try:
            run.insist(commit)
            crash.point("call_settled")
        except LostClaim:
            with run.database.write() as conn:
                if ledger.still_uncertain(conn, run.job_id, name, run.claim):
                    write(conn, "late")
                    said = Text(N_("Step {step}: its answer came after the worker was given up; it is kept"), step=name)
                    writes.add_event(conn, run.job_id, said, claim=run.claim)
                    writes.resume_if_settled(conn, run.job_id, "decision")
                elif answer.expected is None:
                    self._close(conn, row, latency_ms, answer, "late")
                else:
                    # a task: its cost stands already where its id was found otherwise, and else nobody will ever know it
                    ledger.came_late(conn, row, latency_ms)
            raise

    def _close(
        self,
        conn: Connection,
        row: int,
        latency_ms: int,
        answer: _Answer,
        outcome: str,
        error_kind: str | None = None,
        error: str | None = None,
    ) -> None:
        ledger.close_call(
            conn,
            row,
            outcome=outcome,
            valid=outcome != "error",
            latency_ms=latency_ms,
            model=answer.model,
            request_id=answer.request_id,
            error_kind=error_kind,
            error=error,
            images=answer.images,
            video_seconds=None if answer.video_seconds is None else round(answer.video_seconds),
            **answer.usage.as_columns(),
            **(answer.expected.as_expected() if answer.expected is not None else answer.cost.as_columns()),
        )
        money.count(
            conn,
            self._run.job_id,
            input_tokens=answer.usage.input,
            output_tokens=answer.usage.output,
            cost_micros=answer.cost.cost_micros,
            currency=answer.cost.currency,
        )


async def _to_its_end(create: Callable[[], Awaitable[str | GeneratedMedia]]) -> str | GeneratedMedia:
    """A task that is just being created gets its id written down although the job is being stopped.

    Without the id nobody could cancel it, and it would be billed all the same.
    """
    creating = asyncio.ensure_future(create())
    try:
        return await asyncio.shield(creating)
    except asyncio.CancelledError:
        if creating.cancelled():
            raise
        await asyncio.wait((creating,), timeout=STOP_WAITS_S)
        if creating.done() and creating.exception() is None and isinstance(creating.result(), str):
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
            return creating.result()
        creating.cancel()
        raise


def _state_after(error: JobError, *, free: bool) -> str:
    """What a failure makes of its step: `refused` may be tried again, `failed` is final for this job, `sent` is uncertain."""
    if isinstance(error, ProviderError):
        # a 5xx may come from a gateway while the service behind it went on to draw, and to bill
        certain = free or not error.sent or 200 <= (error.http_status or 0) < 500
    else:
        certain = True
    if not certain:
        return "sent"
    return "refused" if error.retryable else "failed"


def _failed_before(stored: dict[str, Any]) -> JobError:
    text = Text.from_json(stored["i18n"]) if stored.get("i18n") else Text("{message}", message=stored["failed"])
    return JobError(text, kind=stored["kind"], retryable=False)


def _expected(asked: Asked, price: Callable[[Usage, int, int], Cost], pictures: int) -> Cost:
    """What so many pictures will probably cost."""
    drawn = USUAL_PICTURE * pictures
    usage = Usage(input=estimated_tokens(asked.prompt), output=drawn, image_output=drawn)
    return price(usage, pictures, now_ms())


def _expected_clip(service: Service, seconds: float, size: tuple[int, int]) -> Cost:
    """What a clip will probably cost (its tokens: providers.md §5)."""
    tokens = round(seconds * size[0] * size[1] * USUAL_FPS / 1024)
    return video_cost_of(service.profile, service.model("video"), Usage(output=tokens), seconds)


def _priced(profile: Profile, reply: ImageReply) -> _Answer:
    cost = image_cost_of(profile, reply.model, reply.usage, reply.count, now_ms())
    return _Answer(reply.model, reply.usage, cost, images=reply.count, request_id=reply.request_id)


def _candidate(media: Media, asked: Asked, model: str) -> Candidate:
    return Candidate(media=media.sha256, width=media.width, height=media.height, made_of=asked.hash, model=model)


def clip_output(clip: Media, model: str) -> dict[str, Any]:
    return {
        "media": clip.sha256,
        "width": clip.width,
        "height": clip.height,
        "seconds": clip.seconds,
        "model": model,
    }
