"""Ended jobs are filed: counted by kind and state, and their words put into the index.

In batches, beside the engine, which writes nothing for it: a job that has ended and is not filed is one by an index of
such jobs, so none is missed and none counted twice, whatever the order of commits. Who asks adds those few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, text, update

from workbench.db import search
from workbench.db.connection import Ids, among
from workbench.db.reads.filing import COUNTED, ENGLISH_BELOW, SEARCHED, UNFILED, body_of, calls_of
from workbench.db.schema import job, job_count, job_text
from workbench.db.writes import installation
from workbench.db.writes.installation import upsert

#: jobs that are filed in one transaction
BATCH = 500
#: any constant: PostgreSQL's advisory lock for filing
_LOCK = 7_214_378
_NAMES = ("model", "project_id", "kind", "profile_id", "error_kind", "state")

_ids = bindparam("ids", type_=Ids())
_next = select(*SEARCHED, *COUNTED).where(*UNFILED).order_by(job.c.id).limit(bindparam("most"))
_given = select(*SEARCHED, *COUNTED, job.c.filed).where(among(job.c.id, _ids))
_mark = update(job).where(among(job.c.id, _ids)).values(filed=bindparam("filed"))
_bodies = select(job_text.c.job_id, job_text.c.body).where(among(job_text.c.job_id, _ids))
_forget_words = text(f"INSERT INTO {search.INDEX} ({search.INDEX}, rowid, body) VALUES ('delete', :id, :body)")
_add_words = text(f"INSERT INTO {search.INDEX} (rowid, body) VALUES (:id, :body)")
#: all rows in one statement each: one after the other they would take longer than the index
_add_text_lists = text(
    "INSERT INTO job_text (job_id, part, body) SELECT * FROM unnest("
    "CAST(:ids AS bigint[]), CAST(:parts AS integer[]), CAST(:bodies AS text[]))"
)
_add_lexeme_lists = text(
    f"INSERT INTO {search.INDEX} (job_id, part, grams) SELECT id, part, CAST(grams AS tsvector) FROM unnest("
    "CAST(:ids AS bigint[]), CAST(:parts AS integer[]), CAST(:grams AS text[])) AS given (id, part, grams)"
)
_add_text = insert(job_text)


def file_ended(conn: Connection, most: int = BATCH) -> int:
    """File the oldest of those that are not filed; returns how many. 0 also while another process does so."""
    if not _locked(conn):
        return 0
    rows = conn.execute(_next, {"most": most}).all()
    if rows:
        calls = calls_of(conn, [row.id for row in rows])
        _add(conn, rows, calls)
        _count(conn, rows, calls, 1)
        conn.execute(_mark, {"ids": [row.id for row in rows], "filed": True})
    return len(rows)


def unfile(conn: Connection, job_ids: Sequence[int]) -> None:
    """Take jobs out of the counts and the index, before they or their calls say something else or are removed."""
    rows = [row for row in conn.execute(_given, {"ids": [*job_ids]}) if row.filed]
    if rows:
        ids = [row.id for row in rows]
        _count(conn, rows, calls_of(conn, ids), -1)
        _remove_words(conn, ids)
        conn.execute(_mark, {"ids": ids, "filed": None})


def unfile_english(conn: Connection, most: int = BATCH) -> int:
    """Take the newest of those out that were filed in English alone, to be filed anew; returns how many. 0 also while
    another process files."""
    below = installation.get_meta(conn, ENGLISH_BELOW) if _locked(conn) else None
    if below is None:
        return 0
    older = select(job.c.id).where(job.c.id < int(below), job.c.filed.is_(True)).order_by(job.c.id.desc()).limit(most)
    ids = conn.scalars(older).all()
    unfile(conn, ids)
    if ids:
        installation.set_meta(conn, ENGLISH_BELOW, str(min(ids)))
    else:
        installation.delete_meta(conn, ENGLISH_BELOW)
    return len(ids)


def _remove_words(conn: Connection, job_ids: Sequence[int]) -> None:
    """Out of the index and of what it was made from."""
    given = {"ids": [*job_ids]}
    if conn.dialect.name == "sqlite":
        # an index that keeps no text has to be told what it forgets
        known = [{"id": i, "body": body + search.END} for i, body in conn.execute(_bodies, given)]
        if known:
            conn.execute(_forget_words, known)
    else:
        conn.execute(delete(search.lexemes).where(among(search.lexemes.c.job_id, _ids)), given)
    conn.execute(delete(job_text).where(among(job_text.c.job_id, _ids)), given)


def _locked(conn: Connection) -> bool:
    """Whether this process is the one that files now; SQLite's writers are one at a time."""
    if conn.dialect.name == "sqlite":
        return True
    return bool(conn.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}).scalar_one())


def _add(conn: Connection, rows: Sequence[Any], calls: dict[int, list[Any]]) -> None:
    dialect = conn.dialect.name
    parts = [
        {"id": row.id, "part": number, "body": part}
        for row in rows
        for number, part in enumerate(search.parts_of(body_of(row, calls.get(row.id, ())), dialect))
    ]
    if not parts:
        return
    if dialect == "sqlite":
        conn.execute(_add_text, [{"job_id": p["id"], "part": p["part"], "body": p["body"]} for p in parts])
        conn.execute(_add_words, [{"id": p["id"], "body": p["body"] + search.END} for p in parts])
        return
    keys = {"ids": [p["id"] for p in parts], "parts": [p["part"] for p in parts]}
    conn.execute(_add_text_lists, {**keys, "bodies": [p["body"] for p in parts]})
    conn.execute(_add_lexeme_lists, {**keys, "grams": [search.lexemes_of(str(p["body"])) for p in parts]})


def _count(conn: Connection, rows: Sequence[Any], calls: dict[int, list[Any]], sign: int) -> None:
    counts: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        key = (row.project_id or 0, row.kind, row.profile_id or 0, row.error_kind or "", row.state)
        for model in {"", *(call.model for call in calls.get(row.id, ()))}:
            counts[model, *key] += sign
    if not counts:
        return
    new = upsert(conn, job_count)
    added = new.on_conflict_do_update(index_elements=[*_NAMES], set_={"jobs": job_count.c.jobs + new.excluded.jobs})
    # in one order: nobody waits for a row while holding another that is waited for
    values = [{**dict(zip(_NAMES, key, strict=True)), "jobs": jobs} for key, jobs in sorted(counts.items())]
    conn.execute(added, values)
