"""Characters and world elements in the story: which scenes they are in, and what an edit of one has made stale."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from workbench.artifacts.models import MOST_ALIASES
from workbench.artifacts.staleness import find_changed_inputs
from workbench.db.reads import story as reads
from workbench.db.rows.story import Node
from workbench.errors import InvalidInput, Issue, all_of
from workbench.i18n import N_, Text
from workbench.json_types import Json, JsonObject
from workbench.story.facts import NodeView
from workbench.story.freshness import load_changed
from workbench.story.names import NameIndex, contains, fold, identify, names_of, without_article


@dataclass(frozen=True)
class Scene:
    """A scene of the story as its episode's scene list tells it."""

    node_id: int
    episode: int
    position: int
    beat: str
    cast: tuple[str, ...]
    #: its place and what happens
    text: str
    #: the own names of those whom the cast means
    people: tuple[str, ...] = ()

    def shows(self, names: Iterable[str]) -> bool:
        """Whether somebody of these names is in its cast."""
        wanted = {fold(n) for n in names}
        return any(fold(n) in wanted for n in (*self.cast, *self.people))

    def mentions(self, name: str) -> bool:
        """Whether its place or what happens names this."""
        return contains(self.text, without_article(name))


def list_scenes(conn: Connection, project_id: int) -> list[Scene]:
    """Every scene of the project's live episodes, in story order."""
    library = NameIndex(row.content for row in reads.list_elements(conn, project_id, "character"))
    nodes = {(n.parent_id, n.position): n.id for n in reads.outline(conn, project_id) if n.kind == "scene"}
    listed = []
    for row in reads.list_contents(conn, project_id, "scene_list"):
        for scene in row.content["scenes"]:
            node_id = nodes.get((row.node_id, scene["order"]))
            if node_id is not None:
                text = f"{scene['location']} {scene['summary']} {scene['beat']}"
                people = tuple(own for own in map(library.find, scene["cast"]) if own is not None)
                listed.append(
                    Scene(node_id, row.position, scene["order"], scene["beat"], tuple(scene["cast"]), text, people)
                )
    return listed


def find_stale_dependents(conn: Connection, project_id: int, node_id: int) -> list[tuple[int, str]]:
    """(node id, artifact kind) of what was made from an older version of this node and is stale because of that."""
    heads = reads.heads_of(conn, project_id)
    sources = load_changed(conn, heads.values(), heads)
    stale = [
        key
        for key, head in heads.items()
        if find_changed_inputs((made_from for made_from in head.inputs if made_from["node_id"] == node_id), sources)
    ]
    return sorted(stale, key=lambda key: (key[1], key[0]))


#: artifact kinds whose name is that of somebody or something of the story
NAMED_KINDS = ("character", "world_element")


def check_names(conn: Connection, project_id: int, kind: str, content: Mapping[str, Json], node_id: int | None) -> None:
    """Refuse a name that another element of the project has, archived ones too, and names that would mean two people.

    `node_id`: whose content it becomes, None: somebody new. What it is called already stays possible. Raises
    InvalidInput.
    """
    rows = reads.list_contents(conn, project_id, kind, archived=True)
    own = next((row.content for row in rows if row.node_id == node_id), {"name": ""})
    before = {identify(name) for name in names_of(own)}
    issues = []
    for row in rows:
        if row.node_id == node_id:
            continue
        name, their_name = str(content["name"]), str(row.content["name"])
        aliases = {identify(alias) for alias in row.content.get("aliases") or []}
        if identify(name) == identify(their_name) and identify(name) != identify(str(own["name"])):
            taken = (
                N_("{name} is there already.")
                if row.archived_at is None
                else N_("{name} is there already, archived: restore it, or choose another name.")
            )
            issues.append(Issue("name", Text(taken, name=their_name)))
        elif identify(name) in aliases - before and row.archived_at is None:
            message = N_("{alias} is an alias of {name}; take it away there first.")
            issues.append(Issue("name", Text(message, alias=name, name=their_name)))
        for number, alias in enumerate(content.get("aliases") or []):
            if identify(alias) == identify(their_name) and identify(alias) not in before and row.archived_at is None:
                message = N_("{alias} is the name of somebody else.")
                issues.append(Issue(f"aliases.{number}", Text(message, alias=alias)))
    if issues:
        raise InvalidInput(all_of(issues), issues)


def keep_name(conn: Connection, project_id: int, kind: str, content: JsonObject, node_id: int) -> JsonObject:
    """The content with the name that its element goes by today among its aliases: what was made calls it so.

    As it is where the name stays, where another element goes by it, and where there is no room for one more alias.
    """
    rows = reads.list_contents(conn, project_id, kind, archived=True)
    today = next((str(row.content["name"]) for row in rows if row.node_id == node_id), str(content["name"]))
    live = [row.content for row in rows if row.node_id != node_id and row.archived_at is None]
    others = {identify(name) for theirs in live for name in names_of(theirs)}
    aliases = [a for a in content.get("aliases") or [] if fold(a) != fold(content["name"])]
    known = {fold(name) for name in names_of(content)}
    if fold(today) in known or identify(today) in others or len(aliases) >= MOST_ALIASES:
        return content
    return {**content, "aliases": [*aliases, today]}


def find_places(conn: Connection, project_id: int, *, perhaps: bool = False) -> set[int]:
    """The world elements that are places: of the kind Geography, or named where a scene takes place. `perhaps`: those
    too that no kind tells apart from a place, as long as there are no scenes."""
    lists = reads.list_contents(conn, project_id, "scene_list")
    locations = {str(scene["location"]) for row in lists for scene in row.content["scenes"]}

    def is_place(content: Mapping[str, Json]) -> bool:
        kind = content.get("kind", "custom")
        if kind == "geography" or (perhaps and kind == "custom" and not locations):
            return True
        return any(contains(where, without_article(name)) for name in names_of(content) for where in locations)

    return {row.node_id for row in reads.list_contents(conn, project_id, "world_element") if is_place(row.content)}


def may_be_place(node: NodeView) -> bool:
    """Whether this world element is a place, for all that is told so far."""
    with node._database.read() as conn:
        return node.id in find_places(conn, node.project_id, perhaps=True)


class Fitted(Protocol):
    """A workflow that may be for some nodes of its scope alone (see workflows.registry.Workflow)."""

    @property
    def name(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def only_on(self) -> Callable[[Connection, int], Collection[int]] | None: ...


def find_unfit(conn: Connection, nodes: Sequence[Node], makers: Iterable[Fitted]) -> set[tuple[str, int]]:
    """(workflow, node id) of what is not for its node among these of one story: a place sheet for a thing."""
    unfit: set[tuple[str, int]] = set()
    for maker in makers:
        there = [n.id for n in nodes if n.kind == maker.scope]
        if maker.only_on is not None and there:
            fits = maker.only_on(conn, nodes[0].project_id)
            unfit |= {(maker.name, node_id) for node_id in there if node_id not in fits}
    return unfit


def list_unfit(node: NodeView, nodes: Sequence[Node], makers: Iterable[Fitted]) -> set[tuple[str, int]]:
    """What `find_unfit` finds among these of a node's story."""
    with node._database.read() as conn:
        return find_unfit(conn, nodes, makers)


def select_scenes(scenes: Iterable[Scene], content: Mapping[str, Json], kind: str) -> list[Scene]:
    """The scenes of a character (by cast, under any name) or of a world element (by mention)."""
    if kind == "character":
        return [s for s in scenes if s.shows(names_of(content))]
    return [s for s in scenes if any(map(s.mentions, names_of(content)))]
