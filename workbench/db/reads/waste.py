"""What was paid and not used, each call under the first of these causes that holds:

``lost``: its worker was gone before the answer was kept, so it was paid again; ``cancelled``: its job was cancelled;
``error``: the call failed after it was charged; ``invalid``: its answer broke schema or checks; ``job_failed``: its
answer was good and its job failed all the same; ``superseded``: what was made with it was replaced within an hour
before anything was made from it. What a later job has taken over is not wasted by its own job's end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from workbench.db.connection import Ids, among
from workbench.db.reads.usage import unpriced
from workbench.db.rows.jobs import CallSummary
from workbench.db.rows.record import columns, fetch
from workbench.db.rows.usage import CallFilters
from workbench.db.rows.waste import DayWaste, Waste
from workbench.db.schema import artifact, job, model_call, node, step, wasted_sql

CAUSES = ("lost", "cancelled", "error", "invalid", "job_failed", "superseded")
#: who replaces something within this time has not made use of it
SOON_MS = 3_600_000
DAY_MS = 86_400_000

_call = model_call.c
_charged = or_(_call.cost_micros > 0, unpriced)
_unpriced = case((unpriced, 1), else_=0)


def _taken_over(since: int) -> CTE:
    """(job, step) of what later jobs, that came to something, have taken over, through any number of hops."""
    first = (
        select(step.c.reused_from.label("job_id"), step.c.name)
        .join(job, job.c.id == step.c.job_id)
        .where(
            job.c.replay_of.isnot(None),
            job.c.state.not_in(("failed", "cancelled")),
            # not by the index of that: retries are few
            job.c.created_at + literal_column("0") >= since,
            step.c.reused_from.isnot(None),
        )
        .cte("taken", recursive=True)
    )
    return first.union(
        select(step.c.reused_from, step.c.name)
        .join(first, (step.c.job_id == first.c.job_id) & (step.c.name == first.c.name))
        .where(step.c.reused_from.isnot(None))
    )


def _by_itself(since: int, until: int, filters: CallFilters) -> Select[Any]:
    """Calls whose answer is of no use, whatever became of their jobs."""
    cancelled = (_call.error_kind == "cancelled") & (_call.outcome == "error")
    cause = case(
        (_call.outcome.in_(("lost", "late")), "lost"),
        (cancelled, "cancelled"),
        (_call.outcome == "error", "error"),
        else_="invalid",
    )
    query = select(_call.id, cause.label("cause")).where(wasted_sql, _charged)
    return _within(query, since, until, filters)


def _by_job(since: int, until: int, filters: CallFilters) -> Select[Any]:
    """Good answers of jobs that came to nothing and that no later job has taken over."""
    taken = _taken_over(since)
    # these first, from an index of when and how they ended: SQLite would look up the job of every call of the time
    ended = (
        select(job.c.id, job.c.state)
        .where(job.c.finished_at >= since, job.c.state.in_(("failed", "cancelled")))
        .cte("ended")
        .prefix_with("MATERIALIZED")
    )
    cause = case((ended.c.state == "cancelled", "cancelled"), else_="job_failed")
    # all pairs at once: asked for one call after the other they would be gone through for each
    used = tuple_(ended.c.id, func.coalesce(_call.step, "")).in_(select(taken.c.job_id, taken.c.name))
    query = (
        select(_call.id, cause.label("cause"))
        .select_from(ended.join(model_call, _call.job_id == ended.c.id))
        .where(_call.outcome == "ok", _call.valid.is_not(False), _charged, ~used)
    )
    return _within(query, since, until, filters, at=_call.started_at + literal_column("0"))


def _by_version(job_ids: Collection[int], since: int, until: int, filters: CallFilters) -> Select[Any]:
    """Good answers of jobs whose version nobody has used."""
    query = select(_call.id, literal("superseded").label("cause")).where(
        among(_call.job_id, bindparam("superseded", value=sorted(job_ids), type_=Ids())),
        _call.outcome == "ok", _call.valid.is_not(False), _charged,
    )  # fmt: skip
    return _within(query, since, until, filters)


def _within(
    query: Select[Any],
    since: int,
    until: int,
    filters: CallFilters,
    at: ColumnElement[Any] = _call.started_at,
) -> Select[Any]:
    """`at`: such that an index of time is not used."""
    query = query.where(at >= since, at < until)
    # nor is one of these: the wasted calls are few, a project's or a model's are many
    if (project := filters.get("project")) is not None:
        query = query.where(_call.project_id + literal_column("0") == project)
    if workflow := filters.get("workflow"):
        query = query.where(_call.workflow + literal_column("''") == workflow)
    if model := filters.get("model"):
        query = query.where(_call.model + literal_column("''") == model)
    return query


def find_superseded(conn: Connection, since: int, until: int) -> set[int]:
    """The jobs whose version was replaced by another run within an hour, and from which nothing was made.

    By hand, restored and pinned versions replace nothing unseen: somebody looked.
    """
    later = artifact.alias("later")
    replaced = (
        select(artifact.c.id, artifact.c.job_id, node.c.project_id)
        .join(later, (later.c.node_id == artifact.c.node_id) & (later.c.kind == artifact.c.kind)
              & (later.c.version == artifact.c.version + 1))
        .join(node, node.c.id == artifact.c.node_id)
        .join(job, job.c.id == artifact.c.job_id)
        .where(
            job.c.finished_at >= since, job.c.finished_at < until + SOON_MS, job.c.state.in_(("succeeded", "partial")),
            artifact.c.source == "ai", later.c.source == "ai",
            later.c.created_at - artifact.c.created_at < SOON_MS,
        )
    )  # fmt: skip
    rows = conn.execute(replaced).all()
    by_project: dict[int | None, list[tuple[int, int]]] = defaultdict(list)
    for artifact_id, job_id, project_id in rows:
        by_project[project_id].append((artifact_id, job_id))
    unused: set[int] = set()
    for project_id, versions in by_project.items():
        first = min(artifact_id for artifact_id, _ in versions)
        made = (
            select(artifact.c.inputs)
            .join(node, node.c.id == artifact.c.node_id)
            .where(node.c.project_id == project_id, artifact.c.id > first)
        )
        used = {entry.get("artifact_id") for (inputs,) in conn.execute(made) for entry in inputs or []}
        unused |= {job_id for artifact_id, job_id in versions if artifact_id not in used}
    return unused


def _all(conn: Connection, since: int, until: int, filters: CallFilters, causes: Sequence[str]) -> Any:
    superseded = find_superseded(conn, since, until) if "superseded" in causes else set()
    parts = [_by_itself(since, until, filters), _by_job(since, until, filters)]
    if superseded:
        parts.append(_by_version(superseded, since, until, filters))
    return union_all(*parts).subquery("wasted")


def sum_waste(conn: Connection, since: int, until: int, filters: CallFilters) -> list[Waste]:
    """By cause, workflow and currency."""
    wasted = _all(conn, since, until, filters, CAUSES)
    query = (
        select(
            wasted.c.cause, _call.workflow, _call.currency, func.count(), func.coalesce(func.sum(_call.cost_micros), 0),
            func.sum(_unpriced),
        )
        .join(model_call, _call.id == wasted.c.id)
        .group_by(wasted.c.cause, _call.workflow, _call.currency)
    )  # fmt: skip
    rows = fetch(conn, Waste, query)
    return [Waste(r.cause, r.workflow, r.currency, r.calls, int(r.cost_micros), int(r.unpriced)) for r in rows]


def sum_by_day(
    conn: Connection, since: int, until: int, filters: CallFilters, offsets: Sequence[tuple[int, int]]
) -> list[DayWaste]:
    """The same by day and currency, oldest first. `offsets`: (from, offset from UTC), ms, of the zone; a day is
    midnight there, by a clock that stands on UTC."""
    wasted = _all(conn, since, until, filters, CAUSES)
    newest_first = sorted(offsets, reverse=True)
    offset = case(*((_call.started_at >= at, ms) for at, ms in newest_first), else_=newest_first[-1][1])
    local = _call.started_at + offset
    day = (local - local % DAY_MS).label("day")
    query = (
        select(day, _call.currency, func.count(), func.coalesce(func.sum(_call.cost_micros), 0))
        .select_from(wasted)
        .join(model_call, _call.id == wasted.c.id)
        # by its name: PostgreSQL does not see that two expressions with parameters are one
        .group_by("day", _call.currency)
        .order_by("day", _call.currency)
    )
    return [DayWaste(int(at), currency, calls, int(micros)) for at, currency, calls, micros in conn.execute(query)]


def list_wasted(
    conn: Connection, cause: str, since: int, until: int, filters: CallFilters, limit: int
) -> list[CallSummary]:
    """The calls behind such a sum, newest first."""
    wasted = _all(conn, since, until, filters, (cause,))
    query = (
        select(*columns(CallSummary, model_call))
        .join(wasted, wasted.c.id == _call.id)
        .where(wasted.c.cause == cause)
        .order_by(_call.started_at.desc(), _call.id.desc())
        .limit(limit)
    )
    return fetch(conn, CallSummary, query)
