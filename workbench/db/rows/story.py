"""The story tree and its artifacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NotRequired, TypedDict

from workbench.db.rows.record import Record
from workbench.json_types import Json, JsonObject


class Input(TypedDict):
    """An artifact version, or a part of it, that something was made from; as it is stored."""

    node_id: int
    kind: str
    #: None: the whole version. Missing in what was stored before there were parts
    part: NotRequired[str | None]
    artifact_id: int
    version: int
    #: of the whole version, or of the part
    content_hash: str
    #: the only fields of it that were used, such as ``title`` or ``location.name``. Missing: all of it
    fields: NotRequired[list[str]]
    #: hash of what these fields held
    fields_hash: NotRequired[str]
    #: the only parts of what was made that it was used for, such as ``frame:KF3``. Missing: all of it
    only_for: NotRequired[list[str]]
    #: the episode or scene whose entry, or whose look of a sheet, it is: its number is where that node stands now
    of_node: NotRequired[int]
    #: hash of what was used of it, without its number
    used_hash: NotRequired[str]
    #: of a frame: the story's title, episode and scene that its seeds were made of
    seeded_by: NotRequired[list[Json]]


@dataclass(frozen=True, slots=True)
class Node(Record):
    """A place of the story tree. `kind`: project, episode, scene, character or world; a project is its own project."""

    id: int
    kind: str
    project_id: int
    parent_id: int | None
    position: int
    title: str
    #: of a project: the profile of jobs that name none; None: the built-in sketch
    profile_id: int | None
    archived_at: int | None
    created_by: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class Project(Node):
    """A project with what is in it: `artifacts` counts by kind, `cost` is micros by currency, as far as it is known;
    `unpriced`: calls that may have cost something that nobody knows."""

    brief: JsonObject
    episodes: int
    scenes: int
    artifacts: dict[str, int]
    stale: int
    cost: dict[str, int]
    unpriced: int


@dataclass(frozen=True, slots=True)
class TreeArtifact(Record):
    """What a node of a tree has of one kind."""

    kind: str
    version: int
    content_hash: str
    stale: bool
    #: it has every part that its kind should have; seven of nine frames are not all
    complete: bool = True


@dataclass(frozen=True, slots=True)
class TreeNode(Record):
    """A node with what was made for it."""

    id: int
    kind: str
    title: str
    position: int
    parent_id: int | None
    archived: bool
    artifacts: list[TreeArtifact]


@dataclass(frozen=True, slots=True)
class OutlineNode(TreeNode):
    """A node of an outline. `parts`: how many episodes or scenes are below it."""

    parts: int


@dataclass(frozen=True, slots=True)
class Tree(Record):
    """A project's story tree, parents first."""

    id: int
    title: str
    nodes: list[TreeNode]


@dataclass(frozen=True, slots=True)
class Outline(Record):
    """The part of a story tree that a sidebar shows."""

    id: int
    title: str
    nodes: list[OutlineNode]


@dataclass(frozen=True, slots=True)
class SceneEntry(Record):
    """A scene in a list of scenes: `episode` is its episode's node, `number` that episode's position."""

    id: int
    kind: str
    title: str
    position: int
    episode: int
    number: int


@dataclass(frozen=True, slots=True)
class Place(Record):
    """Where in its story a node is. `episode`: the position of the episode that a scene is in; None for other nodes."""

    id: int
    kind: str
    position: int
    title: str
    episode: int | None


@dataclass(frozen=True, slots=True)
class HeadState(Record):
    """What the tree and staleness need of a head, and no more: projects have tens of thousands."""

    id: int
    node_id: int
    kind: str
    version: int
    content_hash: str
    #: part → hash of its content; None for kinds without parts
    part_hashes: dict[str, str] | None
    inputs: list[Input]


@dataclass(frozen=True, slots=True)
class LoadedHead(HeadState):
    """The same with its content, for an input by fields whose source has changed."""

    content: Json


@dataclass(frozen=True, slots=True)
class KeptHead(Record):
    """A head that a person cares for: `by_hand`: wrote or edited it, `pinned`: keeps it whatever comes later."""

    node_id: int
    kind: str
    version: int
    by_hand: bool
    pinned: bool


@dataclass(frozen=True, slots=True)
class VersionOrigin(Record):
    """Where a version comes from. `by_hand`: a person wrote it, or took back one that a person had written."""

    kind: str
    version: int
    source: str
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Layout(Record):
    """Which nodes the entries of a version became when it was the head, in their order."""

    artifact_id: int
    version: int
    content_hash: str
    nodes: list[int]


@dataclass(frozen=True, slots=True)
class VersionEntry(Record):
    """A version in a list of versions, without its content. `is_head`: this one counts."""

    id: int
    node_id: int
    kind: str
    version: int
    content_hash: str
    part_hashes: dict[str, str] | None
    #: import, manual, job or restore
    source: str
    job_id: int | None
    inputs: list[Input]
    warnings: list[Json] | None
    prompt_version: str | None
    model: str | None
    created_by: str | None
    created_at: int
    is_head: bool
    pinned: bool


@dataclass(frozen=True, slots=True)
class Artifact(Record):
    """A version of what a node has of one kind."""

    id: int
    node_id: int
    kind: str
    version: int
    content: Json
    content_hash: str
    part_hashes: dict[str, str] | None
    source: str
    job_id: int | None
    #: the versions it was made from
    inputs: list[Input]
    warnings: list[Json] | None
    prompt_version: str | None
    model: str | None
    created_by: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class ArtifactVersion(Artifact):
    """The same with whether a person keeps it as the head."""

    pinned: bool


@dataclass(frozen=True, slots=True)
class ElementArtifact(Artifact):
    """A character's or world element's head with its node's position."""

    position: int


@dataclass(frozen=True, slots=True)
class NodeContent(Record):
    """The head of one kind with its content, and what a list shows of its node."""

    node_id: int
    version: int
    content: JsonObject
    created_at: int
    position: int
    title: str
    archived_at: int | None
