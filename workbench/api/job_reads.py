"""What is known of jobs: every question of `wb.jobs`. Nothing here changes a job."""

from __future__ import annotations

import builtins
import functools
import queue
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Unpack, overload

from sqlalchemy import Connection

from workbench.api.existing import check_project
from workbench.arguments import Count, check_arguments
from workbench.db.connection import Database
from workbench.db.reads import alerts as alert_reads
from workbench.db.reads import board, cursors, failures, filing, job_lists, sorting
from workbench.db.reads import bulk as bulk_reads
from workbench.db.reads import job_inputs as inputs
from workbench.db.reads import jobs as reads
from workbench.db.reads import usage as usage_reads
from workbench.db.rollups import DAY_MS, HOUR_MS
from workbench.db.rows.jobs import (
    BoardSignature,
    BulkItem,
    ChildJob,
    ComparedInput,
    Event,
    FailureGroup,
    FamilyJob,
    Job,
    JobDetail,
    JobEvent,
    JobFilters,
    JobPage,
    JobSort,
    Step,
)
from workbench.db.rows.usage import BoardSums
from workbench.db.schema import TERMINAL
from workbench.errors import NotFound
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.usage import money

if TYPE_CHECKING:
    from workbench.jobs.watch import Watcher
    from workbench.workflows.registry import Registry

WAIT_POLL_S = 0.05


@check_arguments
class JobReads:
    """Filters of lists: those of `JobFilters`."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry

    @functools.cached_property
    def _watcher(self) -> Watcher:
        from workbench.jobs.watch import Watcher

        return Watcher(self._database)

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

    def get_detail(self, job_id: int, *, events: Count | None = 500) -> JobDetail:
        """A job with its attempts, steps, newest `events` (None: all), model calls, children and replays. Raises
        NotFound."""
        from workbench.jobs import replay

        with self._database.read() as conn:
            return JobDetail(
                job=replay.find(conn, job_id),
                attempts=reads.list_attempts(conn, job_id),
                steps=reads.list_steps(conn, job_id),
                events=reads.list_events(conn, job_id, events),
                model_calls=reads.list_model_calls(conn, job_id),
                children=reads.list_children(conn, job_id),
                replays=reads.list_replays(conn, job_id),
                spending=usage_reads.spending_of_jobs(conn, [job_id])[job_id],
                overrides=reads.find_overrides(conn, job_id),
            )

    def list_overrides(self, job_ids: Iterable[int]) -> dict[int, JsonObject]:
        """Job id → the model, params and prompts that it was asked with beside its profile, as `overrides` of
        `retry_many`; jobs without any are left out."""
        with self._database.read() as conn:
            return reads.list_overrides(conn, [*job_ids])

    def find_longest_answer(self, job_ids: Iterable[int]) -> int | None:
        """The most output tokens that one call of these jobs has brought; None: not known."""
        with self._database.read() as conn:
            return reads.find_longest_answer(conn, [*job_ids])

    def compare_inputs(self, first: int, second: int) -> builtins.list[ComparedInput]:
        """The versions of the story that two jobs were made from, by node and kind. Raises NotFound.

        A job that has made no version is said to have begun with the newest ones of then.
        """
        from workbench.jobs import replay

        with self._database.read() as conn:
            jobs = [replay.find(conn, job_id) for job_id in (first, second)]
            used = [inputs.find_used(conn, job.id) for job in jobs]
            places = {place for one in used if one is not None for place in one}
            if not places and jobs[0].node_id is not None and jobs[0].kind in self._registry.all():
                read_here = [r.removeprefix("used.") for r in self._registry.find(jobs[0].kind).reads]
                places.update(inputs.list_places(conn, jobs[0].node_id, read_here))
            seen = [
                one if one is not None else inputs.find_newest_at(conn, places, job.started_at or job.created_at)
                for one, job in zip(used, jobs, strict=True)
            ]
            titles = inputs.find_titles(conn, {node_id for node_id, _ in places})
        return [
            ComparedInput(
                node_id, titles.get(node_id, ""), kind, seen[0].get((node_id, kind), []),
                seen[1].get((node_id, kind), []), used[0] is not None, used[1] is not None,
            )
            for node_id, kind in sorted(places)
        ]  # fmt: skip

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
            return job_lists.list_jobs(conn, before=before, after=after, limit=limit, **filters)

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
        """Some of all that match, sorted by what a column means; see `sorting.list_sorted`.

        `kinds`: the workflows in the order of their titles in the reader's language. What comes or ends while pages are
        turned moves an offset: `page_sorted` goes on behind the last job of a page.
        """
        with self._database.read() as conn:
            places = self._list_places(conn, sort, descending, None, offset + limit, kinds, filters)
            return reads.find_many(conn, [place.id for place in places[offset:]])

    def page_sorted(
        self,
        sort: JobSort,
        *,
        descending: bool = False,
        after: str | None = None,
        limit: Count = 50,
        kinds: Sequence[str] = (),
        **filters: Unpack[JobFilters],
    ) -> JobPage:
        """A page of what `list_sorted` lists; `after`: the `next` of the page before. Raises InvalidInput when that is
        of another sort."""
        place = None if after is None else cursors.read(after, sort)
        with self._database.read() as conn:
            places = self._list_places(conn, sort, descending, place, limit + 1, kinds, filters)
            jobs = reads.find_many(conn, [place.id for place in places[:limit]])
        return JobPage(jobs, cursors.write(places[limit - 1], sort) if 0 < limit < len(places) else None)

    def _list_places(
        self,
        conn: Connection,
        sort: JobSort,
        descending: bool,
        after: sorting.Place | None,
        limit: int,
        kinds: Sequence[str],
        filters: JobFilters,
    ) -> builtins.list[sorting.Place]:
        return sorting.list_sorted(
            conn, sort, descending=descending, after=after, limit=limit, kinds=kinds,
            yuan_for_dollar=float(money.rate(conn)), **filters,
        )  # fmt: skip

    def count(self, **filters: Unpack[JobFilters]) -> int:
        """How many jobs the same filters of `list` match."""
        with self._database.read() as conn:
            return job_lists.count_matching(conn, **filters)

    def is_being_filed(self) -> bool:
        """Whether workers still file what ended before an upgrade, so that older jobs are found by their English
        titles and errors alone."""
        with self._database.read() as conn:
            return filing.was_filed_in_english(conn) or filing.has_many_unfiled(conn)

    def list_ids(self, **filters: Unpack[JobFilters]) -> builtins.list[int]:
        """The ids of all jobs that the same filters of `list` match, oldest first."""
        with self._database.read() as conn:
            return job_lists.ids_matching(conn, **filters)

    def states(self, job_ids: builtins.list[int]) -> dict[int, str]:
        """Job id → state; unknown ids are left out."""
        with self._database.read() as conn:
            return reads.states(conn, job_ids)

    def count_states(self, **filters: Unpack[JobFilters]) -> dict[str, int]:
        """State → how many jobs the same filters of `list` match in it."""
        with self._database.read() as conn:
            return job_lists.count_states(conn, **filters)

    def count_by_state(self, *, project: int | None = None, since: int | None = None) -> dict[str, int]:
        """State → jobs in it; ended ones since a time (epoch ms) when given."""
        with self._database.read() as conn:
            return reads.counts(conn, project=project, since=since)

    def sum_up(self, now_ms: int, **filters: Unpack[JobFilters]) -> BoardSums:
        """What the cards of a board show of the jobs that match, in the two days before `now_ms` (epoch ms)."""
        twelfth = HOUR_MS // 12
        day, before = now_ms - DAY_MS, now_ms - 2 * DAY_MS
        with self._database.read() as conn:
            filters = board.widen(conn, filters, before)
            chosen = board.choose(conn, filters, before)
            ended_before, ended = board.list_ends(conn, chosen, before, day, now_ms)
            costs_before, costs = board.list_costs(conn, chosen, before, day, now_ms)
            return BoardSums(
                ended=ended,
                ended_before=ended_before,
                costs=costs,
                costs_before=costs_before,
                waits=board.list_waits(conn, chosen, begin=now_ms - 2 * HOUR_MS, span_ms=HOUR_MS, spans=2),
                recent_waits=board.list_waits(conn, chosen, begin=now_ms - HOUR_MS, span_ms=twelfth, spans=12),
                of_kept=board.find_of_kept(conn, filters, before),
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

    def list_events(self, job_id: int, *, before: int | None = None, limit: Count = 500) -> builtins.list[Event]:
        """What a job has said on its way, oldest first: the newest of all, or of those before an event."""
        with self._database.read() as conn:
            return reads.list_events(conn, job_id, limit, before)

    def list_failures(
        self, *, since: int | None = None, project: int | None = None, limit: Count | None = None
    ) -> builtins.list[FailureGroup]:
        """Failed jobs grouped by fingerprint, the most frequent first; `since`: ended at or after, epoch ms."""
        with self._database.read() as conn:
            return failures.list_failures(conn, failures.FailureScope(project, since), limit=limit)

    def list_with_fingerprint(
        self,
        fingerprint: str,
        *,
        since: int | None = None,
        until: int | None = None,
        project: int | None = None,
        limit: int | None = None,
        before: int | None = None,
    ) -> builtins.list[Job]:
        """The failed jobs of one group, newest first; `since`, `until`: ended then at the earliest, at the latest;
        `before`: those below this job."""
        with self._database.read() as conn:
            scope = failures.FailureScope(project, since, until)
            return failures.list_with_fingerprint(conn, fingerprint, scope, limit=limit, before=before)

    def failures_version(self) -> tuple[int | None, int, int | None]:
        """What changes whenever `list_failures` has something new to say, in one short read."""
        with self._database.read() as conn:
            return failures.version(conn)

    def list_group(
        self,
        fingerprint: str,
        *,
        since: int | None = None,
        until: int | None = None,
        project: int | None = None,
        limit: int | None = None,
    ) -> builtins.list[tuple[int, int | None]]:
        """(job, the job that has made it good or None) of every failure of one group, newest first; the newest `limit`
        alone when given."""
        with self._database.read() as conn:
            scope = failures.FailureScope(project, since, until)
            return failures.list_group_ids(conn, fingerprint, scope, limit=limit)

    def signature(self) -> BoardSignature:
        """What changes whenever the board has something new to show, in one short read."""
        with self._database.read() as conn:
            alerts = [alert.id for alert in alert_reads.list_shown(conn)]
            return BoardSignature(reads.version(conn), reads.list_workers(conn), reads.list_gates(conn), alerts)

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
            if project is not None:
                check_project(conn, project)
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

    def list_bulk_items(self, bulk_id: int, *, below: int | None = None, limit: Count = 50) -> builtins.list[BulkItem]:
        """What a bulk job did with each job, the newest first; `below`: a job's id, for the next page."""
        with self._database.read() as conn:
            return bulk_reads.list_items(conn, bulk_id, below=below, limit=limit)

    def count_bulk_outcomes(self, bulk_id: int) -> dict[str, int]:
        """Outcome → with how many jobs a bulk job came to it."""
        with self._database.read() as conn:
            return bulk_reads.count_outcomes(conn, bulk_id)
