"""Questions about stored pictures and clips."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Text, cast, select, tuple_

from workbench.db.connection import db_now_ms
from workbench.db.rows.media import Media
from workbench.db.rows.record import columns, fetch, fetch_one
from workbench.db.schema import artifact, media, model_call, step

#: texts that may name media
Texts = Iterable[str]
BATCH = 500


_media = columns(Media, media)


def find(conn: Connection, sha256: str) -> Media | None:
    return fetch_one(conn, Media, select(*_media).where(media.c.sha256 == sha256))


def list_media(conn: Connection) -> list[Media]:
    return fetch(conn, Media, select(*_media))


def find_known(conn: Connection, hashes: Collection[str]) -> set[str]:
    """Those of the hashes that have a row."""
    return set(conn.execute(select(media.c.sha256).where(media.c.sha256.in_(hashes))).scalars())


def read_db_clock_ms(conn: Connection) -> int:
    """The database's time."""
    return int(conn.execute(select(db_now_ms())).scalar_one())


def references(conn: Connection, since_ms: int = 0) -> Iterator[str]:
    """The contents of every artifact version, the outputs of every step and the prompts of calls for media, as text.

    Batch by batch: not all versions of a large store at once. `since_ms`: what was written from then on alone.
    """
    yield from _texts(conn, (artifact.c.id,), artifact.c.content, artifact.c.created_at >= since_ms)
    yield from _texts(conn, (step.c.job_id, step.c.name), step.c.output, step.c.updated_at >= since_ms)
    # not those of text calls, which quote whole stories
    visual = model_call.c.capability != "text"
    yield from _texts(conn, (model_call.c.id,), model_call.c.prompt, visual, model_call.c.started_at >= since_ms)


def _texts(conn: Connection, key: tuple[Any, ...], column: Any, *only: Any) -> Iterator[str]:
    query = select(cast(column, Text), *key).where(column.isnot(None), *only).order_by(*key).limit(BATCH)
    after: tuple[Any, ...] = ()
    while True:
        rows = conn.execute(query.where(tuple_(*key) > tuple_(*after)) if after else query).all()
        for text, *_ in rows:
            yield text
        if len(rows) < BATCH:
            return
        after = tuple(rows[-1][1:])
