"""Questions about failures: their groups, what has made them good, and what a retry would take over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
)

from workbench.db.connection import Ids, among, db_now_ms
from workbench.db.reads.jobs import find_many
from workbench.db.rows.jobs import FailureGroup, GroupFilters, Job, UsedByStep
from workbench.db.rows.record import columns, fetch
from workbench.db.schema import (
    ACTIVE,
    artifact,
    artifact_head,
    failure,
    failure_facet,
    failure_group,
    job,
    job_child,
    model_call,
    step,
)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
#: days of a trend that has no beginning
SPANS = 30
_job = columns(Job, job)
# put together once: a name for each of its columns takes as long as the question
_later, _first_replay, _next_replay = (job.alias(name) for name in ("later", "first_replay", "next_replay"))


@dataclass(frozen=True, slots=True)
class FailureScope:
    """Which failures: of a project, ended at or after `since` and at or before `until` (epoch ms); None is no
    filter."""

    project: int | None = None
    since: int | None = None
    until: int | None = None


def _in_scope(scope: FailureScope) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if scope.since is not None:
        conditions.append(failure.c.finished_at >= scope.since)
    if scope.until is not None:
        conditions.append(failure.c.finished_at <= scope.until)
    if scope.project is not None:
        conditions.append(failure.c.project_id == scope.project)
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
    line = (
        select(job.c.id.label("root"), _first_replay.c.id.label("id"), _first_replay.c.state.label("state"))
        .join_from(job, _first_replay, _first_replay.c.replay_of == job.c.id)
        .where(*conditions)
        .cte("line", recursive=True)
    )
    return line.union(
        select(line.c.root, _next_replay.c.id, _next_replay.c.state).join_from(
            line, _next_replay, _next_replay.c.replay_of == line.c.id
        )
    )


def select_repairs(conditions: Sequence[ColumnElement[bool]], whole: Collection[str]) -> CompoundSelect[Any]:
    """(job_id, repair): what has made these jobs good, one row each way."""
    line = _line(conditions)
    replayed = select(line.c.root.label("job_id"), func.max(line.c.id).label("repair"))
    ways = [replayed.where(line.c.state == "succeeded").group_by(line.c.root).subquery()]
    for run in _equal_run(whole):
        # asked job by job: a join makes PostgreSQL read every job that has succeeded
        newest = select(func.max(_later.c.id)).where(run).correlate(job).scalar_subquery()
        ways.append(select(job.c.id.label("job_id"), newest.label("repair")).where(*conditions).subquery())
    return union_all(*(select(way.c.job_id, way.c.repair).where(way.c.repair.isnot(None)) for way in ways))


_earlier = failure.alias("earlier")
_first_seen = (
    select(func.min(_earlier.c.finished_at)).where(_earlier.c.fingerprint == failure.c.fingerprint).scalar_subquery()
)


def list_failures(conn: Connection, scope: FailureScope, *, limit: int | None = None) -> list[FailureGroup]:
    """Failed jobs grouped by fingerprint, the most frequent first, each with what people have said of it.

    A failure that was made good – by a replay of it, or by a later run of the same thing – stays listed: `replayed`
    counts those.
    """
    where = _in_scope(scope)
    query = (
        select(
            failure.c.fingerprint,
            func.count().label("count"),
            # whenever that was: a cause is not new because the reader looks at seven days
            _first_seen.label("first_at"),
            func.max(failure.c.finished_at).label("last_at"),
            func.max(failure.c.job_id).label("newest_id"),
            func.count(failure.c.repaired_by).label("replayed"),
        )
        .where(*where)
        .group_by(failure.c.fingerprint)
        .order_by(func.count().desc(), func.max(failure.c.job_id).desc())
        .limit(limit)
    )
    groups = conn.execute(query).all()
    newest = {last.id: last for last in find_many(conn, [group.newest_id for group in groups])}
    names = [group.fingerprint for group in groups]
    affected = _list_affected(conn, names, scope)
    trends = _list_trends(conn, names, where, scope)
    said = {
        row.fingerprint: row
        for row in conn.execute(select(failure_group).where(failure_group.c.fingerprint.in_(names)))
    }
    listed = []
    for group in groups:
        last, row = newest[group.newest_id], said.get(group.fingerprint)
        state = ("open", None, None, None) if row is None else (row.state, row.changed_at, row.changed_by, row.job_id)
        kinds, models, profiles, versions, projects = affected[group.fingerprint]
        values = [*group, last.error_kind, last.error, last.error_i18n, projects, kinds]
        values += [models, profiles, versions, *state]
        values += trends[group.fingerprint]
        listed.append(FailureGroup(*values))
    return listed


#: what of its failures is listed with a group
_AFFECTED = ("kind", "model", "profile_id", "version", "project_id")


def _list_affected(conn: Connection, names: Sequence[str], scope: FailureScope) -> dict[str, tuple[list[Any], ...]]:
    """Fingerprint → which kinds, models, profiles, versions and projects its failures are of."""
    # of all times each combination is kept once
    c = failure_facet.c if scope.since is None and scope.until is None else failure.c
    query = select(c.fingerprint, *(c[name] for name in _AFFECTED)).where(c.fingerprint.in_(names)).distinct()
    if scope.since is not None or scope.until is not None:
        query = query.where(*_in_scope(scope))
    elif scope.project is not None:
        query = query.where(failure_facet.c.project_id == scope.project)
    values: dict[str, tuple[set[Any], ...]] = {name: tuple(set() for _ in _AFFECTED) for name in names}
    for name, *row in conn.execute(query).all():
        for known, value in zip(values[name], row, strict=True):
            if value:
                known.add(value)
    return {name: tuple(sorted(known) for known in sets) for name, sets in values.items()}


def _list_trends(
    conn: Connection, names: Sequence[str], where: Sequence[ColumnElement[bool]], scope: FailureScope
) -> dict[str, tuple[list[int], int, int]]:
    """Fingerprint → failures in each span of time up to now, when the first begins, how long one is (ms)."""
    now: int = conn.execute(select(db_now_ms())).scalar_one()
    reach = SPANS * DAY_MS if scope.since is None else max(HOUR_MS, now - scope.since)
    span = HOUR_MS if reach <= 2 * DAY_MS else DAY_MS
    spans = -(-reach // span)
    begin = now - spans * span
    at = ((failure.c.finished_at - begin) // span).label("at")
    query = (
        select(failure.c.fingerprint, at, func.count())
        .where(failure.c.fingerprint.in_(names), *where, failure.c.finished_at >= begin)
        .group_by(failure.c.fingerprint, "at")
    )
    counts = {name: [0] * spans for name in names}
    for name, number, count in conn.execute(query).all():
        counts[name][min(max(int(number), 0), spans - 1)] += count
    return {name: (trend, begin, span) for name, trend in counts.items()}


def _of_group(fingerprint: str, scope: FailureScope) -> Select[Any]:
    query = select(*_job).join(failure, failure.c.job_id == job.c.id)
    return query.where(failure.c.fingerprint == fingerprint, *_in_scope(scope)).order_by(failure.c.job_id.desc())


def list_with_fingerprint(
    conn: Connection, fingerprint: str, scope: FailureScope, *, limit: int | None = None, before: int | None = None
) -> list[Job]:
    """The failures of a group, newest first; `before`: those below this job."""
    query = _of_group(fingerprint, scope)
    if before is not None:
        query = query.where(failure.c.job_id < before)
    return fetch(conn, Job, query.limit(limit))


def version(conn: Connection) -> tuple[int | None, int, int | None]:
    """What changes with every failure, whatever makes one good, and what is said of a group."""
    left = select(func.count()).where(failure.c.repaired_by.is_(None)).scalar_subquery()
    newest = select(func.max(failure.c.job_id)).scalar_subquery()
    said = select(func.max(failure_group.c.changed_at)).scalar_subquery()
    found = conn.execute(select(newest, left, said)).one()
    return found[0], int(found[1]), found[2]


def has_failures(conn: Connection, fingerprint: str) -> bool:
    query = select(failure.c.job_id).where(failure.c.fingerprint == fingerprint).limit(1)
    return conn.execute(query).first() is not None


def list_group_ids(
    conn: Connection, fingerprint: str, scope: FailureScope, *, limit: int | None = None
) -> list[tuple[int, int | None]]:
    """(job, what has made it good or None) of every failure of a group, or the newest of them, newest first."""
    query = select(failure.c.job_id, failure.c.repaired_by)
    query = query.where(failure.c.fingerprint == fingerprint, *_in_scope(scope)).order_by(failure.c.job_id.desc())
    return [(row.job_id, row.repaired_by) for row in conn.execute(query.limit(limit))]


def _left_in_group(query: Select[Any], group: GroupFilters) -> Select[Any]:
    scope = FailureScope(group.get("project"), group.get("since"), group.get("until"))
    mine = failure.c.fingerprint == group["fingerprint"], failure.c.repaired_by.is_(None)
    return query.where(*mine, *_in_scope(scope))


def list_left(conn: Connection, group: GroupFilters, below: int, limit: int) -> list[int]:
    """The newest failures of a group below a job that nothing has made good."""
    query = _left_in_group(select(failure.c.job_id), group).where(failure.c.job_id < below)
    return list(conn.scalars(query.order_by(failure.c.job_id.desc()).limit(limit)))


def count_left(conn: Connection, group: GroupFilters) -> int:
    """How many failures of a group nothing has made good."""
    return int(conn.execute(_left_in_group(select(func.count()).select_from(failure), group)).scalar_one())


def filter_left(conn: Connection, group: GroupFilters, ids: Collection[int]) -> set[int]:
    """Those of these jobs that are failures of a group that nothing has made good."""
    mine = among(failure.c.job_id, literal(sorted(ids), type_=Ids()))
    return set(conn.scalars(_left_in_group(select(failure.c.job_id), group).where(mine)))


def find_repairs(conn: Connection, ids: Collection[int], whole: Collection[str] = ()) -> dict[int, int]:
    """Job → the job that has made it good: the newest that succeeded among its replays, or a later run of the same
    thing. Jobs that nothing has made good are left out."""
    listed = among(job.c.id, literal(sorted(ids), type_=Ids()))
    mine = among(failure.c.job_id, literal(sorted(ids), type_=Ids()))
    known = select(failure.c.job_id, failure.c.repaired_by).where(mine, failure.c.repaired_by.isnot(None))
    repairs: dict[int, int] = {}
    for job_id, repair in (row for query in (known, select_repairs([listed], whole)) for row in conn.execute(query)):
        repairs[job_id] = max(repair, repairs.get(job_id, 0))
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


def list_used(conn: Connection, ids: Collection[int]) -> list[UsedByStep]:
    """What the text calls of these jobs have used, step by step; those that brought nothing are left out."""
    listed = among(model_call.c.job_id, literal(sorted(ids), type_=Ids()))
    own = and_(step.c.job_id == model_call.c.job_id, step.c.name == model_call.c.step)
    tokens = (model_call.c.input_tokens, model_call.c.cached_tokens, model_call.c.output_tokens)
    query = (
        select(model_call.c.job_id, step.c.position, step.c.state, func.count(), *(func.sum(one) for one in tokens))
        .join_from(model_call, step, own, isouter=True)
        .where(listed, model_call.c.capability == "text", model_call.c.output_tokens > 0)
        .group_by(model_call.c.job_id, step.c.position, step.c.state)
    )
    return [
        UsedByStep(job_id, position, state == "done", calls, *(int(one or 0) for one in sums))
        for job_id, position, state, calls, *sums in conn.execute(query)
    ]


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
    #: epoch ms
    created_at: int


_by_hand = (
    select(artifact_head.c.node_id, artifact_head.c.kind, artifact.c.id, artifact.c.version, artifact.c.created_at)
    .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
    .where(artifact_head.c.pinned.is_(False), artifact.c.source != "ai")
)


def find_newer_by_hand(conn: Connection, node_id: int, kind: str, since: int) -> HandMade | None:
    """The head of a node's artifact when a person saved it at or after a time (epoch ms), and it is not pinned: what
    a job's new version would take the place of."""
    head = _by_hand.where(
        artifact_head.c.node_id == node_id, artifact_head.c.kind == kind, artifact.c.created_at >= since
    )
    row = conn.execute(head).one_or_none()
    return None if row is None else HandMade(*row[2:])


def list_by_hand(conn: Connection, node_ids: Collection[int]) -> dict[tuple[int, str], HandMade]:
    """(node, kind of artifact) → its head, of those of these nodes that a person saved and that are not pinned."""
    mine = among(artifact_head.c.node_id, literal(sorted(node_ids), type_=Ids()))
    return {(row[0], row[1]): HandMade(*row[2:]) for row in conn.execute(_by_hand.where(mine))}
