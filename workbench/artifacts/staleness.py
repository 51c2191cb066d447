"""Stale = some input's head has another content hash now (product.md). Pure: callers bring the heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.db.rows.story import HeadState


def changed_inputs(inputs: list[dict[str, Any]], heads: Mapping[tuple[int, str], HeadState]) -> list[dict[str, Any]]:
    """The inputs whose head (or the part that was read) differs now, each with `to_version`."""
    changed = []
    for made_from in inputs:
        head = heads.get((made_from["node_id"], made_from["kind"]))
        if head is None:
            continue
        part = made_from.get("part")
        now = (head.part_hashes or {}).get(part) if part else head.content_hash
        if now != made_from["content_hash"]:
            changed.append({**made_from, "to_version": head.version, "head_id": head.id})
    return changed
