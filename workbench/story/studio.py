"""What the Studio shows of a node: a cell for each workflow, its state derived from artifacts and jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.artifacts.diff import Change, changes
from workbench.artifacts.placing import tell_today
from workbench.artifacts.staleness import find_changed_inputs, follow
from workbench.artifacts.versions import part_of, pick
from workbench.db.reads import story as reads
from workbench.db.rows.jobs import Job
from workbench.db.rows.story import Artifact, ArtifactVersion, Input, VersionOrigin
from workbench.db.schema import ACTIVE
from workbench.json_types import Json
from workbench.story.freshness import complete, source_heads
from workbench.story.prompt_changes import ChangedPrompt, find_changed


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
    #: it is no input that changed, but the prompt; `changes` is empty then
    prompt: ChangedPrompt | None = None

    def touches(self, part: str) -> bool:
        """Whether a part of what is stale is so for this reason."""
        return self.only_for is None or part in self.only_for


@dataclass(frozen=True)
class HeadOrigin:
    """Whom the head of an artifact comes from, and what stands beside it.

    `by_hand`: a person wrote or edited it. `replaced`: the version by hand that a model's head has taken the place of.
    `newer`: the newest version, where another one counts.
    """

    by_hand: bool = False
    replaced: int | None = None
    newer: int | None = None


def trace_head(head: ArtifactVersion, origins: Sequence[VersionOrigin]) -> HeadOrigin:
    """From all versions of the head's kind, newest first."""
    own = next(o for o in origins if o.version == head.version)
    newest = origins[0].version
    before = next((o for o in origins if o.version < head.version and o.source != "ai"), None)
    replaced = before.version if own.source == "ai" and before is not None and before.by_hand else None
    return HeadOrigin(own.by_hand, replaced, newest if newest > head.version else None)


def cell_state(job: Job | None, artifact: ArtifactVersion | None, stale: bool, unmet: bool) -> str:
    """missing | ready | queued | running | waiting | fresh | stale | partial | failed."""
    if job is not None and job.state in ACTIVE:
        return job.state
    if job is not None and job.state == "failed" and (artifact is None or artifact.created_at < (job.finished_at or 0)):
        return "failed"
    if artifact is not None:
        return "stale" if stale else "fresh" if complete(artifact) else "partial"
    if job is not None and job.state in ("partial", "succeeded"):
        return "fresh" if job.state == "succeeded" else "partial"
    return "missing" if unmet else "ready"


@dataclass(frozen=True)
class Mark:
    """What a job says of its node: at work, failed or partial. `parent_id`: of the node."""

    node_id: int
    parent_id: int | None
    workflow: str
    state: str


def mark_nodes(
    jobs: Iterable[Job],
    writes: Mapping[str, str | None],
    made_at: Mapping[tuple[int, str], int],
    parents: Mapping[int, int | None],
) -> list[Mark]:
    """The marks of these jobs; a failure after which its artifact was made, by hand too, leaves none.

    A parent that writes nothing itself is made good by whatever was made on its node since; what came of its parts,
    they say themselves. `writes`: workflow → the kind it writes, `made_at`: when each head was made.
    """
    marks = []
    for job in jobs:
        if job.node_id is None or job.kind not in writes:
            continue
        if job.state not in ACTIVE:
            kind = writes[job.kind]
            made = [at for (node, own), at in made_at.items() if node == job.node_id and kind in (None, own)]
            good = max(made, default=0) >= (job.finished_at or 0)
            if (job.state == "partial" and kind is None) or (job.state == "failed" and good):
                continue
        marks.append(Mark(job.node_id, parents.get(job.node_id), job.kind, job.state))
    return marks


def find_stale_reasons(conn: Connection, artifact: ArtifactVersion) -> list[StaleReason]:
    """Why an artifact is stale, in the order its inputs were read."""
    reasons = []
    sources = source_heads(conn, [artifact])
    for changed in find_changed_inputs(artifact.inputs, sources):
        node = reads.find_node(conn, changed.head.node_id)
        was = reads.find_artifact(conn, changed.made_from["artifact_id"])
        now = reads.find_artifact(conn, changed.head.id)
        if node is None or was is None or now is None:
            continue
        used = _used(tell_today(conn, now), follow(changed.made_from, sources))
        reasons.append(
            StaleReason(
                node.id,
                node.title,
                changed.head.kind,
                changed.part,
                was.version,
                now.version,
                changes(_used(was, changed.made_from), used),
                changed.made_from.get("only_for"),
            )
        )
    own = reads.find_node(conn, artifact.node_id)
    if own is None:
        return reasons
    version = artifact.version
    for prompt in find_changed(conn, own.project_id, [own.id]).get((own.id, artifact.kind), []):
        parts = None if prompt.only_for is None else [*prompt.only_for]
        reasons.append(
            StaleReason(own.id, own.title, "prompt", prompt.name, version, version, [], parts, prompt=prompt)
        )
    return reasons


def _used(artifact: Artifact, made_from: Input) -> Json:
    """What an input is about: the whole content, a part of it, or the fields of either that were used."""
    content = part_of(kinds.find(artifact.kind), artifact.content, made_from.get("part"))
    fields = made_from.get("fields")
    return content if fields is None else pick(content, fields, kinds.find(artifact.kind))
