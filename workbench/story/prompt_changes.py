"""What was made with another prompt than the one that counts now.

Only what a person has written anew makes anything stale: a release that ships other prompts does not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from workbench import prompts
from workbench.db.reads import prompts as reads
from workbench.db.rows.prompts import Override
from workbench.errors import NotFound


@dataclass(frozen=True)
class ChangedPrompt:
    """A prompt that differs now from the one that an artifact was made with.

    `was`, `now`: the prompt versions. `project_id`: whose words count now; None: the ones for all, or the shipped ones.
    """

    name: str
    language: str
    was: str
    now: str
    is_shipped: bool
    project_id: int | None


Changed = dict[tuple[int, str], list[ChangedPrompt]]


def find_changed(conn: Connection, project_id: int, node_ids: Collection[int] | None = None) -> Changed:
    """(node id, kind) → the prompts that differ now, for the heads of a project, or of some of its nodes."""
    if not reads.has_overrides(conn, project_id):
        return {}
    counting = list_counting(conn, project_id)
    changed: Changed = {}
    for used in reads.list_used(conn, project_id, node_ids):
        override = counting.get((used.name, used.language))
        now = _shipped_version(used.name, used.language) if override is None else override.fingerprint
        if now in (None, used.fingerprint) or (override is None and used.override_id is None):
            continue
        other = ChangedPrompt(
            used.name,
            used.language,
            used.fingerprint,
            now or "",
            override is None,
            override.project_id if override else None,
        )
        changed.setdefault((used.node_id, used.kind), []).append(other)
    return changed


def list_counting(conn: Connection, project_id: int | None) -> dict[tuple[str, str], Override]:
    """(name, language) → the override that counts for a project; what counts as shipped is left out."""
    counting: dict[tuple[str, str], Override] = {}
    for override in sorted(reads.list_newest(conn, project_id), key=lambda one: one.project_id is not None):
        if not override.is_reset:
            counting[override.name, override.language] = override
    return counting


def _shipped_version(name: str, language: str) -> str | None:
    try:
        return prompts.find(name, language).version
    except NotFound:
        return None  # of a workflow that is not there any more
