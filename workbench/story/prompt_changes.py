"""What was made with another prompt than the one that counts now.

Only what a person has written anew makes anything stale: a release that ships other prompts does not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from workbench import prompts
from workbench.db.reads import prompts as reads
from workbench.db.rows.prompts import Override, PartPrompt, UsedPrompt
from workbench.errors import NotFound


@dataclass(frozen=True)
class ChangedPrompt:
    """A prompt that differs now from the one that an artifact was made with.

    `was`, `now`: the prompt versions. `project_id`: whose words count now; None: the ones for all, or the shipped ones.
    `only_for`: the parts of it that were made with `was`; None: all.
    """

    name: str
    language: str
    was: str
    now: str
    is_shipped: bool
    project_id: int | None
    only_for: tuple[str, ...] | None = None

    def touches(self, part: str) -> bool:
        """Whether a part of what was made (``group:KF3``) was made with it."""
        return self.only_for is None or part in self.only_for


Changed = dict[tuple[int, str], list[ChangedPrompt]]


def find_changed(conn: Connection, project_id: int, node_ids: Collection[int] | None = None) -> Changed:
    """(node id, kind) → the prompts that differ now, for the heads of a project, or of some of its nodes."""
    if not reads.has_overrides(conn, project_id):
        return {}
    counting = list_counting(conn, project_id)
    changed: dict[tuple[int, str], dict[ChangedPrompt, list[str]]] = {}
    for used in reads.list_used(conn, project_id, node_ids):
        override = counting.get((used.name, used.language))
        now = _shipped_version(used.name, used.language) if override is None else override.fingerprint
        if now is None or not is_other(used, now, None if override is None else override.id):
            continue
        other = ChangedPrompt(
            used.name,
            used.language,
            used.fingerprint,
            now,
            override is None,
            override.project_id if override else None,
        )
        changed.setdefault((used.node_id, used.kind), {}).setdefault(other, []).append(used.part)
    return {
        head: [replace(other, only_for=None if "" in parts else tuple(parts)) for other, parts in others.items()]
        for head, others in changed.items()
    }


def is_other(used: PartPrompt | UsedPrompt, fingerprint: str, override_id: int | None) -> bool:
    """Whether these words are others than those that were used; of shipped ones, none are."""
    return fingerprint != used.fingerprint and (override_id, used.override_id) != (None, None)


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
