"""Submit a job, steer it, run it again: what `wb.jobs` does with one job, or some given by id."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from workbench import crash
from workbench.api.job_reads import JobReads
from workbench.arguments import check_arguments
from workbench.db.reads import jobs as reads
from workbench.db.rows.jobs import (
    Act,
    Job,
    SubmittedJob,
)
from workbench.db.writes import claims, end, families, steps, timeline, waits
from workbench.db.writes.forecasts import add_forecasts
from workbench.errors import NotAllowed
from workbench.fingerprints import fingerprint
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.usage import money

if TYPE_CHECKING:
    from workbench.bundles import BundleReport
    from workbench.db.connection import Database
    from workbench.db.rows.forecasts import StoredForecast
    from workbench.jobs import acts
    from workbench.jobs import submit as submitting
    from workbench.jobs.dispatch import Dispatcher
    from workbench.jobs.overrides import Overrides
    from workbench.media import MediaStore
    from workbench.profiles.profiles import Profiles
    from workbench.workflows.registry import Registry


@check_arguments
class JobRuns(JobReads):
    """Submits and steers jobs."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        dispatcher: Dispatcher,
        profiles: Profiles,
        store: Callable[[], MediaStore],
    ) -> None:
        super().__init__(database, registry)
        self._store = store
        self._dispatcher = dispatcher
        self._profiles = profiles

    def submit(
        self,
        kind: str,
        node_id: int | None = None,
        params: JsonObject | None = None,
        *,
        submit_key: str | None = None,
        profile: str | None = None,
        priority: int = 0,
        max_attempts: int | None = None,
        delay_ms: int = 0,
        user: str = "local",
    ) -> SubmittedJob:
        """Queue a job and tell a worker.

        If a job with this submit_key, or an identical active job, exists, it is returned instead.
        Raises InvalidInput, GuardUnmet, AlreadyActive, SubmitKeyReused, BudgetExceeded, NotFound.
        """
        from workbench.jobs import submit as submitting

        request = submitting.Request(
            kind,
            node_id,
            params or {},
            submit_key,
            self._profiles.choose(profile),
            priority,
            max_attempts,
            delay_ms,
            user,
        )
        return self.submit_many([request])[0]

    def submit_many(self, requests: Iterable[submitting.Request]) -> builtins.list[SubmittedJob]:
        """Queue a batch in one transaction: all or none."""
        from workbench.jobs import submit as submitting

        batch = [*requests]
        prepared = [submitting.prepare(self._database, self._registry, request) for request in batch]
        expected = [self._forecast(request) for request in batch]
        with self._database.write() as conn:
            delays = [request.delay_ms for request in batch]
            ids = submitting.insert_many(conn, [*zip(prepared, delays, strict=True)])
            for job_id, forecasts in zip(ids, expected, strict=True):
                add_forecasts(conn, [replace(one, job_id=job_id) for one in forecasts])
            # in the same commit: a job that finds room is on its way with one write to disk
            marked = self._dispatcher.mark(conn)
        crash.point("submit_committed")
        if marked is None:
            self._dispatcher.kick()
        else:
            self._dispatcher.deliver(marked)
        with self._database.read() as conn:
            jobs = {job.id: job for job in reads.find_many(conn, ids)}
        problem = self._dispatcher.unreachable
        return [SubmittedJob(**jobs[i].as_json(), dispatch_problem=problem) for i in ids]

    def _forecast(self, request: submitting.Request) -> list[StoredForecast]:
        """What a conductor will take; nothing of any other workflow."""
        if not self._registry.find(request.kind).conducts:
            return []
        from workbench.api.forecasting import forecast_conductor  # the stories' models, which no list of jobs waits for

        return forecast_conductor(self._database, self._registry, self._profiles, request)

    def cancel(self, job_ids: int | Iterable[int], *, user: str = "local") -> builtins.list[int]:
        """Cancel jobs and their children; returns the ids of those that were still active. Raises NotFound."""
        from workbench.jobs import replay

        ids = [job_ids] if isinstance(job_ids, int) else [*job_ids]
        cancelled = []
        for job_id in ids:
            with self._database.write() as conn:
                replay.find(conn, job_id)
                if end.cancel(conn, job_id, user) is not None:
                    cancelled.append(job_id)
        self._dispatcher.kick()
        return cancelled

    def stop_after_step(self, job_ids: int | Iterable[int], *, user: str = "local") -> builtins.list[int]:
        """Let what parents have started come to its end, and start nothing more; they end partial, and a retry goes
        on from there. Returns the ids of those that are still active parents. Raises NotFound."""
        from workbench.jobs import replay

        ids = [job_ids] if isinstance(job_ids, int) else [*job_ids]
        stopped = []
        for job_id in ids:
            with self._database.write() as conn:
                job = replay.find(conn, job_id)
                if self._registry.find(job.kind).batch and families.ask_to_stop(conn, job_id, user):
                    stopped.append(job_id)
        return stopped

    def set_priority(self, job_ids: Iterable[int], priority: int) -> int:
        """Change the priority of active jobs; returns how many."""
        with self._database.write() as conn:
            return claims.set_priority(conn, [*job_ids], priority)

    def retry(
        self,
        job_id: int,
        params: JsonObject | None = None,
        *,
        profile: str | None = None,
        replace_newer: bool = False,
        user: str = "local",
    ) -> Job:
        """Run what failed again and reuse what is done, also with edited params: finished steps whose input is the
        same are not paid again. Returns the new job, or the retry of this job that is already at work.

        Raises WouldReplace when a person has saved a version of its artifact since, unless `replace_newer`, and what
        `replay` raises.
        """
        how = {"keep_done": True, "replace_newer": replace_newer}
        return self._replay(job_id, params=params, profile=profile, user=user, **how)

    def replay(
        self,
        job_id: int,
        params: JsonObject | None = None,
        *,
        from_step: str | None = None,
        profile: str | None = None,
        replace_newer: bool = False,
        user: str = "local",
    ) -> Job:
        """Run an ended job anew, with edited params if given, reusing the steps before `from_step`. Returns the new
        job.

        Raises NotAllowed while it is active, WouldReplace as `retry`, InvalidInput, NotFound and what `submit` raises.
        """
        how = {"from_step": from_step, "replace_newer": replace_newer}
        return self._replay(job_id, params=params, profile=profile, user=user, **how)

    def _replay(self, job_id: int, *, profile: str | None, **how: Any) -> Job:
        new_id = self._insert_replay(job_id, profile=profile, **how)
        self._dispatcher.kick()
        return self.get(new_id)

    def _insert_replay(self, job_id: int, *, profile: str | None, **how: Any) -> int:
        from workbench.jobs import replay

        if profile is not None:
            how |= {"profile_id": self._profiles.id_of(profile), "change_profile": True}
        return replay.replay(self._database, self._registry, self._profiles.public, job_id, **how)

    def plan_replay(self, job_id: int, from_step: str | None = None) -> Act:
        """What `replay` would do, and what it would probably cost. Raises NotAllowed while the job is active,
        InvalidInput, NotFound."""
        from workbench.jobs import acts

        price = self._price_of_rest()
        return acts.plan_replay(self._database, self._registry, job_id, price, from_step=from_step)

    def _price_of_rest(self, profile: str | None = None, overrides: Overrides | None = None) -> acts.Price:
        """What is left of runs will probably cost; `profile` and `overrides` as in `retry_many`. Raises InvalidInput,
        NotFound."""
        from workbench.api.rerun_prices import RerunPrices
        from workbench.jobs import overrides as asking

        other = None if profile is None else self._profiles.id_of(profile)
        # many jobs have few profiles
        profile_of = functools.cache(self._profiles.public)
        asking.check(overrides, profile_of(other))
        return RerunPrices(self._database, self._registry, profile_of, other, profile is not None, overrides)

    def reparse(self, job_id: int, *, user: str = "local") -> Job:
        """Read a job's stored answers again with today's parser and checks, at no cost. Returns the new job.

        Raises NotAllowed when no answer is stored.
        """
        if not any(call.raw_output for call in self.get_detail(job_id).model_calls):
            raise NotAllowed(Text(N_("Job {job_id} has no stored answer."), job_id=job_id))
        return self._replay(job_id, profile=None, keep_done=True, reparse=True, user=user)

    def bundle(self, job_id: int, *, with_story: bool = True) -> BundleReport:
        """An ended job as a file that `reelwright bundles run` runs again offline: params, steps, prompts, answers and
        the story as it was; no keys. Without the story its words are in other letters, and no picture is in it.

        Raises NotFound, NotAllowed.
        """
        from workbench import bundles

        return bundles.export(self._database, self._store(), self._registry, job_id, with_story=with_story)

    def decide(self, job_id: int, choice: Literal["send_again", "give_up"], user: str = "local") -> Job:
        """Answer a job that waits because a call may have been charged. Raises NotAllowed if it does not wait for
        that."""
        from workbench.jobs import replay

        with self._database.write() as conn:
            job = replay.find(conn, job_id)
            if not waits.lock_waiting(conn, job_id, "decision"):
                raise NotAllowed(Text(N_("Job {job_id} does not wait for a decision."), job_id=job_id))
            text = Text(N_("{user} decided: {choice}"), user=user, choice=choice)
            timeline.add_event(conn, job_id, text, level="audit")
            for step in reads.list_steps(conn, job_id):
                if step.state == "maybe_charged":
                    state = "refused" if choice == "send_again" else "given_up"
                    steps.set_step(conn, job_id, step.name, state=state)
                    # nobody asks for its task any more
                    money.price_task(conn, job_id, step.name)
            if choice == "send_again":
                waits.resume(conn, job_id, "decision")
            else:
                text = Text(N_("Given up: the call may have been charged and was not sent again"))
                end.end(
                    conn,
                    job_id,
                    "failed",
                    kind="maybe_charged",
                    error=text,
                    fingerprint=fingerprint("maybe_charged", job.kind),
                )
        self._dispatcher.kick()
        return self.get(job_id)
