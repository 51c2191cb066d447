"""Narrow rows of ended jobs (`schema.ended_job`) and their counts (`schema.ended_count`), written with the rollups,
from the same tails. One process writes them at a time: whoever does so holds the lock of the rollups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select

from workbench.db import measures
from workbench.db.connection import Ids, among
from workbench.db.reads import ended as reads
from workbench.db.reads import families
from workbench.db.schema import TERMINAL, ended_count, ended_job, job, model_call
from workbench.db.writes.installation import upsert

_ids = bindparam("ids", type_=Ids())
_callers = select(model_call.c.job_id).where(among(model_call.c.id, _ids), model_call.c.job_id.isnot(None)).distinct()
_facts = select(
    job.c.id.label("job_id"),
    job.c.state,
    job.c.kind,
    job.c.project_id,
    job.c.profile_id,
    job.c.error_kind,
    job.c.created_at,
    (job.c.finished_at - job.c.started_at).label("run_ms"),
).where(among(job.c.id, _ids), job.c.state.in_(TERMINAL))


def save(conn: Connection, job_ids: Sequence[int]) -> None:
    """Write these jobs' rows as they are now."""
    costs = reads.sum_costs(conn, job_ids)
    rows = []
    for fact in conn.execute(_facts, {"ids": [*job_ids]}).mappings():
        cny, usd = costs.get(fact["job_id"], (None, None))
        rows.append({**fact, "cny_micros": cny, "usd_micros": usd})
    if rows:
        counts: Counter[tuple[str, int, str]] = Counter()
        for row in rows:
            counts.update(measures.list_buckets(row))
        _count(conn, counts, [row["job_id"] for row in rows])
        new = upsert(conn, ended_job)
        changed = {c.name: new.excluded[c.name] for c in ended_job.c if c.name != "job_id"}
        conn.execute(new.on_conflict_do_update(index_elements=["job_id"], set_=changed), rows)


def remove(conn: Connection, job_ids: Sequence[int]) -> None:
    """Take these jobs' rows away."""
    _count(conn, Counter(), job_ids)
    conn.execute(delete(ended_job).where(among(ended_job.c.job_id, _ids)), {"ids": [*job_ids]})


_now = select(ended_job).where(among(ended_job.c.job_id, _ids))


def _count(conn: Connection, counts: Counter[tuple[str, int, str]], job_ids: Sequence[int]) -> None:
    """Add these counts, and take away what these jobs' rows count for up to now."""
    for row in conn.execute(_now, {"ids": [*job_ids]}).mappings():
        counts.subtract(measures.list_buckets(row))
    rows = [
        {"measure": measure, "bucket": bucket, "state": state, "jobs": jobs}
        for (measure, bucket, state), jobs in sorted(counts.items())
        if jobs
    ]
    if rows:
        new = upsert(conn, ended_count)
        names = ("measure", "bucket", "state")
        more = new.on_conflict_do_update(index_elements=names, set_={"jobs": ended_count.c.jobs + new.excluded.jobs})
        conn.execute(more, rows)


def save_callers(conn: Connection, call_ids: Sequence[int]) -> None:
    """The same of the ended jobs that made these calls, and of all whose children they are."""
    # those that have not ended yet are left out there
    save(conn, sorted(families.list_above(conn, conn.scalars(_callers, {"ids": [*call_ids]}))))
