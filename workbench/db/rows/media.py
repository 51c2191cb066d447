"""Stored pictures and clips."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.db.rows.record import Record


@dataclass(frozen=True, slots=True)
class Media(Record):
    """A stored picture or clip. `sha256` names its file; `seconds` is None for pictures."""

    sha256: str
    kind: str
    mime: str
    width: int
    height: int
    bytes: int
    seconds: float | None
    created_at: int
