"""Questions about failures: their groups, what has made them good, and what a retry would take over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Select, and_, bindparam, case, func, literal, or_, select

from workbench.db.connection import Ids, among
from workbench.db.reads.jobs import find_many
from workbench.db.rows.jobs import FailureGroup, Job
from workbench.db.rows.record import columns, fetch
from workbench.db.schema import ACTIVE, FAILED, artifact, artifact_head, job, job_child, model_call, step

_job = columns(Job, job)
_later = job.alias("later")


@dataclass(frozen=True, slots=True)
class FailureScope:
    """Which failures: of a project, ended at or after a time (epoch ms); None is no filter.

    `whole`: the kinds of which any run does all of its node's work, so that a later one makes good an older one; of
    the others only a run with the same params does.
    """

    project: int | None = None
    since: int | None = None
    whole: Collection[str] = ()


def _in_scope(scope: FailureScope) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [job.c.state.in_(FAILED), job.c.error_fingerprint.isnot(None)]
    if scope.since is not None:
        conditions.append(job.c.finished_at >= scope.since)
    if scope.project is not None:
        conditions.append(job.c.project_id == scope.project)
    return conditions


def _equal_run(whole: Collection[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """`_later` is a run of the same thing that came after `job`: on its node, or of a job without one."""
    again = and_(_later.c.kind == job.c.kind, _later.c.id > job.c.id, _later.c.state == "succeeded")
    same_work = or_(job.c.kind.in_(whole), _later.c.params == job.c.params)
    return (
        and_(_later.c.node_id == job.c.node_id, again, same_work),
        and_(_later.c.params_hash == job.c.params_hash, _later.c.node_id.is_(None), job.c.node_id.is_(None), again),
    )


def _line(conditions: Iterable[ColumnElement[bool]]) -> CTE:
    """(root, id, state) of all that was replayed from these jobs, over any number of hops."""
    first, next_ = job.alias("first_replay"), job.alias("next_replay")
    line = (
        select(job.c.id.label("root"), first.c.id.label("id"), first.c.state.label("state"))
        .join_from(job, first, first.c.replay_of == job.c.id)
        .where(*conditions)
        .cte("line", recursive=True)
    )
    return line.union(
        select(line.c.root, next_.c.id, next_.c.state).join_from(line, next_, next_.c.replay_of == line.c.id)
    )


def _made_good(conditions: Iterable[ColumnElement[bool]], whole: Collection[str]) -> ColumnElement[bool]:
    line = _line(conditions)
    return or_(
        job.c.id.in_(select(line.c.root).where(line.c.state == "succeeded")),
        *(select(literal(1)).where(run).exists() for run in _equal_run(whole)),
    )


def list_failures(conn: Connection, scope: FailureScope, *, limit: int | None = None) -> list[FailureGroup]:
    """Failed jobs grouped by fingerprint, the most frequent first.

    A failure that was made good – by a replay of it, or by a later run of the same thing – stays listed: `replayed`
    counts those.
    """
    conditions = _in_scope(scope)
    query = (
        select(
            job.c.error_fingerprint.label("fingerprint"),
            func.count().label("count"),
            func.min(job.c.finished_at).label("first_at"),
            func.max(job.c.finished_at).label("last_at"),
            func.max(job.c.id).label("newest_id"),
            func.sum(case((_made_good(conditions, scope.whole), 1), else_=0)).label("replayed"),
        )
        .where(*conditions)
        .group_by(job.c.error_fingerprint)
        .order_by(func.count().desc(), func.max(job.c.id).desc())
        .limit(limit)
    )
    groups = conn.execute(query).all()
    newest = {last.id: last for last in find_many(conn, [group.newest_id for group in groups])}
    return [_failure_group(conn, scope, group, newest[group.newest_id]) for group in groups]


def _failure_group(conn: Connection, scope: FailureScope, sums: Any, newest: Job) -> FailureGroup:
    projects_and_kinds = conn.execute(
        select(job.c.project_id, job.c.kind)
        .where(job.c.error_fingerprint == sums.fingerprint, *_in_scope(scope))
        .distinct()
    ).all()
    projects = sorted({project for project, _ in projects_and_kinds if project is not None})
    kinds = sorted({kind for _, kind in projects_and_kinds})
    values = [*sums, newest.error_kind, newest.error, newest.error_i18n, projects, kinds]
    return FailureGroup(*values)


def _of_group(fingerprint: str, scope: FailureScope) -> Select[Any]:
    query = select(*_job).where(job.c.error_fingerprint == fingerprint, *_in_scope(scope))
    return query.order_by(job.c.id.desc())


def list_with_fingerprint(
    conn: Connection, fingerprint: str, scope: FailureScope, *, limit: int | None = None
) -> list[Job]:
    """The failures of a group, newest first."""
    return fetch(conn, Job, _of_group(fingerprint, scope).limit(limit))


def find_repairs(conn: Connection, ids: Collection[int], whole: Collection[str] = ()) -> dict[int, int]:
    """Job → the job that has made it good: the newest that succeeded among its replays, or a later run of the same
    thing. Jobs that nothing has made good are left out."""
    listed = among(job.c.id, literal(sorted(ids), type_=Ids()))
    line = _line([listed])
    replayed = select(line.c.root, func.max(line.c.id)).where(line.c.state == "succeeded").group_by(line.c.root)
    # asked job by job: a join makes PostgreSQL read every job that has succeeded
    again = [
        select(job.c.id, select(func.max(_later.c.id)).where(run).correlate(job).scalar_subquery()).where(listed)
        for run in _equal_run(whole)
    ]
    repairs: dict[int, int] = {}
    for root, repair in [row for query in (replayed, *again) for row in conn.execute(query)]:
        if repair is not None:
            repairs[root] = max(repair, repairs.get(root, 0))
    return repairs


def find_active_retry(conn: Connection, job_id: int, params_hash: str) -> int | None:
    """A retry of this job with these params that is still at work."""
    query = select(func.max(job.c.id)).where(
        job.c.replay_of == job_id,
        job.c.reused_from == job_id,
        job.c.params_hash == params_hash,
        job.c.state.in_(ACTIVE),
    )
    return conn.execute(query).scalar_one_or_none()


def list_active_replays(conn: Connection, ids: Collection[int]) -> dict[int, int]:
    """Job → a replay of it that is still at work."""
    listed = among(job.c.id, literal(sorted(ids), type_=Ids()))
    line = _line([listed])
    query = select(line.c.root, func.max(line.c.id)).where(line.c.state.in_(ACTIVE)).group_by(line.c.root)
    return {root: replay for root, replay in conn.execute(query)}


def count_done_steps(conn: Connection, ids: Collection[int]) -> dict[int, int]:
    """Job → how many steps it has finished; those without any are left out."""
    listed = among(step.c.job_id, literal(sorted(ids), type_=Ids()))
    query = select(step.c.job_id, func.count()).where(listed, step.c.state == "done").group_by(step.c.job_id)
    return {job_id: count for job_id, count in conn.execute(query)}


def list_ended_children(conn: Connection, parent_id: int, kind: str, node_id: int) -> list[Job]:
    """The children of a kind on a node that ended without success under a retry's original, or under what that was
    itself a retry of; newest first."""
    parents = select(job.c.id).where(job.c.id == parent_id).cte("parents", recursive=True)
    parents = parents.union(
        select(job.c.reused_from).join_from(job, parents, parents.c.id == job.c.id).where(job.c.reused_from.isnot(None))
    )
    query = (
        select(*_job)
        .join(job_child, job_child.c.child_id == job.c.id)
        .where(
            job_child.c.parent_id.in_(select(parents.c.id)),
            job.c.kind == kind,
            job.c.node_id == node_id,
            job.c.state.in_(("failed", "partial", "cancelled")),
        )
        .order_by(job.c.id.desc())
    )
    return fetch(conn, Job, query)


_previous_run = (
    select(job.c.id, job.c.state, job.c.params_hash)
    .where(job.c.node_id == bindparam("b_node"), job.c.kind == bindparam("b_kind"), job.c.id < bindparam("b_before"))
    .order_by(job.c.id.desc())
    .limit(1)
)


def find_broken_off(conn: Connection, job_id: int, values: Mapping[str, Any]) -> int | None:
    """The run before a new job on its node, when it was the very same one and failed or was cancelled."""
    where = {"b_node": values["node_id"], "b_kind": values["kind"], "b_before": job_id}
    row = conn.execute(_previous_run, where).one_or_none()
    if row is None or row.state not in ("failed", "cancelled") or row.params_hash != values["params_hash"]:
        return None
    return int(row.id)


def list_models(conn: Connection, job_id: int) -> set[str]:
    """The models that a job has called for what it has finished."""
    query = (
        select(model_call.c.model)
        .join(step, and_(step.c.job_id == model_call.c.job_id, step.c.name == model_call.c.step))
        .where(step.c.job_id == job_id, step.c.state == "done")
        .distinct()
    )
    return set(conn.scalars(query))


@dataclass(frozen=True, slots=True)
class HandMade:
    """A head that a person has saved."""

    artifact_id: int
    version: int


def find_newer_by_hand(conn: Connection, node_id: int, kind: str, since: int) -> HandMade | None:
    """The head of a node's artifact when a person saved it at or after a time (epoch ms), and it is not pinned: what
    a job's new version would take the place of."""
    query = (
        select(artifact.c.id, artifact.c.version)
        .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        .where(
            artifact_head.c.node_id == node_id,
            artifact_head.c.kind == kind,
            artifact_head.c.pinned.is_(False),
            artifact.c.source != "ai",
            artifact.c.created_at >= since,
        )
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else HandMade(*row)
