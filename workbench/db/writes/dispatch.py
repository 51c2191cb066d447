"""Handing ready jobs to the broker: what is under way, what is next, what was sent and never came."""

from __future__ import annotations

from sqlalchemy import Connection, and_, bindparam, case, func, literal, or_, select, text, update

from workbench.db.connection import Ids, among, db_now_ms
from workbench.db.rows.jobs import WORKER_SILENT_MS
from workbench.db.schema import ACTIVE, job, worker
from workbench.db.writes.claims import lock_all, running_under
from workbench.db.writes.installation import gates

_runs_at = case((job.c.state == "running", job.c.worker))
_in_flight = (
    select(job.c.queue, _runs_at, func.count(), func.max(worker.c.threads))
    .select_from(job)
    .outerjoin(worker, and_(worker.c.name == job.c.worker, job.c.state == "running"))
    .where(
        job.c.state.in_(ACTIVE),
        or_(job.c.state == "running", and_(job.c.state == "queued", job.c.dispatched_at.isnot(None))),
    )
    .group_by(job.c.queue, _runs_at)
)
_live_threads = select(func.coalesce(func.sum(worker.c.threads), 0)).where(
    worker.c.seen_at > db_now_ms() - bindparam("grace_ms"), worker.c.drain_at.is_(None)
)


def live_threads(conn: Connection, grace_ms: int = WORKER_SILENT_MS) -> int:
    """Threads of workers that live and may take something new."""
    return int(conn.execute(_live_threads, {"grace_ms": grace_ms}).scalar_one())


def in_flight(conn: Connection) -> dict[str, int]:
    """Per queue: jobs that keep a thread busy, or are on their way in Redis.

    Short jobs are claimed several at a time: a worker counts for no more of them than it has threads.
    """
    counts: dict[str, int] = {}
    for queue, _, count, threads in conn.execute(_in_flight):
        counts[queue] = counts.get(queue, 0) + (count if threads is None else min(count, threads))
    return counts


#: in words that the partial index of ready rows is declared with; a bound value would not use it
_is_ready = text("job.state = 'queued' AND job.dispatched_at IS NULL")
#: from one queue to the next in that index, instead of through all rows of all queues
_first_queue = select(func.min(job.c.queue).label("queue")).where(_is_ready).cte("ready_queue", recursive=True)
_all_queues = _first_queue.union_all(
    select(select(func.min(job.c.queue)).where(_is_ready, job.c.queue > _first_queue.c.queue).scalar_subquery()).where(
        _first_queue.c.queue.isnot(None)
    )
)
_ready_queues = select(_all_queues.c.queue).where(_all_queues.c.queue.isnot(None))


def ready_queues(conn: Connection) -> list[str]:
    return [q for (q,) in conn.execute(_ready_queues)]


def more_are_ready(conn: Connection, count: int) -> bool:
    """Whether more rows than this are ready; looks at no more of them than it must."""
    return conn.execute(_beyond, {"count": count}).scalar_one_or_none() is not None


_beyond = select(literal(1)).select_from(job).where(_is_ready).limit(1).offset(bindparam("count"))


def ready(conn: Connection, queue: str, limit: int) -> list[tuple[int, str]]:
    """(id, kind) of a queue's ready jobs: priority, then fair share between projects, then age; paused ones and full
    ones left out."""
    closed = [
        g.key
        for g in gates(conn)
        if g.paused or (g.max_running is not None and running_under(conn, g.key) >= g.max_running)
    ]
    if f"queue:{queue}" in closed:
        return []
    turn = (
        func.row_number().over(partition_by=job.c.project_id, order_by=(job.c.priority.desc(), job.c.id)).label("turn")
    )
    query = select(job.c.id, job.c.kind, job.c.priority, turn).where(
        job.c.state == "queued",
        job.c.dispatched_at.is_(None),
        job.c.queue == queue,
        job.c.cancel_at.is_(None),
        job.c.available_at <= db_now_ms(),
    )
    for key in closed:
        name, value = key.split(":", 1)
        if name == "kind":
            query = query.where(job.c.kind != value)
        elif name in ("project", "profile"):
            column = job.c.project_id if name == "project" else job.c.profile_id
            query = query.where(or_(column.is_(None), column != int(value)))
    ranked = query.subquery()
    picked = (
        select(ranked.c.id, ranked.c.kind).order_by(ranked.c.priority.desc(), ranked.c.turn, ranked.c.id).limit(limit)
    )
    return [(job_id, kind) for job_id, kind in conn.execute(picked)]


_due = (
    select(job.c.id)
    .where(job.c.state == "queued", job.c.kind == bindparam("kind"), job.c.available_at <= db_now_ms())
    .order_by(job.c.priority.desc(), job.c.id)
    .limit(16)
)


def list_due(conn: Connection, kind: str) -> list[int]:
    """The next jobs of a kind that may begin, sent already or not."""
    return list(conn.execute(_due, {"kind": kind}).scalars())


_mark = (
    update(job)
    .where(
        among(job.c.id, bindparam("b_ids", type_=Ids())),
        job.c.state == "queued",
        job.c.dispatched_at.is_(None),
    )
    .values(dispatched_at=db_now_ms())
    .returning(job.c.id)
)


def mark_dispatched(conn: Connection, ids: list[int]) -> list[int]:
    """Mark rows as sent; returns those that this pass marked, in the given order."""
    marked = {i for (i,) in conn.execute(_mark, {"b_ids": lock_all(conn, ids, wait=False)})}
    return [i for i in ids if i in marked]


_lost_dispatch = (
    update(job)
    .where(
        job.c.state == "queued",
        job.c.dispatched_at < db_now_ms() - bindparam("b_lost_ms"),
        job.c.available_at < db_now_ms() - bindparam("b_due_ms"),
    )
    .values(dispatched_at=None)
)


def clear_lost_dispatches(conn: Connection, lost_ms: int, due_ms: int = 5000) -> int:
    """Rows sent but never claimed are to be sent again."""
    return conn.execute(_lost_dispatch, {"b_lost_ms": lost_ms, "b_due_ms": due_ms}).rowcount


def has_lost_dispatches(conn: Connection, lost_ms: int, due_ms: int = 5000) -> bool:
    query = (
        select(literal(1))
        .where(
            job.c.state == "queued",
            job.c.dispatched_at < db_now_ms() - lost_ms,
            job.c.available_at < db_now_ms() - due_ms,
        )
        .limit(1)
    )
    return conn.execute(query).scalar_one_or_none() is not None


def clear_all_dispatches(conn: Connection) -> int:
    return conn.execute(
        update(job).where(job.c.state == "queued", job.c.dispatched_at.isnot(None)).values(dispatched_at=None)
    ).rowcount


def unmark_dispatched(conn: Connection, ids: list[int]) -> None:
    """The message was not sent after all."""
    conn.execute(update(job).where(job.c.id.in_(ids), job.c.state == "queued").values(dispatched_at=None))
