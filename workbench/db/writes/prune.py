"""Whole old jobs are removed with all that belongs to them; what they made, used and cost stays.

A part of a family goes only when everybody above it may go, so that what a parent and its children cost together never
sinks while one of them is there.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    union,
    update,
)

from workbench.db.connection import Ids, among, db_now_ms
from workbench.db.rollup_tables import job_tail
from workbench.db.schema import ACTIVE, TERMINAL, artifact, ended_job, job, job_child, model_call, step
from workbench.db.tables import metadata
from workbench.db.writes import ended, failures, filing, rollups

DAY_MS = 86_400_000
#: jobs that are looked at, and removed, in one transaction
BATCH = 200

_ids = bindparam("ids", type_=Ids())
#: what refers to a job and outlives it, and how
_OUTLIVES = (artifact, model_call, job)
#: table → the columns that name a job: what is removed with it
_BELONGS = {
    table: columns
    for table in metadata.sorted_tables
    if table not in _OUTLIVES
    if (columns := [c for c in table.c if any(key.column.table is job for key in c.foreign_keys)])
}


@dataclass(frozen=True, slots=True)
class Keep:
    """Which ended jobs stay: those that ended within `days`, and the `last` newest that succeeded and as many that did
    not. None: this keeps none; both None: all stay."""

    days: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """What was, or would be, removed: rows by table, and calls whose prompts and answers are forgotten."""

    jobs: int
    rows: dict[str, int]
    texts: int

    def __add__(self, other: Removed) -> Removed:
        names = {*self.rows, *other.rows}
        rows = {name: self.rows.get(name, 0) + other.rows.get(name, 0) for name in sorted(names)}
        return Removed(self.jobs + other.jobs, rows, self.texts + other.texts)


NOTHING = Removed(0, {}, 0)


def _is_old(conn: Connection, keep: Keep, *, rolled_up: bool) -> ColumnElement[bool]:
    """Of jobs that may go. The newest job of all stays: SQLite would give its id away again. `rolled_up`: only those
    that no tail holds any more."""
    old = [job.c.state.in_(TERMINAL), job.c.id < select(func.max(job.c.id)).scalar_subquery()]
    if rolled_up:
        old.append(~exists().where(job_tail.c.job_id == job.c.id))
    if keep.days is not None:
        old.append(job.c.finished_at < db_now_ms() - keep.days * DAY_MS)
    if keep.last is not None:
        good, other = (_newest(conn, keep.last, succeeded=succeeded) for succeeded in (True, False))
        old.append(job.c.id < case((job.c.state == "succeeded", good), else_=other))
    return and_(*old)


def _newest(conn: Connection, last: int, *, succeeded: bool) -> int:
    """The id from which on so many of the ended jobs are; 0: there are not so many."""
    if last == 0:
        return int(conn.execute(select(func.coalesce(func.max(job.c.id), 0) + 1)).scalar_one())
    if succeeded:
        nth = select(job.c.id).where(job.c.state == "succeeded").order_by(job.c.id.desc()).offset(last - 1).limit(1)
        return int(conn.execute(nth).scalar_one_or_none() or 0)
    ids: list[int] = []
    for state in set(TERMINAL) - {"succeeded"}:
        # each state's newest are at the end of an index of its own
        ids += conn.scalars(select(job.c.id).where(job.c.state == state).order_by(job.c.id.desc()).limit(last))
    return sorted(ids, reverse=True)[last - 1] if len(ids) >= last else 0


def list_removable(
    conn: Connection, keep: Keep, after: int, most: int, *, rolled_up: bool = True
) -> tuple[list[int], int | None]:
    """Of the next ended jobs from an id on, those that may be removed; and the id to go on after, None at the end.
    `rolled_up`: as `_is_old` has it; False: those, too, that may be once they are."""
    if keep == Keep():
        return [], None
    old = _is_old(conn, keep, rolled_up=rolled_up)
    looked_at = list(conn.scalars(select(job.c.id).where(job.c.id > after, old).order_by(job.c.id).limit(most)))
    if not looked_at:
        return [], None
    above = {i: {i} for i in looked_at}
    level = set(looked_at)
    while level:
        # each job of these → the parents that it was made by, or is waited for by
        parents = [
            *conn.execute(_made_by, {"ids": sorted(level)}),
            *conn.execute(_waited_for_by, {"ids": sorted(level)}),
        ]
        level = {parent for _, parent in parents} - set().union(*above.values())
        for family in above.values():
            family.update(parent for child, parent in parents if child in family)
    everybody = sorted(set().union(*above.values()))
    may_go = set(conn.scalars(select(job.c.id).where(old, among(job.c.id, _ids)), {"ids": everybody}))
    may_go.difference_update(_list_needed(conn), _list_unsettled(conn))
    return [i for i, family in above.items() if family <= may_go], looked_at[-1]


_made_by = select(job.c.id, job.c.parent_id).where(among(job.c.id, _ids), job.c.parent_id.isnot(None))
_waited_for_by = select(job_child.c.child_id, job_child.c.parent_id).where(among(job_child.c.child_id, _ids))


def _list_needed(conn: Connection) -> list[int]:
    """The jobs whose steps, children or answers somebody who is at work takes over."""
    columns = (job.c.replay_of, job.c.answers_from, job.c.reused_from)
    rows = conn.execute(select(*columns).where(job.c.state.in_(ACTIVE), or_(*(c.isnot(None) for c in columns))))
    return sorted({i for row in rows for i in row if i is not None})


def _list_unsettled(conn: Connection) -> list[int]:
    """The jobs whose cost is still to come, as of a clip that is being made although its job was cancelled: its task is
    asked for by its step."""
    return [i for (i,) in conn.execute(_unsettled)]


# each has an index of these few alone
_unsettled = union(
    select(step.c.job_id).where(step.c.state == "submitted"),
    select(model_call.c.job_id).where(model_call.c.expected_micros.isnot(None), model_call.c.job_id.isnot(None)),
)


def count_belongings(conn: Connection, ids: Sequence[int], gone: Set[int] = frozenset()) -> Removed:
    """What removing these jobs removes. `gone`: jobs that would be removed before them, with all that names them."""
    if not ids:
        return NOTHING
    rows: dict[str, int] = {}
    for table, columns in _BELONGS.items():
        # the job once more, for those that are rolled up
        if table is ended_job:
            continue
        named = or_(*(among(column, _ids) for column in columns))
        if len(columns) == 1:
            counted = select(func.count()).select_from(table).where(named)
            rows[table.name] = int(conn.execute(counted, {"ids": [*ids]}).scalar_one())
        else:
            found = conn.execute(select(*columns).where(named), {"ids": [*ids]})
            rows[table.name] = sum(gone.isdisjoint(row) for row in found)
    has_texts = or_(model_call.c.prompt.isnot(None), model_call.c.raw_output.isnot(None))
    counted = select(func.count()).where(among(model_call.c.job_id, _ids), has_texts)
    return Removed(len(ids), rows, int(conn.execute(counted, {"ids": [*ids]}).scalar_one()))


_of_job = select(job.c.node_id, job.c.created_by).where(job.c.id == model_call.c.job_id)
_keep_calls = (
    update(model_call)
    .where(among(model_call.c.job_id, _ids))
    .values(
        node_id=_of_job.with_only_columns(job.c.node_id).scalar_subquery(),
        created_by=_of_job.with_only_columns(job.c.created_by).scalar_subquery(),
        prompt=None,
        raw_output=None,
        template=None,
    )
)


def remove(conn: Connection, ids: Sequence[int]) -> Removed:
    """Remove these jobs. Their calls stay with tokens and cost, without what was said; versions stay with all that they
    are made of."""
    removed = count_belongings(conn, ids)
    if not ids:
        return removed
    given = {"ids": [*ids]}
    filing.unfile(conn, ids)
    rollups.keep_pruned(conn, ids)
    conn.execute(_keep_calls, given)
    for column in (model_call.c.job_id, artifact.c.job_id, job.c.parent_id, job.c.replay_of, job.c.answers_from):
        conn.execute(update(column.table).where(among(column, _ids)).values({column.name: None}), given)
    ended.remove(conn, ids)
    failures.remove(conn, ids)
    for table, columns in _BELONGS.items():
        for column in columns:
            conn.execute(delete(table).where(among(column, _ids)), given)
    conn.execute(delete(job).where(among(job.c.id, _ids)), given)
    return removed
