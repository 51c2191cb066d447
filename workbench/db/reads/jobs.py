"""Questions about jobs. Pages and the command line may call these; each page of a list is a keyset page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, String, and_, bindparam, case, cast, func, literal, or_, select

from workbench.db.connection import now_ms
from workbench.db.schema import (
    ACTIVE,
    TERMINAL,
    attempt,
    gate,
    job,
    job_child,
    job_event,
    model_call,
    node,
    step,
    worker,
)

#: columns of a job as other programs read them; bookkeeping of the engine left out
_hidden = {"params_hash", "exclusive_key"}
job_columns = [c for c in job.c if c.name not in _hidden]


def _rows(conn: Connection, query: Select[Any], params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    return [dict(r) for r in conn.execute(query, params or {}).mappings()]


_one = select(*job_columns).where(job.c.id == bindparam("job_id"))


def find(conn: Connection, job_id: int) -> dict[str, Any] | None:
    rows = _rows(conn, _one, {"job_id": job_id})
    return rows[0] if rows else None


def find_many(conn: Connection, ids: list[int]) -> list[dict[str, Any]]:
    """In the order of `ids`; unknown ids are left out."""
    found = {r["id"]: r for r in _rows(conn, select(*job_columns).where(job.c.id.in_(ids)))}
    return [found[i] for i in ids if i in found]


def states(conn: Connection, ids: list[int]) -> dict[int, str]:
    return {i: s for i, s in conn.execute(select(job.c.id, job.c.state).where(job.c.id.in_(ids)))}


def by_submit_key(conn: Connection, key: str) -> dict[str, Any] | None:
    rows = _rows(conn, select(job).where(job.c.submit_key == key))
    return rows[0] if rows else None


def active_by_exclusive_key(conn: Connection, key: str | None) -> dict[str, Any] | None:
    rows = _rows(conn, select(job).where(job.c.exclusive_key == key, job.c.state.in_(ACTIVE)))
    return rows[0] if rows else None


def _matching(
    query: Select[Any],
    *,
    state: list[str] | None,
    kind: str | None,
    project: int | None,
    text: str | None,
    node_id: int | None,
    error_kind: str | None,
    model: str | None,
    since: int | None,
) -> Select[Any]:
    if state:
        query = query.where(job.c.state.in_(state))
    if kind:
        query = query.where(job.c.kind == kind)
    if project is not None:
        query = query.where(job.c.project_id == project)
    if node_id is not None:
        query = query.where(job.c.node_id == node_id)
    if error_kind:
        query = query.where(job.c.error_kind == error_kind)
    if since is not None:
        query = query.where(job.c.created_at >= since)
    if model:
        query = query.where(job.c.id.in_(select(model_call.c.job_id).where(model_call.c.model == model)))
    if text:
        needle = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        looked_in = (job.c.title, job.c.error, cast(job.c.params, String))
        query = query.where(or_(*(column.ilike(needle, escape="\\") for column in looked_in)))
    return query


def listed(
    conn: Connection,
    *,
    state: list[str] | None = None,
    kind: str | None = None,
    project: int | None = None,
    text: str | None = None,
    node_id: int | None = None,
    error_kind: str | None = None,
    model: str | None = None,
    since: int | None = None,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Newest first. `before`/`after`: a job id, for the next older or newer page. `since`: created at or after, epoch ms."""
    query = _matching(
        select(*job_columns),
        state=state,
        kind=kind,
        project=project,
        text=text,
        node_id=node_id,
        error_kind=error_kind,
        model=model,
        since=since,
    )
    if after is not None:
        rows = _rows(conn, query.where(job.c.id > after).order_by(job.c.id).limit(limit))
        return rows[::-1]
    if before is not None:
        query = query.where(job.c.id < before)
    return _rows(conn, query.order_by(job.c.id.desc()).limit(limit))


def count_matching(conn: Connection, **filters: Any) -> int:
    """How many jobs the same filters of `listed` match."""
    wanted = {
        k: filters.get(k) for k in ("state", "kind", "project", "text", "node_id", "error_kind", "model", "since")
    }
    return int(conn.execute(_matching(select(func.count()).select_from(job), **wanted)).scalar_one())


def ids_matching(conn: Connection, limit: int = 10_000, **filters: Any) -> list[int]:
    wanted = {
        k: filters.get(k) for k in ("state", "kind", "project", "text", "node_id", "error_kind", "model", "since")
    }
    return [i for (i,) in conn.execute(_matching(select(job.c.id), **wanted).order_by(job.c.id).limit(limit))]


_live_counts = select(job.c.state, func.count()).where(job.c.state.in_(ACTIVE)).group_by(job.c.state)
_ended_counts = select(job.c.state, func.count()).where(job.c.state.in_(TERMINAL)).group_by(job.c.state)


def counts(conn: Connection, *, project: int | None = None, since: int | None = None) -> dict[str, int]:
    """Jobs by state; ended ones only since a time when one is given."""
    live, ended = _live_counts, _ended_counts
    if project is not None:
        live, ended = live.where(job.c.project_id == project), ended.where(job.c.project_id == project)
    if since is not None:
        ended = ended.where(job.c.finished_at >= since)
    found = dict.fromkeys((*ACTIVE, *TERMINAL), 0)
    found.update({s: n for s, n in conn.execute(live)})
    found.update({s: n for s, n in conn.execute(ended)})
    return found


def attempts(conn: Connection, job_id: int) -> list[dict[str, Any]]:
    return _rows(conn, select(attempt).where(attempt.c.job_id == job_id).order_by(attempt.c.claim))


def steps(conn: Connection, job_id: int) -> list[dict[str, Any]]:
    return _rows(conn, select(step).where(step.c.job_id == job_id).order_by(step.c.position, step.c.created_at))


def events(conn: Connection, job_id: int, limit: int = 500) -> list[dict[str, Any]]:
    """The newest `limit` events, oldest first."""
    rows = _rows(
        conn, select(job_event).where(job_event.c.job_id == job_id).order_by(job_event.c.id.desc()).limit(limit)
    )
    return rows[::-1]


def model_calls(conn: Connection, job_id: int) -> list[dict[str, Any]]:
    return _rows(conn, select(model_call).where(model_call.c.job_id == job_id).order_by(model_call.c.id))


def children(conn: Connection, job_id: int) -> list[dict[str, Any]]:
    """The jobs a parent waits for, in its order, with their `item`."""
    query = (
        select(*job_columns, job_child.c.item, job_child.c.position)
        .join(job_child, job_child.c.child_id == job.c.id)
        .where(job_child.c.parent_id == job_id)
        .order_by(job_child.c.position)
    )
    return _rows(conn, query)


_parts = (
    select(job.c.id, job.c.node_id, job.c.kind, job.c.state, job.c.error_kind, job.c.error, job_child.c.item)
    .join(job_child, job_child.c.child_id == job.c.id)
    .where(job_child.c.parent_id == bindparam("job_id"))
    .order_by(job_child.c.position)
)


def parts(conn: Connection, job_id: int) -> list[dict[str, Any]]:
    """How far each child is, in the parent's order: what a parent looks at whenever one has ended."""
    return _rows(conn, _parts, {"job_id": job_id})


def replays(conn: Connection, job_id: int) -> list[dict[str, Any]]:
    return _rows(conn, select(*job_columns).where(job.c.replay_of == job_id).order_by(job.c.id))


def latest_for_nodes(conn: Connection, node_ids: list[int]) -> dict[tuple[int, str], dict[str, Any]]:
    """The newest job of each (node, kind): what the Studio's cells show."""
    newest = select(func.max(job.c.id)).where(job.c.node_id.in_(node_ids)).group_by(job.c.node_id, job.c.kind)
    return {(r["node_id"], r["kind"]): r for r in _rows(conn, select(*job_columns).where(job.c.id.in_(newest)))}


def active_in_project(conn: Connection, project_id: int) -> list[dict[str, Any]]:
    return _rows(
        conn, select(*job_columns).where(job.c.project_id == project_id, job.c.state.in_(ACTIVE)).order_by(job.c.id)
    )


def failures(
    conn: Connection, *, since: int | None = None, project: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Failed jobs grouped by fingerprint, the most frequent first.

    Each: fingerprint, error_kind, error (the newest one's), count, first_at, last_at, projects (ids), kinds, newest_id.
    A failure that has been replayed stays listed: `replayed` counts those.
    """
    replay = job.alias("replay")
    query = select(
        job.c.error_fingerprint.label("fingerprint"),
        func.count().label("count"),
        func.min(job.c.finished_at).label("first_at"),
        func.max(job.c.finished_at).label("last_at"),
        func.max(job.c.id).label("newest_id"),
        func.sum(
            case(
                (select(literal(1)).where(replay.c.replay_of == job.c.id, replay.c.state == "succeeded").exists(), 1),
                else_=0,
            )
        ).label("replayed"),
    ).where(job.c.state.in_(("failed", "partial")), job.c.error_fingerprint.isnot(None))
    if since is not None:
        query = query.where(job.c.finished_at >= since)
    if project is not None:
        query = query.where(job.c.project_id == project)
    groups = _rows(
        conn,
        query.group_by(job.c.error_fingerprint).order_by(func.count().desc(), func.max(job.c.id).desc()).limit(limit),
    )
    newest = {r["id"]: r for r in find_many(conn, [g["newest_id"] for g in groups])}
    for group in groups:
        last = newest[group["newest_id"]]
        group |= {"error_kind": last["error_kind"], "error": last["error"], "error_i18n": last["error_i18n"]}
        found = conn.execute(
            select(job.c.project_id, job.c.kind)
            .where(and_(job.c.error_fingerprint == group["fingerprint"], job.c.state.in_(("failed", "partial"))))
            .distinct()
        ).all()
        group["projects"] = sorted({p for p, _ in found if p is not None})
        group["kinds"] = sorted({k for _, k in found})
    return groups


def with_fingerprint(conn: Connection, fingerprint: str, limit: int = 200) -> list[dict[str, Any]]:
    query = select(*job_columns).where(job.c.error_fingerprint == fingerprint, job.c.state.in_(("failed", "partial")))
    return _rows(conn, query.order_by(job.c.id.desc()).limit(limit))


def workers(conn: Connection) -> list[dict[str, Any]]:
    """Workers with `age_ms` since their last heartbeat."""
    return _rows(conn, select(worker, (now_ms() - worker.c.seen_at).label("age_ms")).order_by(worker.c.started_at))


def gates(conn: Connection) -> list[dict[str, Any]]:
    return _rows(conn, select(gate).order_by(gate.c.key))


def clock(conn: Connection) -> int:
    """The database's now, epoch ms."""
    return int(conn.execute(select(now_ms())).scalar_one())


def version(conn: Connection) -> tuple[int, int]:
    """Changes whenever a job or an event was added or a state changed: what a live page compares."""
    newest = conn.execute(select(func.coalesce(func.max(job_event.c.id), 0))).scalar_one()
    active = conn.execute(select(func.count()).select_from(job).where(job.c.state.in_(ACTIVE))).scalar_one()
    return int(newest), int(active)


def progress(conn: Connection) -> tuple[int, int]:
    """How many jobs are active, and how far they are together."""
    query = select(func.count(), func.coalesce(func.sum(job.c.progress), 0)).where(job.c.state.in_(ACTIVE))
    count, done = conn.execute(query).one()
    return int(count), int(done)


def story_of(conn: Connection, node_ids: list[int]) -> dict[int, str]:
    """Node id → its place in words: “E2 · 3 The lamp goes out”."""
    parent = node.alias("parent")
    query = (
        select(
            node.c.id,
            node.c.kind,
            node.c.position,
            node.c.title,
            parent.c.kind.label("parent_kind"),
            parent.c.position.label("parent_position"),
        )
        .outerjoin(parent, parent.c.id == node.c.parent_id)
        .where(node.c.id.in_(node_ids))
    )
    places = {}
    for r in _rows(conn, query):
        if r["kind"] == "scene":
            places[r["id"]] = f"E{r['parent_position']} · {r['position']} {r['title']}"
        elif r["kind"] == "episode":
            places[r["id"]] = f"E{r['position']} {r['title']}"
        else:
            places[r["id"]] = r["title"]
    return places
