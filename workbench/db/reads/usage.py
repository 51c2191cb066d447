"""Questions about the ledger: tokens, latency, cost and success by day, model and workflow.

What sums up a stretch of time comes from the rollups and what they do not hold yet (`rollups.py` beside this file):
exact at every moment, percentiles within 2 %. What each number means stands in `workbench/db/rollups.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Unpack

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    Select,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from workbench.db import histograms
from workbench.db.connection import Ids, among
from workbench.db.reads import families, rollups
from workbench.db.rollups import is_unpriced, usage_sums
from workbench.db.rows.jobs import CallSummary
from workbench.db.rows.record import columns, fetch
from workbench.db.rows.usage import (
    CallFilters,
    EndedFilters,
    JobSuccess,
    JobTimes,
    Latency,
    MeanRun,
    Spending,
    UsageCost,
    UsageTotals,
)
from workbench.db.schema import job, model_call, node, step
from workbench.json_types import JsonObject

#: a call that was, or may have been, charged at a price nobody knows
unpriced = is_unpriced(model_call.c)
_unpriced_calls = func.coalesce(func.sum(case((unpriced, 1), else_=0)), 0).label("unpriced")


def of_calls(query: Select[Any], since: int, filters: CallFilters) -> Select[Any]:
    """A query of calls, and perhaps of what they belong to, narrowed to those from `since` on that match."""
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
    if (profile := filters.get("profile")) is not None:
        query = query.where(model_call.c.profile_id == profile)
    if capability := filters.get("capability"):
        query = query.where(model_call.c.capability == capability)
    if user := filters.get("user"):
        # as one value: PostgreSQL would go through all jobs to find those of somebody
        asker = select(job.c.created_by).where(job.c.id == model_call.c.job_id).correlate(model_call).scalar_subquery()
        query = query.where(func.coalesce(model_call.c.created_by, asker) == user)
    if (node_id := filters.get("node")) is not None:
        below = select(node.c.id).where(node.c.id == node_id).cte("below", recursive=True)
        below = below.union_all(select(node.c.id).join(below, node.c.parent_id == below.c.id))
        # by its project, for which there is an index; a question of its own, though the query may ask for nodes, too
        project_of = select(func.coalesce(node.c.project_id, node.c.id)).where(node.c.id == node_id)
        own = project_of.correlate(None).scalar_subquery()
        places = select(below.c.id)
        placed = select(literal(1)).where(job.c.id == model_call.c.job_id, job.c.node_id.in_(places))
        kept = placed.correlate(model_call).exists()
        here = or_(model_call.c.node_id.in_(places), model_call.c.node_id.is_(None) & kept)
        # a project also has what belongs to no node
        query = query.where(model_call.c.project_id == own, or_(own == node_id, here))
    return query


#: what sums can be grouped by, beside the day, and filtered by → the dimension of the rollups
GROUPS = {
    "model": "model", "workflow": "workflow", "project": "project_id", "node": "node_id", "profile": "profile_id",
    "provider": "provider", "capability": "capability", "user": "created_by",
}  # fmt: skip


def dimensions(conn: Connection, filters: CallFilters) -> dict[str, Any]:
    """What filters of calls come to in the dimensions of the rollups; a list is any of it."""
    if unknown := filters.keys() - CallFilters.__annotations__.keys():
        raise TypeError(f"no such filter of calls: {', '.join(sorted(unknown))}")
    given = {
        GROUPS[name]: value
        for name, value in filters.items()
        if name not in ("until", "node") and value not in (None, "")
    }
    return given | _place(conn, filters.get("node"), filters.get("project"))


def _place(conn: Connection, node_id: int | None, project_id: int | None) -> dict[str, Any]:
    """Of a node and all below it, in its project; nothing where that is not the one that is asked for."""
    if node_id is None:
        return {}
    own = conn.execute(select(func.coalesce(node.c.project_id, node.c.id)).where(node.c.id == node_id)).scalar()
    projects = {"project_id": own if own is not None and project_id in (None, own) else []}
    # a project also has what belongs to no node
    return projects if own == node_id else projects | {"node_id": _list_below(conn, node_id)}


def _list_below(conn: Connection, node_id: int) -> list[int]:
    """A node and all nodes below it, archived ones too."""
    below = select(node.c.id).where(node.c.id == node_id).cte("below", recursive=True)
    below = below.union_all(select(node.c.id).join(below, node.c.parent_id == below.c.id))
    return list(conn.scalars(select(below.c.id)))


def _in_order(keys: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(keys, key=lambda key: [(value is not None, value) for value in key])


def _own(groups: Sequence[str], key: tuple[Any, ...]) -> dict[str, Any]:
    """The fields of a record that a key is: its day and its groups; None for the others."""
    own: dict[str, Any] = dict.fromkeys(("day", *GROUPS.values()))
    own["day"] = key[0]
    return own | dict(zip((GROUPS[g] for g in groups), key[1:], strict=False))


def _asked(groups: Sequence[str], zone: str | None) -> tuple[list[str], str | None]:
    """The groups beside the day, and the zone of the days, if there are any."""
    if unknown := {*groups} - {*GROUPS, "day"}:
        raise KeyError(", ".join(sorted(unknown)))
    return [g for g in groups if g != "day"], (zone or "UTC") if "day" in groups else None


_TOTALS = (
    "calls", "errors", "judged", "valid", *(f"{n}_{what}" for n in ("input", "cached", "output", "reasoning")
    for what in ("tokens", "known")), "unsent", "late", "wasted", "wasted_tokens", "images", "video_seconds",
)  # fmt: skip


def totals_by(
    conn: Connection,
    *groups: str,
    since: int,
    zone: str | None = None,
    **filters: Unpack[CallFilters],
) -> list[UsageTotals]:
    """Calls, errors, valid answers and tokens, grouped by any of day, model, workflow, project, node, profile,
    provider, capability and user; by none: one row of all. `zone`: whose days, by default UTC's."""
    others, days_of = _asked(groups, zone)
    asked = rollups.stretch(since, filters.get("until"), days_of)
    sums = rollups.sum_usage(conn, [GROUPS[g] for g in others], _TOTALS, asked, dimensions(conn, filters))
    if not groups and not sums:
        return [UsageTotals(**_own([], (None,)), calls=0, **dict.fromkeys(_totals_fields))]
    rows = []
    for key in _in_order(sums):
        values: dict[str, Any] = dict(zip(_TOTALS, sums[key], strict=True))
        for name in ("input", "cached", "output", "reasoning"):
            if not values.pop(f"{name}_known"):
                values[f"{name}_tokens"] = None
        rows.append(UsageTotals(**_own(others, key), **values))
    return rows


_totals_fields = tuple(name for name in _TOTALS if not name.endswith("_known") and name != "calls")
_COST = ("calls", "unsent", "cost_micros", "priced", "wasted_micros", "unpriced")


def cost_totals_by(
    conn: Connection,
    *groups: str,
    since: int,
    zone: str | None = None,
    **filters: Unpack[CallFilters],
) -> list[UsageCost]:
    """Cost by currency, grouped like `totals_by`. CNY is never added to USD."""
    others, days_of = _asked(groups, zone)
    asked = rollups.stretch(since, filters.get("until"), days_of)
    sums = rollups.sum_usage(conn, [*(GROUPS[g] for g in others), "currency"], _COST, asked, dimensions(conn, filters))
    rows = []
    for key in _in_order(sums):
        values = dict(zip(_COST, sums[key], strict=True))
        rows.append(
            UsageCost(
                **_own(others, key),
                currency=key[-1],
                cost_micros=values["cost_micros"] if values["priced"] else None,
                wasted_micros=values["wasted_micros"],
                unknown=values["unpriced"],
            )
        )
    return rows


def latencies(
    conn: Connection,
    *groups: str,
    since: int,
    zone: str | None = None,
    **filters: Unpack[CallFilters],
) -> list[Latency]:
    """Percentiles of latency and of the time to the first token of answered calls, grouped like `totals_by`: of texts,
    unless grouped or filtered by capability. A picture takes longer than any text, and says nothing of it."""
    others, days_of = _asked(groups, zone)
    asked = rollups.stretch(since, filters.get("until"), days_of)
    names, given = [GROUPS[g] for g in others], dimensions(conn, filters)
    if "capability" not in others:
        given.setdefault("capability", "text")
    times, first_tokens = rollups.merge_usage(conn, names, asked, given)
    if not groups:
        times.setdefault((None,), {})
    rows = []
    for key in _in_order(times):
        p50, p95, p99 = histograms.percentiles(times[key], (0.5, 0.95, 0.99))
        first = histograms.percentile(first_tokens.get(key, {}), 0.5)
        rows.append(
            Latency(**_own(others, key), p50=p50, p95=p95, p99=p99, calls=sum(times[key].values()), ttft_p50=first)
        )
    return [row for row in rows if row.calls or not groups]


def _of_ended(conn: Connection, filters: EndedFilters) -> dict[str, Any]:
    if unknown := filters.keys() - EndedFilters.__annotations__.keys():
        raise TypeError(f"no such filter of ended jobs: {', '.join(sorted(unknown))}")
    named = {
        "project_id": filters.get("project"), "kind": filters.get("workflow"), "model": filters.get("model"),
        "profile_id": filters.get("profile"), "created_by": filters.get("user"),
    }  # fmt: skip
    given = {name: None if value == "" else value for name, value in named.items()}
    return given | _place(conn, filters.get("node"), filters.get("project"))


def job_success(
    conn: Connection,
    *,
    since: int,
    by_day: bool = False,
    zone: str | None = None,
    **filters: Unpack[EndedFilters],
) -> list[JobSuccess]:
    """Ended jobs: done (succeeded, partial, failed; cancelled ones do not count) and succeeded; by day when asked.
    `model`: of jobs that have called it."""
    asked = rollups.stretch(since, filters.get("until"), (zone or "UTC") if by_day else None)
    given = _of_ended(conn, filters)
    sums = rollups.sum_jobs(conn, ["state"], ["jobs"], asked, given)
    by_state: dict[int | None, dict[str, int]] = {}
    for (day, state), (jobs,) in sums.items():
        by_state.setdefault(day, {})[state] = jobs
    if not by_state:
        return [] if by_day else [JobSuccess(None, None, None)]
    return [
        JobSuccess(day, sum(own.values()) - own.get("cancelled", 0), own.get("succeeded", 0))
        for day, own in sorted(by_state.items(), key=lambda item: item[0] or 0)
    ]


def job_times(
    conn: Connection,
    *,
    since: int,
    by_day: bool = False,
    by_workflow: bool = False,
    zone: str | None = None,
    **filters: Unpack[EndedFilters],
) -> list[JobTimes]:
    """How long the ended jobs that began had waited, and how long they ran; by the day of their end, or by workflow,
    when asked."""
    asked = rollups.stretch(since, filters.get("until"), (zone or "UTC") if by_day else None)
    given, groups = _of_ended(conn, filters), ["kind"] if by_workflow else []
    waits, runs = rollups.merge_jobs(conn, groups, asked, given)
    rows = []
    for key in _in_order(waits):
        shares = [ms for times in (waits, runs) for ms in histograms.percentiles(times.get(key, {}), (0.5, 0.95))]
        workflow: str | None = key[1] if by_workflow else None
        wait_p50, wait_p95, run_p50, run_p95 = shares
        rows.append(JobTimes(key[0], sum(waits[key].values()), wait_p50, wait_p95, run_p50, run_p95, workflow))
    return [row for row in rows if row.jobs]


def list_calls(
    conn: Connection,
    *,
    since: int,
    limit: int = 200,
    before: int | None = None,
    **filters: Unpack[CallFilters],
) -> list[CallSummary]:
    """The calls behind a number, newest first; `before`: those that come after this one in that order."""
    query = of_calls(select(*columns(CallSummary, model_call)), since, filters)
    if before is not None:
        at = started_at(conn, before)
        query = query.where(
            model_call.c.started_at <= at, follows(model_call.c.started_at, model_call.c.id, at, before)
        )
    return fetch(conn, CallSummary, query.order_by(model_call.c.started_at.desc(), model_call.c.id.desc()).limit(limit))


def started_at(conn: Connection, call_id: int) -> int:
    """When a call began, epoch ms; before all others where there is none of that number."""
    return int(conn.execute(select(model_call.c.started_at).where(model_call.c.id == call_id)).scalar() or -1)


def follows(at: Any, call_id: Any, before_at: int, before: int) -> ColumnElement[bool]:
    """What comes after a call where the newest come first."""
    return or_(at < before_at, and_(at == before_at, call_id < before))


def list_models(conn: Connection) -> list[str]:
    """Every model that was ever called: from one to the next in the index, however many calls it has."""
    following = select(func.min(model_call.c.model).label("model")).cte("models", recursive=True)
    later = select(func.min(model_call.c.model)).where(model_call.c.model > following.c.model).scalar_subquery()
    following = following.union_all(select(later).where(following.c.model.isnot(None)))
    query = select(following.c.model).where(following.c.model.isnot(None)).order_by(following.c.model)
    return list(conn.scalars(query))


_spending = (
    model_call.c.currency,
    func.coalesce(func.sum(usage_sums(model_call.c)["calls"]), 0).label("calls"),
    func.sum(model_call.c.input_tokens + model_call.c.output_tokens).label("tokens"),
    # as whole numbers: PostgreSQL's sums of these are decimals
    cast(func.sum(model_call.c.cost_micros), BigInteger).label("micros"),
    _unpriced_calls,
)


def _sum(rows: Iterable[Sequence[Any]]) -> Spending:
    """Of what `_spending` says of some jobs."""
    tokens, cost = None, dict[str, int]()
    calls = unpriced = 0
    for currency, own_calls, own_tokens, micros, own_unpriced in rows:
        calls += int(own_calls)
        unpriced += int(own_unpriced)
        if own_tokens is not None:
            tokens = (tokens or 0) + int(own_tokens)
        if currency and micros is not None:
            cost[currency] = cost.get(currency, 0) + int(micros)
    return Spending(calls=calls, tokens=tokens, cost=cost, unpriced=unpriced)


NOTHING = Spending(0, None, {}, 0)


_SPENDING = ("calls", "tokens", "tokens_known", "cost_micros", "priced", "unpriced")


def _add_up(sums: Mapping[tuple[Any, ...], Sequence[int]]) -> dict[Any, Spending]:
    """By the first group of sums by it and by currency."""
    together: dict[Any, Spending] = {}
    for (_, key, currency), (calls, tokens, reported, micros, priced, unknown) in sums.items():
        before = together.get(key, NOTHING)
        together[key] = Spending(
            calls=before.calls + calls,
            tokens=(before.tokens or 0) + tokens if reported or before.tokens is not None else None,
            cost=before.cost | ({currency: micros} if currency and priced else {}),
            unpriced=before.unpriced + unknown,
        )
    return together


def spending_by(
    conn: Connection, group: str, *, since: int, **filters: Unpack[CallFilters]
) -> list[tuple[Any, Spending]]:
    """Key → what its calls used and cost, each currency for itself; `group`: one of `GROUPS`. In no order."""
    asked = rollups.stretch(since, filters.get("until"))
    sums = rollups.sum_usage(conn, [GROUPS[group], "currency"], _SPENDING, asked, dimensions(conn, filters))
    return list(_add_up(sums).items())


def spending_of_projects(conn: Connection, project_ids: Sequence[int]) -> dict[int, Spending]:
    """Project id → what was spent on it by now, each currency for itself."""
    if not project_ids:
        return {}
    given, ever = {"project_id": [*project_ids]}, rollups.stretch(0, None)
    sums = rollups.sum_usage(conn, ["project_id", "currency"], _SPENDING, ever, given)
    return dict.fromkeys(project_ids, NOTHING) | _add_up(sums)


def spending_of_jobs(conn: Connection, job_ids: Sequence[int]) -> dict[int, Spending]:
    """Job id → what it, its children and theirs spent. A child that two parents wait for counts in each of them."""
    below = families.list_families(conn, job_ids)
    query = select(model_call.c.job_id, *_spending).where(among(model_call.c.job_id, bindparam("ids", type_=Ids())))
    called: dict[int, list[Sequence[Any]]] = {}
    everybody = sorted(set[int]().union(*below.values()))
    grouped = query.group_by(model_call.c.job_id, model_call.c.currency)
    for job_id, *spent_by_it in conn.execute(grouped, {"ids": everybody}).all():
        called.setdefault(int(job_id), []).append(spent_by_it)
    spent = ((root, [row for i in family for row in called.get(i, ())]) for root, family in below.items())
    return dict.fromkeys(job_ids, NOTHING) | {root: _sum(rows) for root, rows in spent if rows}


def spending_of_node(conn: Connection, node_id: int) -> Spending:
    """What the jobs of a node and of all nodes below it, archived ones too, spent; of a project also what belongs to no
    node."""
    if conn.execute(select(node.c.kind).where(node.c.id == node_id)).scalar_one_or_none() == "project":
        return spending_of_projects(conn, [node_id])[node_id]
    # removed jobs' calls, too: they have the node themselves
    given = {"node_id": _list_below(conn, node_id)}
    ever = rollups.stretch(0, None)
    by_currency = rollups.sum_usage(conn, ["currency"], _SPENDING, ever, given)
    return _add_up({(day, node_id, currency): sums for (day, currency), sums in by_currency.items()}).get(
        node_id, NOTHING
    )


@cache
def _whole_runs(profiled: bool) -> Select[Any]:
    """The newest succeeded runs of a workflow with a profile, or with none, that say what a run takes."""
    # a run that found everything there already called nobody
    called = exists().where(model_call.c.job_id == job.c.id)
    # a replay may have taken over most of its steps, and so may a run that was broken off before
    reused = exists().where(step.c.job_id == job.c.id, step.c.reused_from.isnot(None))
    whole = (job.c.state == "succeeded", job.c.replay_of.is_(None), called, ~reused)
    runs = select(job.c.id).where(job.c.kind == bindparam("workflow"), *whole, _with_profile(profiled))
    return runs.order_by(job.c.id.desc()).limit(bindparam("most"))


def _with_profile(profiled: bool) -> ColumnElement[bool]:
    return job.c.profile_id == bindparam("profile_id") if profiled else job.c.profile_id.is_(None)


def params_of_runs(conn: Connection, workflow: str, profile_id: int | None, most: int) -> list[JsonObject]:
    """With which params the runs that `mean_of_runs` takes the mean of were asked for."""
    query = _whole_runs(profile_id is not None).with_only_columns(job.c.params)
    return list(conn.execute(query, _of_runs(workflow, profile_id, most)).scalars())


def _of_runs(workflow: str, profile_id: int | None, most: int) -> dict[str, Any]:
    given = {"workflow": workflow, "most": most}
    return given if profile_id is None else {**given, "profile_id": profile_id}


@cache
def _mean_of_runs(profiled: bool) -> Select[Any]:
    # What is known of a run's cost is no price while another of its calls may have cost something, too. The offset has
    # PostgreSQL ask for these few runs: it would put every such call of all time into a table.
    uncertain = select(literal(1)).where(model_call.c.job_id == job.c.id, unpriced).offset(0).correlate(job).exists()
    cached = select(func.sum(model_call.c.cached_tokens)).where(model_call.c.job_id == job.c.id).scalar_subquery()
    newest = _whole_runs(profiled).with_only_columns(
        job.c.input_tokens, cached.label("cached_tokens"), job.c.output_tokens, job.c.currency, job.c.started_at,
        job.c.finished_at, case((~uncertain, job.c.cost_micros)).label("price_micros"),
    ).subquery()  # fmt: skip
    return select(
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


def mean_of_runs(conn: Connection, workflow: str, profile_id: int | None, most: int) -> MeanRun:
    """What the newest succeeded runs of a workflow with this profile took on average."""
    (mean,) = fetch(conn, MeanRun, _mean_of_runs(profile_id is not None), _of_runs(workflow, profile_id, most))
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
        cast(ms, Float),
        func.sum(newest.c.cost_micros) * share,
        func.count(newest.c.cost_micros),
        func.count(newest.c.currency.distinct()),
        func.min(newest.c.currency),
    )
    (mean,) = fetch(conn, MeanRun, query)
    return mean
