"""Narrow rows of ended jobs (`schema.ended_job`), written with the rollups, from the same tails."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from workbench.db.connection import Ids, among
from workbench.db.reads import ended as reads
from workbench.db.schema import TERMINAL, ended_job, job, model_call
from workbench.db.writes.installation import upsert

_ids = bindparam("ids", type_=Ids())
_callers = reads.with_parents(
    select(model_call.c.job_id.label("job_id")).where(among(model_call.c.id, _ids), model_call.c.job_id.isnot(None))
)
_ended_callers = select(job.c.id).join(_callers, _callers.c.job_id == job.c.id).where(job.c.state.in_(TERMINAL))
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
        new = upsert(conn, ended_job)
        changed = {c.name: new.excluded[c.name] for c in ended_job.c if c.name != "job_id"}
        conn.execute(new.on_conflict_do_update(index_elements=["job_id"], set_=changed), rows)


def save_callers(conn: Connection, call_ids: Sequence[int]) -> None:
    """The same of the ended jobs that made these calls, and of all whose children they are."""
    save(conn, [*conn.scalars(_ended_callers, {"ids": [*call_ids]})])
