"""`wb.workflows`: what can be made, and where it can be made now."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from workbench.api.projects import find_node
from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.db.reads import jobs as job_reads
from workbench.db.reads import story as reads
from workbench.db.rows.jobs import Job
from workbench.db.rows.record import Record
from workbench.db.rows.story import ArtifactVersion, KeptHead
from workbench.errors import InvalidInput, Issue
from workbench.json_types import JsonObject
from workbench.story import freshness, guards, studio
from workbench.story.facts import NodeView

if TYPE_CHECKING:
    from workbench.workflows.registry import Registry, Workflow


@dataclass(frozen=True, slots=True)
class Cell(Record):
    """One workflow on one node, as the Studio shows it."""

    workflow: Workflow
    #: the newest
    job: Job | None
    #: the head of what it writes
    artifact: ArtifactVersion | None
    #: what must exist first
    unmet: list[Issue]
    stale_reasons: list[studio.StaleReason]
    #: missing, ready, queued, running, waiting, fresh, stale, partial or failed
    state: str
    origin: studio.HeadOrigin

    @property
    def guarded(self) -> bool:
        """A person cares for what a run would replace: it was written by hand, or is pinned."""
        kept = self.artifact is not None and (self.artifact.pinned or self.origin.by_hand)
        return kept and not (self.workflow.adds and not (self.artifact and self.artifact.pinned))


@check_arguments
class Workflows:
    """Knows the registered workflows."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database = database
        self._registry = registry

    def list(self, scope: str | None = None) -> builtins.list[Workflow]:
        """In the order of a story's making; of one scope (project, episode, scene, any) when given."""
        return [w for w in self._registry.all().values() if scope is None or w.scope == scope]

    def get(self, name: str) -> Workflow:
        """Raises NotFound."""
        return self._registry.find(name)

    def list_unmet(self, kind: str, node_id: int, params: JsonObject | None = None) -> builtins.list[Issue]:
        """What must exist first; empty when the workflow can run. Raises InvalidInput, NotFound."""
        workflow = self._registry.find(kind)
        node = NodeView.load(self._database, node_id)
        return guards.unmet(workflow, node, self._registry.parse(workflow, params or {}))

    def list_cells(self, node_id: int) -> builtins.list[Cell]:
        """A cell for each workflow of the node's scope. Raises NotFound."""
        with self._database.read() as conn:
            workflows = self.list(find_node(conn, node_id).kind)
            jobs = job_reads.latest_for_nodes(conn, [node_id])
            heads = {w.writes: reads.find_head(conn, node_id, w.writes) for w in workflows if w.writes}
            reasons = {kind: studio.find_stale_reasons(conn, head) if head else [] for kind, head in heads.items()}
            versions = reads.list_origins(conn, node_id)
        origins = {
            kind: studio.trace_head(head, [v for v in versions if v.kind == kind])
            for kind, head in heads.items()
            if head
        }
        cells = []
        for workflow in workflows:
            job = jobs.get((node_id, workflow.name))
            artifact = heads.get(workflow.writes or "")
            stale = reasons.get(workflow.writes or "", [])
            unmet = self._list_unmet_by_default(workflow, node_id)
            state = studio.cell_state(job, artifact, bool(stale), bool(unmet))
            origin = origins.get(workflow.writes or "", studio.HeadOrigin())
            cells.append(Cell(workflow, job, artifact, unmet, stale, state, origin))
        return cells

    def list_kept(self, kind: str, node_ids: Sequence[int]) -> builtins.list[KeptHead]:
        """What a run of a workflow on these nodes would replace, or not be seen beside: written by hand, or pinned."""
        workflow = self._registry.find(kind)
        with self._database.read() as conn:
            kept = freshness.find_kept(conn, node_ids, [workflow])
        return [head for (written, _), head in kept.items() if written == workflow.writes]

    def list_marks(self, project_id: int) -> builtins.list[studio.Mark]:
        """What is at work in a project, and what has failed or come only in part and was not made good since."""
        with self._database.read() as conn:
            return self._read_marks(conn, project_id)

    def signature(self, project_id: int) -> tuple[builtins.list[studio.Mark], str]:
        """A project's marks, and what is another one as soon as anything in its tree is; cheap enough to be asked all
        the time.

        What is made in another project may change it, too.
        """
        with self._database.read() as conn:
            return self._read_marks(conn, project_id), reads.tree_version(conn, project_id)

    def _read_marks(self, conn: Connection, project_id: int) -> builtins.list[studio.Mark]:
        jobs = [*job_reads.list_active_in_project(conn, project_id), *job_reads.list_unsolved(conn, project_id)]
        if not jobs:
            return []
        made_at = reads.head_times(conn, {j.node_id for j in jobs if j.node_id is not None and j.finished_at})
        parents = reads.parents_of(conn, {j.node_id for j in jobs if j.node_id is not None})
        # what is tried on a node and leaves nothing there says nothing of it
        writes = {w.name: w.writes for w in self._registry.all().values() if not (w.scope == "any" and w.by_hand)}
        return studio.mark_nodes(jobs, writes, made_at, parents)

    def _list_unmet_by_default(self, workflow: Workflow, node_id: int) -> builtins.list[Issue]:
        try:
            return self.list_unmet(workflow.name, node_id)
        except InvalidInput as error:
            return error.issues
