"""Questions about jobs that are known by an id, a node or their state; lists behind filters are in `job_lists`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    bindparam,
    exists,
    func,
    literal,
    select,
    union,
)

from workbench.db.connection import Ids, among, db_now_ms, unindexed
from workbench.db.reads import job_lists
from workbench.db.rows.jobs import (
    Attempt,
    ChildJob,
    ChildState,
    Event,
    FamilyJob,
    Gate,
    Job,
    JobRequest,
    JobsVersion,
    ModelCall,
    Step,
    WatchedJob,
    Worker,
)
from workbench.db.rows.record import columns, fetch, fetch_one
from workbench.db.schema import (
    ACTIVE,
    FAILED,
    TERMINAL,
    attempt,
    gate,
    job,
    job_child,
    job_event,
    model_call,
    step,
    worker,
)
from workbench.json_types import JsonObject

#: what other programs may read of a job; bookkeeping of the engine left out
_job = columns(Job, job)
_by_id = select(*_job).where(job.c.id == bindparam("job_id"))


def find(conn: Connection, job_id: int) -> Job | None:
    return fetch_one(conn, Job, _by_id, {"job_id": job_id})


_many = select(*_job).where(among(job.c.id, bindparam("ids", type_=Ids())))


def created_at(conn: Connection, job_id: int) -> int:
    """When a job was asked for, epoch ms."""
    return int(conn.execute(select(job.c.created_at).where(job.c.id == job_id)).scalar_one())


def asked_at(conn: Connection, job_id: int) -> int:
    """When a job, or the first one that it replays, was asked for (epoch ms)."""
    asked: int | None = job_id
    while asked is not None:
        created_at, asked = conn.execute(select(job.c.created_at, job.c.replay_of).where(job.c.id == asked)).one()
    return int(created_at)


def find_many(conn: Connection, ids: list[int]) -> list[Job]:
    """In the order of `ids`; unknown ids are left out."""
    by_id = {found.id: found for found in fetch(conn, Job, _many, {"ids": ids})}
    return [by_id[i] for i in ids if i in by_id]


def states(conn: Connection, ids: list[int]) -> dict[int, str]:
    return {i: s for i, s in conn.execute(select(job.c.id, job.c.state).where(job.c.id.in_(ids)))}


_request = columns(JobRequest, job)


def find_by_submit_key(conn: Connection, key: str) -> JobRequest | None:
    return fetch_one(conn, JobRequest, select(*_request).where(job.c.submit_key == key))


def find_active_by_exclusive_key(conn: Connection, key: str | None) -> JobRequest | None:
    query = select(*_request).where(job.c.exclusive_key == key, job.c.state.in_(ACTIVE))
    return fetch_one(conn, JobRequest, query)


_live_counts = select(job.c.state, func.count()).where(job.c.state.in_(ACTIVE)).group_by(job.c.state)
_ended_counts = select(job.c.state, func.count()).where(job.c.state.in_(TERMINAL)).group_by(job.c.state)


def counts(conn: Connection, *, project: int | None = None, since: int | None = None) -> dict[str, int]:
    """Jobs by state; ended ones only since a time when one is given."""
    found = dict.fromkeys((*ACTIVE, *TERMINAL), 0)
    if since is None:
        return found | job_lists.count_states(conn, project=project)
    live, ended = _live_counts, _ended_counts.where(job.c.finished_at >= since)
    if project is not None:
        live, ended = live.where(job.c.project_id == project), ended.where(job.c.project_id == project)
    for query in (live, ended):
        found.update({s: n for s, n in conn.execute(query)})
    return found


def list_attempts(conn: Connection, job_id: int) -> list[Attempt]:
    return fetch(
        conn, Attempt, select(*columns(Attempt, attempt)).where(attempt.c.job_id == job_id).order_by(attempt.c.claim)
    )


def list_steps(conn: Connection, job_id: int) -> list[Step]:
    query = select(*columns(Step, step)).where(step.c.job_id == job_id)
    return fetch(conn, Step, query.order_by(step.c.position, step.c.created_at))


def list_events(conn: Connection, job_id: int, limit: int | None = 500, before: int | None = None) -> list[Event]:
    """The newest `limit` events (None: all), of those before another where one is given, oldest first."""
    query = select(*columns(Event, job_event)).where(job_event.c.job_id == job_id)
    if before is not None:
        query = query.where(job_event.c.id < before)
    return fetch(conn, Event, query.order_by(job_event.c.id.desc()).limit(limit))[::-1]


def find_overrides(conn: Connection, job_id: int) -> Any:
    """What a job was asked with beside its profile; None: nothing."""
    return conn.execute(select(job.c.overrides).where(job.c.id == job_id)).scalar_one_or_none()


def list_overrides(conn: Connection, ids: Sequence[int]) -> dict[int, JsonObject]:
    """Job → what it was asked with beside its profile; those without anything are left out."""
    query = select(job.c.id, job.c.overrides).where(among(job.c.id, literal([*ids], type_=Ids())))
    return {i: asked for i, asked in conn.execute(query.where(job.c.overrides.isnot(None))) if asked}


def find_longest_answer(conn: Connection, ids: Sequence[int]) -> int | None:
    """The most output tokens that one call of these jobs has brought; None: not known."""
    query = select(func.max(model_call.c.output_tokens)).where(
        among(model_call.c.job_id, literal([*ids], type_=Ids())), model_call.c.capability == "text"
    )
    return conn.execute(query).scalar_one_or_none()


def list_model_calls(conn: Connection, job_id: int) -> list[ModelCall]:
    query = select(*columns(ModelCall, model_call)).where(model_call.c.job_id == job_id)
    return fetch(conn, ModelCall, query.order_by(model_call.c.id))


def list_children(conn: Connection, job_id: int) -> list[ChildJob]:
    """The jobs a parent waits for, in its order, with their `item`."""
    query = (
        select(*_job, job_child.c.item, job_child.c.position)
        .join(job_child, job_child.c.child_id == job.c.id)
        .where(job_child.c.parent_id == job_id)
        .order_by(job_child.c.position)
    )
    return fetch(conn, ChildJob, query)


def count_children(conn: Connection, job_id: int) -> dict[str, int]:
    """State → how many of a parent's children are in it."""
    query = select(job.c.state, func.count()).join(job_child, job_child.c.child_id == job.c.id)
    query = query.where(job_child.c.parent_id == job_id).group_by(job.c.state)
    return {state: int(count) for state, count in conn.execute(query)}


def list_family(conn: Connection, job_id: int, *, offset: int, limit: int, deepest: int = 8) -> list[FamilyJob]:
    """Some of a parent's children in its order, each followed by everything below it."""
    link = select(job_child.c.child_id, job_child.c.parent_id, job_child.c.position).order_by(job_child.c.position)
    own = link.where(job_child.c.parent_id == job_id).offset(offset).limit(limit)
    # level by level, as in families.py
    below = link.where(among(job_child.c.parent_id, bindparam("ids", type_=Ids())))
    levels = [conn.execute(own).all()]
    while levels[-1] and len(levels) < deepest:
        levels.append(conn.execute(below, {"ids": sorted({row.child_id for row in levels[-1]})}).all())
    ids = sorted({row.child_id for level in levels for row in level})
    facts = select(*(job.c[name] for name in ("id", *FamilyJob.__match_args__[4:])))
    facts = facts.where(among(job.c.id, bindparam("ids", type_=Ids())))
    rest = {i: values for i, *values in conn.execute(facts, {"ids": ids})}
    rows = [
        FamilyJob(row.child_id, row.parent_id, depth, row.position, *rest[row.child_id])
        for depth, level in enumerate(levels, 1)
        for row in level
        # one that was removed between two of these questions
        if row.child_id in rest
    ]
    children: dict[tuple[int, int], list[FamilyJob]] = {}
    for row in rows:
        children.setdefault((row.parent_id, row.depth), []).append(row)

    def in_order(parent: int, depth: int) -> Iterator[FamilyJob]:
        for row in children.get((parent, depth), ()):
            yield row
            yield from in_order(row.id, depth + 1)

    return list(in_order(job_id, 1))


_children_states = (
    select(
        job.c.id,
        job.c.node_id,
        job.c.kind,
        job.c.state,
        job.c.error_kind,
        job.c.error,
        job.c.error_i18n,
        job_child.c.item,
        job_child.c.batch,
        job_child.c.batch_position,
    )
    .join(job_child, job_child.c.child_id == job.c.id)
    .where(job_child.c.parent_id == bindparam("job_id"))
    .order_by(job_child.c.position)
)


def children_states(conn: Connection, job_id: int) -> list[ChildState]:
    """How far each child is, in the parent's order: what a parent looks at whenever one has ended."""
    return fetch(conn, ChildState, _children_states, {"job_id": job_id})


def is_told_to_stop(conn: Connection, job_id: int) -> bool:
    """A person has asked the parent to start nothing more."""
    return conn.execute(select(job.c.stop_at).where(job.c.id == job_id)).scalar() is not None


def find_held(conn: Connection, job_ids: Sequence[int]) -> set[int]:
    """Those whose version was saved beside the head, to be looked at first."""
    query = select(job.c.id).where(job.c.id.in_(job_ids), job.c.result["held"].as_boolean())
    return set(conn.execute(query).scalars())


def held_children(conn: Connection, parent_ids: list[int]) -> dict[int, int]:
    """Parent id → its first queued child, for parents of whose children none runs."""
    query = (
        select(job_child.c.parent_id, job.c.id, job.c.state)
        .join(job, job.c.id == job_child.c.child_id)
        .where(job_child.c.parent_id.in_(parent_ids), job.c.state.in_(ACTIVE))
        .order_by(job_child.c.position)
    )
    held: dict[int, int] = {}
    at_work: set[int] = set()
    for parent_id, child_id, state in conn.execute(query):
        if state == "queued":
            held.setdefault(parent_id, child_id)
        else:
            at_work.add(parent_id)
    return {parent: child for parent, child in held.items() if parent not in at_work}


def list_replays(conn: Connection, job_id: int) -> list[Job]:
    return fetch(conn, Job, select(*_job).where(job.c.replay_of == job_id).order_by(job.c.id))


def list_of_node(conn: Connection, node_id: int, kind: str, limit: int) -> list[Job]:
    """The newest jobs of a kind on a node."""
    query = select(*_job).where(job.c.node_id == node_id, job.c.kind == kind).order_by(job.c.id.desc()).limit(limit)
    return fetch(conn, Job, query)


def latest_for_nodes(conn: Connection, node_ids: list[int]) -> dict[tuple[int, str], Job]:
    """The newest job of each (node, kind): what the Studio's cells show."""
    newest = select(func.max(job.c.id)).where(job.c.node_id.in_(node_ids)).group_by(job.c.node_id, job.c.kind)
    jobs = fetch(conn, Job, select(*_job).where(job.c.id.in_(newest)))
    return {(latest.node_id, latest.kind): latest for latest in jobs if latest.node_id is not None}


_later = job.alias("later")
# each tick of a Studio asks these two: built once
_newest_failures = (
    select(func.max(job.c.id).label("id"), job.c.node_id, job.c.kind)
    .where(job.c.project_id == bindparam("project_id"), job.c.state.in_(FAILED), job.c.node_id.isnot(None))
    .group_by(job.c.node_id, job.c.kind)
    .cte("newest_failures")
    .prefix_with("MATERIALIZED")
)
_run_since = select(literal(1)).where(
    _later.c.node_id == _newest_failures.c.node_id,
    _later.c.kind == _newest_failures.c.kind,
    _later.c.id > _newest_failures.c.id,
)
_unsolved = (
    select(*_job)
    .join(_newest_failures, _newest_failures.c.id == job.c.id)
    .where(~exists(_run_since))
    .order_by(job.c.id)
)
# of those at work, of whatever project, there are few
_active_in_project = (
    select(*_job)
    .where(unindexed(job.c.project_id) == bindparam("project_id"), job.c.state.in_(ACTIVE))
    .order_by(job.c.id)
)


def list_unsolved(conn: Connection, project_id: int) -> list[Job]:
    """The newest job of each node and workflow in a project, where that one failed or came only in part."""
    return fetch(conn, Job, _unsolved, {"project_id": project_id})


def list_active_in_project(conn: Connection, project_id: int) -> list[Job]:
    return fetch(conn, Job, _active_in_project, {"project_id": project_id})


def list_running(conn: Connection) -> list[Job]:
    """What workers run now, oldest first."""
    return fetch(conn, Job, select(*_job).where(job.c.state == "running").order_by(job.c.id).limit(1_000))


_watched = (*columns(WatchedJob, job), db_now_ms().label("seen_at"))
_watched_active = select(*_watched).where(job.c.state.in_(ACTIVE))
_watched_ended = select(*_watched).where(
    job.c.state.in_(TERMINAL), job.c.finished_at >= db_now_ms() - bindparam("window_ms")
)
_watched_given = select(*_watched).where(among(job.c.id, bindparam("ids", type_=Ids())))
_watched_all = union(_watched_active, _watched_ended, _watched_given)


def list_watched(conn: Connection, window_ms: int, ids: list[int]) -> list[WatchedJob]:
    """What is active, what has ended within the window, and these jobs; with a window of 0 these jobs alone."""
    if not window_ms:
        return fetch(conn, WatchedJob, _watched_given, {"ids": ids})
    return fetch(conn, WatchedJob, _watched_all, {"window_ms": window_ms, "ids": ids})


def list_workers(conn: Connection) -> list[Worker]:
    """Workers with `age_ms` since their last heartbeat."""
    query = select(*columns(Worker, worker), (db_now_ms() - worker.c.seen_at).label("age_ms"))
    return fetch(conn, Worker, query.order_by(worker.c.started_at))


def list_gates(conn: Connection) -> list[Gate]:
    return fetch(conn, Gate, select(*columns(Gate, gate)).order_by(gate.c.key))


def clock(conn: Connection) -> int:
    """The database's now, epoch ms."""
    return int(conn.execute(select(db_now_ms())).scalar_one())


_newest_event = select(func.coalesce(func.max(job_event.c.id), 0)).scalar_subquery()
_newest_job = select(func.coalesce(func.max(job.c.id), 0)).scalar_subquery()
_newest = select(_newest_event, _newest_job)


def version(conn: Connection) -> JobsVersion:
    """What changes whenever a job or an event was added or a state changed: a live page compares it. Three looks into
    indexes, however long the history is: a job's progress is reported with an event."""
    newest_event, newest_job = conn.execute(_newest).one()
    active = {state: count for state, count in conn.execute(_live_counts)}
    return JobsVersion(int(newest_event), int(newest_job), *(int(active.get(state, 0)) for state in ACTIVE))


_any_active = select(literal(1)).where(job.c.state.in_(ACTIVE)).limit(1)


def has_active(conn: Connection) -> bool:
    return conn.execute(_any_active).scalar_one_or_none() is not None
