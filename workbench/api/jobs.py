"""`wb.jobs`: submit, watch, cancel, retry and replay. A job is a row that is never deleted."""

from __future__ import annotations

import builtins
import functools
import queue
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from workbench import crash
from workbench.arguments import Count, check_arguments
from workbench.db.connection import Database
from workbench.db.reads import board, failures, sorting
from workbench.db.reads import bulk as bulk_reads
from workbench.db.reads import jobs as reads
from workbench.db.reads import story as story_reads
from workbench.db.reads import usage as usage_reads
from workbench.db.rows.jobs import (
    Act,
    BulkItem,
    ChildJob,
    FailureGroup,
    FamilyJob,
    Job,
    JobDetail,
    JobEvent,
    JobFilters,
    JobSort,
    JobsVersion,
    RefusedReplay,
    Step,
    SubmittedJob,
    Worker,
)
from workbench.db.rows.usage import BoardSums
from workbench.db.schema import TERMINAL
from workbench.db.writes import claims, end, families, ledger, steps, timeline, waits
from workbench.db.writes import failures as failure_writes
from workbench.errors import InvalidInput, NotAllowed, NotFound
from workbench.fingerprints import fingerprint
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.usage import money

if TYPE_CHECKING:
    from workbench.bundles import BundleReport
    from workbench.jobs import acts
    from workbench.jobs import submit as submitting
    from workbench.jobs.dispatch import Dispatcher
    from workbench.jobs.overrides import Overrides
    from workbench.jobs.watch import Watcher
    from workbench.media import MediaStore
    from workbench.profiles.profiles import Profiles
    from workbench.workflows.registry import Registry

WAIT_POLL_S = 0.05


@check_arguments
class Jobs:
    """Submits and steers jobs. Filters of lists: those of `JobFilters`."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        dispatcher: Dispatcher,
        profiles: Profiles,
        store: Callable[[], MediaStore],
    ) -> None:
        self._store = store
        self._database = database
        self._registry = registry
        self._dispatcher = dispatcher
        self._profiles = profiles

    @functools.cached_property
    def _watcher(self) -> Watcher:
        from workbench.jobs.watch import Watcher

        return Watcher(self._database)

    # -- submit --------------------------------------------------------------------------------------------------------

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
        with self._database.write() as conn:
            delays = [request.delay_ms for request in batch]
            ids = submitting.insert_many(conn, [*zip(prepared, delays, strict=True)])
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

    # -- look ----------------------------------------------------------------------------------------------------------

    def get(self, job_id: int) -> Job:
        """Raises NotFound."""
        from workbench.jobs import replay

        with self._database.read() as conn:
            return replay.find(conn, job_id)

    def explain_queued(self, ids: Sequence[int]) -> dict[int, Text]:
        """Job id → why it does not run yet, for those of these jobs that are queued: paused, limited, due later, no
        worker, or its turn."""
        from workbench.jobs import queued

        with self._database.read() as conn:
            return queued.explain(conn, reads.find_many(conn, [*ids]), self._registry)

    def find_pause(self, job_id: int) -> Text | None:
        """What is paused and keeps a job, or the next part of one, from running; None: nothing is."""
        from workbench.jobs import queued

        reason = self.explain_queued([job_id]).get(job_id)
        return reason if reason is not None and reason.msgid in queued.PAUSES else None

    def list_pauses(self) -> dict[str, Text]:
        """The key of each paused gate → what is paused, by whom and since when."""
        from workbench.jobs import queued

        with self._database.read() as conn:
            return queued.list_pauses(conn, self._registry)

    def get_detail(self, job_id: int) -> JobDetail:
        """A job with its attempts, steps, events, model calls, children and replays. Raises NotFound."""
        from workbench.jobs import replay

        with self._database.read() as conn:
            return JobDetail(
                job=replay.find(conn, job_id),
                attempts=reads.list_attempts(conn, job_id),
                steps=reads.list_steps(conn, job_id),
                events=reads.list_events(conn, job_id),
                model_calls=reads.list_model_calls(conn, job_id),
                children=reads.list_children(conn, job_id),
                replays=reads.list_replays(conn, job_id),
                spending=usage_reads.spending_of_jobs(conn, [job_id])[job_id],
            )

    def list(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: Count = 50,
        **filters: Unpack[JobFilters],
    ) -> builtins.list[Job]:
        """Newest first. `before`, `after`: a job id, for the next older or newer page."""
        with self._database.read() as conn:
            return reads.list_jobs(conn, before=before, after=after, limit=limit, **filters)

    def get_many(self, job_ids: Iterable[int]) -> builtins.list[Job]:
        """These jobs, in this order; unknown ids are left out."""
        with self._database.read() as conn:
            return reads.find_many(conn, [*job_ids])

    def list_sorted(
        self,
        sort: JobSort,
        *,
        descending: bool = False,
        offset: Count = 0,
        limit: Count = 50,
        kinds: Sequence[str] = (),
        **filters: Unpack[JobFilters],
    ) -> builtins.list[Job]:
        """A page of all that match, sorted by what a column means; see `sorting.list_sorted`.

        `kinds`: the workflows in the order of their titles in the reader's language.
        """
        with self._database.read() as conn:
            yuan = float(money.rate(conn))
            return sorting.list_sorted(
                conn, sort, descending=descending, offset=offset, limit=limit, kinds=kinds, yuan_for_dollar=yuan,
                **filters,
            )  # fmt: skip

    def count(self, **filters: Unpack[JobFilters]) -> int:
        """How many jobs the same filters of `list` match."""
        with self._database.read() as conn:
            return reads.count_matching(conn, **filters)

    def list_ids(self, **filters: Unpack[JobFilters]) -> builtins.list[int]:
        """The ids of all jobs that the same filters of `list` match, oldest first."""
        with self._database.read() as conn:
            return reads.ids_matching(conn, **filters)

    def states(self, job_ids: builtins.list[int]) -> dict[int, str]:
        """Job id → state; unknown ids are left out."""
        with self._database.read() as conn:
            return reads.states(conn, job_ids)

    def count_states(self, **filters: Unpack[JobFilters]) -> dict[str, int]:
        """State → how many jobs the same filters of `list` match in it."""
        with self._database.read() as conn:
            return reads.count_states(conn, **filters)

    def count_by_state(self, *, project: int | None = None, since: int | None = None) -> dict[str, int]:
        """State → jobs in it; ended ones since a time (epoch ms) when given."""
        with self._database.read() as conn:
            return reads.counts(conn, project=project, since=since)

    def sum_up(self, now_ms: int, **filters: Unpack[JobFilters]) -> BoardSums:
        """What the cards of a board show of the jobs that match, in the two days before `now_ms` (epoch ms)."""
        hour, twelfth = 3_600_000, 300_000
        with self._database.read() as conn:
            return BoardSums(
                ended=board.list_ended(conn, filters, begin=now_ms - 48 * hour, span_ms=hour, spans=48),
                costs=board.list_costs(conn, filters, begin=now_ms - 48 * hour, span_ms=hour, spans=48),
                waits=board.list_waits(conn, filters, begin=now_ms - 2 * hour, span_ms=hour, spans=2),
                recent_waits=board.list_waits(conn, filters, begin=now_ms - hour, span_ms=twelfth, spans=12),
            )

    def has_active(self) -> bool:
        """Whether any job is queued, running or waiting."""
        with self._database.read() as conn:
            return reads.has_active(conn)

    def list_active(self, project_id: int) -> builtins.list[Job]:
        """The jobs of a project that are queued, running or waiting, oldest first."""
        with self._database.read() as conn:
            return reads.list_active_in_project(conn, project_id)

    def list_running(self) -> builtins.list[Job]:
        """What workers run now, oldest first; a thousand at most."""
        with self._database.read() as conn:
            return reads.list_running(conn)

    def list_children(self, job_id: int) -> builtins.list[ChildJob]:
        """The jobs that a parent started, in its order."""
        with self._database.read() as conn:
            return reads.list_children(conn, job_id)

    def count_children(self, job_id: int) -> dict[str, int]:
        """State → how many of a parent's children are in it."""
        with self._database.read() as conn:
            return reads.count_children(conn, job_id)

    def list_family(self, job_id: int, *, offset: Count = 0, limit: Count = 100) -> builtins.list[FamilyJob]:
        """Some of a parent's children in its order, each followed by everything below it."""
        with self._database.read() as conn:
            return reads.list_family(conn, job_id, offset=offset, limit=limit)

    def list_steps(self, job_id: int) -> builtins.list[Step]:
        """The steps of a job in their order."""
        with self._database.read() as conn:
            return reads.list_steps(conn, job_id)

    def list_failures(
        self, *, since: int | None = None, project: int | None = None, limit: Count | None = None
    ) -> builtins.list[FailureGroup]:
        """Failed jobs grouped by fingerprint, the most frequent first; `since`: ended at or after, epoch ms."""
        with self._database.read() as conn:
            return failures.list_failures(conn, failures.FailureScope(project, since), limit=limit)

    def list_with_fingerprint(
        self, fingerprint: str, *, since: int | None = None, project: int | None = None, limit: int | None = None
    ) -> builtins.list[Job]:
        """The failed jobs of one group, newest first."""
        with self._database.read() as conn:
            scope = failures.FailureScope(project, since)
            return failures.list_with_fingerprint(conn, fingerprint, scope, limit=limit)

    def failures_version(self) -> tuple[int | None, int, int | None]:
        """What changes whenever `list_failures` has something new to say, in one short read."""
        with self._database.read() as conn:
            return failures.version(conn)

    def list_group(
        self, fingerprint: str, *, since: int | None = None, project: int | None = None
    ) -> builtins.list[tuple[int, int | None]]:
        """(job, the job that has made it good or None) of every failure of one group, newest first."""
        with self._database.read() as conn:
            return failures.list_group_ids(conn, fingerprint, failures.FailureScope(project, since))

    def set_group_state(
        self, fingerprint: str, state: Literal["open", "resolved", "ignored"], *, user: str = "local"
    ) -> None:
        """Say of a group of failures that it is resolved – the next failure then makes it regressed, and webhooks are
        told – or ignored, or open again. Raises NotFound."""
        with self._database.write() as conn:
            if not failures.has_failures(conn, fingerprint):
                raise NotFound(Text(N_("There is no group of failures {fingerprint}."), fingerprint=fingerprint))
            failure_writes.set_state(conn, fingerprint, state, user)

    def signature(self) -> tuple[JobsVersion, builtins.list[Worker]]:
        """What changes whenever a live page has something new to show, in one short read."""
        with self._database.read() as conn:
            return reads.version(conn), reads.list_workers(conn)

    @overload
    def wait(self, job_id: int, timeout: float | None = None) -> Job: ...
    @overload
    def wait(self, job_id: builtins.list[int], timeout: float | None = None) -> builtins.list[Job]: ...
    def wait(self, job_id: int | builtins.list[int], timeout: float | None = None) -> Job | builtins.list[Job]:
        """Wait until the job, or each job of a list, has ended; `timeout` in seconds. Raises TimeoutError, NotFound."""
        ids = [job_id] if isinstance(job_id, int) else job_id
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            states = self.states(ids)
            for unknown in set(ids) - set(states):
                raise NotFound(Text(N_("There is no job {job_id}."), job_id=unknown))
            if all(states[i] in TERMINAL for i in ids):
                break
            if deadline is not None and time.monotonic() > deadline:
                open_jobs = {i: s for i, s in states.items() if s not in TERMINAL}
                raise TimeoutError(f"still open after {timeout} s: {open_jobs}")
            time.sleep(WAIT_POLL_S)
        with self._database.read() as conn:
            jobs = reads.find_many(conn, ids)
        return jobs[0] if isinstance(job_id, int) else jobs

    def watch(
        self,
        *job_ids: int,
        project: int | None = None,
        timeout: float | None = None,
        on_idle: Callable[[], None] | None = None,
    ) -> Iterator[JobEvent]:
        """What happens to these jobs, or to all (of a project), as it happens; the first events say how they are now.

        With jobs given it ends with the last of them, and raises TimeoutError when `timeout` seconds are over before;
        otherwise it goes on until then. However many watch in this process, the database is asked once a second.
        `on_idle` is called about once a second while nothing happens. Raises NotFound.
        """
        from workbench.jobs import replay

        with self._database.read() as conn:
            for job_id in job_ids:
                replay.find(conn, job_id)
            if project is not None and story_reads.find_node(conn, project) is None:
                raise NotFound(Text(N_("There is no project {project}."), project=project))
        return self._follow(job_ids, project, None if timeout is None else time.monotonic() + timeout, on_idle)

    def _follow(
        self, job_ids: Collection[int], project: int | None, deadline: float | None, on_idle: Callable[[], None] | None
    ) -> Iterator[JobEvent]:
        subscription = self._watcher.subscribe(job_ids, project)
        left = set(job_ids)
        try:
            while not job_ids or left:
                now = time.monotonic()
                if deadline is not None and now >= deadline:
                    if left:
                        raise TimeoutError(f"still open: {sorted(left)}")
                    return
                try:
                    event = subscription.events.get(timeout=min(1.0, deadline - now) if deadline else 1.0)
                except queue.Empty:
                    if on_idle is not None:
                        on_idle()
                    continue
                if event.state in TERMINAL:
                    left.discard(event.job_id)
                yield event
        finally:
            self._watcher.unsubscribe(subscription)

    # -- act -----------------------------------------------------------------------------------------------------------

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

    def _insert_replay(
        self, job_id: int, *, profile: str | None, overrides: Overrides | None = None, **how: Any
    ) -> int:
        from workbench.jobs import overrides as asking
        from workbench.jobs import replay

        profile_id = None if profile is None else self._profiles.id_of(profile)
        if overrides is not None:
            asked_of = self.get(job_id).profile_id if profile is None else profile_id
            how["overrides"] = asking.check(overrides, self._profiles.public(asked_of))
        return replay.replay(
            self._database,
            self._registry,
            job_id,
            profile_id=profile_id,
            change_profile=profile is not None,
            change_overrides=overrides is not None,
            **how,
        )

    # -- act on many ---------------------------------------------------------------------------------------------------

    def plan_retry(
        self,
        job_ids: Iterable[int],
        *,
        params: JsonObject | None = None,
        profile: str | None = None,
        overrides: Overrides | None = None,
        from_step: str | None = None,
        replace_newer: bool | Collection[int] = False,
    ) -> builtins.list[Act]:
        """What `retry_many` would do with each of these jobs, and what it would probably cost."""
        from workbench.jobs import acts

        how: dict[str, Any] = {
            "edited": params is not None, "replace_newer": replace_newer, "from_step": from_step,
        }  # fmt: skip
        price = self._price_of_rest(profile, overrides)
        return acts.plan_retry(self._database, self._registry, job_ids, price, **how)

    def retry_many(
        self,
        job_ids: Iterable[int],
        *,
        params: JsonObject | None = None,
        profile: str | None = None,
        overrides: Overrides | None = None,
        from_step: str | None = None,
        replace_newer: bool | Collection[int] = False,
        user: str = "local",
    ) -> builtins.list[Act]:
        """Retry each of these jobs that needs it; one act for each, in their order. A refusal stops no other.

        Left out, each with its reason: what is active, has succeeded, was made good or is being retried; all but the
        newest failure of the same work; parts of a parent that is retried; and where a person has saved a version
        since, unless `replace_newer`: True, or the jobs of which that is meant. `params` are laid over each job's own.
        `overrides`: another model, params of the call, or versions of prompts than their profile and today's prompts
        have: {"text_model": …, "params": {"max_tokens": …}, "prompts": {"planning/plan_episodes.en": 0}}, 0 being the
        shipped one. `from_step`: only the steps before it are reused. Raises NotFound before anything is done.
        """
        from workbench.jobs import acts

        how: dict[str, Any] = {"keep_done": from_step is None, "from_step": from_step, "user": user}

        def retry(act: Act) -> int:
            laid_over = None if params is None else {**self.get(act.job_id).params, **params}
            meant = acts.is_meant(replace_newer, act.job_id)
            return self._insert_replay(
                act.job_id, params=laid_over, profile=profile, overrides=overrides, replace_newer=meant, **how
            )

        plan = self.plan_retry(
            job_ids, params=params, profile=profile, overrides=overrides, from_step=from_step,
            replace_newer=replace_newer,
        )  # fmt: skip
        told = acts.retry_each(plan, retry)
        self._dispatcher.kick()
        return told

    def plan_replay(self, job_id: int, from_step: str | None = None) -> Act:
        """What `replay` would do, and what it would probably cost at most. Raises NotAllowed while the job is active,
        InvalidInput, NotFound."""
        from workbench.jobs import acts

        price = self._price_of_rest()
        return acts.plan_replay(self._database, self._registry, job_id, price, from_step=from_step)

    def plan_cancel(self, job_ids: Iterable[int]) -> builtins.list[Act]:
        """What `cancel_many` would do with each of these jobs."""
        from workbench.jobs import acts

        return acts.plan_cancel(self._database, job_ids)

    def cancel_many(self, job_ids: Iterable[int], *, user: str = "local") -> builtins.list[Act]:
        """Cancel those of these jobs that are active, and what they started; one act for each, in their order. Raises
        NotFound before anything is done."""
        from workbench.jobs import acts

        told = acts.cancel_each(self._database, self.plan_cancel(job_ids), user)
        self._dispatcher.kick()
        return told

    def change_priorities(self, job_ids: Iterable[int], priority: int) -> builtins.list[Act]:
        """Change the priority of those of these jobs that are active; one act for each, in their order. Raises
        NotFound before anything is done."""
        from workbench.jobs import acts

        return acts.set_priority(self._database, job_ids, priority)

    def act_on_many(
        self,
        act: Literal["cancel", "retry", "priority"],
        job_ids: Iterable[int] | None = None,
        *,
        filters: JobFilters | None = None,
        priority: int = 0,
        replace_newer: bool = False,
        submit_key: str | None = None,
        user: str = "local",
    ) -> SubmittedJob:
        """Act on any number of jobs, given by id or by the filters of `list`, as a job with its own progress; what came
        of each is in `list_bulk_items`. Jobs that come after this match no filter. Raises InvalidInput."""
        from workbench.jobs import bulk

        if (job_ids is None) is (filters is None):
            raise InvalidInput(Text(N_("Give jobs or filters, one of the two.")))
        ids = None if job_ids is None else sorted({*job_ids})
        with self._database.read() as conn:
            total, last = (len(ids), 0) if ids is not None else bulk_reads.count(conn, filters or {}, bulk.KIND)
        params: JsonObject = {
            "act": act, "ids": ids, "filters": {k: v for k, v in (filters or {}).items() if v is not None},
            "last": last, "total": total, "priority": priority, "replace_newer": replace_newer,
        }  # fmt: skip
        return self.submit(bulk.KIND, None, params, priority=bulk.PRIORITY, user=user, submit_key=submit_key)

    def undo_bulk(self, bulk_id: int, *, user: str = "local") -> SubmittedJob:
        """Undo what a bulk job did, as another one: retry what was cancelled, cancel what was retried, give priorities
        back. Raises NotAllowed while it is active, NotFound."""
        from workbench.jobs import bulk

        job = self.get(bulk_id)
        if job.kind != bulk.KIND or job.state not in TERMINAL or job.params["undo_of"] is not None:
            raise NotAllowed(Text(N_("Job {job_id} is not one that can be undone."), job_id=bulk_id))
        done: bulk.Name = job.params["act"]
        total = self.count_bulk_outcomes(bulk_id).get(bulk.UNDO[done], 0)
        params: JsonObject = {"act": bulk.UNDONE_BY[done], "undo_of": bulk_id, "undone": done, "total": total}
        return self.submit(
            bulk.KIND, None, params, priority=bulk.PRIORITY, user=user, submit_key=f"undo bulk {bulk_id}"
        )

    def list_bulk_items(self, bulk_id: int, *, below: int | None = None, limit: Count = 50) -> builtins.list[BulkItem]:
        """What a bulk job did with each job, the newest first; `below`: a job's id, for the next page."""
        with self._database.read() as conn:
            return bulk_reads.list_items(conn, bulk_id, below=below, limit=limit)

    def count_bulk_outcomes(self, bulk_id: int) -> dict[str, int]:
        """Outcome → with how many jobs a bulk job came to it."""
        with self._database.read() as conn:
            return bulk_reads.count_outcomes(conn, bulk_id)

    def replay_group(
        self,
        fingerprint: str,
        params: JsonObject | None = None,
        user: str = "local",
        *,
        project: int | None = None,
        since: int | None = None,
    ) -> builtins.list[Job | RefusedReplay]:
        """Retry the failures of a group that nothing has made good, those of a project or from a time (epoch ms) on
        alone when given; what is finished is reused.

        `params` are laid over each job's own. Jobs that are left out are reported as refused, with the reason.
        """
        listed = self.list_with_fingerprint(fingerprint, project=project, since=since)
        told = self.retry_many([job.id for job in listed], params=params, user=user)
        return [
            RefusedReplay(act.job_id, act.reason or act.outcome) if act.new_id is None else self.get(act.new_id)
            for act in told
        ]

    def _price_of_rest(self, profile: str | None = None, overrides: Overrides | None = None) -> acts.Price:
        """What is left of a run of a workflow with a profile, after so many finished steps, will probably cost.

        `profile`: for all of them, in place of their own; `overrides` as in `retry_many`.
        """
        from workbench.jobs import overrides as asking
        from workbench.usage import estimates, plans

        known: dict[tuple[str, int | None], estimates.Estimate] = {}
        other = None if profile is None else self._profiles.id_of(profile)
        asking.check(overrides, self._profiles.public(other))

        def price(kind: str, own: int | None, params: JsonObject | None, done: int) -> tuple[int, str] | None:
            try:
                declared = self._registry.find(kind)
            except NotFound:
                return None  # of a package that is not there any more
            profile_id = own if profile is None else other
            if (kind, profile_id) not in known:
                asked_of = self._profiles.public(profile_id)
                asked_of = asking.apply(asked_of, asking.check(overrides, asked_of))
                bound = estimates.BoundProfiles.bind(asked_of, self._profiles.public)
                known[kind, profile_id] = plans.estimates_of(self._database, [declared], bound)[kind]
            guess = known[kind, profile_id]
            if guess.cost_micros is None or guess.currency is None:
                return None
            asked = 1.0 if params is None or declared.share is None else declared.share(declared.params(**params))
            # of what is usual: one frame again is not nine, and what is done of it is not counted again
            left = max(0.0, asked - 1 + declared.typical.share_left(done))
            return round(guess.cost_micros * left), guess.currency

        return price

    def reparse(self, job_id: int, *, user: str = "local") -> Job:
        """Read a job's stored answers again with today's parser and checks, at no cost. Returns the new job.

        Raises NotAllowed when no answer is stored.
        """
        if not any(call.raw_output for call in self.get_detail(job_id).model_calls):
            raise NotAllowed(Text(N_("Job {job_id} has no stored answer."), job_id=job_id))
        return self._replay(job_id, profile=None, keep_done=True, reparse=True, user=user)

    def plan_reparse(self, job_ids: Iterable[int]) -> builtins.list[Act]:
        """What `reparse_many` would do with each of these jobs, at no cost: `reparse` for those whose stored answers
        today's parser and checks let pass; `skip` with what is still wrong, or why they cannot be read. Nothing is
        written. Raises NotFound."""
        from workbench.jobs import reparse

        ids = [*job_ids]
        plan = self.plan_retry(ids)
        return reparse.plan(self._database, self._registry, self._profiles.public, self._store(), plan)

    def reparse_many(self, job_ids: Iterable[int], *, user: str = "local") -> builtins.list[Act]:
        """Save what `plan_reparse` says would pass, as a new job each; one act for each, in their order."""
        from workbench.jobs import acts

        def save(act: Act) -> int:
            return self._insert_replay(act.job_id, profile=None, keep_done=True, reparse=True, user=user)

        told = acts.retry_each(self.plan_reparse(job_ids), save, outcome="reparse")
        self._dispatcher.kick()
        return told

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
                    ledger.price_task(conn, job_id, step.name)
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
