"""Questions about the prompts that people have written anew, and about what was made with which prompt."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from workbench.db.connection import Ids, among
from workbench.db.rows.prompts import MOST_ANSWERS, Override, PartPrompt, PastCall, PastCallEntry, PromptUse, UsedPrompt
from workbench.db.rows.record import columns, fetch, fetch_one
from workbench.db.rows.story import Input
from workbench.db.schema import artifact, artifact_head, artifact_prompt, job, model_call, node, prompt_override
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
    query: Select[tuple[int, str, str, str, str, str, int | None]] = (
        select(
            artifact_head.c.node_id,
            artifact_head.c.kind,
            artifact_prompt.c.part,
            artifact_prompt.c.name,
            artifact_prompt.c.language,
            artifact_prompt.c.fingerprint,
            artifact_prompt.c.override_id,
        )
        .join(artifact_prompt, artifact_prompt.c.artifact_id == artifact_head.c.artifact_id)
        .order_by(artifact_head.c.node_id, artifact_head.c.kind, artifact_prompt.c.name, artifact_prompt.c.part)
    )
    if node_ids is None:
        query = query.join(node, node.c.id == artifact_head.c.node_id).where(node.c.project_id == project_id)
        return fetch(conn, UsedPrompt, query)
    query = query.where(among(artifact_head.c.node_id, bindparam("ids", type_=Ids())))
    return fetch(conn, UsedPrompt, query, {"ids": sorted(node_ids)})


def list_of_artifact(conn: Connection, artifact_id: int) -> list[PartPrompt]:
    """The prompts that a version was made with."""
    query = (
        select(*columns(PartPrompt, artifact_prompt))
        .where(artifact_prompt.c.artifact_id == artifact_id)
        .order_by(artifact_prompt.c.part, artifact_prompt.c.name)
    )
    return fetch(conn, PartPrompt, query)


def list_templates(conn: Connection, prompt_name: str, limit: int = 3) -> list[JsonObject]:
    """What the newest calls with a prompt (``planning/plan_episodes.en``) were filled in with."""
    query = (
        select(model_call.c.template)
        .where(model_call.c.prompt_name == prompt_name, model_call.c.template.isnot(None))
        .order_by(model_call.c.id.desc())
        .limit(limit)
    )
    return [template for (template,) in conn.execute(query)]


_TOLD = ("model", "currency", "valid", "cost_micros", "input_tokens", "output_tokens", "latency_ms", "started_at")

#: what a past call must have to be put again
_kept = (model_call.c.template.isnot(None), model_call.c.job_id.isnot(None), model_call.c.step.isnot(None))

# the node is its job's: a call has one of its own only when its job is gone
_listed = [c for c in columns(PastCallEntry, model_call) if c.name != "node_id"]


def find_past_call(conn: Connection, call_id: int) -> PastCall | None:
    """None: it is gone, or what it was filled in with is not kept any more."""
    return fetch_one(conn, PastCall, select(*columns(PastCall, model_call)).where(model_call.c.id == call_id, *_kept))


def list_past_calls(
    conn: Connection,
    prompt_name: str,
    *,
    project_id: int | None = None,
    node_id: int | None = None,
    limit: int = 100,
) -> list[PastCallEntry]:
    """Calls that a prompt can be tried on, newest first: the first of each step. `prompt_name`: with its language."""
    query = (
        select(*_listed, job.c.node_id, node.c.title)
        .join(job, job.c.id == model_call.c.job_id)
        .outerjoin(node, node.c.id == job.c.node_id)
        .where(model_call.c.prompt_name == prompt_name, model_call.c.purpose == "generate", *_kept)
        .order_by(model_call.c.id.desc())
        .limit(limit)
    )
    if project_id is not None:
        query = query.where(model_call.c.project_id == project_id)
    if node_id is not None:
        query = query.where(job.c.node_id == node_id)
    return fetch(conn, PastCallEntry, query)


def list_inputs_of_job(conn: Connection, job_id: int) -> list[Input]:
    """What the artifact of a job was made from; nothing when it made none."""
    inputs = conn.execute(select(artifact.c.inputs).where(artifact.c.job_id == job_id).limit(1)).scalar_one_or_none()
    return inputs or []


def list_uses(conn: Connection, prompt_name: str, project_id: int | None = None) -> list[PromptUse]:
    """How the newest MOST_ANSWERS first answers came out, by prompt version, model and currency, newest version
    first."""
    # an answer to a repair says more of the repair than of the prompt
    of_prompt = (
        select(*(model_call.c[name] for name in ("prompt_version", *_TOLD)))
        .where(
            model_call.c.prompt_name == prompt_name, model_call.c.purpose.in_(("generate", "trial")),
            model_call.c.outcome == "ok",
        )
        .order_by(model_call.c.id.desc())
        .limit(MOST_ANSWERS)
    )  # fmt: skip
    if project_id is not None:
        of_prompt = of_prompt.where(model_call.c.project_id == project_id)
    call = of_prompt.subquery().c
    query = (
        select(
            call.prompt_version,
            call.model,
            call.currency,
            func.count(),
            func.sum(case((call.valid.is_(True), 1), else_=0)),
            func.sum(case((call.valid.isnot(None), 1), else_=0)),
            func.sum(call.cost_micros),
            func.sum(call.input_tokens),
            func.sum(call.output_tokens),
            func.avg(call.latency_ms),
            func.max(call.started_at).label("last_at"),
        )
        .group_by(call.prompt_version, call.model, call.currency)
        .order_by(literal_column("last_at").desc())
    )
    return [
        PromptUse(
            version,
            model,
            currency,
            calls,
            valid,
            judged,
            _whole(micros),
            _whole(read),
            _whole(written),
            _whole(latency),
            last_at,
        )
        for version, model, currency, calls, valid, judged, micros, read, written, latency, last_at in conn.execute(
            query
        )
    ]


def _whole(number: Any) -> int | None:
    """A sum or mean, which PostgreSQL answers as a Decimal."""
    return None if number is None else round(number)


def _is_of(project_id: int | None) -> ColumnElement[bool]:
    if project_id is None:
        return prompt_override.c.project_id.is_(None)
    return prompt_override.c.project_id == project_id
