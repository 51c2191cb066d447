"""The one door: what pages, the command line, notebooks and tests call.

from workbench import Workbench
wb = Workbench.open()
story = wb.create_project({"title": "…", "summary": "…", "style": {"preset": "anime"}})
job = wb.submit("plan_episodes", story)
print(wb.wait(job["id"])["state"])
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from workbench import crash, errors, preferences
from workbench.artifacts import kinds
from workbench.artifacts.diff import Change, changes
from workbench.artifacts.saving import add_version, point_head
from workbench.artifacts.staleness import changed_inputs
from workbench.db.connection import Database
from workbench.db.reads import jobs as job_reads
from workbench.db.reads import story as story_reads
from workbench.db.reads import usage as usage_reads
from workbench.db.rows.jobs import ChildJob, FailureGroup, Gate, Job, JobDetail, RefusedReplay, SubmittedJob, Worker
from workbench.db.rows.media import Media
from workbench.db.rows.profiles import SavedProfile
from workbench.db.rows.story import (
    ArtifactVersion,
    Input,
    Node,
    Outline,
    OutlineNode,
    Project,
    Tree,
    TreeArtifact,
    TreeNode,
    VersionEntry,
)
from workbench.db.schema import TERMINAL
from workbench.db.writes import installation, ledger
from workbench.db.writes import jobs as job_writes
from workbench.db.writes import story as story_writes
from workbench.errors import Conflict, NotAllowed, NotFound
from workbench.i18n import N_, Text
from workbench.jobs import replay
from workbench.jobs import submit as submitting
from workbench.jobs.dispatch import Dispatcher
from workbench.json_types import JsonObject
from workbench.media import MediaStore, garbage
from workbench.preferences import Retention
from workbench.profiles.profiles import Profiles, Rotated
from workbench.profiles.routing import Services
from workbench.providers.base import SKETCH, Profile
from workbench.settings import Settings
from workbench.story import briefs, guards, studio
from workbench.story.facts import NodeView
from workbench.story.freshness import source_heads
from workbench.story.names import fold
from workbench.story.plan import Mode, Plan
from workbench.story.plan import makers as plan_makers
from workbench.usage import budgets as budgeting
from workbench.usage import money, plans
from workbench.usage.budgets import State as BudgetState
from workbench.usage.estimates import Crew, Estimate

if TYPE_CHECKING:
    from workbench.profiles.check import Trial
    from workbench.webhooks.registry import Webhooks
    from workbench.workflows.registry import Workflow

Row = dict[str, Any]
WAIT_POLL_S = 0.05


class Workbench:
    """Everything a person or a program may do with stories and jobs. Thread-safe; close it when done."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        workflows: Any,
        dispatcher: Dispatcher,
        profiles: Profiles,
        webhooks: Webhooks,
    ) -> None:
        self.database = database
        self.settings = settings
        self._workflows = workflows
        self._dispatcher = dispatcher
        self._profiles = profiles
        self.webhooks = webhooks
        self._media = MediaStore.open(settings, database)

    @classmethod
    def open(cls, settings: Settings | None = None) -> Workbench:
        """A workbench on the database and Redis of the settings (default: the environment). Raises Unavailable, InvalidInput."""
        from workbench.bootstrap import open_workbench

        return open_workbench(settings)

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the story tree -----------------------------------------------------------------------------------

    def create_project(self, brief: dict[str, Any], *, profile: str | None = None, user: str = "local") -> int:
        """A project from a brief (see story.briefs.BriefFile); returns its id. Raises InvalidInput naming each field."""
        made = briefs.parse(brief)
        profile_id = self._profiles.id_of(profile or SKETCH.name)
        with self.database.write() as conn:
            project = story_writes.add_node(conn, "project", made.title, user=user)
            if profile_id is not None:
                story_writes.set_node(conn, project, profile_id=profile_id)
            add_version(conn, project, kinds.find("brief"), made.brief(), source="import", user=user)
            for position, character in enumerate(made.characters, start=1):
                self._add_element(
                    conn, project, "character", "character", position, character.model_dump(mode="json"), user
                )
            for position, element in enumerate(made.world, start=1):
                self._add_element(
                    conn, project, "world", "world_element", position, element.model_dump(mode="json"), user
                )
        return project

    def _add_element(
        self, conn: Any, project: int, node_kind: str, kind: str, position: int, content: Row, user: str
    ) -> int:
        node = story_writes.add_node(
            conn, node_kind, content["name"], parent_id=project, project_id=project, position=position, user=user
        )
        add_version(conn, node, kinds.find(kind), content, source="import", user=user)
        return node

    def add_element(
        self, project_id: int, kind: Literal["character", "world_element"], content: Row, user: str = "local"
    ) -> int:
        """Add a character or a world element; returns its node id."""
        declared = kinds.find(kind)
        content = kinds.validate(declared, content)
        with self.database.write() as conn:
            there = story_reads.children(conn, project_id, declared.node_kind, archived=True)
            if any(fold(n.title) == fold(content["name"]) for n in there):
                said = Text(N_("{name} is there already."), name=content["name"])
                raise errors.InvalidInput(said, [errors.Issue("name", said)])
            return self._add_element(conn, project_id, declared.node_kind, kind, len(there) + 1, content, user)

    def arrange(self, node_ids: list[int]) -> None:
        """Put characters, or world elements, of one project in this order. Raises NotFound, NotAllowed."""
        with self.database.write() as conn:
            nodes = [self._node(conn, node_id) for node_id in node_ids]
            if len({(n.parent_id, n.kind) for n in nodes}) > 1 or any(
                n.kind not in ("character", "world") for n in nodes
            ):
                raise NotAllowed(Text(N_("Only characters, or world elements, of one project can be put in order.")))
            for position, node in enumerate(nodes, start=1):
                story_writes.set_node(conn, node.id, position=position)

    def projects(self, *, include_archived: bool = False) -> list[Project]:
        """Newest first; each with episodes, scenes, stale, artifacts (count by kind), cost (currency → micros) and its brief."""
        with self.database.read() as conn:
            nodes = story_reads.projects(conn, archived=include_archived)
            costs = usage_reads.project_costs(conn, [node.id for node in nodes])
            return [self._project(conn, node, costs.get(node.id, {})) for node in nodes]

    def _project(self, conn: Any, node: Node, cost: dict[str, int]) -> Project:
        kind_of = {n.id: n.kind for n in story_reads.nodes_of(conn, node.id)}
        heads = {key: head for key, head in story_reads.heads_of(conn, node.id).items() if key[0] in kind_of}
        brief = story_reads.head(conn, node.id, "brief")
        nodes_of_kind = Counter(kind_of.values())
        return Project(
            **node.as_json(),
            brief=brief.content if brief else {},
            episodes=nodes_of_kind["episode"],
            scenes=nodes_of_kind["scene"],
            artifacts=dict(Counter(kind for _, kind in heads)),
            stale=sum(bool(changed_inputs(head.inputs, heads)) for head in heads.values()),
            cost=cost,
        )

    def project_names(self, *, include_archived: bool = False) -> list[Node]:
        """Newest first: each project's row alone, whatever is in it."""
        with self.database.read() as conn:
            return story_reads.projects(conn, archived=include_archived)

    def tree(self, project_id: int, *, include_archived: bool = False) -> Tree:
        """The story tree with what was made for each node."""
        with self.database.read() as conn:
            project = self._node(conn, project_id)
            nodes = story_reads.nodes_of(conn, project_id, archived=include_archived)
            heads = story_reads.heads_of(conn, project_id)
        return Tree(project_id, project.title, [TreeNode(**node) for node in _with_artifacts(nodes, heads, heads)])

    def outline(self, project_id: int, open_node: int | None = None) -> Outline:
        """The part of the tree that a sidebar shows: like `tree`, with the scenes of the open node's episode alone.

        Each node has `parts`: how many episodes or scenes are below it. Costs the same whatever the project's size.
        """
        with self.database.read() as conn:
            project = self._node(conn, project_id)
            opened = story_reads.find_node(conn, open_node) if open_node is not None else None
            episode = opened.parent_id if opened and opened.kind == "scene" else open_node
            nodes = [project]
            for kind in ("character", "world", "episode"):
                nodes += story_reads.children(conn, project_id, kind)
            if episode is not None and episode != project_id:
                nodes += story_reads.children(conn, episode, "scene")
            heads = story_reads.heads_for(conn, [n.id for n in nodes])
            sources = source_heads(conn, list(heads.values()))
            counts = story_reads.scene_counts(conn, project_id)
        episodes = sum(n.kind == "episode" for n in nodes)
        below = {**counts, project_id: episodes}
        made = _with_artifacts(nodes, heads, sources)
        return Outline(
            project_id, project.title, [OutlineNode(**node, parts=below.get(node["id"], 0)) for node in made]
        )

    def durations(self, episode_id: int) -> list[Row | None]:
        """The duration of each live scene of an episode, by position; None where there is none."""
        with self.database.read() as conn:
            scenes = story_reads.children(conn, episode_id, "scene")
            heads = [story_reads.head(conn, scene.id, "duration") for scene in scenes]
        return [head.content if head else None for head in heads]

    def node(self, node_id: int) -> Node:
        """A node's row. Raises NotFound."""
        with self.database.read() as conn:
            return self._node(conn, node_id)

    def _node(self, conn: Any, node_id: int) -> Node:
        row = story_reads.find_node(conn, node_id)
        if row is None:
            raise NotFound(Text(N_("There is no node {node_id}."), node_id=node_id))
        return row

    def archive(self, node_id: int) -> None:
        """Hide a node; nothing is deleted."""
        self._set_archived(node_id, True)

    def restore_node(self, node_id: int) -> None:
        self._set_archived(node_id, False)

    def _set_archived(self, node_id: int, archived: bool) -> None:
        with self.database.write() as conn:
            self._node(conn, node_id)
            story_writes.set_archived(conn, node_id, archived)

    # --- artifacts ------------------------------------------------------------------------------------------

    def artifact(self, node_id: int, kind: str, version: int | None = None) -> ArtifactVersion | None:
        """A version with its content; the head by default. None when there is none."""
        kinds.find(kind)
        with self.database.read() as conn:
            self._node(conn, node_id)
            return (
                story_reads.head(conn, node_id, kind)
                if version is None
                else story_reads.version(conn, node_id, kind, version)
            )

    def versions(self, node_id: int, kind: str) -> list[VersionEntry]:
        """Newest first, without content; `is_head`, `pinned`."""
        with self.database.read() as conn:
            return story_reads.versions(conn, node_id, kind)

    def save(self, node_id: int, kind: str, content: Any, base_version: int | None, user: str = "local") -> Row:
        """Save an edit made by hand as a new version.

        Raises InvalidInput naming each field, and Conflict when `base_version` (None: there was none) is no longer the newest.
        """
        declared = kinds.find(kind)
        checked = kinds.validate(declared, content)
        with self.database.write() as conn:
            node = self._node(conn, node_id)
            if node.kind != declared.node_kind:
                raise NotAllowed(
                    Text(N_("A {kind} belongs to a {node_kind}."), kind=kind, node_kind=declared.node_kind)
                )
            story_writes.lock_node(conn, node_id)
            versions = story_reads.versions(conn, node_id, kind)
            newest = versions[0].version if versions else None
            if newest != base_version:
                raise Conflict(newest or 0)
            inputs = self._inputs_of_edit(conn, node_id, kind)
            return add_version(conn, node_id, declared, checked, source="manual", user=user, inputs=inputs)

    def _inputs_of_edit(self, conn: Any, node_id: int, kind: str) -> list[Input]:
        """A person who edits has seen today's inputs: the edit is fresh against them."""
        head = story_reads.head(conn, node_id, kind)
        if head is None:
            return []
        heads = source_heads(conn, [head])
        refreshed: list[Input] = []
        for made_from in head.inputs:
            now = heads.get((made_from["node_id"], made_from["kind"]))
            part = made_from.get("part")
            now_hash = None if now is None else ((now.part_hashes or {}).get(part) if part else now.content_hash)
            if now is None or now_hash is None:
                refreshed.append(made_from)
            else:
                refreshed.append({**made_from, "artifact_id": now.id, "version": now.version, "content_hash": now_hash})
        return refreshed

    def restore(self, node_id: int, kind: str, version: int, user: str = "local") -> Row:
        """Make an old version's content the newest version again."""
        declared = kinds.find(kind)
        with self.database.write() as conn:
            old = story_reads.version(conn, node_id, kind, version)
            if old is None:
                raise NotFound(Text(N_("There is no version {version}."), version=version))
            return add_version(
                conn,
                node_id,
                declared,
                old.content,
                source="restore",
                user=user,
                inputs=old.inputs,
                prompt_version=old.prompt_version,
                model=old.model,
            )

    def pin(self, node_id: int, kind: str, version: int | None, user: str = "local") -> None:
        """Keep a version as the head whatever comes later; None unpins and the newest counts again."""
        declared = kinds.find(kind)
        with self.database.write() as conn:
            story_writes.lock_node(conn, node_id)
            versions = story_reads.versions(conn, node_id, kind)
            wanted = next((v for v in versions if version is None or v.version == version), None)
            if wanted is None:
                raise NotFound(Text(N_("There is no version {version}."), version=version))
            point_head(conn, node_id, declared, wanted.id, pinned=version is not None, user=user)

    def diff(self, node_id: int, kind: str, from_version: int, to_version: int) -> list[Change]:
        """Field by field; empty when the contents are the same."""
        with self.database.read() as conn:
            was = story_reads.version(conn, node_id, kind, from_version)
            now = story_reads.version(conn, node_id, kind, to_version)
        if was is None or now is None:
            raise NotFound(
                Text(N_("There is no version {version}."), version=from_version if was is None else to_version)
            )
        return changes(was.content, now.content)

    def stale_reasons(self, node_id: int, kind: str) -> list[studio.StaleReason]:
        """Why the head is stale; empty when it is fresh or missing."""
        with self.database.read() as conn:
            head = story_reads.head(conn, node_id, kind)
            return studio.reasons(conn, head) if head else []

    # --- pictures and clips ---------------------------------------------------------------------------------

    def media(self, sha256: str) -> Media:
        """What is known of a stored picture or clip: kind, mime, width, height, bytes, seconds. Raises NotFound."""
        return self._media.find(sha256)

    def media_path(self, sha256: str, thumbnail: bool = False) -> Path:
        """The file of a picture or clip, or its small copy: a clip's is its first frame. Raises NotFound."""
        return self._media.thumbnail(sha256) if thumbnail else self._media.path(sha256)

    def sweep_media(self, *, grace_s: float = garbage.GRACE_S, dry_run: bool = False) -> garbage.SweepReport:
        """Remove pictures and clips that nothing refers to and that are older than the grace (seconds)."""
        return garbage.sweep(self.database, self._media, grace_s=grace_s, dry_run=dry_run)

    # --- workflows --------------------------------------------------------------------------------------------

    def workflows(self, scope: str | None = None) -> list[Workflow]:
        return [w for w in self._workflows.all().values() if scope is None or w.scope == scope]

    def workflow(self, name: str) -> Workflow:
        found: Workflow = self._workflows.find(name)
        return found

    def unmet(self, kind: str, node_id: int, params: Row | None = None) -> list[errors.Issue]:
        """What must exist first; empty when the workflow can run."""
        declared = self._workflows.find(kind)
        return guards.unmet(
            declared, NodeView.load(self.database, node_id), self._workflows.parse(declared, params or {})
        )

    def cells(self, node_id: int) -> list[Row]:
        """For each workflow of the node's scope: {workflow, state, job, artifact, unmet, stale_reasons}."""
        node = self.node(node_id)
        declared = self.workflows(node.kind)
        with self.database.read() as conn:
            jobs = job_reads.latest_for_nodes(conn, [node_id])
            heads = {w.writes: story_reads.head(conn, node_id, w.writes) for w in declared if w.writes}
            stale = {kind: studio.reasons(conn, head) if head else [] for kind, head in heads.items()}
        cells = []
        for one in declared:
            job = jobs.get((node_id, one.name))
            artifact = heads.get(one.writes) if one.writes else None
            reasons = stale.get(one.writes, []) if one.writes else []
            unmet = self._unmet_by_default(one, node_id)
            cells.append(
                {
                    "workflow": one,
                    "job": job,
                    "artifact": artifact,
                    "unmet": unmet,
                    "stale_reasons": reasons,
                    "state": studio.cell_state(job, artifact, bool(reasons), bool(unmet)),
                }
            )
        return cells

    def _unmet_by_default(self, declared: Workflow, node_id: int) -> list[errors.Issue]:
        try:
            return self.unmet(declared.name, node_id)
        except errors.InvalidInput as error:
            return error.issues

    # --- plans ------------------------------------------------------------------------------------------------

    def makers(self) -> list[Workflow]:
        """The workflows of a plan: they write an artifact, in the order of a story's making."""
        return plan_makers(self._workflows.all().values())

    def plan(self, node_id: int, mode: Mode = "missing") -> Plan:
        """The jobs that would bring everything below a node up to date, in order, with tokens, time and money."""
        return plans.build(self.database, self.makers(), self._crew(self._profile_at(node_id)), node_id, mode)

    def estimates(self, node_id: int, profile: str | None = None) -> dict[str, Estimate]:
        """Workflow → what one run will probably take with a profile, by default the project's."""
        chosen = self._profile_at(node_id) if profile is None else self._profiles.public(self._profiles.id_of(profile))
        writers = [w for w in self._workflows.all().values() if w.writes is not None and not w.batch]
        return plans.estimates_of(self.database, writers, self._crew(chosen))

    def _crew(self, profile: Profile) -> Crew:
        return Crew.of(profile, self._profiles.public)

    def run_plan(
        self,
        node_id: int,
        mode: Mode = "missing",
        *,
        grow: bool = False,
        submit_key: str | None = None,
        user: str = "local",
    ) -> SubmittedJob:
        """Launch the plan of a node as one parent job; `grow` goes on into episodes and scenes that it makes.

        All or nothing: raises GuardUnmet when any job of it could not start, and then starts none.
        """
        items, _ = plans.items_of(self.database, self.makers(), node_id, mode)
        params = {"jobs": [list(item.key) for item in items], "grow": grow}
        return self.submit("run_plan", node_id, params, submit_key=submit_key, user=user)

    def _profile_at(self, node_id: int) -> Profile:
        project = self.node(self.node(node_id).project_id)
        return self._profiles.public(project.profile_id)

    # --- jobs -------------------------------------------------------------------------------------------------

    def submit(
        self,
        kind: str,
        node_id: int | None = None,
        params: Row | None = None,
        *,
        submit_key: str | None = None,
        profile: str | None = None,
        priority: int = 0,
        max_attempts: int | None = None,
        delay_ms: int = 0,
        user: str = "local",
    ) -> SubmittedJob:
        """Queue a job and tell a worker; returns its row, with `dispatch_problem` when Redis could not be told.

        The same submit_key, or an equal active job, gives the job that is there. Raises InvalidInput, GuardUnmet,
        AlreadyActive, SubmitKeyReused, NotFound.
        """
        request = submitting.Request(
            kind,
            node_id,
            params or {},
            submit_key,
            self._profiles.choose(profile),
            priority,
            max_attempts,
            delay_ms,
            user,
        )
        return self.submit_many([request])[0]

    def submit_many(self, requests: Iterable[submitting.Request]) -> list[SubmittedJob]:
        """Queue a batch in one transaction: all or none."""
        wanted = list(requests)
        prepared = [submitting.prepare(self.database, self._workflows, r) for r in wanted]
        with self.database.write() as conn:
            ids = submitting.insert_many(conn, [(v, r.delay_ms) for v, r in zip(prepared, wanted, strict=True)])
        crash.point("submit_committed")
        self._dispatcher.kick()
        with self.database.read() as conn:
            rows = {r.id: r for r in job_reads.find_many(conn, ids)}
        problem = self._dispatcher.unreachable
        return [SubmittedJob(**rows[i].as_json(), dispatch_problem=problem) for i in ids]

    def job(self, job_id: int) -> Job:
        """A job's row. Raises NotFound."""
        with self.database.read() as conn:
            return replay.find(conn, job_id)

    def jobs(self, *, state: str | list[str] | None = None, **filters: Any) -> list[Job]:
        """Newest first; filters as in db.reads.jobs.listed (kind, project, text, before, limit…)."""
        states = [state] if isinstance(state, str) else state
        with self.database.read() as conn:
            return job_reads.listed(conn, state=states, **filters)

    def show(self, job_id: int) -> JobDetail:
        """A job with everything that is known of it."""
        with self.database.read() as conn:
            return JobDetail(
                job=replay.find(conn, job_id),
                attempts=job_reads.attempts(conn, job_id),
                steps=job_reads.steps(conn, job_id),
                events=job_reads.events(conn, job_id),
                model_calls=job_reads.model_calls(conn, job_id),
                children=job_reads.children(conn, job_id),
                replays=job_reads.replays(conn, job_id),
            )

    def children(self, job_id: int) -> list[ChildJob]:
        """The jobs that a parent started, in its order."""
        with self.database.read() as conn:
            return job_reads.children(conn, job_id)

    def wait(self, job_id: int | list[int], timeout: float | None = None) -> Any:
        """Wait until the job (or each job of a list) has ended; returns its row (or rows). Raises TimeoutError, NotFound."""
        ids = [job_id] if isinstance(job_id, int) else list(job_id)
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            with self.database.read() as conn:
                states = job_reads.states(conn, ids)
            for unknown in set(ids) - set(states):
                raise NotFound(Text(N_("There is no job {job_id}."), job_id=unknown))
            if all(states.get(i) in TERMINAL for i in ids):
                break
            if deadline is not None and time.monotonic() > deadline:
                open_jobs = {i: s for i, s in states.items() if s not in TERMINAL}
                raise TimeoutError(f"still open after {timeout} s: {open_jobs}")
            time.sleep(WAIT_POLL_S)
        with self.database.read() as conn:
            rows = job_reads.find_many(conn, ids)
        return rows[0] if isinstance(job_id, int) else rows

    def cancel(self, job_ids: int | Iterable[int], *, user: str = "local") -> list[int]:
        """Cancel jobs and their children; returns those that were still active. Ended ones are left as they are."""
        ids = [job_ids] if isinstance(job_ids, int) else list(job_ids)
        stopped = []
        for job_id in ids:
            with self.database.write() as conn:
                replay.find(conn, job_id)
                if job_writes.cancel(conn, job_id, user) is not None:
                    stopped.append(job_id)
        self._dispatcher.kick()
        return stopped

    def retry(self, job_id: int, *, profile: str | None = None, user: str = "local") -> Job:
        """Run what failed again and reuse what is done: finished steps are not paid again. Returns the new job."""
        return self._replayed(job_id, keep_done=True, profile=profile, user=user)

    def replay(
        self,
        job_id: int,
        params: Row | None = None,
        *,
        from_step: str | None = None,
        profile: str | None = None,
        user: str = "local",
    ) -> Job:
        """Run an ended job anew, with edited params if given, reusing the steps before `from_step`. Returns the new job."""
        return self._replayed(job_id, params=params, from_step=from_step, profile=profile, user=user)

    def _replayed(self, job_id: int, *, profile: str | None, **how: Any) -> Job:
        new_id = replay.replay(
            self.database,
            self._workflows,
            job_id,
            profile_id=None if profile is None else self._profiles.id_of(profile),
            change_profile=profile is not None,
            **how,
        )
        self._dispatcher.kick()
        return self.job(new_id)

    def replay_group(
        self, fingerprint: str, params: Row | None = None, user: str = "local"
    ) -> list[Job | RefusedReplay]:
        """Replay the newest failure of each (kind, node) of a fingerprint that no later job has made good.

        `params` are laid over each job's own. Jobs that cannot be taken are reported with the reason.
        """
        done: list[Job | RefusedReplay] = []
        seen: set[tuple[str, int | None]] = set()
        with self.database.read() as conn:
            failed = job_reads.with_fingerprint(conn, fingerprint)
        for old in failed:
            place = (old.kind, old.node_id if old.node_id is not None else -old.id)
            if place in seen:
                continue
            seen.add(place)
            try:
                done.append(self.replay(old.id, None if params is None else {**old.params, **params}, user=user))
            except errors.Refused as refused:
                done.append(RefusedReplay(old.id, str(refused)))
        return done

    def reparse(self, job_id: int, *, user: str = "local") -> Job:
        """Read a job's stored answers again with today's parser and checks, at no cost. Returns the new job."""
        if not any(c.raw_output for c in self.show(job_id).model_calls):
            raise NotAllowed(Text(N_("Job {job_id} has no stored answer."), job_id=job_id))
        return self._replayed(job_id, profile=None, keep_done=True, reparse=True, user=user)

    def decide(self, job_id: int, choice: Literal["send_again", "give_up"], user: str = "local") -> Job:
        """Answer a job that waits because a call may have been charged. Raises NotAllowed if it does not wait for that."""
        with self.database.write() as conn:
            replay.find(conn, job_id)
            if not job_writes.hold_waiting(conn, job_id, "decision"):
                raise NotAllowed(Text(N_("Job {job_id} does not wait for a decision."), job_id=job_id))
            said = Text(N_("{user} decided: {choice}"), user=user, choice=choice)
            job_writes.add_event(conn, job_id, said, level="audit")
            for step in ledger.steps_of(conn, job_id):
                if step["state"] == "maybe_charged":
                    ledger.set_step(
                        conn, job_id, step["name"], state="refused" if choice == "send_again" else "given_up"
                    )
                    # nobody asks for its task any more
                    ledger.price_task(conn, job_id, step["name"])
            if choice == "send_again":
                job_writes.resume(conn, job_id, "decision")
            else:
                text = Text(N_("Given up: the call may have been charged and was not sent again"))
                job_writes.end(conn, job_id, "failed", kind="maybe_charged", error=text, fingerprint="maybe_charged")
        self._dispatcher.kick()
        return self.job(job_id)

    def set_priority(self, job_ids: Iterable[int], priority: int) -> int:
        """Change the priority of active jobs; returns how many."""
        with self.database.write() as conn:
            return job_writes.set_priority(conn, list(job_ids), priority)

    def counts(self, *, project: int | None = None, since: int | None = None) -> dict[str, int]:
        """Jobs by state; ended ones since a time (epoch ms) when given."""
        with self.database.read() as conn:
            return job_reads.counts(conn, project=project, since=since)

    def failures(self, **filters: Any) -> list[FailureGroup]:
        """Failed jobs grouped by fingerprint (see db.reads.jobs.failures)."""
        with self.database.read() as conn:
            return job_reads.failures(conn, **filters)

        # --- queues and workers -------------------------------------------------------------------------------------

    def pause(self, key: str) -> None:
        """Stop claiming what a key names: queue:text, kind:plan_episodes, project:1, profile:2."""
        self._set_gate(key, paused=True)

    def resume(self, key: str) -> None:
        self._set_gate(key, paused=False)
        self._dispatcher.kick()

    def limit(self, key: str, max_running: int | None) -> None:
        """At most this many jobs of a key run at once; None lifts the limit."""
        self._set_gate(key, max_running=max_running, limit=True)
        self._dispatcher.kick()

    def _set_gate(self, key: str, **values: Any) -> None:
        name, colon, value = key.partition(":")
        if (
            not colon
            or not value
            or name not in ("queue", "kind", "project", "profile")
            or (name in ("project", "profile") and not value.isdigit())
        ):
            raise errors.InvalidInput(
                Text(N_("“{key}” names nothing; use queue:NAME, kind:NAME, project:ID or profile:ID."), key=key)
            )
        with self.database.write() as conn:
            installation.set_gate(conn, key, **values)

    def gates(self) -> list[Gate]:
        with self.database.read() as conn:
            return job_reads.gates(conn)

    def workers(self) -> list[Worker]:
        """Workers with threads, busy and `age_ms` since their last heartbeat."""
        with self.database.read() as conn:
            return job_reads.workers(conn)

    def live_workers(self) -> int:
        """Workers heard of within the last ten seconds."""
        return sum(w.age_ms < 10_000 for w in self.workers())

    # --- profiles -------------------------------------------------------------------------------------------------

    def add_profile(self, name: str, provider: str, **fields: Any) -> SavedProfile:
        """Add an AI profile (see profiles.Profiles.add); the key is never shown again. Raises InvalidInput."""
        return self._limited(self._profiles.add(name, provider, **fields))

    def change_profile(self, name: str, /, **fields: Any) -> SavedProfile:
        """Change some fields of a profile; another address asks for its key again. Raises InvalidInput, NotFound."""
        return self._limited(self._profiles.change(name, **fields))

    def duplicate_profile(self, name: str, new_name: str) -> SavedProfile:
        return self._limited(self._profiles.duplicate(name, new_name))

    def _limited(self, row: SavedProfile) -> SavedProfile:
        # no more jobs than calls are let through to a service that is full
        key = f"profile:{row.id}"
        if row.concurrency or any(g.key == key for g in self.gates()):
            self.limit(key, row.concurrency)
        return row

    def try_profile(self, name: str, *, image: bool = False) -> list[Trial]:
        """Make one tiny real call of each kind that a profile is bound to; each is in the ledger. Raises NotFound."""
        import asyncio

        from workbench.profiles.check import Trials
        from workbench.profiles.rate_limits import RateLimits
        from workbench.providers import registry

        async def tried() -> list[Trial]:
            services = Services(
                self._profiles.open(self._profiles.id_of(name)),
                self._profiles.open,
                lambda profile: registry.make(profile, self.settings),
            )
            try:
                limit = RateLimits(self.settings, away_s=0.0)  # no worker calls anybody while Redis is away
                return await Trials(self.database, services, self._media, limit).run(image=image)
            finally:
                await services.aclose()

        return asyncio.run(tried())

    def rotate_keys(self) -> Rotated:
        """Seal every stored key, and webhooks' addresses, with a new master key. Raises InvalidInput, Unavailable."""
        return self._profiles.rotate(also=self.webhooks.reseal)

    def profiles(self, *, include_archived: bool = False) -> list[SavedProfile]:
        return self._profiles.listed(archived=include_archived)

    def profile_id(self, name: str) -> int | None:
        """A profile's id; None for the built-in sketch. Raises NotFound."""
        return self._profiles.id_of(name)

    def archive_profile(self, name: str, archived: bool = True) -> None:
        self._profiles.archive(name, archived)

    def set_project_profile(self, project_id: int, name: str | None) -> None:
        """The profile of jobs that name none; None or “sketch” is the built-in sketch."""
        profile_id = self._profiles.id_of(name or SKETCH.name)
        with self.database.write() as conn:
            self._node(conn, project_id)
            story_writes.set_node(conn, project_id, profile_id=profile_id)

    def remember_keys(self) -> None:
        """Teach this process's log redactor every stored key."""
        self._profiles.remember_keys()
        self.webhooks.remember()

    # --- money ----------------------------------------------------------------------------------------------------

    def budgets(self, project_id: int | None = None, *, everything: bool = False) -> list[BudgetState]:
        """The budgets that a project's calls count against, with what is spent; or all there are."""
        with self.database.read() as conn:
            return budgeting.states(conn, project_id, everything=everything)

    def set_budget(
        self,
        amount_micros: int | None,
        *,
        currency: str = "CNY",
        project_id: int | None = None,
        period: budgeting.Period = "month",
        user: str = "local",
    ) -> None:
        """Set a budget of a project (month, all) or of everything (month); None takes it away. Jobs that wait for it go on."""
        with self.database.write() as conn:
            if project_id is not None and story_reads.find_node(conn, project_id) is None:
                raise NotFound(Text(N_("There is no project {project}."), project=project_id))
            budgeting.put(conn, project_id, period, amount_micros, currency, user)

    def retention(self) -> Retention:
        """How long raw answers and finished jobs are kept."""
        with self.database.read() as conn:
            return preferences.retention(conn, self.settings)

    def set_retention(self, raw_io_days: int, job_keep_days: int | None) -> None:
        """Raises InvalidInput."""
        with self.database.write() as conn:
            preferences.set_retention(conn, Retention(raw_io_days, job_keep_days))

    def language(self) -> str | None:
        """What pages speak to those who have not chosen themselves; None: what REELWRIGHT_LANG says, else their browser's."""
        with self.database.read() as conn:
            return preferences.language(conn)

    def set_language(self, lang: str | None) -> None:
        """zh or en, or None as in `language`. Raises InvalidInput."""
        with self.database.write() as conn:
            if lang is None:
                preferences.forget_language(conn)
            else:
                preferences.set_language(conn, lang)

    def exchange_rate(self) -> Decimal:
        """Yuan for one dollar."""
        with self.database.read() as conn:
            return money.rate(conn)

    def set_exchange_rate(self, yuan_for_dollar: str) -> None:
        """Raises InvalidInput."""
        with self.database.write() as conn:
            money.set_rate(conn, yuan_for_dollar)


def _with_artifacts(nodes: list[Node], heads: Any, sources: Any) -> list[JsonObject]:
    """The fields of nodes with the artifacts they have; `sources`: the heads that decide what is stale."""
    artifacts: dict[int, list[TreeArtifact]] = {}
    for (node_id, kind), head in heads.items():
        stale = bool(changed_inputs(head["inputs"], sources))
        artifacts.setdefault(node_id, []).append(TreeArtifact(kind, head.version, head.content_hash, stale))
    return [
        {
            "id": n.id,
            "kind": n.kind,
            "title": n.title,
            "position": n.position,
            "parent_id": n.parent_id,
            "archived": n.archived_at is not None,
            "artifacts": sorted(artifacts.get(n.id, []), key=lambda a: a.kind),
        }
        for n in nodes
    ]
