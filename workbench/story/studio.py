"""What the Studio shows of a node: a cell for each workflow, its state derived from artifacts and jobs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.artifacts.diff import Change, changes
from workbench.artifacts.staleness import changed_inputs
from workbench.db.reads import story as reads
from workbench.db.rows.jobs import Job
from workbench.db.rows.story import ArtifactVersion, HeadState
from workbench.db.schema import ACTIVE


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


def cell_state(job: Job | None, artifact: ArtifactVersion | None, stale: bool, unmet: bool) -> str:
    """missing | ready | queued | running | waiting | fresh | stale | failed."""
    if job is not None and job.state in ACTIVE:
        return str(job.state)
    if job is not None and job.state == "failed" and (artifact is None or artifact.created_at < (job.finished_at or 0)):
        return "failed"
    if artifact is not None:
        return "stale" if stale else "fresh"
    if job is not None and job.state in ("partial", "succeeded"):
        return "fresh" if job.state == "succeeded" else "partial"
    return "missing" if unmet else "ready"


def heads_needed(
    conn: Connection, artifacts: Iterable[HeadState | ArtifactVersion]
) -> dict[tuple[int, str], HeadState]:
    """The heads that decide whether these artifacts are stale."""
    nodes = sorted({made_from["node_id"] for a in artifacts for made_from in a.inputs})
    return reads.heads_for(conn, nodes) if nodes else {}


def reasons(conn: Connection, artifact: ArtifactVersion) -> list[StaleReason]:
    """Why an artifact is stale, in the order its inputs were read."""
    found = []
    for changed in changed_inputs(artifact.inputs, heads_needed(conn, [artifact])):
        node = reads.find_node(conn, changed["node_id"])
        was, now = reads.artifact_by_id(conn, changed["artifact_id"]), reads.artifact_by_id(conn, changed["head_id"])
        if node is None or was is None or now is None:
            continue
        found.append(
            StaleReason(
                node.id,
                node.title,
                changed["kind"],
                changed["part"],
                changed["version"],
                changed["to_version"],
                changes(_part(changed, was.content), _part(changed, now.content)),
            )
        )
    return found


def _part(changed: dict[str, Any], content: dict[str, Any]) -> Any:
    parts = kinds.find(changed["kind"]).parts
    if changed["part"] is None or parts is None:
        return content
    return parts(content).get(changed["part"])
