"""What is kept of failures beside their jobs, and what people say of a group of them.

A job's end writes its own failure and marks those that it has made good, in the same transaction. So what Debug counts
is exact at every moment.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from importlib.metadata import version
from typing import Any, Literal

from sqlalchemy import (
    Boolean,
    CompoundSelect,
    Connection,
    String,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from workbench.db.connection import Ids, among, db_now_ms
from workbench.db.reads.failures import select_repairs
from workbench.db.schema import FAILED, failure, failure_facet, failure_group, job, model_call, webhook

GroupState = Literal["open", "resolved", "ignored"]

_last_model = (
    select(model_call.c.model)
    .where(model_call.c.job_id == job.c.id)
    .order_by(model_call.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_COLUMNS = (
    "job_id", "fingerprint", "finished_at", "project_id", "kind", "node_id", "params_hash", "profile_id", "model",
    "version",
)  # fmt: skip
_of_job = (
    job.c.id, job.c.error_fingerprint, func.coalesce(job.c.finished_at, job.c.created_at), job.c.project_id,
    job.c.kind, job.c.node_id, job.c.params_hash, job.c.profile_id, _last_model,
)  # fmt: skip
_failed = and_(job.c.state.in_(FAILED), job.c.error_fingerprint.isnot(None))
_add = insert(failure).from_select(
    _COLUMNS,
    select(*_of_job, bindparam("b_version", type_=failure.c.version.type)).where(
        job.c.id == bindparam("b_job_id"), _failed
    ),
)
_regress = (
    update(failure_group)
    .where(failure_group.c.fingerprint == bindparam("b_fingerprint"), failure_group.c.state == "resolved")
    .values(
        state="regressed",
        changed_at=db_now_ms(),
        changed_by=None,
        job_id=bindparam("b_job_id"),
        untold=select(literal(1)).where(webhook.c.enabled.is_(True)).exists(),
    )
)
#: of the worker that writes
VERSION = version("reelwright")[:20]


def add(conn: Connection, job_id: int, fingerprint: str) -> None:
    """A job has failed in this transaction; a group that was resolved has regressed. The transaction's last write: it
    may wait for another failure of the group."""
    conn.execute(_add, {"b_job_id": job_id, "b_version": VERSION})
    add_facets(conn, [job_id])
    conn.execute(_regress, {"b_job_id": job_id, "b_fingerprint": fingerprint})


_unrepaired = failure.c.repaired_by.is_(None)
_ids = bindparam("b_ids", type_=Ids())
_facet_of = tuple(
    (func.coalesce(own, literal("" if isinstance(own.type, String) else 0, own.type)) if own.nullable else own).label(
        own.name
    )
    for own in (failure.c[column.name] for column in failure_facet.c)
)
# in one order, so that two writers do not wait for each other
_facets = select(*_facet_of).distinct().order_by(*(own.name for own in _facet_of))


def add_facets(conn: Connection, job_ids: Collection[int] | None = None) -> None:
    """What failures of these jobs, or of all, are of; what is known already stays as it is."""
    query = _facets.where(true() if job_ids is None else among(failure.c.job_id, _ids))
    dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
    new = dialect.insert(failure_facet).from_select([own.name for own in _facet_of], query).on_conflict_do_nothing()
    conn.execute(new, {} if job_ids is None else {"b_ids": sorted(job_ids)})


def remove(conn: Connection, job_ids: Collection[int]) -> None:
    """Forget the failures of jobs that are removed, and what no other failure of their groups is of."""
    mine = among(failure.c.job_id, _ids)
    names = conn.scalars(select(failure.c.fingerprint).where(mine).distinct(), {"b_ids": [*job_ids]}).all()
    if not names:
        return
    conn.execute(delete(failure).where(mine), {"b_ids": [*job_ids]})
    left = select(literal(1)).where(*(own.element == failure_facet.c[own.name] for own in _facet_of)).exists()
    conn.execute(delete(failure_facet).where(failure_facet.c.fingerprint.in_(names), ~left))


_failed_job = job.alias("failed_job")


def _list_repairs() -> CompoundSelect[Any]:
    """(failed job, job of these that has made it good)."""
    line = (
        select(job.c.id.label("repair"), job.c.replay_of.label("id"))
        .where(among(job.c.id, _ids), job.c.replay_of.isnot(None))
        .cte("line", recursive=True)
    )
    above = job.alias("above")
    line = line.union(
        select(line.c.repair, above.c.replay_of)
        .join_from(line, above, above.c.id == line.c.id)
        .where(above.c.replay_of.isnot(None))
    )
    replayed = select(failure.c.job_id, line.c.repair).join_from(line, failure, failure.c.job_id == line.c.id)
    # The few jobs first: else SQLite takes every failure without a node, and for each all later jobs of its kind.
    given = select(job.c.id, job.c.kind, job.c.node_id, job.c.params).where(among(job.c.id, _ids))
    own = given.cte("own").prefix_with("MATERIALIZED")
    again = and_(failure.c.kind == own.c.kind, failure.c.job_id < own.c.id, _unrepaired)
    ways = [replayed]
    for same_node in (failure.c.node_id == own.c.node_id, and_(failure.c.node_id.is_(None), own.c.node_id.is_(None))):
        # whichever profile it ran under
        params = select(_failed_job.c.params).where(_failed_job.c.id == failure.c.job_id).scalar_subquery()
        same_work = or_(and_(bindparam("b_whole", type_=Boolean()), own.c.node_id.isnot(None)), params == own.c.params)
        ways.append(select(failure.c.job_id, own.c.id).join_from(own, failure, same_node).where(again, same_work))
    return union_all(*ways)


_repairs = _list_repairs()
_set_repair = (
    update(failure)
    .where(failure.c.job_id == bindparam("b_failed"))
    .where(or_(_unrepaired, failure.c.repaired_by < bindparam("b_repair")))
    .values(repaired_by=bindparam("b_repair"))
)


def mark_repaired(conn: Connection, ids: Collection[int], *, whole: bool = False) -> None:
    """These jobs have succeeded in this transaction: what failed before and they make good is so.

    `whole`: any run of their kind does all of its node's work; else only one with the same params does.
    """
    found = conn.execute(_repairs, {"b_ids": list(ids), "b_whole": whole}).all()
    if found:
        conn.execute(_set_repair, [{"b_failed": old, "b_repair": new} for old, new in sorted(found)])


def fill(conn: Connection, ids: Sequence[int] | None = None, whole: Collection[str] = ()) -> None:
    """Write what is kept of failures that came another way than by their job's end: of these jobs, or of all.

    `whole`: the kinds of which any run does all of its node's work.
    """
    listed = [] if ids is None else [among(job.c.id, literal(sorted(ids), type_=Ids()))]
    known = select(literal(1)).where(failure.c.job_id == job.c.id).exists()
    rows = select(*_of_job, literal(None, failure.c.version.type)).where(_failed, *listed, ~known)
    conn.execute(insert(failure).from_select(_COLUMNS, rows))
    repairs = select_repairs([_failed, *listed], whole).subquery()
    newest = select(func.max(repairs.c.repair)).where(repairs.c.job_id == failure.c.job_id).scalar_subquery()
    mine = failure.c.job_id.in_(select(repairs.c.job_id))
    conn.execute(update(failure).where(mine).values(repaired_by=newest))
    add_facets(conn, ids)


def set_state(conn: Connection, fingerprint: str, state: GroupState, user: str) -> None:
    """What people say of a group; `open` takes back what was said."""
    values = {"state": state, "changed_by": user, "changed_at": db_now_ms(), "job_id": None, "untold": False}
    dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
    row = dialect.insert(failure_group).values(fingerprint=fingerprint, **values)
    conn.execute(row.on_conflict_do_update(index_elements=["fingerprint"], set_=values))


def take_untold(conn: Connection) -> list[tuple[str, int, int | None]]:
    """(fingerprint, when it regressed, by which job) of the groups whose mark this transaction takes away."""
    marked = (
        update(failure_group)
        .where(failure_group.c.untold == true())
        .values(untold=False)
        .returning(failure_group.c.fingerprint, failure_group.c.changed_at, failure_group.c.job_id)
    )
    return [(row.fingerprint, row.changed_at, row.job_id) for row in conn.execute(marked)]
