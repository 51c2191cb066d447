"""Questions about the ledger: tokens, latency, cost and success by day, model and workflow.

Read straight from `model_call` within a time window; percentiles are exact (nearest rank).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Unpack

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Select,
    bindparam,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from workbench.db.connection import Ids, among
from workbench.db.rows.jobs import CallSummary
from workbench.db.rows.record import columns, fetch
from workbench.db.rows.usage import CallFilters, JobSuccess, Latency, MeanRun, Spending, UsageCost, UsageTotals
from workbench.db.schema import TERMINAL, job, job_child, model_call, node, step
from workbench.json_types import JsonObject

DAY_MS = 86_400_000
TOKENS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")

_day = (model_call.c.started_at - model_call.c.started_at % DAY_MS).label("day")


#: a call that was, or may have been, charged at a price nobody knows (`CallSummary.unpriced`)
unpriced = (
    model_call.c.cost_micros.is_(None)
    & model_call.c.expected_micros.is_(None)
    & (model_call.c.provider != "sketch")
    & or_(
        model_call.c.outcome.in_(("ok", "late", "lost")),
        (model_call.c.outcome == "error")
        & or_(
            model_call.c.http_status.is_(None),
            model_call.c.http_status < 400,
            (model_call.c.http_status >= 500) & (model_call.c.capability != "text"),
        ),
    )
)
_unpriced_calls = func.coalesce(func.sum(case((unpriced, 1), else_=0)), 0).label("unpriced")


def _calls(query: Select[Any], since: int, filters: CallFilters) -> Select[Any]:
    if unknown := filters.keys() - CallFilters.__annotations__.keys():
        raise TypeError(f"no such filter of calls: {', '.join(sorted(unknown))}")
    query = query.where(model_call.c.started_at >= since)
    if (until := filters.get("until")) is not None:
        query = query.where(model_call.c.started_at < until)
    if (project := filters.get("project")) is not None:
        query = query.where(model_call.c.project_id == project)
    if workflow := filters.get("workflow"):
        query = query.where(model_call.c.workflow == workflow)
    if model := filters.get("model"):
        query = query.where(model_call.c.model == model)
    return query


def _sums() -> list[ColumnElement[Any]]:
    failed = case((model_call.c.outcome.in_(("error", "lost")), 1), else_=0)
    judged = case((model_call.c.valid.isnot(None), 1), else_=0)
    valid = case((model_call.c.valid.is_(True), 1), else_=0)
    return [
        func.count().label("calls"),
        func.sum(failed).label("errors"),
        func.sum(judged).label("judged"),
        func.sum(valid).label("valid"),
        *(func.sum(model_call.c[name]).label(name) for name in TOKENS),
    ]


#: what sums can be grouped by, in the order of the records' first fields
_groups: dict[str, ColumnElement[Any]] = {"day": _day, "model": model_call.c.model, "workflow": model_call.c.workflow}


def _group_columns(groups: Collection[str], source: Any) -> list[ColumnElement[Any]]:
    """Each column of the source that sums can be grouped by; NULL for one that is not asked for."""
    return [source[name].label(name) if name in groups else null().label(name) for name in _groups]


def totals_by(
    conn: Connection,
    *groups: str,
    since: int,
    **filters: Unpack[CallFilters],
) -> list[UsageTotals]:
    """Calls, errors, valid answers and tokens, grouped by any of day, model, workflow; by none: one row of all."""
    grouped_by = [_groups[g] for g in groups]
    query = _calls(select(*_group_columns(groups, _groups), *_sums()), since, filters)
    return fetch(conn, UsageTotals, query.group_by(*grouped_by).order_by(*grouped_by) if grouped_by else query)


def cost_totals_by(
    conn: Connection,
    *groups: str,
    since: int,
    **filters: Unpack[CallFilters],
) -> list[UsageCost]:
    """Cost by currency, grouped like `totals_by`. CNY is never added to USD."""
    grouped_by = [*(_groups[g] for g in groups), model_call.c.currency]
    wasted = func.sum(case((model_call.c.valid.is_not(True), model_call.c.cost_micros), else_=0)).label("wasted_micros")
    query = _calls(
        select(
            *_group_columns(groups, _groups),
            model_call.c.currency,
            func.sum(model_call.c.cost_micros).label("cost_micros"),
            wasted,
            _unpriced_calls.label("unknown"),
        ),
        since,
        filters,
    )
    return fetch(conn, UsageCost, query.group_by(*grouped_by).order_by(*grouped_by))


def latencies(
    conn: Connection,
    *groups: str,
    since: int,
    **filters: Unpack[CallFilters],
) -> list[Latency]:
    """Percentiles of latency and of the time to the first token of answered calls, grouped like `totals_by`."""
    grouped_by = [_groups[g] for g in groups]
    ranked = _calls(
        select(
            *grouped_by,
            model_call.c.latency_ms,
            model_call.c.ttft_ms,
            func.row_number().over(partition_by=grouped_by or None, order_by=model_call.c.latency_ms).label("rank"),
            func.count().over(partition_by=grouped_by or None).label("size"),
        ).where(model_call.c.outcome.in_(("ok", "late")), model_call.c.latency_ms.isnot(None)),
        since,
        filters,
    ).subquery()
    grouped = [ranked.c[c.name] for c in grouped_by]

    def percentile(share: float) -> ColumnElement[Any]:
        # nearest rank: the smallest value with at least this share at or below it
        return func.min(case((ranked.c.rank >= share * ranked.c.size, ranked.c.latency_ms))).label(
            f"p{round(share * 100)}"
        )

    query = select(*_group_columns(groups, ranked.c), percentile(0.5), percentile(0.95), percentile(0.99), func.count())
    rows: Iterable[Any] = conn.execute(query.group_by(*grouped).order_by(*grouped) if grouped else query)
    first_tokens = _first_tokens(conn, groups, grouped_by, since, filters)
    with_first_token = ([*row, first_tokens.get(tuple(row[: len(_groups)]))] for row in rows)
    return [Latency(*row) for row in with_first_token]


def _first_tokens(
    conn: Connection,
    groups: tuple[str, ...],
    grouped_by: list[ColumnElement[Any]],
    since: int,
    filters: CallFilters,
) -> dict[tuple[Any, ...], int]:
    """(day, model, workflow) → p50 of the time to the first token, ms."""
    ranked = _calls(
        select(
            *grouped_by,
            model_call.c.ttft_ms,
            func.row_number().over(partition_by=grouped_by or None, order_by=model_call.c.ttft_ms).label("rank"),
            func.count().over(partition_by=grouped_by or None).label("size"),
        ).where(model_call.c.ttft_ms.isnot(None)),
        since,
        filters,
    ).subquery()
    grouped = [ranked.c[c.name] for c in grouped_by]
    median = func.min(case((ranked.c.rank >= 0.5 * ranked.c.size, ranked.c.ttft_ms)))
    query = select(*_group_columns(groups, ranked.c), median)
    rows = conn.execute(query.group_by(*grouped) if grouped else query)
    return {tuple(group): ttft_ms for *group, ttft_ms in rows}


def job_success(
    conn: Connection,
    *,
    since: int,
    until: int | None = None,
    project: int | None = None,
    workflow: str | None = None,
    by_day: bool = False,
) -> list[JobSuccess]:
    """Ended jobs: done (succeeded, partial, failed; cancelled ones do not count) and succeeded; by day when asked."""
    day = (job.c.finished_at - job.c.finished_at % DAY_MS).label("day")
    done = func.sum(case((job.c.state != "cancelled", 1), else_=0)).label("done")
    good = func.sum(case((job.c.state == "succeeded", 1), else_=0)).label("succeeded")
    query = select(day if by_day else null().label("day"), done, good).where(
        job.c.state.in_(TERMINAL), job.c.finished_at >= since
    )
    if until is not None:
        query = query.where(job.c.finished_at < until)
    if project is not None:
        query = query.where(job.c.project_id == project)
    if workflow:
        query = query.where(job.c.kind == workflow)
    return fetch(conn, JobSuccess, query.group_by(day).order_by(day) if by_day else query)


def queue_waits(conn: Connection, *, since: int, span_ms: int, spans: int) -> list[int | None]:
    """The p95 of how long jobs waited before their first claim, ms, for each of so many spans from `since` on.

    A job counts in the span in which it started; None for a span in which none did.
    """
    span = ((job.c.started_at - since) // span_ms).label("span")
    wait = (job.c.started_at - job.c.created_at).label("wait")
    ranked = (
        select(
            span,
            wait,
            func.row_number().over(partition_by=span, order_by=wait).label("rank"),
            func.count().over(partition_by=span).label("size"),
        )
        .where(job.c.started_at >= since, job.c.started_at < since + spans * span_ms)
        .subquery()
    )
    query = select(ranked.c.span, func.min(ranked.c.wait)).where(ranked.c.rank >= 0.95 * ranked.c.size)
    waits = {int(number): int(p95) for number, p95 in conn.execute(query.group_by(ranked.c.span))}
    return [waits.get(number) for number in range(spans)]


def list_calls(
    conn: Connection,
    *,
    since: int,
    limit: int = 200,
    **filters: Unpack[CallFilters],
) -> list[CallSummary]:
    """The calls behind a number, newest first."""
    query = _calls(select(*columns(CallSummary, model_call)), since, filters)
    return fetch(conn, CallSummary, query.order_by(model_call.c.started_at.desc()).limit(limit))


def list_models(conn: Connection) -> list[str]:
    """Every model that was ever called: from one to the next in the index, however many calls it has."""
    following = select(func.min(model_call.c.model).label("model")).cte("models", recursive=True)
    later = select(func.min(model_call.c.model)).where(model_call.c.model > following.c.model).scalar_subquery()
    following = following.union_all(select(later).where(following.c.model.isnot(None)))
    query = select(following.c.model).where(following.c.model.isnot(None)).order_by(following.c.model)
    return list(conn.scalars(query))


_spending = (
    model_call.c.currency,
    func.count().label("calls"),
    func.sum(model_call.c.input_tokens + model_call.c.output_tokens).label("tokens"),
    func.sum(model_call.c.cost_micros).label("micros"),
    _unpriced_calls,
)


def _sum_up(rows: Iterable[Any]) -> dict[int, Spending]:
    """One sum for each first column of rows that end with `_spending`: a row a currency."""
    by_key: dict[int, list[Any]] = {}
    for row in rows:
        by_key.setdefault(int(row[0]), []).append(row)
    return {key: _sum(own) for key, own in by_key.items()}


def _sum(rows: Sequence[Any]) -> Spending:
    tokens = [int(row.tokens) for row in rows if row.tokens is not None]
    return Spending(
        calls=sum(row.calls for row in rows),
        tokens=sum(tokens) if tokens else None,
        cost={row.currency: int(row.micros) for row in rows if row.currency and row.micros is not None},
        unpriced=sum(int(row.unpriced) for row in rows),
    )


NOTHING = Spending(0, None, {}, 0)


def spending_of_projects(conn: Connection, project_ids: Sequence[int]) -> dict[int, Spending]:
    """Project id → what was spent on it by now, each currency for itself."""
    query = (
        select(model_call.c.project_id, *_spending)
        .where(among(model_call.c.project_id, bindparam("ids", type_=Ids())))
        .group_by(model_call.c.project_id, model_call.c.currency)
    )
    return dict.fromkeys(project_ids, NOTHING) | _sum_up(conn.execute(query, {"ids": [*project_ids]}))


def spending_of_jobs(conn: Connection, job_ids: Sequence[int]) -> dict[int, Spending]:
    """Job id → what it, its children and theirs spent. A child that two parents wait for counts in each of them."""
    given = select(job.c.id.label("root"), job.c.id.label("job_id")).where(
        among(job.c.id, bindparam("ids", type_=Ids()))
    )
    family = given.cte("family", recursive=True)
    # UNION, not UNION ALL: a job that is reached on two ways counts once
    family = family.union(
        select(family.c.root, job_child.c.child_id).join(job_child, job_child.c.parent_id == family.c.job_id)
    )
    query = (
        select(family.c.root, *_spending)
        .join(model_call, model_call.c.job_id == family.c.job_id)
        .group_by(family.c.root, model_call.c.currency)
    )
    return dict.fromkeys(job_ids, NOTHING) | _sum_up(conn.execute(query, {"ids": [*job_ids]}))


def spending_of_node(conn: Connection, node_id: int) -> Spending:
    """What the jobs of a node and of all nodes below it, archived ones too, spent; of a project also what belongs to no
    node."""
    if conn.execute(select(node.c.kind).where(node.c.id == node_id)).scalar_one_or_none() == "project":
        return spending_of_projects(conn, [node_id])[node_id]
    below = select(node.c.id).where(node.c.id == node_id).cte("below", recursive=True)
    below = below.union_all(select(node.c.id).join(below, node.c.parent_id == below.c.id))
    ids = select(below.c.id)
    # the second: of jobs that were removed to save room
    calls = union_all(
        select(model_call.c.id).join(job, job.c.id == model_call.c.job_id).where(job.c.node_id.in_(ids)),
        select(model_call.c.id).where(model_call.c.node_id.in_(ids)),
    )
    query = select(*_spending).where(model_call.c.id.in_(calls)).group_by(model_call.c.currency)
    return _sum(conn.execute(query).all())


def _whole_runs(workflow: str, profile_id: int | None) -> tuple[ColumnElement[bool], ...]:
    """The succeeded runs of a workflow with this profile that say what a run takes."""
    # a run that found everything there already called nobody
    called = exists().where(model_call.c.job_id == job.c.id)
    # a replay may have taken over most of its steps, and so may a run that was broken off before
    reused = exists().where(step.c.job_id == job.c.id, step.c.reused_from.isnot(None))
    same_profile = job.c.profile_id.is_(None) if profile_id is None else job.c.profile_id == profile_id
    return (
        job.c.kind == workflow, job.c.state == "succeeded", job.c.replay_of.is_(None), same_profile, called, ~reused,
    )  # fmt: skip


def params_of_runs(conn: Connection, workflow: str, profile_id: int | None, most: int) -> list[JsonObject]:
    """With which params the runs that `mean_of_runs` takes the mean of were asked for."""
    query = select(job.c.params).where(*_whole_runs(workflow, profile_id)).order_by(job.c.id.desc()).limit(most)
    return list(conn.execute(query).scalars())


def mean_of_runs(conn: Connection, workflow: str, profile_id: int | None, most: int) -> MeanRun:
    """What the newest succeeded runs of a workflow with this profile took on average."""
    # what is known of a run's cost is no price while another of its calls may have cost something, too
    uncertain = exists().where(model_call.c.job_id == job.c.id, unpriced)
    cached = select(func.sum(model_call.c.cached_tokens)).where(model_call.c.job_id == job.c.id).scalar_subquery()
    newest = (
        select(
            job.c.input_tokens, cached.label("cached_tokens"), job.c.output_tokens, job.c.currency, job.c.started_at,
            job.c.finished_at, case((~uncertain, job.c.cost_micros)).label("price_micros"),
        )
        .where(*_whole_runs(workflow, profile_id))
        .order_by(job.c.id.desc())
        .limit(most)
        .subquery()
    )  # fmt: skip
    query = select(
        func.count(),
        func.avg(newest.c.input_tokens),
        func.avg(newest.c.cached_tokens),
        func.avg(newest.c.output_tokens),
        func.avg(newest.c.finished_at - newest.c.started_at),
        func.avg(newest.c.price_micros),
        func.count(newest.c.price_micros),
        func.count(newest.c.currency.distinct()),
        func.min(newest.c.currency),
    )
    (mean,) = fetch(conn, MeanRun, query)
    return mean


def mean_of_pictures(
    conn: Connection, workflow: str, profile_id: int | None, pictures: int, most: int, ms: float | None
) -> MeanRun:
    """What so many pictures cost, by the mean of the newest that a workflow's jobs with this profile drew."""
    same_profile = job.c.profile_id.is_(None) if profile_id is None else job.c.profile_id == profile_id
    newest = (
        select(
            model_call.c.input_tokens, model_call.c.cached_tokens, model_call.c.output_tokens,
            model_call.c.cost_micros, model_call.c.currency,
            func.coalesce(model_call.c.images, 1).label("images"),
        )
        .join(job, job.c.id == model_call.c.job_id)
        .where(job.c.kind == workflow, same_profile, model_call.c.capability == "image", model_call.c.outcome == "ok")
        .order_by(job.c.id.desc())
        .limit(most * pictures)
        .subquery()
    )  # fmt: skip
    share = 1.0 * pictures / func.nullif(func.sum(newest.c.images), 0)
    query = select(
        func.count(),
        func.sum(newest.c.input_tokens) * share,
        func.sum(newest.c.cached_tokens) * share,
        func.sum(newest.c.output_tokens) * share,
        literal(ms, Float),
        func.sum(newest.c.cost_micros) * share,
        func.count(newest.c.cost_micros),
        func.count(newest.c.currency.distinct()),
        func.min(newest.c.currency),
    )
    (mean,) = fetch(conn, MeanRun, query)
    return mean
