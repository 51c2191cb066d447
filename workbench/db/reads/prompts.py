"""Questions about the prompts that people have written anew, and about what was made with which prompt."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, literal, or_, select
from sqlalchemy.orm import aliased

from workbench.db.connection import Ids, among
from workbench.db.rows.prompts import Override, UsedPrompt
from workbench.db.rows.record import columns, fetch, fetch_one
from workbench.db.schema import artifact_head, artifact_prompt, model_call, node, prompt_override
from workbench.json_types import JsonObject

_override = columns(Override, prompt_override)


def find_newest(
    conn: Connection, name: str, language: str, project_id: int | None, at_ms: int | None = None
) -> Override | None:
    """The newest version for a project, or with None for all; of those that there were at a time."""
    query = select(*_override).where(
        prompt_override.c.name == name, prompt_override.c.language == language, _is_of(project_id)
    )
    if at_ms is not None:
        query = query.where(prompt_override.c.created_at <= at_ms)
    return fetch_one(conn, Override, query.order_by(prompt_override.c.version.desc()).limit(1))


def list_versions(conn: Connection, name: str, language: str, project_id: int | None) -> list[Override]:
    """Newest first."""
    query = select(*_override).where(
        prompt_override.c.name == name, prompt_override.c.language == language, _is_of(project_id)
    )
    return fetch(conn, Override, query.order_by(prompt_override.c.version.desc()))


def find_version(conn: Connection, name: str, language: str, project_id: int | None, version: int) -> Override | None:
    query = select(*_override).where(
        prompt_override.c.name == name,
        prompt_override.c.language == language,
        _is_of(project_id),
        prompt_override.c.version == version,
    )
    return fetch_one(conn, Override, query)


def find_override(conn: Connection, override_id: int) -> Override | None:
    return fetch_one(conn, Override, select(*_override).where(prompt_override.c.id == override_id))


def list_newest(conn: Connection, project_id: int | None) -> list[Override]:
    """The newest version of each prompt for a project and for all, resets too."""
    newer = aliased(prompt_override)
    later = exists().where(
        newer.c.name == prompt_override.c.name,
        newer.c.language == prompt_override.c.language,
        or_(
            newer.c.project_id == prompt_override.c.project_id,
            and_(newer.c.project_id.is_(None), prompt_override.c.project_id.is_(None)),
        ),
        newer.c.version > prompt_override.c.version,
    )
    own = or_(prompt_override.c.project_id.is_(None), prompt_override.c.project_id == project_id)
    return fetch(conn, Override, select(*_override).where(own, ~later))


def has_overrides(conn: Connection, project_id: int) -> bool:
    """Whether a prompt of this project was ever written anew."""
    own = or_(prompt_override.c.project_id.is_(None), prompt_override.c.project_id == project_id)
    return conn.execute(select(literal(1)).where(own).select_from(prompt_override).limit(1)).first() is not None


def list_used(conn: Connection, project_id: int, node_ids: Collection[int] | None = None) -> list[UsedPrompt]:
    """The prompts that the heads of a project, or of some of its nodes, were made with."""
    query: Select[tuple[int, str, str, str, str, int | None]] = (
        select(
            artifact_head.c.node_id,
            artifact_head.c.kind,
            artifact_prompt.c.name,
            artifact_prompt.c.language,
            artifact_prompt.c.fingerprint,
            artifact_prompt.c.override_id,
        )
        .join(artifact_prompt, artifact_prompt.c.artifact_id == artifact_head.c.artifact_id)
        .order_by(artifact_head.c.node_id, artifact_head.c.kind, artifact_prompt.c.name)
    )
    if node_ids is None:
        query = query.join(node, node.c.id == artifact_head.c.node_id).where(node.c.project_id == project_id)
        return fetch(conn, UsedPrompt, query)
    query = query.where(among(artifact_head.c.node_id, bindparam("ids", type_=Ids())))
    return fetch(conn, UsedPrompt, query, {"ids": sorted(node_ids)})


def list_templates(conn: Connection, prompt_name: str, limit: int = 3) -> list[JsonObject]:
    """What the newest calls with a prompt (``planning/plan_episodes.en``) were filled in with."""
    query = (
        select(model_call.c.template)
        .where(model_call.c.prompt_name == prompt_name, model_call.c.template.isnot(None))
        .order_by(model_call.c.id.desc())
        .limit(limit)
    )
    return [template for (template,) in conn.execute(query)]


def _is_of(project_id: int | None) -> ColumnElement[bool]:
    if project_id is None:
        return prompt_override.c.project_id.is_(None)
    return prompt_override.c.project_id == project_id
