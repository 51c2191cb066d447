"""Rows for tests of what shows them."""

from __future__ import annotations

from typing import Any, TypeVar

from workbench.db.rows.record import Record

R = TypeVar("R", bound=Record)


def record(kind: type[R], **fields: Any) -> R:
    """A row with these fields; the others are None."""
    return kind(**{**dict.fromkeys(kind.__match_args__), **fields})
