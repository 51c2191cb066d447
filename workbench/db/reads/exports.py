"""The ledger from its beginning to its end, a batch at a time."""

from __future__ import annotations

from sqlalchemy import Connection, and_, case, func, or_, select

from workbench.db.reads.usage import of_calls
from workbench.db.rows.exports import LedgerEntry
from workbench.db.rows.record import fetch
from workbench.db.rows.usage import CallFilters
from workbench.db.schema import job, model_call, node, profile

_project, _above = node.alias("project"), node.alias("above")
_asked_first = profile.alias("asked_first")
_call = model_call.c
# a removed job's calls have its node and person themselves
_node_id = func.coalesce(_call.node_id, job.c.node_id)
_person = func.coalesce(_call.created_by, job.c.created_by)

_entries = (
    select(
        _call.id, _call.call_id, _call.started_at, _call.ended_at, _call.project_id,
        _project.c.title.label("project"),
        case((node.c.kind == "episode", node.c.title), (_above.c.kind == "episode", _above.c.title)).label("episode"),
        case((node.c.kind == "scene", node.c.title)).label("scene"),
        _node_id.label("node_id"), node.c.kind.label("node_kind"), node.c.title.label("node"),
        _call.job_id, job.c.title.label("job"), job.c.title_i18n, job.c.state.label("job_state"),
        job.c.parent_id, _person.label("person"),
        _call.workflow, _call.step, _call.purpose,
        _call.profile_id, profile.c.name.label("profile"), _asked_first.c.name.label("fallback_from"),
        _call.provider, _call.model, _call.capability, _call.mode, _call.prompt_name, _call.prompt_version,
        _call.outcome, _call.valid, _call.finish_reason, _call.error_kind, _call.error, _call.http_status,
        _call.request_id, _call.latency_ms, _call.ttft_ms, _call.input_tokens, _call.cached_tokens,
        _call.output_tokens, _call.reasoning_tokens, _call.image_input_tokens, _call.image_output_tokens,
        _call.images, _call.video_seconds, _call.cost_micros, _call.expected_micros, _call.currency,
        _call.price_source, _call.price,
    )
    .select_from(model_call)
    .outerjoin(job, job.c.id == _call.job_id)
    .outerjoin(node, node.c.id == _node_id)
    .outerjoin(_above, _above.c.id == node.c.parent_id)
    .outerjoin(_project, _project.c.id == _call.project_id)
    .outerjoin(profile, profile.c.id == _call.profile_id)
    .outerjoin(_asked_first, _asked_first.c.id == _call.fallback_from)
    .order_by(_call.started_at, _call.id)
)  # fmt: skip


def list_entries(
    conn: Connection, since: int, after: tuple[int, int] | None, filters: CallFilters, limit: int
) -> list[LedgerEntry]:
    """Oldest first, those behind `after` (started_at, id)."""
    query = of_calls(_entries, since if after is None else after[0], filters).limit(limit)
    if after is not None:
        query = query.where(or_(_call.started_at > after[0], and_(_call.started_at == after[0], _call.id > after[1])))
    return fetch(conn, LedgerEntry, query)
