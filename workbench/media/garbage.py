"""Sweeping the media store: what no artifact version, no step and no call's prompt refers to any more goes, after a grace.

A version refers to its media for ever, the head or not. What was written again while the sweep looked stays.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from workbench.db.connection import Database
from workbench.db.reads import media as reads
from workbench.db.writes import media as writes
from workbench.media.store import ENDINGS, MediaStore

DAY_S = 86_400
GRACE_S = float(DAY_S)
_NAME = re.compile(r"(?:.*/)?([0-9a-f]{64})(\.webp|\.mp4)")
_SHA = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Swept:
    """What was found: media in all, kept because something refers to them, and those that went (or would go)."""

    media: int
    referred: int
    removed: tuple[str, ...]
    bytes: int


def sweep(database: Database, store: MediaStore, *, grace_s: float = GRACE_S, dry_run: bool = False) -> Swept:
    """Remove what nothing refers to and what was not written within the grace (seconds). Safe while jobs run."""
    cutoff = time.time() - grace_s
    with database.read() as conn:
        rows = {r["sha256"]: r for r in reads.all_media(conn)}
        marks = reads.newest(conn)
        used = _referred(reads.references(conn))
    files = {m[1]: (m[2], at) for name, at in store.storage.names() if (m := _NAME.fullmatch(name))}
    candidates = [
        sha
        for sha in {*rows, *files}
        if sha not in used
        and (sha not in rows or rows[sha]["created_at"] < cutoff * 1000)
        and (sha not in files or files[sha][1] < cutoff)
    ]
    sizes = {sha: int(rows[sha]["bytes"]) if sha in rows else 0 for sha in candidates}
    if dry_run:
        return Swept(len({*rows, *files}), len(used & {*rows, *files}), tuple(sorted(candidates)), sum(sizes.values()))
    removed = []
    for sha in sorted(candidates):
        with database.write() as conn:
            # what was referred to since the look above is in rows newer than it
            if sha in _referred(reads.references(conn, since=marks)):
                continue
            writes.remove(conn, sha)
        ending = files[sha][0] if sha in files else ENDINGS[str(rows[sha]["mime"])]
        if store.forget(sha, ending, cutoff):
            removed.append(sha)
    return Swept(len({*rows, *files}), len(used & {*rows, *files}), tuple(removed), sum(sizes[s] for s in removed))


def _referred(texts: reads.Texts) -> set[str]:
    """Every hash that the texts name. More than media are named so; that keeps at most too much."""
    return {sha for text in texts for sha in _SHA.findall(text)}
