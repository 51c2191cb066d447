"""`wb.usage`: calls, tokens, latency, cost and success, from the ledger. Times are epoch ms, money micros a
currency."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any, Literal, Unpack

from workbench import periods
from workbench.arguments import Count, check_arguments
from workbench.db.batches import write_in_batches
from workbench.db.connection import Database
from workbench.db.reads import board, exports, forecasts, waste
from workbench.db.reads import rollups as rollup_reads
from workbench.db.reads import usage as reads
from workbench.db.rows.exports import LedgerEntry
from workbench.db.rows.jobs import CallSummary
from workbench.db.rows.usage import (
    CallFilters,
    EndedFilters,
    GroupSpending,
    JobSuccess,
    JobTimes,
    Latency,
    RunSpending,
    Spending,
    UsageCost,
    UsageTotals,
)
from workbench.db.rows.waste import DayWaste, GroupWaste, Waste
from workbench.db.writes import rollups
from workbench.story import finished, spending
from workbench.story.finished import Finished
from workbench.story.spending import By
from workbench.usage import accuracy, export, runs
from workbench.usage.accuracy import ForecastError
from workbench.usage.export import FormName

Cause = Literal["lost", "cancelled", "error", "invalid", "job_failed", "superseded"]
#: entries of the ledger that are read at a time
BATCH = 2_000


@check_arguments
class Usage:
    """Sums up what was used. Filters of calls: since, until, project, workflow, model, profile, user, capability,
    node.

    Sums come from rollups and what they do not hold yet, so they are exact at every moment and cost the same whatever
    the ledger's size. Days are those of `time_zone`, such as "Asia/Shanghai"; without it those of UTC.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def totals_by(
        self, *groups: str, since: int, time_zone: str | None = None, **filters: Unpack[CallFilters]
    ) -> list[UsageTotals]:
        """Calls, errors, valid answers and tokens, grouped by any of day, model, workflow, project, node, profile,
        provider, capability and user; without a group one total."""
        with self._database.read() as conn:
            return reads.totals_by(conn, *groups, since=since, zone=_check_zone(time_zone), **filters)

    def cost_totals_by(
        self, *groups: str, since: int, time_zone: str | None = None, **filters: Unpack[CallFilters]
    ) -> list[UsageCost]:
        """Cost per currency, grouped like `totals_by`. Yuan are never added to dollars."""
        with self._database.read() as conn:
            return reads.cost_totals_by(conn, *groups, since=since, zone=_check_zone(time_zone), **filters)

    def latencies(
        self, *groups: str, since: int, time_zone: str | None = None, **filters: Unpack[CallFilters]
    ) -> list[Latency]:
        """Percentiles of the latency of answered calls, ms, grouped like `totals_by`; of texts, unless asked by
        capability."""
        with self._database.read() as conn:
            return reads.latencies(conn, *groups, since=since, zone=_check_zone(time_zone), **filters)

    def job_success(
        self, *, since: int, by_day: bool = False, time_zone: str | None = None, **filters: Unpack[EndedFilters]
    ) -> list[JobSuccess]:
        """Ended jobs and how many of them succeeded; filters: until, project, workflow, model, profile, user, node.
        Raises InvalidInput for filters that no sum tells apart at once, as model and user, of more than 10,000 jobs."""
        with self._database.read() as conn:
            return reads.job_success(conn, since=since, by_day=by_day, zone=_check_zone(time_zone), **filters)

    def job_times(
        self,
        *,
        since: int,
        by_day: bool = False,
        by_workflow: bool = False,
        time_zone: str | None = None,
        **filters: Unpack[EndedFilters],
    ) -> list[JobTimes]:
        """How long ended jobs waited and ran, as percentiles, ms, by day or by workflow when asked; filters as of
        `job_success`."""
        zone = _check_zone(time_zone)
        with self._database.read() as conn:
            return reads.job_times(conn, since=since, by_day=by_day, by_workflow=by_workflow, zone=zone, **filters)

    def rebuild(self) -> int:
        """Make all rollups anew from the calls and jobs that there are; returns how many were counted.

        What removed jobs counted for stays. Sums are right all the while, and slow until it is done.
        """
        with self._database.write() as conn:
            rollups.start_anew(conn)
        return self.catch_up()

    def catch_up(self) -> int:
        """Roll up all that waits for it, as workers do by and by; returns how many calls and jobs that were."""
        counted = 0
        while True:
            with self._database.read() as conn:
                if not rollups.is_due(conn):
                    return counted
            counted += write_in_batches(self._database, rollups.fold, most=rollups.LARGE_BATCH)

    def forecast_errors(self, *, since: int, **filters: Unpack[CallFilters]) -> list[ForecastError]:
        """How far plans' jobs were from what was expected of them, by workflow and model: of the newest 100 plans,
        until there are 1,000 jobs."""
        with self._database.read() as conn:
            # a plan is everybody's, and of all its profiles
            runs = forecasts.list_runs(
                conn,
                since=since,
                until=filters.get("until"),
                project=filters.get("project"),
                workflow=filters.get("workflow"),
                model=filters.get("model"),
            )
            return accuracy.measure(runs)

    def queue_waits(self, *, since: int, span_ms: int, spans: Count) -> list[int | None]:
        """The p95 of how long jobs waited before their first claim, ms, for each of so many spans from `since` on."""
        with self._database.read() as conn:
            return board.list_waits(conn, board.Chosen({}), begin=since, span_ms=span_ms, spans=spans)

    def list_calls(
        self, *, since: int, limit: Count = 200, before: int | None = None, **filters: Unpack[CallFilters]
    ) -> list[CallSummary]:
        """The calls behind a number, newest first, without prompts and raw answers; `before`: the last one of the page
        before."""
        with self._database.read() as conn:
            return reads.list_calls(conn, since=since, limit=limit, before=before, **filters)

    def export(
        self,
        file: Path,
        form: FormName,
        *,
        since: int = 0,
        time_zone: str = "UTC",
        language: str = "en",
        **filters: Unpack[CallFilters],
    ) -> int:
        """Write every call of a period into a file, oldest first, with titles, nodes, profiles and the parts of its
        price; returns how many there are. Times are told in `time_zone`. Raises InvalidInput, OSError."""
        zone = periods.zone_of(time_zone)
        return export.write(self._list_entries(since, filters), file, form, zone, language)

    def _list_entries(self, since: int, filters: CallFilters) -> Iterator[list[LedgerEntry]]:
        after: tuple[int, int] | None = None
        while True:
            # a look for each batch: one long look would keep SQLite from clearing its log
            with self._database.read() as conn:
                batch = exports.list_entries(conn, since, after, filters, BATCH)
            if batch:
                yield batch
                after = batch[-1].started_at, batch[-1].id
            if len(batch) < BATCH:
                return

    def waste(self, *, since: int, until: int, **filters: Any) -> list[Waste]:
        """What was paid and not used, by cause (db/reads/wasted.py), workflow and currency; filters of calls, as
        everywhere here."""
        with self._database.snapshot() as conn:
            return waste.sum_waste(conn, since, until, _call_filters(filters))

    def waste_by(self, by: By, *, since: int, until: int, **filters: Any) -> list[GroupWaste]:
        """The same by project, episode with its scenes, scene, workflow, model, profile or user, the dearest first."""
        with self._database.snapshot() as conn:
            return spending.group_waste(conn, by, since, until, _call_filters(filters))

    def waste_by_day(self, *, since: int, until: int, time_zone: str = "UTC", **filters: Any) -> list[DayWaste]:
        """The same by day of `time_zone` and currency, oldest first."""
        zone = periods.zone_of(time_zone)
        offsets = periods.list_offsets(since, until, zone)
        with self._database.snapshot() as conn:
            rows = waste.sum_by_day(conn, since, until, _call_filters(filters), offsets)
        # a clock on UTC that shows midnight there → that midnight
        return [replace(r, day=periods.start_of(periods.day_of(r.day, UTC), zone)) for r in rows]

    def list_wasted(
        self, cause: Cause, *, since: int, until: int, limit: Count = 200, before: int | None = None, **filters: Any
    ) -> list[CallSummary]:
        """The calls behind a cause, newest first; `before`: the last one of the page before."""
        with self._database.snapshot() as conn:
            return waste.list_wasted(conn, cause, since, until, _call_filters(filters), limit, before)

    def list_models(self) -> list[str]:
        """Every model that was ever called."""
        with self._database.read() as conn:
            return reads.list_models(conn)

    def spending_by(self, by: By, *, since: int, **filters: Unpack[CallFilters]) -> list[GroupSpending]:
        """What each project, episode, scene, workflow, model, profile or user used and cost, the dearest first; an
        episode with its scenes."""
        with self._database.read() as conn:
            return spending.group(conn, by, since=since, **filters)

    def list_runs(
        self,
        kinds: Sequence[str],
        *,
        since: int,
        until: int | None = None,
        project: int | None = None,
        limit: Count = 50,
    ) -> list[RunSpending]:
        """The dearest runs of these workflows that were asked for in a stretch of time, each whole: with its children
        and theirs, whenever those ran. At most `limit`; those that called nobody, or were pruned, are left out."""
        with self._database.read() as conn:
            return runs.list_dearest(conn, kinds, since=since, until=until, project=project, limit=limit)

    def has_pruned_runs(
        self, kinds: Sequence[str], *, since: int, until: int | None = None, project: int | None = None
    ) -> bool:
        """Whether runs of these workflows that ended in the days (UTC) of a stretch of time were pruned."""
        with self._database.read() as conn:
            return rollup_reads.has_pruned(conn, kinds, since, until, project)

    def of_node(self, node_id: int) -> Spending:
        """What the jobs of a node and of everything below it used and cost."""
        with self._database.read() as conn:
            return reads.spending_of_node(conn, node_id)

    def of_finished(self, project_id: int) -> Finished:
        """Finished scenes and minutes of a project beside what it cost."""
        with self._database.read() as conn:
            spent = reads.spending_of_projects(conn, [project_id])[project_id]
            return finished.measure(conn, project_id, spent)

    def of_jobs(self, job_ids: Sequence[int]) -> dict[int, Spending]:
        """Job id → what it used and cost together with its children and theirs."""
        with self._database.read() as conn:
            return reads.spending_of_jobs(conn, job_ids)


def _call_filters(filters: dict[str, Any]) -> CallFilters:
    known = CallFilters.__annotations__.keys() - {"until"}
    if unknown := filters.keys() - known:
        raise TypeError(f"no such filter of calls: {', '.join(sorted(unknown))}")
    given: CallFilters = {name: value for name, value in filters.items()}  # type: ignore[assignment]
    return given


def _check_zone(name: str | None) -> str | None:
    """Raises InvalidInput for a time zone that nobody knows."""
    return None if name is None else periods.zone_of(name).key
