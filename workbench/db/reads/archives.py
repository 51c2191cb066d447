"""The rows of one project, table by table: what an archive holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Table, select

from workbench.db.schema import (
    artifact,
    artifact_head,
    artifact_prompt,
    attempt,
    forecast,
    job,
    job_child,
    job_event,
    layout,
    media,
    model_call,
    node,
    prompt_override,
    step,
)
from workbench.json_types import JsonObject

#: rows in one look at a database
CHUNK = 500


@dataclass(frozen=True)
class Part:
    """A table of an archive. `left`: columns that stay at home: what belongs to this installation, its models, its
    machines and its queues. `own`: which rows are the project's, by its id."""

    table: Table
    left: frozenset[str]

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def columns(self) -> list[Column[Any]]:
        return [c for c in self.table.c if c.name not in self.left]


class ForecastKey(NamedTuple):
    """What says that two forecasts are one, whatever number their plan has by now."""

    created_at: int
    kind: str
    workflow: str
    ms: int


def _part(table: Table, *left: str) -> Part:
    return Part(table, frozenset(left))


_AT_WORK = (
    "submit_key", "exclusive_key", "dispatched_at", "lease_until", "ahead_ms", "worker", "preview", "waiting_for",
    "untold", "filed",
)  # fmt: skip
#: in an order in which each row comes after those that it refers to
PARTS = (
    _part(node, "profile_id"),
    _part(job, "profile_id", "overrides", *_AT_WORK),
    _part(job_child),
    _part(forecast),
    _part(attempt, "worker", "traceback"),
    _part(step, "provider_task_id", "poll_at"),
    _part(job_event),
    _part(model_call, "profile_id", "fallback_from", "imported_at"),
    _part(prompt_override),
    _part(artifact),
    _part(artifact_head),
    _part(artifact_prompt),
    _part(layout),
)
#: without these there is no project
NEEDED = tuple(p for p in PARTS if p.table in (node, artifact, artifact_head))
MEDIA = _part(media, "created_at")


def _is_own(table: Table, project_id: int) -> ColumnElement[bool]:
    nodes = select(node.c.id).where(node.c.project_id == project_id)
    jobs = select(job.c.id).where(job.c.project_id == project_id)
    if table in (artifact_prompt, layout):
        return table.c.artifact_id.in_(select(artifact.c.id).where(artifact.c.node_id.in_(nodes)))
    if table in (node, job, model_call, prompt_override):
        return table.c.project_id == project_id
    if table in (artifact, artifact_head):
        return table.c.node_id.in_(nodes)
    if table is job_child:
        return table.c.parent_id.in_(jobs) & table.c.child_id.in_(jobs)
    return table.c.job_id.in_(jobs)


def read_rows(conn: Connection, project_id: int, part: Part) -> Iterator[JsonObject]:
    """Each row of a project in one table, by its key. Whoever stands where the plan has put another is archived."""
    astray = find_astray(conn, project_id) if part.table is node else {}
    query = select(*part.columns).where(_is_own(part.table, project_id)).order_by(*part.table.primary_key.columns)
    rows = conn.execute(query, execution_options={"yield_per": CHUNK})
    for row in rows.mappings():
        at = astray.get(row.get("id", 0))
        yield dict(row) if at is None else {**row, "archived_at": at}


def find_astray(conn: Connection, project_id: int) -> dict[int, int]:
    """The live episodes and scenes that stand where another of the plan that counts stands, as a release that restored
    them one by one has left them, and since when that is there."""
    columns = (node.c.id, node.c.parent_id, node.c.kind, node.c.position, node.c.created_at)
    live = select(*columns).where(
        node.c.project_id == project_id, node.c.kind.in_(("episode", "scene")), node.c.archived_at.is_(None)
    )
    by_place: defaultdict[tuple[Any, ...], dict[int, int]] = defaultdict(dict)
    for node_id, *place, created_at in conn.execute(live.order_by(node.c.id)):
        by_place[tuple(place)][node_id] = created_at
    shared = {place: there for place, there in by_place.items() if len(there) > 1}
    if not shared:
        return {}
    heads = select(layout.c.nodes).join(artifact_head, artifact_head.c.artifact_id == layout.c.artifact_id)
    heads = heads.where(artifact_head.c.kind.in_(("episode_plan", "scene_list")))
    named = conn.execute(heads.where(artifact_head.c.node_id.in_({place[0] for place in shared}))).scalars()
    laid_out = {node_id for nodes in named for node_id in nodes}
    astray: dict[int, int] = {}
    for there in shared.values():
        stays = next((node_id for node_id in there if node_id in laid_out), min(there))
        astray |= {node_id: max(at, there[stays]) for node_id, at in there.items() if node_id != stays}
    return astray


def find_known_calls(conn: Connection, call_ids: list[str]) -> set[str]:
    """Those of the calls that this home's ledger has already."""
    return set(conn.execute(select(model_call.c.call_id).where(model_call.c.call_id.in_(call_ids))).scalars())


def find_known_forecasts(conn: Connection, created_at: Collection[int]) -> set[ForecastKey]:
    """What this home's plans of these times were expected to take: one that comes in again was launched when it was."""
    query = select(job.c.created_at, job.c.kind, forecast.c.workflow, forecast.c.ms).join(
        forecast, forecast.c.job_id == job.c.id
    )
    times = sorted(created_at)
    batches = (times[n : n + CHUNK] for n in range(0, len(times), CHUNK))
    return {ForecastKey(*row) for batch in batches for row in conn.execute(query.where(job.c.created_at.in_(batch)))}


def find_media(conn: Connection, hashes: list[str]) -> list[JsonObject]:
    """What is known of these pictures and clips, as far as they are any."""
    query = select(*MEDIA.columns).where(media.c.sha256.in_(hashes))
    return [dict(row) for row in conn.execute(query).mappings()]
