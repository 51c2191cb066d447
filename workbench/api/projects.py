"""`wb.projects`: stories and the nodes of their trees."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection

from workbench.arguments import StoryContent, check_arguments
from workbench.artifacts import kinds
from workbench.artifacts.saving import add_version
from workbench.artifacts.staleness import find_changed_inputs
from workbench.db.connection import Database
from workbench.db.reads import story as reads
from workbench.db.reads import usage as usage_reads
from workbench.db.rows.story import (
    HeadState,
    Node,
    NodeContent,
    Outline,
    OutlineNode,
    Place,
    Project,
    SceneEntry,
    Tree,
    TreeArtifact,
    TreeNode,
)
from workbench.db.rows.usage import Spending
from workbench.db.writes import story as writes
from workbench.errors import NotAllowed, NotFound
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.providers.base import SKETCH
from workbench.story import briefs, elements
from workbench.story.freshness import complete, load_changed, source_heads
from workbench.story.prompt_changes import find_changed

if TYPE_CHECKING:
    from workbench.archives import ExportReport, ImportReport
    from workbench.media import MediaStore
    from workbench.profiles.profiles import Profiles
    from workbench.workflows.registry import Registry

ElementKind = Literal["character", "world_element"]
#: kinds of nodes that saving a plan makes, archives and brings back → what to do instead
_PLANNED = {
    "episode": N_(
        "An episode goes and comes back with the episode plan: save one without it, or restore the version that has it."
    ),
    "scene": N_(
        "A scene goes and comes back with its episode's scene list: save one without it, or restore the version that "
        "has it."
    ),
}
#: told how much is done, in percent
Progress = Callable[[int], None]


@check_arguments
class Projects:
    """Creates, lists and arranges projects. A node id may be a project's, an episode's, a scene's or an element's."""

    def __init__(
        self,
        database: Database,
        profiles: Profiles,
        store: Callable[[], MediaStore],
        home: Path,
        workflows: Registry,
    ) -> None:
        """`store`: gives the media store, which takes a moment to open."""
        self._database = database
        self._profiles = profiles
        self._store = store
        self._home = home
        self._workflows = workflows

    def create(self, brief: StoryContent, *, profile: str | None = None, user: str = "local") -> int:
        """Create a project from a brief (its fields: story.briefs.BriefFile); returns its id.

        `profile`: the name of the model profile that its jobs use; by default the built-in sketch.
        What its creator should know of how it was read, such as the language that it did not name, stands as a warning
        on the brief. Raises InvalidInput naming each field, NotFound for an unknown profile.
        """
        parsed = briefs.parse(brief)
        profile_id = self._profiles.id_of(profile or SKETCH.name)
        with self._database.write() as conn:
            project_id = writes.add_node(conn, "project", parsed.title, user=user)
            if profile_id is not None:
                writes.set_node(conn, project_id, profile_id=profile_id)
            remarks = [remark.to_json() for remark in parsed.remarks]
            declared = kinds.find("brief")
            add_version(conn, project_id, declared, parsed.brief(), source="import", user=user, warnings=remarks)
            if parsed.source:
                content: JsonObject = {"text": parsed.source}
                add_version(conn, project_id, kinds.find("source"), content, source="import", user=user)
            for position, character in enumerate(parsed.characters, start=1):
                _add_element(conn, project_id, "character", position, character.model_dump(mode="json"), user)
            for position, element in enumerate(parsed.world, start=1):
                _add_element(conn, project_id, "world_element", position, element.model_dump(mode="json"), user)
        return project_id

    def list(self, *, include_archived: bool = False) -> builtins.list[Project]:
        """Newest first, each with its brief, counts of episodes, scenes, artifacts and stale ones, and its cost."""
        with self._database.read() as conn:
            projects = reads.list_projects(conn, archived=include_archived)
            spent = usage_reads.spending_of_projects(conn, [p.id for p in projects])
            return [_summarize(conn, project, spent[project.id]) for project in projects]

    def list_names(self, *, include_archived: bool = False) -> builtins.list[Node]:
        """Newest first: each project's node alone, whatever is in it."""
        with self._database.read() as conn:
            return reads.list_projects(conn, archived=include_archived)

    def tree(self, project_id: int, *, include_archived: bool = False) -> Tree:
        """The whole tree of a project. Raises NotFound."""
        with self._database.read() as conn:
            project = find_node(conn, project_id)
            nodes = reads.nodes_of(conn, project_id, archived=include_archived)
            heads = reads.heads_of(conn, project_id)
            sources = load_changed(conn, heads.values(), heads)
            prompted = find_changed(conn, project_id)
        artifacts = _artifacts_by_node(heads, sources, prompted)
        return Tree(project_id, project.title, [_tree_node(n, artifacts) for n in nodes])

    def outline(self, project_id: int, open_node: int | None = None) -> Outline:
        """The part of the tree that a sidebar shows: like `tree`, with the scenes of the open node's episode alone.

        Costs the same whatever the project's size. Raises NotFound.
        """
        with self._database.read() as conn:
            project = find_node(conn, project_id)
            opened = reads.find_node(conn, open_node) if open_node is not None else None
            if opened is None or opened.project_id != project_id:
                # nothing of another story is shown in this one's tree
                opened = open_node = None
            episode = opened.parent_id if opened and opened.kind == "scene" else open_node
            nodes = [project]
            for kind in ("character", "world", "episode"):
                nodes += reads.children(conn, project_id, kind)
            if episode is not None and episode != project_id:
                nodes += reads.children(conn, episode, "scene")
            heads = reads.heads_for(conn, [n.id for n in nodes])
            sources = source_heads(conn, list(heads.values()))
            prompted = find_changed(conn, project_id, [n.id for n in nodes])
            scenes = reads.scene_counts(conn, project_id)
        artifacts = _artifacts_by_node(heads, sources, prompted)
        episodes = sum(n.kind == "episode" for n in nodes)
        below = {n.id: episodes if n.kind == "project" else scenes.get(n.id, 0) for n in nodes}
        outline = [_outline_node(_tree_node(n, artifacts), below[n.id]) for n in nodes]
        return Outline(project_id, project.title, outline)

    def get_node(self, node_id: int) -> Node:
        """A node of any kind. Raises NotFound."""
        with self._database.read() as conn:
            return find_node(conn, node_id)

    def locate(self, node_ids: builtins.list[int]) -> dict[int, Place]:
        """Node id → where in its story it is; unknown ids are left out."""
        with self._database.read() as conn:
            return reads.list_places(conn, node_ids)

    def archive(self, node_id: int) -> None:
        """Hide a project with all below it, a character or a world element; nothing is deleted.

        Raises NotFound, NotAllowed for episodes and scenes, which follow their plan.
        """
        self._set_archived(node_id, True)

    def restore(self, node_id: int) -> None:
        """Show what was archived again. Raises NotFound, NotAllowed as `archive` does."""
        self._set_archived(node_id, False)

    def _set_archived(self, node_id: int, archived: bool) -> None:
        with self._database.write() as conn:
            kind = find_node(conn, node_id).kind
            if kind in _PLANNED:
                # alone it would stand where the plan has put another, and read that one's entry
                raise NotAllowed(Text(_PLANNED[kind]))
            writes.set_archived(conn, node_id, archived)

    # -- in and out ----------------------------------------------------------------------------------------------------

    def export(self, project_id: int, path: Path, progress: Progress | None = None) -> ExportReport:
        """Write a project into a ZIP file: every version, its media, its jobs with what they cost, and no secrets.

        The file is there whole or not at all; an older archive of that name is replaced. `progress`: told percents.
        Raises NotFound, InvalidInput.
        """
        from workbench import archives

        return archives.export(self._database, self._store(), project_id, Path(path), progress or _tell_nobody)

    def import_archive(self, path: Path, progress: Progress | None = None) -> ImportReport:
        """Add the project of a ZIP file that `export` has written, beside those that are there.

        Raises InvalidInput with the reason; then nothing was changed.
        """
        from workbench import archives

        return archives.read_in(
            self._database, self._store(), Path(path), self._home, self._read_params, progress or _tell_nobody
        )

    def _read_params(self, kind: str, params: JsonObject) -> JsonObject:
        """Those of a job of anywhere as its workflow reads them; what another release asked besides is kept."""
        try:
            declared = self._workflows.find(kind)
        except NotFound:
            return params
        known = {name: value for name, value in params.items() if name in declared.params.model_fields}
        return params | self._workflows.parse(declared, known).model_dump(mode="json")

    def duplicate(self, project_id: int, title: str | None = None, user: str = "local") -> int:
        """Copy a project with every version; returns the copy's id. Its jobs and their cost stay the original's.

        `title`: what the copy and its brief are called, by default the project's own with “(copy)”. Raises NotFound,
        InvalidInput for one that no brief can have.
        """
        from workbench import archives

        return archives.duplicate(self._database, project_id, title, user)

    def set_profile(self, project_id: int, name: str | None) -> None:
        """The profile of jobs that name none; None or “sketch” is the built-in sketch. Raises NotFound."""
        profile_id = self._profiles.id_of(name or SKETCH.name)
        with self._database.write() as conn:
            find_node(conn, project_id)
            writes.set_node(conn, project_id, profile_id=profile_id)

    # -- characters, world elements, scenes ----------------------------------------------------------------------------

    def add_element(self, project_id: int, kind: ElementKind, content: StoryContent, user: str = "local") -> int:
        """Add a character or a world element; returns its node id. Raises InvalidInput naming the field."""
        with self._database.write() as conn:
            return append_element(conn, project_id, kind, content, user)

    def arrange_elements(self, node_ids: builtins.list[int]) -> None:
        """Put characters, or world elements, of one project in this order. Raises NotFound, NotAllowed."""
        with self._database.write() as conn:
            nodes = [find_node(conn, node_id) for node_id in node_ids]
            if len({(n.parent_id, n.kind) for n in nodes}) > 1 or any(
                n.kind not in ("character", "world") for n in nodes
            ):
                raise NotAllowed(Text(N_("Only characters, or world elements, of one project can be put in order.")))
            for position, node in enumerate(nodes, start=1):
                writes.set_node(conn, node.id, position=position)

    def list_contents(self, project_id: int, kind: str, *, archived: bool = False) -> builtins.list[NodeContent]:
        """What the nodes of a project have of one kind of artifact, by position."""
        with self._database.read() as conn:
            return reads.list_contents(conn, project_id, kind, archived=archived)

    def list_scenes_with(self, project_id: int, kind: str, *, episode: int | None = None) -> builtins.list[SceneEntry]:
        """The live scenes that have a kind of artifact, in story order; of one episode (its node) when given."""
        with self._database.read() as conn:
            return reads.scenes_with(conn, project_id, kind, episode=episode)

    def list_durations(self, episode_id: int) -> builtins.list[JsonObject | None]:
        """The duration of each live scene of an episode, by position; None where there is none."""
        with self._database.read() as conn:
            scenes = reads.children(conn, episode_id, "scene")
            heads = [reads.find_head(conn, scene.id, "duration") for scene in scenes]
        return [head.content if head else None for head in heads]

    def list_story_scenes(self, project_id: int) -> builtins.list[elements.Scene]:
        """Every scene of the project's live episodes as its scene list tells it, in story order."""
        with self._database.read() as conn:
            return elements.list_scenes(conn, project_id)

    def list_stale_dependents(self, project_id: int, node_id: int) -> builtins.list[tuple[int, str]]:
        """(node id, artifact kind) of what is stale because this node's artifact has changed."""
        with self._database.read() as conn:
            return elements.find_stale_dependents(conn, project_id, node_id)


def _tell_nobody(percent: int) -> None:
    """For who does not ask how far it is."""


def find_node(conn: Connection, node_id: int) -> Node:
    """Raises NotFound."""
    node = reads.find_node(conn, node_id)
    if node is None:
        raise NotFound(Text(N_("There is no node {node_id}."), node_id=node_id))
    return node


def append_element(conn: Connection, project_id: int, kind: ElementKind, content: JsonObject, user: str) -> int:
    """Add an element behind its siblings; returns its node id. Raises InvalidInput naming the field."""
    declared = kinds.find(kind)
    content = kinds.validate(declared, content)
    writes.lock_node(conn, project_id)
    elements.check_names(conn, project_id, kind, content, None)
    siblings = reads.children(conn, project_id, declared.node_kind, archived=True)
    return _add_element(conn, project_id, kind, len(siblings) + 1, content, user)


def _add_element(
    conn: Connection, project_id: int, kind: ElementKind, position: int, content: JsonObject, user: str
) -> int:
    declared = kinds.find(kind)
    node_id = writes.add_node(
        conn,
        declared.node_kind,
        content["name"],
        parent_id=project_id,
        project_id=project_id,
        position=position,
        user=user,
    )
    add_version(conn, node_id, declared, content, source="import", user=user)
    return node_id


def _summarize(conn: Connection, project: Node, spent: Spending) -> Project:
    nodes = {n.id: n for n in reads.nodes_of(conn, project.id)}
    heads = {k: h for k, h in reads.heads_of(conn, project.id).items() if k[0] in nodes}
    sources = load_changed(conn, heads.values(), heads)
    prompted = find_changed(conn, project.id)
    brief = reads.find_head(conn, project.id, "brief")
    by_kind = Counter(n.kind for n in nodes.values())
    return Project(
        **project.as_json(),
        brief=brief.content if brief else {},
        episodes=by_kind["episode"],
        scenes=by_kind["scene"],
        artifacts=dict(Counter(kind for _, kind in heads)),
        stale=sum(k in prompted or bool(find_changed_inputs(h.inputs, sources)) for k, h in heads.items()),
        cost=spent.cost,
        unpriced=spent.unpriced,
    )


def _artifacts_by_node(
    heads: Mapping[tuple[int, str], HeadState],
    sources: Mapping[tuple[int, str], HeadState],
    prompted: Collection[tuple[int, str]],
) -> dict[int, list[TreeArtifact]]:
    """Node id → its artifacts by kind; `sources`: the heads that decide what is stale, `prompted`: what is so since
    its prompt was written anew."""
    artifacts: dict[int, list[TreeArtifact]] = {}
    for (node_id, kind), head in sorted(heads.items(), key=lambda item: item[0][1]):
        stale = (node_id, kind) in prompted or bool(find_changed_inputs(head.inputs, sources))
        own = TreeArtifact(kind, head.version, head.content_hash, stale, complete(head))
        artifacts.setdefault(node_id, []).append(own)
    return artifacts


def _tree_node(node: Node, artifacts: dict[int, list[TreeArtifact]]) -> TreeNode:
    archived = node.archived_at is not None
    own = artifacts.get(node.id, [])
    return TreeNode(node.id, node.kind, node.title, node.position, node.parent_id, archived, own)


def _outline_node(node: TreeNode, below: int) -> OutlineNode:
    return OutlineNode(
        node.id, node.kind, node.title, node.position, node.parent_id, node.archived, node.artifacts, parts=below
    )
