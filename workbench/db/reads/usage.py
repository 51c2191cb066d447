"""Questions about the ledger: tokens, latency, cost and success by day, model and workflow.

Read straight from `model_call` within a time window; percentiles are exact (nearest rank).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from workbench.db.schema import TERMINAL, job, model_call

DAY_MS = 86_400_000
TOKENS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")

_day = (model_call.c.started_at - model_call.c.started_at % DAY_MS).label("day")


def _calls(
    query: Select[Any], since: int, until: int | None, project: int | None, workflow: str | None, model: str | None
) -> Select[Any]:
    query = query.where(model_call.c.started_at >= since)
    if until is not None:
        query = query.where(model_call.c.started_at < until)
    if project is not None:
        query = query.where(model_call.c.project_id == project)
    if workflow:
        query = query.where(model_call.c.workflow == workflow)
    if model:
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


def _rows(conn: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(r) for r in conn.execute(query).mappings()]


_groups: dict[str, ColumnElement[Any]] = {"day": _day, "model": model_call.c.model, "workflow": model_call.c.workflow}


def by(
    conn: Connection,
    *groups: str,
    since: int,
    until: int | None = None,
    project: int | None = None,
    workflow: str | None = None,
    model: str | None = None,
) -> list[dict[str, Any]]:
    """Calls, errors, valid answers and tokens by type, grouped by any of day (epoch ms, UTC), model, workflow; () = one total row.

    A sum is None when no call of the group reported it.
    """
    columns = [_groups[g] for g in groups]
    query = _calls(select(*columns, *_sums()), since, until, project, workflow, model)
    return _rows(conn, query.group_by(*columns).order_by(*columns) if columns else query)


def costs(
    conn: Connection,
    *groups: str,
    since: int,
    until: int | None = None,
    project: int | None = None,
    workflow: str | None = None,
    model: str | None = None,
) -> list[dict[str, Any]]:
    """Cost in micros per currency, with `unknown`: calls that ended without a known price. CNY is never added to USD."""
    columns = [*(_groups[g] for g in groups), model_call.c.currency]
    unknown = func.sum(
        case((model_call.c.cost_micros.is_(None) & model_call.c.outcome.in_(("ok", "late")), 1), else_=0)
    ).label("unknown")
    wasted = func.sum(case((model_call.c.valid.is_not(True), model_call.c.cost_micros), else_=0)).label("wasted_micros")
    query = _calls(
        select(*columns, func.sum(model_call.c.cost_micros).label("cost_micros"), wasted, unknown),
        since,
        until,
        project,
        workflow,
        model,
    )
    return _rows(conn, query.group_by(*columns).order_by(*columns))


def latencies(
    conn: Connection,
    *groups: str,
    since: int,
    until: int | None = None,
    project: int | None = None,
    workflow: str | None = None,
    model: str | None = None,
) -> list[dict[str, Any]]:
    """p50, p95, p99 of latency and p50 of time to first token (ms) of answered calls, grouped like `by`."""
    columns = [_groups[g] for g in groups]
    ranked = _calls(
        select(
            *columns,
            model_call.c.latency_ms,
            model_call.c.ttft_ms,
            func.row_number().over(partition_by=columns or None, order_by=model_call.c.latency_ms).label("rank"),
            func.count().over(partition_by=columns or None).label("size"),
        ).where(model_call.c.outcome.in_(("ok", "late")), model_call.c.latency_ms.isnot(None)),
        since,
        until,
        project,
        workflow,
        model,
    ).subquery()
    grouped = [ranked.c[c.name] for c in columns]

    def percentile(share: float) -> ColumnElement[Any]:
        # nearest rank: the smallest value with at least this share at or below it
        return func.min(case((ranked.c.rank >= share * ranked.c.size, ranked.c.latency_ms))).label(
            f"p{round(share * 100)}"
        )

    query = select(*grouped, percentile(0.5), percentile(0.95), percentile(0.99), func.count().label("calls"))
    rows = _rows(conn, query.group_by(*grouped).order_by(*grouped) if grouped else query)
    first = {
        tuple(r[g] for g in groups): r["ttft"]
        for r in _first_tokens(conn, groups, columns, since, until, project, workflow, model)
    }
    for row in rows:
        row["ttft_p50"] = first.get(tuple(row[g] for g in groups))
    return rows


def _first_tokens(
    conn: Connection,
    groups: tuple[str, ...],
    columns: list[ColumnElement[Any]],
    since: int,
    until: int | None,
    project: int | None,
    workflow: str | None,
    model: str | None,
) -> list[dict[str, Any]]:
    ranked = _calls(
        select(
            *columns,
            model_call.c.ttft_ms,
            func.row_number().over(partition_by=columns or None, order_by=model_call.c.ttft_ms).label("rank"),
            func.count().over(partition_by=columns or None).label("size"),
        ).where(model_call.c.ttft_ms.isnot(None)),
        since,
        until,
        project,
        workflow,
        model,
    ).subquery()
    grouped = [ranked.c[c.name] for c in columns]
    query = select(*grouped, func.min(case((ranked.c.rank >= 0.5 * ranked.c.size, ranked.c.ttft_ms))).label("ttft"))
    return _rows(conn, query.group_by(*grouped) if grouped else query)


def job_success(
    conn: Connection,
    *,
    since: int,
    until: int | None = None,
    project: int | None = None,
    workflow: str | None = None,
    by_day: bool = False,
) -> list[dict[str, Any]]:
    """Ended jobs: done (succeeded, partial, failed; cancelled ones do not count) and succeeded; by day when asked."""
    day = (job.c.finished_at - job.c.finished_at % DAY_MS).label("day")
    done = func.sum(case((job.c.state != "cancelled", 1), else_=0)).label("done")
    good = func.sum(case((job.c.state == "succeeded", 1), else_=0)).label("succeeded")
    query = select(*([day] if by_day else []), done, good).where(job.c.state.in_(TERMINAL), job.c.finished_at >= since)
    if until is not None:
        query = query.where(job.c.finished_at < until)
    if project is not None:
        query = query.where(job.c.project_id == project)
    if workflow:
        query = query.where(job.c.kind == workflow)
    return _rows(conn, query.group_by(day).order_by(day) if by_day else query)


def queue_waits(conn: Connection, *, since: int, until: int | None = None) -> list[int]:
    """How long each started job waited before its first claim, ms, ascending; at most the newest 5,000."""
    query = (
        select(job.c.started_at - job.c.created_at)
        .where(job.c.started_at >= since)
        .order_by(job.c.started_at.desc())
        .limit(5000)
    )
    if until is not None:
        query = query.where(job.c.started_at < until)
    return sorted(int(w) for (w,) in conn.execute(query) if w is not None)


def calls(
    conn: Connection,
    *,
    since: int,
    until: int | None = None,
    project: int | None = None,
    workflow: str | None = None,
    model: str | None = None,
    limit: int = 200,
) -> list[dict[str, Any]]:
    """The calls behind a number, newest first, without prompts and raw output."""
    columns = [c for c in model_call.c if c.name not in ("prompt", "raw_output")]
    query = _calls(select(*columns), since, until, project, workflow, model)
    return _rows(conn, query.order_by(model_call.c.started_at.desc()).limit(limit))


def models(conn: Connection) -> list[str]:
    """Every model that was ever called."""
    return [m for (m,) in conn.execute(select(model_call.c.model).distinct().order_by(model_call.c.model))]


def project_costs(conn: Connection, project_ids: list[int]) -> dict[int, dict[str, int]]:
    """Project id → currency → micros."""
    query = (
        select(model_call.c.project_id, model_call.c.currency, func.sum(model_call.c.cost_micros))
        .where(model_call.c.project_id.in_(project_ids), model_call.c.cost_micros.isnot(None))
        .group_by(model_call.c.project_id, model_call.c.currency)
    )
    found: dict[int, dict[str, int]] = {}
    for project, currency, micros in conn.execute(query):
        found.setdefault(project, {})[currency] = int(micros)
    return found


def of_node(conn: Connection, node_id: int) -> dict[str, Any]:
    """{calls, tokens, cost: {currency: micros}} of a node's own jobs; tokens None when none was reported."""
    query = (
        select(
            func.count().label("calls"),
            func.sum(model_call.c.input_tokens + model_call.c.output_tokens).label("tokens"),
            func.sum(model_call.c.cost_micros).label("micros"),
            model_call.c.currency,
        )
        .join(job, job.c.id == model_call.c.job_id)
        .where(job.c.node_id == node_id)
        .group_by(model_call.c.currency)
    )
    rows = _rows(conn, query)
    tokens = [r["tokens"] for r in rows if r["tokens"] is not None]
    return {
        "calls": sum(r["calls"] for r in rows),
        "tokens": sum(tokens) if tokens else None,
        "cost": {r["currency"]: r["micros"] for r in rows if r["currency"] and r["micros"] is not None},
    }
