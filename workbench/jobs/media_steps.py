"""Paid steps whose outcome can be uncertain: pictures and clips. Never a silent second charge.

A clip's task id is committed, then the job waits; `Poller` (jobs.poller) finishes the step and queues the job again.
On resume a bare `sent` becomes `maybe_charged`, and the job waits for a person to decide – unless the provider is free.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from workbench import crash
from workbench.artifacts.storyboard import Candidate
from workbench.db.writes import ledger, steps
from workbench.errors import JobError, ProviderError
from workbench.i18n import N_, Text
from workbench.jobs.media_calls import FIRST_POLL_MS, ClipOutput, MediaCalls, MediaSpec, estimate_clip_cost
from workbench.jobs.session import ClaimSession
from workbench.json_types import Json, JsonObject
from workbench.profiles.routing import BoundProvider, Capability
from workbench.security.redact import redactor
from workbench.suspend import NoRoom, Suspend

log = logging.getLogger(__name__)
Output = TypeVar("Output")


class MediaSteps:
    """The uncertain steps of one claim of one job. Several may be under way at once in the job's event loop."""

    def __init__(self, session: ClaimSession) -> None:
        self._session = session
        self._calls = MediaCalls(session)

    async def images(self, name: str, spec: MediaSpec, draw: Callable[[], bytes] | None) -> list[Candidate]:
        """The pictures of one call, in the store; memoised under `name`."""
        with self._session.name_origin(name, "image"):
            output = await self._begin(name, spec, "image")
            if output is None:
                output = await self._make(
                    name, spec, "image", lambda bound, purpose: self._calls.draw(bound, name, spec, draw, purpose)
                )
        return [Candidate.model_validate(c) for c in output["images"]]

    async def video(self, name: str, spec: MediaSpec, draw: Callable[[], bytes] | None) -> ClipOutput:
        """One clip, in the store, memoised under `name`. Raises Suspend while the service works."""
        with self._session.name_origin(name, "video"):
            output = await self._begin(name, spec, "video")
            if output is not None:
                return cast(ClipOutput, output)
            return await self._make(
                name, spec, "video", lambda bound, purpose: self._calls.film(bound, name, spec, draw, purpose)
            )

    async def _begin(self, name: str, spec: MediaSpec, capability: Capability) -> JsonObject | None:
        """The memoised output, or None with the step standing as `sent`; suspends while the outcome is open.

        The limits are asked before the step stands as `sent`: what only waited was never charged.
        """
        session = self._session
        session.new_step(name)
        position = len(session.step_names)
        with session.database.read() as conn:
            step = steps.find_step(conn, session.job_id, name)
        if step is not None and step.input_hash == spec.hash and step.state in ("done", "failed"):
            if step.state == "failed":
                raise _parse_failure(step.output)
            return cast(JsonObject, step.output)
        if step is not None and step.state == "submitted":
            # whatever is asked by now: what is being made costs, and is followed to its end
            raise Suspend("provider")
        bound = session.find_provider(capability)
        if step is not None and not bound.free and self._may_be_charged(name, step):
            await self._settle_uncertain(name, spec, step, bound)
        await session.admit(bound, spec.tokens)
        with session.write() as conn:
            steps.begin_step(conn, session.job_id, name, position, spec.hash, session.claim, again=step is not None)
        crash.point("step_sent")
        return None

    def _may_be_charged(self, name: str, step: steps.StepState) -> bool:
        """Whether a call of this step may have reached the service and nobody knows what came of it."""
        if step.state != "sent":
            return step.state == "maybe_charged"
        # a call is in the ledger before it is sent
        with self._session.database.read() as conn:
            return ledger.was_opened(conn, self._session.job_id, name, step.claim)

    async def _settle_uncertain(self, name: str, spec: MediaSpec, step: steps.StepState, bound: BoundProvider) -> None:
        """Nobody knows what became of a call: look for its task at the service, else leave it to a person. Suspends."""
        session = self._session
        task_id = await self._find_task(spec, step, bound)
        with session.write() as conn:
            if not steps.lock_if_uncertain(conn, session.job_id, name, step.claim):
                # whoever sent it has written what became of it after all
                raise Suspend("provider")
            if task_id is None:
                steps.set_step(conn, session.job_id, name, state="maybe_charged")
                asked = steps.mark_uncertain(conn, session.job_id, session.claim)
            else:
                steps.mark_submitted(conn, session.job_id, name, task_id, FIRST_POLL_MS)
                expected = estimate_clip_cost(bound, spec.seconds or 0.0, spec.size)
                ledger.reserve_for_task(conn, session.job_id, name, expected.cost_micros)
                message = Text(
                    N_("Step {step}: the task was created before the worker was lost; it goes on"), step=name
                )
                session.add_event(conn, message)
        if task_id is None:
            message = Text(N_("{count} calls were possibly charged: send them again, or give up?"), count=asked)
            raise Suspend("decision", message=message if asked > 1 else None, asks=True)
        raise Suspend("provider")

    async def _find_task(self, spec: MediaSpec, step: steps.StepState, bound: BoundProvider) -> str | None:
        """The id of a video task that was created and never written down, where the service lists its tasks."""
        if spec.seconds is None or step.input_hash != spec.hash:
            return None
        try:
            task_id = await bound.video.find(bound.model("video"), spec.seed, step.updated_at)
        except ProviderError as error:
            log.info("job %s: its task cannot be looked for: %s", self._session.job_id, error)
            return None
        with self._session.database.read() as conn:
            # another clip may have been asked for with the same seed
            return None if task_id is None or steps.is_known_task(conn, task_id) else task_id

    async def _make(
        self,
        name: str,
        spec: MediaSpec,
        capability: Capability,
        call: Callable[[BoundProvider, str], Awaitable[Output]],
    ) -> Output:
        """Make the call: again when the provider has learned to word it otherwise, once more after an empty answer,
        by another service where this one certainly did nothing.

        What is known of a failure is kept with the step: an answer that is final is not asked for again by this job.
        """
        session = self._session
        purpose = "generate"
        bound = session.find_provider(capability)
        while True:
            try:
                return await call(bound, purpose)
            except NoRoom:
                self._mark_unsent(name)
                raise
            except JobError as error:
                state = _state_after(error, free=bound.free) if session.stopping is None else "sent"
                if isinstance(error, ProviderError) and error.adapted:
                    pass
                elif error.kind == "empty_output" and purpose == "generate":
                    purpose = "retry"
                elif (
                    state != "sent" and isinstance(error, ProviderError) and session.fall_back(capability, bound, error)
                ):
                    purpose = "generate"
                else:
                    self._keep_failure(name, state, error)
                    raise
            bound = await self._admit_again(name, spec, capability)

    async def _admit_again(self, name: str, spec: MediaSpec, capability: Capability) -> BoundProvider:
        """Who is asked next; a wait for the limits leaves the step as one that was certainly not charged."""
        bound = self._session.find_provider(capability)
        try:
            await self._session.admit(bound, spec.tokens)
        except Suspend:
            self._mark_unsent(name)
            raise
        return bound

    def _mark_unsent(self, name: str) -> None:
        with self._session.write() as conn:
            steps.set_step(conn, self._session.job_id, name, state="refused")

    def _keep_failure(self, name: str, state: str, error: JobError) -> None:
        if state == "sent":
            return
        message = redactor.text(str(error))
        output: JsonObject = {"failed": message, "kind": error.kind}
        if message == str(error):
            output["i18n"] = error.text.to_json()
        with self._session.write() as conn:
            steps.set_step(conn, self._session.job_id, name, state=state, output=output if state == "failed" else None)


def _state_after(error: JobError, *, free: bool) -> str:
    """What a failure makes of its step: `refused` may be tried again, `failed` is final for this job, `sent` is
    uncertain."""
    if isinstance(error, ProviderError):
        # a 5xx may come from a gateway while the service behind it went on to draw, and to bill
        certain = free or not error.sent or 200 <= (error.http_status or 0) < 500
    else:
        certain = True
    if not certain:
        return "sent"
    return "refused" if error.retryable else "failed"


def _parse_failure(output: Json) -> JobError:
    text = Text.from_json(output["i18n"]) if output.get("i18n") else Text("{message}", message=output["failed"])
    return JobError(text, kind=output["kind"], retryable=False)
