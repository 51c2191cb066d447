"""Sweeping the media store: what no artifact version, no step and no call's prompt refers to any more goes, after a
grace.

A version refers to its media for ever, the head or not. What was written again while the sweep looked stays.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from workbench.db.connection import Database
from workbench.db.reads import media as reads
from workbench.db.rows.media import Media
from workbench.db.writes import media as writes
from workbench.media.store import ENDINGS, FILE_ENDINGS, MediaStore

GRACE_S = 86_400.0
#: what is written in one transaction is dated at its beginning and seen at its end
LONGEST_TRANSACTION_MS = 3_600_000
#: as many go after one look at what was written meanwhile
BATCH = 100
_ENDINGS = "|".join(re.escape(ending) for ending in (*ENDINGS.values(), *FILE_ENDINGS))
_NAME = re.compile(rf"(?:.*/)?([0-9a-f]{{64}})({_ENDINGS})")
_SHA = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class SweepReport:
    """What was found: media in all, needed because something refers to them, and those that went (or would go)."""

    media: int
    referred: int
    removed: tuple[str, ...]
    bytes: int


def sweep(database: Database, store: MediaStore, *, grace_s: float = GRACE_S, dry_run: bool = False) -> SweepReport:
    """Remove what nothing refers to and what was not written within the grace (seconds). Safe while jobs run."""
    cutoff = time.time() - grace_s
    # before the rows: a file without one may be about to get it
    files = {m[1]: (m[2], at) for name, at in store.storage.names() if (m := _NAME.fullmatch(name))}
    with database.read() as conn:
        now_ms = reads.read_db_clock_ms(conn)
        rows = {r.sha256: r for r in reads.list_media(conn)}
        used = _hashes_in(reads.references(conn))
    cutoff_ms = now_ms - round(grace_s * 1000)
    known = {*rows, *files}
    candidates = [
        sha
        for sha in sorted(known - used)
        if (sha not in rows or rows[sha].created_at < cutoff_ms) and (sha not in files or files[sha][1] < cutoff)
    ]
    removed = candidates
    if not dry_run:
        removed = []
        for batch in (candidates[n : n + BATCH] for n in range(0, len(candidates), BATCH)):
            removed += _remove(database, store, batch, rows, files, now_ms, cutoff_ms, cutoff)
        store.storage.tidy(cutoff)
    size = sum(int(rows[sha].bytes) for sha in removed if sha in rows)
    return SweepReport(len(known), len(known & used), tuple(removed), size)


def _remove(
    database: Database,
    store: MediaStore,
    batch: list[str],
    rows: dict[str, Media],
    files: dict[str, tuple[str, float]],
    checked_ms: int,
    cutoff_ms: int,
    cutoff: float,
) -> list[str]:
    """Remove those of a batch that nobody has needed since the look."""
    with database.write() as conn:
        old = writes.lock_older_than(conn, batch, cutoff_ms)
        since = _hashes_in(reads.references(conn, checked_ms - LONGEST_TRANSACTION_MS))
        writes.remove(conn, old - since)
        # one that is still there was added again
        needed = since | reads.find_known(conn, batch)
    # the row is gone before its file, never the other way round
    endings = {sha: files[sha][0] if sha in files else ENDINGS[str(rows[sha].mime)] for sha in batch}
    return [sha for sha in batch if sha not in needed and store.forget(sha, endings[sha], cutoff)]


def _hashes_in(texts: reads.Texts) -> set[str]:
    """Every hash that the texts name. More than media are named so; that keeps at most too much."""
    return {sha for text in texts for sha in _SHA.findall(text)}
