"""Keep the wasted calls and their sums as the rows say. To settle a call twice does no harm: it is compared with what
stands there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, literal, select, tuple_, update

from workbench.db.connection import Ids, among
from workbench.db.reads import wasted
from workbench.db.rollup_tables import version_tail, waste_sum, waste_tail, wasted_call
from workbench.db.rollups import CALLS_AND_JOBS, HOUR_MS
from workbench.db.rows.waste import WastedCall
from workbench.db.schema import job, model_call
from workbench.db.waste import ALWAYS, FACETS, FACTS, NONE, SUMS
from workbench.db.writes.installation import upsert

_ids = bindparam("ids", type_=Ids())
_there = select(wasted_call).where(among(wasted_call.c.call_id, _ids))


def settle(conn: Connection, call_ids: Sequence[int]) -> None:
    """Look at these calls, and hold each as it is now."""
    if not call_ids:
        return
    before = {row.call_id: row for row in conn.execute(_there, {"ids": [*call_ids]})}
    now = {call.call_id: call for call in wasted.look(conn, call_ids)}
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * len(SUMS))
    gone: list[int] = []
    kept: list[int] = []
    changed: list[WastedCall] = []
    for call_id in before.keys() | now.keys():
        old, new = before.get(call_id), now.get(call_id)
        if old is not None and new is not None and all(getattr(old, n) == getattr(new, n) for n in FACTS):
            continue
        if old is not None and old.cause is not None:
            _add(sums, old, -1)
            if new is None:
                (gone if old.kept is None else kept).append(call_id)
        if new is not None:
            _add(sums, new, 1)
            changed.append(new)
    if gone:
        conn.execute(delete(wasted_call).where(among(wasted_call.c.call_id, _ids)), {"ids": gone})
    if kept:
        conn.execute(update(wasted_call).where(among(wasted_call.c.call_id, _ids)).values(cause=None), {"ids": kept})
    if changed:
        row = upsert(conn, wasted_call)
        values = {name: row.excluded[name] for name in FACTS}
        conn.execute(
            row.on_conflict_do_update(index_elements=["call_id"], set_=values),
            [{name: getattr(call, name) for name in ("call_id", *FACTS)} for call in changed],
        )
    rows = [{**dict(zip(_KEY, key, strict=True)), **dict(zip(SUMS, own, strict=True))}
            for key, own in sorted(sums.items()) if any(own)]  # fmt: skip
    if rows:
        new_sum = upsert(conn, waste_sum)
        added = {name: waste_sum.c[name] + new_sum.excluded[name] for name in SUMS}
        conn.execute(new_sum.on_conflict_do_update(index_elements=[*_KEY], set_=added), rows)


_KEY = ("facet", "hours", "at", *NONE)
_NONE = [*NONE.values()]


#: what takes the rest of a key out of a call's values with `_NONE` behind them
_Take = Callable[[list[Any]], tuple[Any, ...]]


def _list_cells() -> list[tuple[str, int, _Take]]:
    """Facet and hours of each sum that a call is in, and its rest of the key."""
    cells: list[tuple[str, int, _Take]] = []
    for facet, (dimensions, spans) in FACETS.items():
        shown = (*dimensions, *ALWAYS)
        take = itemgetter(*(n if name in shown else len(NONE) + n for n, name in enumerate(NONE)))
        cells += [(facet, hours, take) for hours in spans]
    return cells


_CELLS = _list_cells()


def _add(sums: dict[tuple[Any, ...], list[int]], call: Any, sign: int) -> None:
    own = [getattr(call, name) or none for name, none in NONE.items()] + _NONE
    at, micros, unpriced = call.started_at, sign * call.cost_micros, sign * call.unpriced
    for facet, hours, take in _CELLS:
        cell = sums[(facet, hours, at - at % (hours * HOUR_MS), *take(own))]
        cell[0] += sign
        cell[1] += micros
        cell[2] += unpriced


def is_due(conn: Connection) -> bool:
    """Whether anything stands in the tails that are waste's own."""
    return any(conn.execute(select(literal(1)).select_from(t).limit(1)).first() for t in (waste_tail, version_tail))


def fold(conn: Connection, calls: Sequence[int], ended: Sequence[int], most: int) -> int:
    """Settle what these calls and jobs, which leave the tails of the rollups, make of waste, and as many of its own
    tails. Returns how many of these."""
    taken = [*conn.scalars(select(waste_tail.c.call_id).order_by(waste_tail.c.call_id).limit(most))]
    versions = [*conn.scalars(select(version_tail.c.artifact_id).order_by(version_tail.c.artifact_id).limit(most))]
    jobs = wasted.list_jobs_in_question(conn, ended, versions)
    settle(conn, sorted({*calls, *taken, *wasted.list_calls_of(conn, jobs)}))
    for column, ids in ((waste_tail.c.call_id, taken), (version_tail.c.artifact_id, versions)):
        if ids:
            conn.execute(delete(column.table).where(among(column, _ids)), {"ids": ids})
    return len(taken) + len(versions)


def keep_pruned(conn: Connection, job_ids: Sequence[int]) -> None:
    """Before jobs are removed: what their calls are wasted by, and whose answers they have taken over, is so for ever.
    Under the lock of `rollups.keep_pruned`."""
    # who replays one of these is known for it no longer
    replays = select(job.c.id).where(among(job.c.replay_of, _ids))
    taken = wasted.list_taken(conn, {*job_ids, *conn.scalars(replays, {"ids": [*job_ids]})})
    own = wasted.list_calls_of(conn, job_ids)
    settle(conn, sorted({*own, *wasted.list_calls_of(conn, taken)}))
    c = model_call.c
    good = and_(c.outcome == "ok", c.valid.isnot(False))
    by_job = select(c.id).where(among(c.id, _ids), good)
    conn.execute(
        update(wasted_call)
        .where(wasted_call.c.call_id.in_(by_job), wasted_call.c.cause.isnot(None))
        .values(kept=wasted_call.c.cause),
        {"ids": own},
    )
    # of jobs that came to something, versions decide
    in_vain = {*conn.scalars(wasted.IN_VAIN, {"ids": sorted(taken)})}
    used = [pair for pair in wasted.find_taken_over(conn, in_vain, ended=True) if pair[0] in in_vain]
    if used:
        rows = conn.execute(
            select(c.id.label("call_id"), literal("").label("kept"), *wasted.FACTS_OF_CALL)
            .select_from(CALLS_AND_JOBS)
            .where(among(c.job_id, _ids), tuple_(c.job_id, func.coalesce(c.step, "")).in_(sorted(used)), good),
            {"ids": sorted({job_id for job_id, _ in used})},
        ).mappings()
        given = [dict(row) for row in rows]
        if given:
            new = upsert(conn, wasted_call)
            conn.execute(new.on_conflict_do_update(index_elements=["call_id"], set_={"kept": ""}), given)


def start_anew(conn: Connection) -> None:
    """Forget all sums, and all calls but those of which nothing else knows any more."""
    conn.execute(delete(waste_sum))
    conn.execute(delete(waste_tail))
    conn.execute(delete(wasted_call).where(wasted_call.c.kept.is_(None)))
    conn.execute(update(wasted_call).values(cause=None))
