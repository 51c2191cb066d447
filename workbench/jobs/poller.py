"""Asks providers how their long tasks are, finishes the steps that wait for them, and queues their jobs again."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace

from sqlalchemy import Connection

from workbench import crash
from workbench.db.connection import Database
from workbench.db.writes import steps, waits
from workbench.db.writes.steps import DuePoll
from workbench.errors import MediaRefused, MediaUnavailable, ProviderError, find_kind
from workbench.i18n import N_, Text
from workbench.jobs.media_calls import clip_output
from workbench.media import Media, MediaStore, download
from workbench.media.generated import store_generated
from workbench.profiles.routing import MakeProvider, ProfileOf
from workbench.providers.base import GeneratedMedia, Profile, ProviderTask, TaskState, Usage
from workbench.security.redact import redactor
from workbench.usage import money
from workbench.usage.prices import video_cost_of

log = logging.getLogger(__name__)


#: states of a job that ended before its task did
NOBODY_WAITS = frozenset(("cancelled", "failed"))


class Poller:
    """Asks providers about submitted tasks. Any process may take over: rows are taken by compare-and-set on poll_at."""

    #: how long a poll may take before another process asks as well
    POLL_DEADLINE_MS = 10_000
    #: how long a finished clip's download may take before another process begins one as well
    FETCH_DEADLINE_MS = round(download.DEADLINE_S * 1000) + 10_000

    #: how often to look for what is due while something is under way, and how much of that there may be to look further
    LOOK_EVERY_S = 1.0
    AT_ONCE = 20
    #: services keep a finished clip for a day; a download that fails in passing is tried again so long
    LINK_LIFE_MS = 20 * 3_600_000
    RETRY_MS = 30_000
    TASK_LIFE_MS = 48 * 3_600_000

    def __init__(
        self,
        database: Database,
        profile_of: ProfileOf,
        make_provider: MakeProvider,
        media: MediaStore,
    ) -> None:
        self._database = database
        self._media = media
        self._profile_of = profile_of
        self._make_provider = make_provider

    def run_once(self) -> int:
        """Poll what is due, and what becomes due meanwhile; returns how many steps were looked at."""
        taken = self._take_due()
        return asyncio.run(self._poll_all(taken)) if taken else 0

    def _take_due(self) -> list[DuePoll]:
        with self._database.read() as conn:
            candidates = steps.list_due_polls(conn)
        taken = []
        for due in candidates:
            with self._database.write() as conn:
                if steps.take_poll(conn, due, self.POLL_DEADLINE_MS):
                    taken.append(due)
        return taken

    async def _poll_all(self, taken: list[DuePoll]) -> int:
        count = len(taken)
        left = {asyncio.create_task(self._poll(due)) for due in taken}
        while left:
            ended, left = await asyncio.wait(left, timeout=self.LOOK_EVERY_S)
            for error in filter(None, (task.exception() for task in ended)):
                # the database may be restarting; the step is due again soon
                log.warning("the outcome of a poll could not be written: %s", error)
            if left and len(left) < self.AT_ONCE:
                # a clip that comes slowly keeps no other one waiting
                taken = await asyncio.to_thread(self._take_due)
                count += len(taken)
                left |= {asyncio.create_task(self._poll(due)) for due in taken}
        return count

    async def _poll(self, due: DuePoll) -> None:
        clip: Media | None = None
        profile: Profile | None = None
        old = _age_ms(due) > self.TASK_LIFE_MS
        try:
            profile = self._profile_of(due.profile_id)
            async with asyncio.timeout(self.POLL_DEADLINE_MS / 1000):
                state = await self._ask(due, profile)
            if state.state == "succeeded" and due.job_state not in NOBODY_WAITS:
                clip = await self._fetch(due, state, profile)
        except MediaUnavailable as error:
            # the clip is paid for, and the service keeps it: fetch it when it can be stored
            log.warning("the clip of task %s of job %s cannot be stored: %s", due.provider_task_id, due.job_id, error)
            self._postpone(due, self.RETRY_MS)
            return
        except MediaRefused as error:
            if error.passing and _age_ms(due) < self.LINK_LIFE_MS:
                # the clip is paid for: ask for its link again a little later
                self._postpone(due, self.RETRY_MS)
                return
            state = replace(state, state="failed", error=error.text, error_kind="media_download")
        except ProviderError as error:
            if error.retryable and not old:
                return
            if find_kind(error.kind).shared_by == "account" and not old:
                # the task is paid for and goes on without us; the profile can be mended meanwhile
                log.warning("task %s of job %s cannot be asked for: %s", due.provider_task_id, due.job_id, error)
                self._postpone(due, self.RETRY_MS)
                return
            # the service will say the same for ever: the task is not there, or not ours
            state = TaskState("failed", error=error.text, error_kind=error.kind)
            if error.http_status == 404:
                gone = Text(N_("The service no longer knows the task {task}."), task=due.provider_task_id)
                state = TaskState("failed", error=gone, error_kind="empty_output")
        except Exception:
            # a failed poll says nothing of the task: ask again later
            log.warning("polling task %s of job %s failed", due.provider_task_id, due.job_id, exc_info=True)
            if not old:
                return
            state = TaskState("running")
        crash.point("poll_answered")
        self._settle(due, state, clip, profile)

    async def _fetch(self, due: DuePoll, state: TaskState, profile: Profile) -> Media:
        """The clip, in the store, before the step says it is done. Raises MediaRefused, ProviderError."""
        with self._database.write() as conn:
            if steps.lock_if_submitted(conn, due.job_id, due.name, due.provider_task_id):
                # a download takes longer than a poll; nobody else needs to begin one meanwhile
                steps.mark_submitted(conn, due.job_id, due.name, due.provider_task_id, self.FETCH_DEADLINE_MS)
        [clip, *_] = await store_generated([state.clip or GeneratedMedia()], self._media, "video", profile)
        return clip

    async def _ask(self, due: DuePoll, profile: Profile) -> TaskState:
        provider = self._make_provider(profile)
        try:
            if not isinstance(provider, ProviderTask):
                raise TypeError(f"the provider of profile {profile.name} has no tasks")
            state = await provider.poll(due.provider_task_id)
            if state.state == "queued" and due.job_state in NOBODY_WAITS:
                # once it runs it is billed whatever anybody does: then it is asked for until its cost is known
                await provider.cancel(due.provider_task_id)
            return state
        finally:
            await provider.aclose()

    def _postpone(self, due: DuePoll, after_ms: int) -> None:
        with self._database.write() as conn:
            if steps.lock_if_submitted(conn, due.job_id, due.name, due.provider_task_id):
                steps.mark_submitted(conn, due.job_id, due.name, due.provider_task_id, after_ms)

    def _settle(self, due: DuePoll, state: TaskState, clip: Media | None, profile: Profile | None) -> None:
        job_id, name, task_id = due.job_id, due.name, due.provider_task_id
        with self._database.write() as conn:
            if not steps.lock_if_submitted(conn, job_id, name, task_id):
                return
            if state.state in ("queued", "running") and _age_ms(due) > self.TASK_LIFE_MS:
                late = Text(N_("The provider's task {task} did not end within {hours} h."), task=task_id, hours=48)
                state = TaskState("failed", error=late, error_kind="timeout")
            if state.state in ("queued", "running"):
                steps.mark_submitted(conn, job_id, name, task_id, state.poll_after_ms)
                return
            if clip is not None and profile is not None:
                self._media.record(conn, clip)
                steps.finish_step(conn, job_id, name, clip_output(clip, due.model or profile.clip_model))
            else:
                unwanted = state.state == "cancelled" or due.job_state in NOBODY_WAITS
                kind = "cancelled" if unwanted else state.error_kind
                reason = state.error or Text(N_("The provider ended the task as {state}."), state=state.state)
                output = redactor.value({"failed": str(reason), "kind": kind})
                if isinstance(reason, Text):
                    output["i18n"] = redactor.value(reason.to_json())
                steps.set_step(conn, job_id, name, state="failed", output=output)
            # a clip that could not be fetched was made, too
            billed = state.state == "succeeded" or state.error_kind == "media_download"
            if profile is not None and (billed or state.usage != Usage()):
                self._price(conn, due, state, clip, profile)
            else:
                money.price_task(conn, job_id, name)
            waits.resume(conn, job_id, "provider")

    def _price(self, conn: Connection, due: DuePoll, state: TaskState, clip: Media | None, profile: Profile) -> None:
        """What the task cost, on the call that created it: a useless one was paid, too."""
        seconds = state.seconds if state.seconds is not None else clip.seconds if clip is not None else None
        cost = video_cost_of(profile, state.model or profile.clip_model, state.usage, seconds, due.price)
        tokens = {"input_tokens": state.usage.input, "output_tokens": state.usage.output}
        billed = None if seconds is None else round(seconds)
        money.price_task(conn, due.job_id, due.name, video_seconds=billed, **tokens, **cost.as_columns())
        money.add_to_job(conn, due.job_id, **tokens, cost_micros=cost.cost_micros, currency=cost.currency)


def _age_ms(due: DuePoll) -> float:
    """How long ago the step was begun, by this machine's clock: days count here, not seconds."""
    return time.time() * 1000 - float(due.created_at)
