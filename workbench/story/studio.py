"""What the Studio shows of a node: a cell for each workflow, its state derived from artifacts and jobs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.artifacts.diff import Change, changes
from workbench.artifacts.staleness import find_changed_inputs
from workbench.artifacts.versions import part_of, pick
from workbench.db.reads import story as reads
from workbench.db.rows.jobs import Job
from workbench.db.rows.story import Artifact, ArtifactVersion, Input
from workbench.db.schema import ACTIVE
from workbench.json_types import Json
from workbench.story.freshness import source_heads


@dataclass(frozen=True)
class StaleReason:
    """One input that changed since: which node's artifact, which versions, which words."""

    node_id: int
    node_title: str
    kind: str
    part: str | None
    from_version: int
    to_version: int
    changes: list[Change]
    #: the parts of what is stale (``frame:KF3``) that used it; None: all
    only_for: list[str] | None = None

    def touches(self, part: str) -> bool:
        """Whether a part of what is stale is so for this reason."""
        return self.only_for is None or part in self.only_for


def cell_state(job: Job | None, artifact: ArtifactVersion | None, stale: bool, unmet: bool) -> str:
    """missing | ready | queued | running | waiting | fresh | stale | failed."""
    if job is not None and job.state in ACTIVE:
        return job.state
    if job is not None and job.state == "failed" and (artifact is None or artifact.created_at < (job.finished_at or 0)):
        return "failed"
    if artifact is not None:
        return "stale" if stale else "fresh"
    if job is not None and job.state in ("partial", "succeeded"):
        return "fresh" if job.state == "succeeded" else "partial"
    return "missing" if unmet else "ready"


def find_stale_reasons(conn: Connection, artifact: ArtifactVersion) -> list[StaleReason]:
    """Why an artifact is stale, in the order its inputs were read."""
    reasons = []
    for changed in find_changed_inputs(artifact.inputs, source_heads(conn, [artifact])):
        node = reads.find_node(conn, changed.head.node_id)
        was = reads.find_artifact(conn, changed.made_from["artifact_id"])
        now = reads.find_artifact(conn, changed.head.id)
        if node is None or was is None or now is None:
            continue
        reasons.append(
            StaleReason(
                node.id,
                node.title,
                changed.head.kind,
                changed.part,
                was.version,
                now.version,
                changes(_used(was, changed.made_from), _used(now, changed.made_from)),
                changed.made_from.get("only_for"),
            )
        )
    return reasons


def _used(artifact: Artifact, made_from: Input) -> Json:
    """What an input is about: the whole content, a part of it, or the fields of either that were used."""
    content = part_of(kinds.find(artifact.kind), artifact.content, made_from.get("part"))
    fields = made_from.get("fields")
    return content if fields is None else pick(content, fields)
