"""Questions about stored pictures and clips."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Table, Text, cast, func, select

from workbench.db.schema import artifact, job, media, model_call, step

#: texts that may name media
Texts = Iterable[str]
BATCH = 500


def find(conn: Connection, sha256: str) -> dict[str, Any] | None:
    row = conn.execute(select(media).where(media.c.sha256 == sha256)).mappings().one_or_none()
    return None if row is None else dict(row)


def all_media(conn: Connection) -> list[dict[str, Any]]:
    return [dict(r) for r in conn.execute(select(media)).mappings()]


def newest(conn: Connection) -> dict[str, int]:
    """Marks for `references`: what is added from here on has higher ids, or is a step that changed after the moment."""
    ids = {
        table.name: int(conn.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one())
        for table in (artifact, model_call)
    }
    return {**ids, "step": int(conn.execute(select(func.coalesce(func.max(step.c.updated_at), 0))).scalar_one())}


def references(conn: Connection, since: dict[str, int] | None = None) -> Iterator[str]:
    """The contents of every artifact version, the outputs of steps and the prompts of calls that deal with media, as text."""
    marks = since or {"artifact": 0, "model_call": 0, "step": 0}
    yield from _by_id(conn, artifact, artifact.c.content, marks["artifact"])
    yield from _by_id(conn, model_call, model_call.c.prompt, marks["model_call"], model_call.c.capability != "text")
    visual = step.c.job_id.in_(select(job.c.id).where(job.c.queue.in_(("image", "video"))))
    outputs = select(cast(step.c.output, Text)).where(
        step.c.output.isnot(None), step.c.updated_at >= marks["step"], visual
    )
    yield from conn.execute(outputs).scalars()


def _by_id(conn: Connection, table: Table, column: Any, after: int, *only: Any) -> Iterator[str]:
    """A column as text, batch by batch: not all versions of a large store at once."""
    while True:
        query = select(table.c.id, cast(column, Text)).where(table.c.id > after, column.isnot(None), *only)
        rows = conn.execute(query.order_by(table.c.id).limit(BATCH)).all()
        yield from (text for _, text in rows)
        if len(rows) < BATCH:
            return
        after = rows[-1][0]
