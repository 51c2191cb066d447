"""What bulk jobs have done, job by job."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, exists, func, literal, select

from workbench.db.connection import Ids, among
from workbench.db.reads.job_lists import count_exactly, restrict
from workbench.db.rows.jobs import BulkItem, JobFilters
from workbench.db.rows.record import columns, fetch
from workbench.db.schema import TERMINAL, bulk_item, job

#: any id is below it
ABOVE_ALL = 1 << 62


def find_reached(conn: Connection, bulk_id: int) -> int | None:
    """The job that a bulk job has come to, from the newest to the oldest; None before the first."""
    query = select(func.min(bulk_item.c.job_id)).where(bulk_item.c.bulk_id == bulk_id)
    reached: int | None = conn.execute(query).scalar_one()
    return reached


def list_next(conn: Connection, filters: JobFilters, below: int, kind: str, limit: int) -> list[int]:
    """The ids of the newest matching jobs below one; those of `kind` left out."""
    query = restrict(conn, select(job.c.id).where(job.c.id < below, job.c.kind != kind), filters)
    return list(conn.execute(query.order_by(job.c.id.desc()).limit(limit)).scalars())


def filter_matching(conn: Connection, filters: JobFilters, ids: Collection[int]) -> set[int]:
    """Those of these jobs that match."""
    mine = among(job.c.id, literal(sorted(ids), type_=Ids()))
    return set(conn.scalars(restrict(conn, select(job.c.id).where(mine), filters)))


def count(conn: Connection, filters: JobFilters, kind: str) -> tuple[int, int]:
    """How many jobs match, and the newest id of them; those of `kind` left out."""
    total = count_exactly(conn, **filters)
    if filters.get("kind") in (None, "", kind):
        of_kind: JobFilters = {**filters, "kind": kind}
        total -= count_exactly(conn, **of_kind)
    newest = list_next(conn, filters, ABOVE_ALL, kind, 1)
    return total, newest[0] if newest else 0


def list_items(
    conn: Connection, bulk_id: int, *, below: int | None = None, limit: int = 50, outcomes: Sequence[str] = (),
    but: Sequence[int] = (),
) -> list[BulkItem]:  # fmt: skip
    """The newest jobs first; `below`: a job's id, for the next page; `but`: bulk jobs that have settled theirs."""
    query = select(*columns(BulkItem, bulk_item)).where(bulk_item.c.bulk_id == bulk_id)
    if below is not None:
        query = query.where(bulk_item.c.job_id < below)
    if outcomes:
        query = query.where(bulk_item.c.outcome.in_(list(outcomes)))
    query = query.where(*_not_settled(but))
    return fetch(conn, BulkItem, query.order_by(bulk_item.c.job_id.desc()).limit(limit))


def list_some(conn: Connection, bulk_id: int, ids: Collection[int], *, but: Sequence[int] = ()) -> list[BulkItem]:
    """What was done with these jobs, the newest first."""
    mine = among(bulk_item.c.job_id, literal(sorted(ids), type_=Ids()))
    query = select(*columns(BulkItem, bulk_item)).where(bulk_item.c.bulk_id == bulk_id, mine, *_not_settled(but))
    return fetch(conn, BulkItem, query.order_by(bulk_item.c.job_id.desc()))


def _not_settled(by: Sequence[int]) -> list[ColumnElement[bool]]:
    """Of items of which none of these bulk jobs has done its part; what one was refused is still to be done."""
    if not by:
        return []
    done = bulk_item.alias()
    settled = exists().where(
        done.c.bulk_id.in_(by), done.c.job_id == bulk_item.c.job_id, done.c.outcome != "refused"
    )  # fmt: skip
    return [~settled]


def undo_key(bulk_id: int, earlier: Sequence[int]) -> str:
    """The submit key of a bulk job's undo that comes after these."""
    return f"undo bulk {bulk_id}" + (f" after {earlier[-1]}" if earlier else "")


def list_left_undos(conn: Connection, bulk_id: int, outcome: str) -> list[int]:
    """The undos of a bulk job that have ended with something left to undo, of what came to this outcome, one after the
    other."""
    earlier: list[int] = []
    while (undo := _find_ended(conn, undo_key(bulk_id, earlier))) is not None:
        tried = [*earlier, undo]
        if not count_outcomes(conn, bulk_id, but=tried).get(outcome):
            break
        earlier = tried
    return earlier


def _find_ended(conn: Connection, submit_key: str) -> int | None:
    query = select(job.c.id).where(job.c.submit_key == submit_key, job.c.state.in_(TERMINAL))
    found: int | None = conn.execute(query).scalar_one_or_none()
    return found


def count_outcomes(conn: Connection, bulk_id: int, *, but: Sequence[int] = ()) -> dict[str, int]:
    query = select(bulk_item.c.outcome, func.count()).where(bulk_item.c.bulk_id == bulk_id, *_not_settled(but))
    return {outcome: int(n) for outcome, n in conn.execute(query.group_by(bulk_item.c.outcome))}
