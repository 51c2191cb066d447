"""What one job needs to be run again elsewhere: its family's rows, and the story as it was when the job began."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, and_, func, or_, select

from workbench.db.schema import (
    artifact,
    artifact_head,
    artifact_prompt,
    attempt,
    job,
    job_child,
    job_event,
    media,
    metadata,
    model_call,
    node,
    profile,
    prompt_override,
    step,
)
from workbench.json_types import JsonObject

#: of a profile: which service answers with which models; never where it is reached, nor with which key
PROFILE = (
    "id", "name", "provider", "text_model", "image_model", "video_model", "image_profile_id", "video_profile_id",
    "fallback_ids", "params", "modes", "created_at",
)  # fmt: skip
#: of a job: what is about this installation's queue and clock alone
_AT_HOME = frozenset((
    "submit_key", "exclusive_key", "dispatched_at", "lease_until", "ahead_ms", "worker", "preview", "untold",
))  # fmt: skip
OF_JOBS = (attempt, step, job_event, model_call)


def list_family(conn: Connection, job_id: int) -> list[int]:
    """A job, the job whose stored answers it reads, and what it has started, over any number of levels."""
    line = select(job.c.id).where(job.c.id == job_id).cte("line", recursive=True)
    line = line.union(select(job_child.c.child_id).join_from(line, job_child, job_child.c.parent_id == line.c.id))
    family = set(conn.scalars(select(line.c.id)))
    family |= set(conn.scalars(select(job.c.answers_from).where(job.c.id.in_(family), job.c.answers_from.isnot(None))))
    return sorted(family)


def read_jobs(conn: Connection, ids: Sequence[int]) -> list[JsonObject]:
    columns = [c for c in job.c if c.name not in _AT_HOME]
    return _rows(conn, select(*columns).where(job.c.id.in_(ids)).order_by(job.c.id))


def read_of_jobs(conn: Connection, table: Table, ids: Sequence[int]) -> list[JsonObject]:
    query = select(table).where(table.c.job_id.in_(ids)).order_by(*table.primary_key.columns)
    return _rows(conn, query)


def read_children(conn: Connection, ids: Sequence[int]) -> list[JsonObject]:
    query = select(job_child).where(job_child.c.parent_id.in_(ids), job_child.c.child_id.in_(ids))
    return _rows(conn, query.order_by(job_child.c.parent_id, job_child.c.position))


def read_nodes(conn: Connection, project_id: int) -> list[JsonObject]:
    """The whole tree, parents before those below them."""
    query = select(node).where(or_(node.c.project_id == project_id, node.c.id == project_id)).order_by(node.c.id)
    return [row | {"profile_id": None} for row in _rows(conn, query)]


def read_story(conn: Connection, project_id: int, at: int, without: Sequence[int]) -> list[JsonObject]:
    """The version of each artifact that counted at a time (epoch ms), without what these jobs have made.

    Today's head where it is as old; else the newest of then.
    """
    nodes = select(node.c.id).where(or_(node.c.project_id == project_id, node.c.id == project_id))
    then = and_(
        artifact.c.node_id.in_(nodes),
        artifact.c.created_at <= at,
        or_(artifact.c.job_id.is_(None), artifact.c.job_id.notin_(without)),
    )
    heads = select(artifact_head.c.artifact_id)
    rank = func.row_number().over(
        partition_by=(artifact.c.node_id, artifact.c.kind),
        order_by=(artifact.c.id.in_(heads).desc(), artifact.c.version.desc()),
    )
    ranked = select(artifact.c.id, rank.label("rank")).where(then).subquery()
    chosen = select(ranked.c.id).where(ranked.c.rank == 1)
    rows = _rows(conn, select(artifact).where(artifact.c.id.in_(chosen)).order_by(artifact.c.id))
    return [row | {"job_id": None} for row in rows]


def read_prompts(conn: Connection, artifacts: Sequence[int]) -> list[JsonObject]:
    """What these versions were made with."""
    query = select(artifact_prompt).where(artifact_prompt.c.artifact_id.in_(artifacts))
    return _rows(conn, query.order_by(*artifact_prompt.primary_key.columns))


def read_overrides(conn: Connection, project_id: int | None, at: int) -> list[JsonObject]:
    """The prompts in people's own words that counted then, of the project and of all."""
    own = or_(prompt_override.c.project_id.is_(None), prompt_override.c.project_id == project_id)
    query = select(prompt_override).where(own, prompt_override.c.created_at <= at).order_by(prompt_override.c.id)
    return _rows(conn, query)


def read_profiles(conn: Connection, first: int | None) -> list[JsonObject]:
    """A profile and those that it leaves something to."""
    rows: dict[int, JsonObject] = {}
    wanted = {first} - {None}
    while wanted:
        query = select(*(profile.c[name] for name in PROFILE)).where(profile.c.id.in_(wanted))
        rows |= {row["id"]: row for row in _rows(conn, query)}
        named = {row[n] for row in rows.values() for n in ("image_profile_id", "video_profile_id")}
        named |= {i for row in rows.values() for i in row["fallback_ids"] or ()}
        new = named - rows.keys() - wanted - {None}
        wanted = new
    return [rows[i] for i in sorted(rows)]


def find_media(conn: Connection, hashes: Sequence[str]) -> list[JsonObject]:
    return _rows(conn, select(media).where(media.c.sha256.in_(hashes)).order_by(media.c.sha256))


def table_of(name: str) -> Table:
    return metadata.tables[name]


def _rows(conn: Connection, query: Any) -> list[JsonObject]:
    return [dict(row) for row in conn.execute(query).mappings()]
