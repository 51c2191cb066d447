"""One paid call for a picture or a clip: what is asked, what it will probably cost, and how what comes is kept.

What a service makes goes into the media store before the commit that settles the call; a step's output names it by
hash.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypedDict

from sqlalchemy import Connection

from workbench import crash
from workbench.artifacts.storyboard import Candidate, Reference, hash_request
from workbench.artifacts.versions import hash_of
from workbench.db.writes import ledger, steps, waits
from workbench.errors import LostClaim, MediaUnavailable, ProviderError
from workbench.i18n import N_, Text
from workbench.jobs.session import ClaimSession
from workbench.jobs.text_steps import finish_step
from workbench.json_types import JsonObject
from workbench.media import Media
from workbench.media.generated import store_generated
from workbench.media.references import fit
from workbench.plain_text import storable
from workbench.profiles.model_call import DATABASE_AWAY, CallResult, CallSpec, ModelCall
from workbench.profiles.routing import BoundProvider
from workbench.providers.base import GeneratedMedia, ImageRequest, Usage, VideoRequest, estimate_tokens
from workbench.providers.references import ReferenceLimits
from workbench.suspend import Suspend
from workbench.usage.prices import FREE, UNKNOWN, Cost, clock_ms, image_cost_of, video_cost_of

log = logging.getLogger(__name__)

FIRST_POLL_MS = 3_000
#: tokens of a picture, and frames in a second of film, where nobody knows yet
USUAL_PICTURE = 1_300
USUAL_FPS = 24
#: between two tries to put what was made into a store that is away
STORE_PAUSE_S = 2.0
#: how long a job that is being stopped waits for the id of a task under creation
STOP_WAITS_S = 4.0


@dataclass(frozen=True, slots=True)
class MediaSpec:
    """A picture or clip that a workflow wants; media by hash. `seconds` None: a picture."""

    prompt: str
    size: tuple[int, int]
    seed: int
    references: tuple[Reference, ...] = ()
    #: the prompt for a service that takes fewer of them: by how many it takes
    prompts: tuple[str, ...] = ()
    seconds: float | None = None
    first_frame: str | None = None
    last_frame: str | None = None
    #: the artifact versions that it was worded from; no part of what is asked
    versions: tuple[int, ...] = ()

    @property
    def hash(self) -> str:
        if self.seconds is None:
            return hash_request(self.prompt, self.size, self.seed, self.shas)
        return hash_of(self.as_json())

    @property
    def shas(self) -> list[str]:
        """The pictures to draw from, as the store knows them."""
        return [reference.media for reference in self.references]

    def take(self, most: int) -> MediaSpec:
        """The same for a service that takes so many references."""
        taken = self.references[:most]
        fewer = len(taken) < len(self.references) and len(taken) < len(self.prompts)
        return replace(self, prompt=self.prompts[len(taken)], references=taken) if fewer else self

    @property
    def tokens(self) -> int:
        """What a call for it will probably count in its service's minute."""
        return estimate_tokens(self.prompt) + USUAL_PICTURE * len(self.references)

    def as_json(self) -> JsonObject:
        """What the ledger keeps of it."""
        values = {
            "prompt": self.prompt,
            "size": list(self.size),
            "seed": self.seed,
            "references": self.shas or None,
            "seconds": self.seconds,
            "first_frame": self.first_frame,
            "last_frame": self.last_frame,
        }
        return {k: v for k, v in values.items() if v is not None}


class ClipOutput(TypedDict):
    """The output of a step that made a clip. `media`: its hash in the store."""

    media: str
    width: int
    height: int
    seconds: float | None
    model: str


class MediaCalls:
    """The calls for pictures and clips of one claim of one job."""

    def __init__(self, session: ClaimSession) -> None:
        self._session = session

    async def draw(
        self, bound: BoundProvider, name: str, spec: MediaSpec, draw: Callable[[], bytes] | None, purpose: str
    ) -> JsonObject:
        """The pictures of one call: {"images": […]}, memoised as the output of step `name`."""
        session, profile = self._session, bound.profile
        provider = bound.image
        limits = provider.picture_references(bound.model("image"), profile.params)
        told = spec.take(limits.most)
        request = ImageRequest(
            model=bound.model("image"),
            prompt=told.prompt,
            size=spec.size,
            seed=spec.seed,
            call_id=uuid.uuid4().hex,
            references=await self._read_references(told, limits),
            params=profile.params,
            draw=draw,
        )
        cost_of = partial(image_cost_of, profile, request.model)
        expected = estimate_picture_cost(spec, cost_of, provider.most_images(request))
        call = self._open(bound, name, told, request, purpose, expected, lambda usage: cost_of(usage, 0, clock_ms()))
        reply = await call.send(lambda: provider.images(request))
        cost = image_cost_of(profile, reply.model, reply.usage, reply.count, clock_ms())
        result = CallResult(
            model=reply.model, usage=reply.usage, cost=cost, images=reply.count, request_id=reply.request_id
        )
        pictures = await self._store(bound, call, result, reply.generated, "image")
        used = told.references[: limits.most]
        candidates = [_candidate(picture, spec, request.model or reply.model, used) for picture in pictures]
        output: JsonObject = {"images": [c.model_dump(mode="json") for c in candidates]}

        def keep(conn: Connection) -> None:
            finish_step(session.job_id, name, output, conn)
            for note in reply.notes:
                session.add_event(conn, note, "warning")

        self._settle(call, name, result, pictures, keep)
        crash.point("step_done")
        return output

    async def film(
        self, bound: BoundProvider, name: str, spec: MediaSpec, draw: Callable[[], bytes] | None, purpose: str
    ) -> ClipOutput:
        """One clip, memoised as the output of step `name`. Raises Suspend when the service goes on by itself."""
        session, profile = self._session, bound.profile
        provider = bound.video
        if not bound.model("video"):
            raise ProviderError("not_found_model", Text(N_("The profile names no video model.")), sent=False)
        limits = provider.clip_references(bound.model("video"))
        told = spec.take(limits.most)
        request = VideoRequest(
            model=bound.model("video"),
            prompt=told.prompt,
            seconds=spec.seconds or 0.0,
            size=spec.size,
            seed=spec.seed,
            call_id=uuid.uuid4().hex,
            references=() if spec.first_frame else await self._read_references(told, limits),
            first_frame=await self._read(spec.first_frame),
            last_frame=await self._read(spec.last_frame),
            params=profile.params,
            draw=draw,
        )
        expected = estimate_clip_cost(bound, request.seconds, request.size)
        call = self._open(bound, name, told, request, purpose, expected, lambda usage: UNKNOWN)
        created = await call.send(partial(finish_creation, lambda: provider.submit(request)))
        result = CallResult(model=request.model, usage=Usage(), cost=FREE if bound.free else UNKNOWN)
        if isinstance(created, str):
            await self._await_task(bound, call, name, created, result, expected)
        assert isinstance(created, GeneratedMedia)
        [clip] = await self._store(bound, call, result, (created,), "video")
        output = clip_output(clip, request.model)
        if not bound.free:
            cost = video_cost_of(profile, request.model, Usage(), clip.seconds, expected.price)
            result = replace(result, cost=cost)
        result = replace(result, video_seconds=clip.seconds)
        self._settle(call, name, result, [clip], partial(finish_step, session.job_id, name, dict(output)))
        crash.point("step_done")
        return output

    async def _await_task(
        self, bound: BoundProvider, call: ModelCall, name: str, task_id: str, result: CallResult, expected: Cost
    ) -> None:
        """The service has the task: raises Suspend, and the poller finishes the step."""
        task_id = storable(task_id)
        # what a task costs is known when it has ended: the poller writes it, at the price of today
        if not bound.free:
            result = replace(result, expected=expected)
        job_id = self._session.job_id
        try:
            self._settle(
                call, name, result, [], lambda conn: steps.mark_submitted(conn, job_id, name, task_id, FIRST_POLL_MS)
            )
        except LostClaim:
            await self._cancel_late_task(bound, name, task_id)
            raise
        crash.point("task_submitted")
        raise Suspend("provider")

    async def _cancel_late_task(self, bound: BoundProvider, name: str, task_id: str) -> None:
        """Cancel a task whose id came too late for its step: nobody will ever ask for it, and it is billed all the
        same."""
        session = self._session
        message = Text(
            N_("Step {step}: its task {task} was created after all, too late; it is cancelled"), step=name, task=task_id
        )
        with session.database.write() as conn:
            step = steps.find_step(conn, session.job_id, name)
            if step is not None and step.provider_task_id == task_id:
                return
            session.add_event(conn, message, "warning")
        try:
            async with asyncio.timeout(STOP_WAITS_S):
                await bound.video.cancel(task_id)
        except (ProviderError, TimeoutError) as error:
            log.warning("task %s of job %s could not be cancelled: %s", task_id, session.job_id, error)

    async def _read_references(self, spec: MediaSpec, limits: ReferenceLimits) -> tuple[bytes, ...]:
        """What goes along to a service, as small as it wants it."""
        shas = spec.shas[: limits.most]
        each = limits.share(len(shas))
        read = self._session.media.read
        return tuple([await asyncio.to_thread(fit, await asyncio.to_thread(read, sha), each) for sha in shas])

    async def _read(self, sha: str | None) -> bytes | None:
        return None if sha is None else await asyncio.to_thread(self._session.media.read, sha)

    def _open(
        self,
        bound: BoundProvider,
        name: str,
        spec: MediaSpec,
        request: ImageRequest | VideoRequest,
        purpose: str,
        expected: Cost,
        price: Callable[[Usage], Cost],
    ) -> ModelCall:
        call = CallSpec(
            call_id=request.call_id,
            capability="image" if isinstance(request, ImageRequest) else "video",
            model=request.model,
            purpose=purpose,
            price=price,
            tokens=spec.tokens,
            expected=expected,
            step=name,
            input_hash=spec.hash,
            prompt=spec.as_json() | ({"versions": list(spec.versions)} if spec.versions else {}),
        )
        return ModelCall.open(self._session, bound, call)

    async def _store(
        self,
        bound: BoundProvider,
        call: ModelCall,
        result: CallResult,
        generated: Sequence[GeneratedMedia],
        kind: Literal["image", "video"],
    ) -> list[Media]:
        """What was made, as files of the store. It is paid for by now: a failure settles the call as counted.

        A store that is away, its disk full, is waited for with what was made in hand.
        """
        while True:
            try:
                return await self._try_to_store(bound, call, result, generated, kind)
            except MediaUnavailable as error:
                try:
                    await self._wait_for_store(error)
                except BaseException as stop:
                    call.settle_useless(result, stop)
                    raise

    async def _wait_for_store(self, error: MediaUnavailable) -> None:
        """Say so, and return when it is worth another try; the time does not count against the job's deadline."""
        session = self._session
        if session.stopping is not None:
            raise asyncio.CancelledError
        if not session.waits_for_store:
            session.waits_for_store = True
            log.warning("job %s: %s", session.job_id, error)
            try:
                self._report_store(error)
            except (LostClaim, *DATABASE_AWAY) as problem:
                log.warning("job %s: that it waits cannot be written: %s", session.job_id, problem)
        session.extend_deadline(STORE_PAUSE_S)
        await asyncio.sleep(STORE_PAUSE_S)

    def _report_store(self, error: MediaUnavailable) -> None:
        message = Text(N_("{reason}. What was made is held until it can be stored."), reason=error.text)
        with self._session.write() as conn:
            self._session.add_event(conn, message, "warning")

    async def _try_to_store(
        self,
        bound: BoundProvider,
        call: ModelCall,
        result: CallResult,
        generated: Sequence[GeneratedMedia],
        kind: Literal["image", "video"],
    ) -> list[Media]:
        storing = asyncio.ensure_future(store_generated(generated, self._session.media, kind, bound.profile))
        stopped = False
        try:
            try:
                files = await asyncio.shield(storing)
            except asyncio.CancelledError:
                if any(media.url for media in generated):
                    storing.cancel()
                # bytes that are here already are a moment's work, and may have cost money
                files, stopped = await storing, True
        except MediaUnavailable:
            raise
        except BaseException as error:
            call.settle_useless(result, error)
            raise
        self._session.waits_for_store = False
        crash.point("media_stored")
        if stopped:
            # `together` and the runner go on stopping; the picture is kept first
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()
            task.cancel()
        return files

    def _settle(
        self,
        call: ModelCall,
        name: str,
        result: CallResult,
        files: Sequence[Media],
        keep: Callable[[Connection], None],
    ) -> None:
        """What came of a call, what was made, and what follows, in one commit. Raises LostClaim."""
        session = self._session

        def record(conn: Connection) -> None:
            for file in files:
                session.media.record(conn, file)
            keep(conn)

        def adopt(conn: Connection) -> bool:
            """Whose claim is lost hands over what is paid for, unless a person, or the next worker, decided
            meanwhile."""
            if steps.lock_if_uncertain(conn, session.job_id, name, session.claim):
                call.record(conn, result, "late")
                record(conn)
                message = Text(N_("Step {step}: its answer came after the worker was given up; it is kept"), step=name)
                session.add_event(conn, message)
                waits.resume_if_settled(conn, session.job_id, "decision")
                return True
            if result.expected is not None:
                # a task whose id was found otherwise has its cost already; of any other nobody will ever know it
                ledger.mark_late(conn, call.row, call.latency_ms)
                return True
            return False

        call.settle(result, record, adopt=adopt)


async def finish_creation(create: Callable[[], Awaitable[str | GeneratedMedia]]) -> str | GeneratedMedia:
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


def estimate_picture_cost(spec: MediaSpec, cost_of: Callable[[Usage, int, int], Cost], pictures: int) -> Cost:
    """What a call that brings so many pictures will probably cost."""
    output = USUAL_PICTURE * pictures
    return cost_of(Usage(input=spec.tokens, output=output, image_output=output), pictures, clock_ms())


def estimate_clip_cost(bound: BoundProvider, seconds: float, size: tuple[int, int]) -> Cost:
    """What a clip will probably cost (its tokens: docs/providers.md)."""
    tokens = round(seconds * size[0] * size[1] * USUAL_FPS / 1024)
    return video_cost_of(bound.profile, bound.model("video"), Usage(output=tokens), seconds)


def _candidate(picture: Media, spec: MediaSpec, model: str, used: Sequence[Reference]) -> Candidate:
    return Candidate(
        media=picture.sha256,
        width=picture.width,
        height=picture.height,
        made_of=spec.hash,
        model=model,
        references=list(used),
    )


def clip_output(clip: Media, model: str) -> ClipOutput:
    return {
        "media": clip.sha256,
        "width": clip.width,
        "height": clip.height,
        "seconds": clip.seconds,
        "model": model,
    }
