"""What a call is wasted by, from the rows themselves; and which calls may have become something else lately.

Each call counts once, under the first of these causes that holds: ``lost``: its worker was gone before the answer was
kept, so it was paid again; ``cancelled``: its job was cancelled; ``error``: the call failed after it was charged;
``invalid``: its answer broke schema or checks; ``job_failed``: its answer was good and its job failed all the same;
``superseded``: what was made with it was replaced within an hour before anything was made from it. What a later job
has taken over is not wasted by its own job's end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, and_, bindparam, case, exists, func, or_, select

from workbench.db.connection import Ids, among
from workbench.db.reads.usage import unpriced
from workbench.db.rollup_tables import job_tail, version_tail, waste_tail, wasted_call
from workbench.db.rollups import CALLS_AND_JOBS, USAGE_TAIL, call_dimensions
from workbench.db.rows.waste import WastedCall
from workbench.db.schema import ACTIVE, artifact, job, model_call, node, step, wasted_sql
from workbench.db.waste import FACTS, NONE

#: who replaces something within this time has not made use of it
SOON_MS = 3_600_000
#: calls that are looked at in one statement
BATCH = 5_000
#: jobs that came to nothing
_IN_VAIN = ("failed", "cancelled")

_ids = bindparam("ids", type_=Ids())
_call = model_call.c
_by_itself = case(
    (_call.outcome.in_(("lost", "late")), "lost"),
    ((_call.error_kind == "cancelled") & (_call.outcome == "error"), "cancelled"),
    (_call.outcome == "error", "error"),
    else_="invalid",
)
_has_version = exists().where(artifact.c.job_id == job.c.id)
_by_its_job = or_(wasted_call.c.kept.isnot(None), job.c.state.in_(_IN_VAIN), _has_version)
_dimensions = call_dimensions(_call, job.c)
#: what a narrow row holds of its call, beside the cause; of calls with their jobs
FACTS_OF_CALL = (
    _call.started_at,
    *(_dimensions[name].label(name) for name in NONE if name != "cause"),
    func.coalesce(_call.cost_micros, 0).label("cost_micros"),
    case((unpriced, 1), else_=0).label("unpriced"),
)
_candidates = (
    select(
        _call.id, *FACTS_OF_CALL, case((wasted_sql, _by_itself)).label("own"), wasted_call.c.kept, job.c.state,
        _call.job_id, func.coalesce(_call.step, "").label("step"),
    )
    .select_from(CALLS_AND_JOBS.outerjoin(wasted_call, wasted_call.c.call_id == _call.id))
    .where(
        among(_call.id, _ids),
        or_(_call.cost_micros > 0, unpriced),
        or_(wasted_sql, and_(_call.outcome == "ok", _by_its_job)),
    )
)  # fmt: skip


def look(conn: Connection, call_ids: Sequence[int]) -> list[WastedCall]:
    """Those of these calls that are wasted, as it is now."""
    found: list[WastedCall] = []
    for begin in range(0, len(call_ids), BATCH):
        rows = conn.execute(_candidates, {"ids": [*call_ids[begin : begin + BATCH]]}).all()
        open_rows = [r for r in rows if r.own is None and r.kept is None]
        in_vain = {r.job_id for r in open_rows if r.state in _IN_VAIN}
        taken = find_taken_over(conn, in_vain)
        superseded = find_superseded(conn, {r.job_id for r in open_rows if r.job_id is not None} - in_vain)
        for row in rows:
            cause = row.own
            if cause is None and row.kept is not None:
                cause = row.kept or None
            elif cause is None and row.job_id in in_vain and (row.job_id, row.step) not in taken:
                cause = "cancelled" if row.state == "cancelled" else "job_failed"
            elif cause is None and row.job_id in superseded:
                cause = "superseded"
            if cause is not None:
                facts = {name: getattr(row, name) for name in FACTS if name != "cause"}
                found.append(WastedCall(row.id, cause, **facts))
    return found


_takers = (
    select(step.c.job_id, step.c.name, step.c.reused_from, job.c.replay_of, job.c.state)
    .join(job, job.c.id == step.c.job_id)
    .where(among(step.c.reused_from, _ids))
)


def find_taken_over(conn: Connection, job_ids: Iterable[int], *, ended: bool = False) -> set[tuple[int, str]]:
    """(job, step) of these and their takers that a later job, which came to something or is at work, has taken over,
    through any number of hops. `ended`: which came to something."""
    level, seen = set(job_ids), set[int]()
    good: list[tuple[int, str]] = []
    below: dict[tuple[int, str], list[int]] = defaultdict(list)
    while level:
        seen |= level
        takers = conn.execute(_takers, {"ids": sorted(level)}).all()
        for row in takers:
            below[row.job_id, row.name].append(row.reused_from)
            vain = row.state in (*_IN_VAIN, *ACTIVE) if ended else row.state in _IN_VAIN
            if row.replay_of is not None and not vain:
                good.append((row.reused_from, row.name))
        level = {row.job_id for row in takers} - seen
    taken: set[tuple[int, str]] = set()
    while good:
        pair = good.pop()
        if pair not in taken:
            taken.add(pair)
            good += [(job_id, pair[1]) for job_id in below.get(pair, ())]
    return taken


_taken_by = select(step.c.reused_from).where(among(step.c.job_id, _ids), step.c.reused_from.isnot(None)).distinct()


def list_taken(conn: Connection, job_ids: Iterable[int]) -> set[int]:
    """The jobs whose steps these have taken over, and those whose steps they have, and so on."""
    level, found = set(job_ids), set[int]()
    while level:
        level = {*conn.scalars(_taken_by, {"ids": sorted(level)})} - found
        found |= level
    return found


_later = artifact.alias("later")
_replaced = (
    select(artifact.c.id, artifact.c.job_id, node.c.project_id)
    .join(_later, (_later.c.node_id == artifact.c.node_id) & (_later.c.kind == artifact.c.kind)
          & (_later.c.version == artifact.c.version + 1))
    .join(node, node.c.id == artifact.c.node_id)
    .join(job, job.c.id == artifact.c.job_id)
    .where(
        among(artifact.c.job_id, _ids), job.c.state.in_(("succeeded", "partial")),
        artifact.c.source == "ai", _later.c.source == "ai",
        _later.c.created_at - artifact.c.created_at < SOON_MS,
    )
)  # fmt: skip


def find_superseded(conn: Connection, job_ids: Collection[int]) -> set[int]:
    """Those of these jobs whose version was replaced by another run within an hour, and from which nothing was made.

    By hand, restored and pinned versions replace nothing unseen: somebody looked.
    """
    if not job_ids:
        return set()
    by_project: dict[int | None, list[tuple[int, int]]] = defaultdict(list)
    for artifact_id, job_id, project_id in conn.execute(_replaced, {"ids": sorted(job_ids)}):
        by_project[project_id].append((artifact_id, job_id))
    unused: set[int] = set()
    for project_id, versions in by_project.items():
        first = min(artifact_id for artifact_id, _ in versions)
        made = (
            select(artifact.c.inputs)
            .join(node, node.c.id == artifact.c.node_id)
            .where(node.c.project_id == project_id, artifact.c.id > first)
        )
        used = {entry.get("artifact_id") for (inputs,) in conn.execute(made) for entry in inputs or []}
        unused |= {job_id for artifact_id, job_id in versions if artifact_id not in used}
    return unused


_earlier = artifact.alias("earlier")
_before = (
    select(artifact.c.job_id, _earlier.c.job_id, artifact.c.inputs)
    .outerjoin(_earlier, (_earlier.c.node_id == artifact.c.node_id) & (_earlier.c.kind == artifact.c.kind)
               & (_earlier.c.version == artifact.c.version - 1))
    .where(among(artifact.c.id, _ids))
)  # fmt: skip
_makers = select(artifact.c.job_id).where(among(artifact.c.id, _ids), artifact.c.job_id.isnot(None))


def list_concerned(conn: Connection, version_ids: Sequence[int]) -> set[int]:
    """The jobs that made these versions, those which they replaced and those which they use."""
    rows = conn.execute(_before, {"ids": [*version_ids]}).all() if version_ids else []
    used = {entry.get("artifact_id") for _, _, inputs in rows for entry in inputs or []} - {None}
    makers = {*conn.scalars(_makers, {"ids": sorted(used)})} if used else set()
    return makers | {job_id for own, before, _ in rows for job_id in (own, before) if job_id is not None}


#: those of some jobs that came to nothing
IN_VAIN = select(job.c.id).where(among(job.c.id, _ids), job.c.state.in_(_IN_VAIN))


def list_jobs_in_question(conn: Connection, ended: Sequence[int], version_ids: Sequence[int]) -> set[int]:
    """The jobs whose calls may be wasted, or be so no more, now that these have ended and those versions are there."""
    in_question = list_concerned(conn, version_ids)
    if ended:
        in_question |= {*conn.scalars(IN_VAIN, {"ids": [*ended]})}
        in_question |= find_superseded(conn, ended)
        in_question |= list_taken(conn, ended)
    return in_question


_calls_of = select(_call.id).where(among(_call.job_id, _ids)).order_by(_call.id)


def list_calls_of(conn: Connection, job_ids: Iterable[int]) -> list[int]:
    """The calls of these jobs."""
    given = sorted(job_ids)
    return [*conn.scalars(_calls_of, {"ids": given})] if given else []


_rolled_up_later = (
    select(_call.id)
    .select_from(
        USAGE_TAIL.outerjoin(job, job.c.id == _call.job_id).outerjoin(wasted_call, wasted_call.c.call_id == _call.id)
    )
    .where(or_(wasted_sql, wasted_call.c.call_id.isnot(None), _by_its_job))
)
_replays_at_work = select(job.c.id).where(job.c.state.in_(ACTIVE), job.c.replay_of.isnot(None))


def list_in_question(conn: Connection) -> list[int]:
    """The calls that may be something else than the sums hold, in order."""
    found = {*conn.scalars(_rolled_up_later), *conn.scalars(select(waste_tail.c.call_id))}
    ended = [*conn.scalars(select(job_tail.c.job_id))]
    jobs = list_jobs_in_question(conn, ended, [*conn.scalars(select(version_tail.c.artifact_id))])
    jobs |= list_taken(conn, conn.scalars(_replays_at_work))
    found.update(list_calls_of(conn, jobs))
    return sorted(found)
