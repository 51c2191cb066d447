"""Questions about what plans were expected to take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, func, literal, select, union

from workbench.db.connection import Ids, among, unindexed
from workbench.db.reads import families
from workbench.db.rows.forecasts import WHOLE, ForecastRun, StoredForecast
from workbench.db.rows.record import columns, fetch_one
from workbench.db.schema import IS_SYSTEM, TERMINAL, forecast, job, job_child

#: of so many of the newest plans so many jobs say how good forecasts are; they are asked for some plans at a time
MOST_PLANS, MOST_RUNS, PLANS_AT_ONCE = 100, 1_000, 50
#: parents that are asked together whether they are plans
LOOKED_AT = 500
_ids = bindparam("ids", type_=Ids())
_planned = (
    select(forecast.c.job_id)
    .where(among(forecast.c.job_id, _ids), forecast.c.workflow == WHOLE)
    .order_by(forecast.c.job_id.desc())
)
_expected = select(forecast).where(among(forecast.c.job_id, _ids))
_runs = select(
    job.c.id, job.c.kind, job.c.state, job.c.project_id, job.c.started_at, job.c.finished_at, job.c.input_tokens,
    job.c.output_tokens, job.c.cost_micros, job.c.currency,
).where(among(job.c.id, _ids))  # fmt: skip


def find_whole(conn: Connection, job_id: int) -> StoredForecast | None:
    """What a plan was expected to take; None for any other job, and for plans of before this was kept."""
    query = select(*columns(StoredForecast, forecast)).where(forecast.c.job_id == job_id, forecast.c.workflow == WHOLE)
    return fetch_one(conn, StoredForecast, query)


def sum_tokens(conn: Connection, job_id: int) -> int | None:
    """What a plan's jobs, and those that they have started, have used so far; None while none has told."""
    below = families.list_families(conn, [job_id])[job_id] - {job_id}
    query = select(func.sum(job.c.input_tokens), func.sum(job.c.output_tokens)).where(among(job.c.id, _ids))
    read, written = conn.execute(query, {"ids": sorted(below)}).one()
    return None if read is None and written is None else int(read or 0) + int(written or 0)


def count_ended(conn: Connection, job_id: int) -> int:
    """How many of the jobs that a plan's forecast is of have ended: its children, and those of a child that only starts
    some of them (a scene's task)."""
    foreseen = select(forecast.c.workflow).where(forecast.c.job_id == job_id)
    between, first = job.alias("between"), job_child.alias("first")
    own = select(job.c.id).join(job_child, job_child.c.child_id == job.c.id).where(job_child.c.parent_id == job_id)
    below = (
        select(job.c.id)
        .select_from(first)
        .join(between, between.c.id == first.c.child_id)
        .join(job_child, job_child.c.parent_id == between.c.id)
        .join(job, job.c.id == job_child.c.child_id)
        .where(first.c.parent_id == job_id, between.c.kind.not_in(foreseen))
    )
    ended = [q.where(job.c.kind.in_(foreseen), job.c.state.in_(TERMINAL)) for q in (own, below)]
    # one that both have is one
    return len(conn.execute(union(*ended)).all())


def list_runs(
    conn: Connection,
    *,
    since: int,
    until: int | None = None,
    project: int | None = None,
    workflow: str | None = None,
    model: str | None = None,
) -> list[ForecastRun]:
    """The succeeded jobs of plans that ended in a time, each with what was expected of it: of the newest MOST_PLANS
    plans, until there are MOST_RUNS."""

    def is_chosen(run: Any, model_expected: str | None) -> bool:
        _, kind, state, of_project, _, finished_at, *_ = run
        return (
            state == "succeeded" and finished_at >= since and (until is None or finished_at < until)
            and (project is None or of_project == project) and (not workflow or kind == workflow)
            and (not model or model_expected == model)
        )  # fmt: skip

    found: list[tuple[int, ForecastRun]] = []
    plans = _list_plans(conn, since, until, project)
    for first in range(0, len(plans), PLANS_AT_ONCE):
        found += _runs_of(conn, plans[first : first + PLANS_AT_ONCE], is_chosen)
        if len(found) >= MOST_RUNS:
            break
    newest = found[:MOST_RUNS]
    more = _sum_started(conn, [job_id for job_id, _ in newest])
    return [run if job_id not in more else _with_started(run, more[job_id]) for job_id, run in newest]


def _list_plans(conn: Connection, since: int, until: int | None, project: int | None) -> list[int]:
    """The newest plans of whose jobs some may have ended in a time: a plan ends after its jobs."""
    query = select(job.c.id).where(IS_SYSTEM)
    if until is not None:
        query = query.where(job.c.created_at < until)
    if project is not None:
        query = query.where(unindexed(job.c.project_id) == project)
    ways = (job.c.finished_at >= since, job.c.finished_at.is_(None))
    # scenes' tasks, hand-offs and bulk jobs have no forecast
    plans: list[int] = []
    looked_at: int | None = None
    while len(plans) < MOST_PLANS:
        older = query if looked_at is None else query.where(job.c.id < looked_at)
        # each way by its index, and in its order: the newest of both are among the newest of each
        newest = (older.where(way).order_by(unindexed(job.c.id).desc()).limit(LOOKED_AT) for way in ways)
        parents = sorted((i for way in newest for i in conn.scalars(way)), reverse=True)[:LOOKED_AT]
        if not parents:
            break
        plans += conn.scalars(_planned, {"ids": parents})
        looked_at = parents[-1]
    return plans[:MOST_PLANS]


def _runs_of(
    conn: Connection, plans: list[int], is_chosen: Callable[[Any, str | None], bool]
) -> list[tuple[int, ForecastRun]]:
    """The jobs of plans that were foreseen, each with its id, the newest first."""
    expected = {(row.job_id, row.workflow): row for row in conn.execute(_expected, {"ids": plans}).all()}
    started = families.list_children(conn, plans)
    runs = _find_runs(conn, started)
    # a conductor's task for a scene is no job that was foreseen; those that it starts are
    pairs = [(plan, child) for plan, own in started.items() for child in own]
    tasks = [(plan, child) for plan, child in pairs if child in runs and (plan, runs[child].kind) not in expected]
    below = families.list_children(conn, sorted({task for _, task in tasks}))
    runs |= _find_runs(conn, below)
    pairs += [(plan, child) for plan, task in tasks for child in below.get(task, ())]
    found = []
    for plan, child in pairs:
        # one that was removed between two of these questions is gone
        if (run := runs.get(child)) is None:
            continue
        _, kind, _, _, started_at, finished_at, read, written, micros, currency = run
        foreseen = expected.get((plan, kind))
        if foreseen is not None and is_chosen(run, foreseen.model):
            took = None if started_at is None else finished_at - started_at
            found.append((child, ForecastRun(
                kind, foreseen.model, foreseen.tokens, foreseen.ms, foreseen.cost, foreseen.unpriced,
                read, written, micros, currency, took,
            )))  # fmt: skip
    return sorted(found, key=lambda run: -run[0])


def _find_runs(conn: Connection, started: Mapping[int, list[int]]) -> dict[int, Any]:
    wanted = sorted(set[int]().union(*started.values()))
    return {row.id: row for row in conn.execute(_runs, {"ids": wanted}).all()}


def _sum_started(conn: Connection, job_ids: list[int]) -> dict[int, list[tuple[Any, ...]]]:
    """Of the jobs that have started others: what those took, by currency."""
    # asked job by job, which the offset says to PostgreSQL: it would read all that any job has started
    has_started = select(literal(1)).where(job_child.c.parent_id == job.c.id).offset(0).correlate(job).exists()
    parents = conn.scalars(select(job.c.id).where(among(job.c.id, _ids), has_started), {"ids": sorted(job_ids)}).all()
    query = (
        select(
            job_child.c.parent_id, job.c.currency, func.sum(job.c.cost_micros),
            func.count() - func.count(job.c.cost_micros), func.sum(job.c.input_tokens),
            func.sum(job.c.output_tokens),
        )
        .join(job, job.c.id == job_child.c.child_id)
        .where(among(job_child.c.parent_id, _ids))
        .group_by(job_child.c.parent_id, job.c.currency)
    )  # fmt: skip
    started: dict[int, list[tuple[Any, ...]]] = {}
    for parent, *sums in conn.execute(query, {"ids": parents}).all() if parents else ():
        started.setdefault(parent, []).append(tuple(sums))
    return started


def _with_started(run: ForecastRun, started: list[tuple[Any, ...]]) -> ForecastRun:
    """With what was drawn for it. Its cost is not known where one of them is not, or they are in two currencies."""
    paid = {currency for currency, micros, _, _, _ in started if micros}
    paid |= {run.currency} if run.cost_micros else set()
    known = run.cost_micros is not None and not any(unknown for _, _, unknown, _, _ in started) and len(paid) < 2
    return replace(
        run,
        # what draws counts no tokens
        input_tokens=None if run.input_tokens is None else run.input_tokens + sum(s[3] or 0 for s in started),
        output_tokens=None if run.output_tokens is None else run.output_tokens + sum(s[4] or 0 for s in started),
        cost_micros=(run.cost_micros or 0) + sum(s[1] or 0 for s in started) if known else None,
        currency=next(iter(paid), run.currency) if known else None,
    )
