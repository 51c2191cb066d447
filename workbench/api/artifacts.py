"""`wb.artifacts`: what nodes have, in versions that never change."""

from __future__ import annotations

from sqlalchemy import Connection

from workbench.api.projects import find_node
from workbench.arguments import StoryContent, check_arguments
from workbench.artifacts import kinds, sheets
from workbench.artifacts.declared import Kind
from workbench.artifacts.diff import Change, changes
from workbench.artifacts.part_inputs import inputs_of_edit
from workbench.artifacts.placing import tell_all_today, tell_today
from workbench.artifacts.saving import add_version, point_head
from workbench.artifacts.staleness import ChangedInput, find_changed_inputs
from workbench.db.connection import Database
from workbench.db.reads import media as media_reads
from workbench.db.reads import story as reads
from workbench.db.reads.prompts import list_of_artifact
from workbench.db.rows.media import Media
from workbench.db.rows.prompts import PartPrompt
from workbench.db.rows.story import Artifact, ArtifactVersion, Input, Node, VersionEntry
from workbench.db.writes import story as writes
from workbench.errors import Conflict, InvalidInput, Issue, NotAllowed, NotFound
from workbench.i18n import N_, Text
from workbench.json_types import Json, JsonObject
from workbench.story import board, elements, frame_shots, lineage, own_media, replanning, studio
from workbench.story.facts import NodeView
from workbench.story.frame_shots import FrameShots
from workbench.story.freshness import source_heads


@check_arguments
class Artifacts:
    """Reads and edits the artifacts of a node, by kind (`brief`, `episode_plan`, `scene_list` …)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, node_id: int, kind: str, version: int | None = None) -> ArtifactVersion | None:
        """A version with its content, by default the head; None when there is none. Raises NotFound for the node or
        kind."""
        kinds.find(kind)
        with self._database.read() as conn:
            find_node(conn, node_id)
            if version is None:
                found = reads.find_head(conn, node_id, kind)
            else:
                found = reads.find_version(conn, node_id, kind, version)
            return None if found is None else tell_today(conn, found)

    def list_versions(self, node_id: int, kind: str) -> list[VersionEntry]:
        """Newest first, without content."""
        with self._database.read() as conn:
            return reads.list_versions(conn, node_id, kind)

    def list_heads(self, node_ids: list[int], wanted: list[str]) -> dict[tuple[int, str], Artifact]:
        """(node id, kind) → the head with its content, of some kinds on some nodes."""
        with self._database.read() as conn:
            heads = reads.heads_with_content(conn, node_ids, wanted)
            return {(head.node_id, head.kind): head for head in tell_all_today(conn, heads.values())}

    def list_shots(self, node_ids: list[int], group: str | None = None) -> dict[int, FrameShots]:
        """Scene → what its frames show, each as its picture was drawn from: the nine-shot plan or a group of the long
        storyboard. Scenes of one story; those without a nine-shot plan are left out. `group`: a group (KF0 to KF8) to
        read also where no frame is drawn from it."""
        with self._database.read() as conn:
            return frame_shots.read_frame_shots(conn, node_ids, group=group)

    def list_changed_inputs(self, node_ids: list[int], kind: str) -> dict[int, list[ChangedInput]]:
        """Node id → what has changed of what its head of a kind was made from; fresh ones are left out."""
        with self._database.read() as conn:
            heads = [head for (_, k), head in reads.heads_for(conn, node_ids).items() if k == kind]
            sources = source_heads(conn, heads)
        changed = {head.node_id: find_changed_inputs(head.inputs, sources) for head in heads}
        return {node_id: inputs for node_id, inputs in changed.items() if inputs}

    def save(
        self, node_id: int, kind: str, content: StoryContent, base_version: int | None, user: str = "local"
    ) -> Artifact:
        """Save an edit made by hand as a new version, fresh against today's inputs. The name of a character or world
        element that is changed stays among its aliases, unless another one goes by it or there are six already.

        Raises InvalidInput naming each field, NotAllowed when the node cannot have this kind, and Conflict when
        `base_version` (None: there was none) is neither the newest nor the one that counts.
        """
        declared = kinds.find(kind)
        checked = kinds.validate(declared, content)
        with self._database.write() as conn:
            node = find_node(conn, node_id)
            if node.kind != declared.node_kind:
                raise NotAllowed(
                    Text(N_("A {kind} belongs to a {node_kind}."), kind=kind, node_kind=declared.node_kind)
                )
            _check_names(conn, node, declared.name, checked)
            writes.lock_node(conn, node_id)
            versions = reads.list_versions(conn, node_id, kind)
            newest = versions[0].version if versions else None
            if newest != base_version and not any(v.is_head and v.version == base_version for v in versions):
                raise Conflict(newest or 0)
            checked = _keep_name(conn, node, kind, checked)
            if kind == "storyboard_groups":
                checked = _note_chinese(conn, node_id, checked)
            head = reads.find_head(conn, node_id, kind)
            inputs = _inputs_of_edit(conn, head, declared, checked)
            saved = add_version(conn, node_id, declared, checked, source="manual", user=user, inputs=inputs)
            writes.add_prompts(conn, saved.id, _prompts_of_edit(conn, head, saved))
            return saved

    def place_pictures(self, node_id: int, pictures: dict[str, tuple[str, str]], user: str = "local") -> Artifact:
        """Put stored pictures (see `wb.media.add_picture`) in the place of a scene's shots, chosen, the others beside
        them. `pictures`: KF0 to KF8 → (SHA-256, name of the file). Nothing that runs replaces them.

        Raises NotFound, InvalidInput, NotAllowed without a nine-shot plan.
        """
        with self._database.write() as conn:
            _find_scene(conn, node_id)
            placed = [
                own_media.Placed(_check_key(key), _find_media(conn, sha, "image"), name)
                for key, (sha, name) in sorted(pictures.items())
            ]
            if not placed:
                raise InvalidInput(Text(N_("No picture was given.")), [])
            return own_media.place_pictures(conn, node_id, placed, user)

    def place_sheet_pictures(
        self, node_id: int, look: str, pictures: list[tuple[str, str]], user: str = "local", *, words: str = "",
        scenes: str = "",
    ) -> Artifact:  # fmt: skip
        """Put stored pictures (SHA-256, name of the file) among the candidates of a look of a character's or a world
        element's reference sheet, the last one picked; a look of that name is begun where there is none, with these
        `words` and worn in these `scenes` (``1.2–1.4, 2.3–``; empty: wherever no other is).

        Raises NotFound, InvalidInput, NotAllowed for any other node.
        """
        with self._database.write() as conn:
            node = find_node(conn, node_id)
            kind = {"character": "character_sheet", "world": "place_sheet"}.get(node.kind)
            if kind is None:
                raise NotAllowed(Text(N_("Only a character or a world element has a reference sheet.")))
            if not pictures:
                raise InvalidInput(Text(N_("No picture was given.")), [])
            if len(pictures) > sheets.MOST_CANDIDATES:
                most = sheets.MOST_CANDIDATES
                told_most = N_("A look has room for {most} pictures; these are {count}. Take some of them away.")
                raise InvalidInput(Text(told_most, most=most, count=len(pictures)), [])
            stored = [(_find_media(conn, sha, "image"), name) for sha, name in pictures]
            told = {"words": words, "spans": _read_spans(scenes)}
            return own_media.place_sheet_pictures(conn, node_id, kind, look, stored, user, told)

    def place_clip(self, node_id: int, media: str, name: str, shot: str | None = None, user: str = "local") -> Artifact:
        """Put a stored clip (see `wb.media.add_clip`) beside a scene's others: for the whole scene, and chosen, or for
        one shot (KF0 to KF8), and no choice for the scene. Raises NotFound, InvalidInput."""
        with self._database.write() as conn:
            _find_scene(conn, node_id)
            key = _check_key(shot) if shot is not None else None
            return own_media.place_clip(conn, node_id, _find_media(conn, media, "video"), name, key, user)

    def restore(self, node_id: int, kind: str, version: int, user: str = "local") -> Artifact:
        """Make an old version's content the newest version again; for another name, see `save`. Raises NotFound."""
        declared = kinds.find(kind)
        with self._database.write() as conn:
            old = reads.find_version(conn, node_id, kind, version)
            if old is None:
                raise NotFound(Text(N_("There is no version {version}."), version=version))
            node = find_node(conn, node_id)
            _check_names(conn, node, kind, old.content)
            restored = add_version(
                conn,
                node_id,
                declared,
                _keep_name(conn, node, kind, old.content),
                source="restore",
                user=user,
                inputs=old.inputs,
                prompt_version=old.prompt_version,
                model=old.model,
            )
            writes.copy_prompts(conn, old.id, restored.id)
            if declared.numbered_by is not None or declared.places is not None:
                writes.copy_layout(conn, old.id, restored.id)
            return restored

    def pin(self, node_id: int, kind: str, version: int | None, user: str = "local") -> None:
        """Keep a version as the head whatever comes later; None unpins, and the newest counts again. Raises
        NotFound."""
        declared = kinds.find(kind)
        with self._database.write() as conn:
            writes.lock_node(conn, node_id)
            versions = reads.list_versions(conn, node_id, kind)
            head = next((v for v in versions if version is None or v.version == version), None)
            if head is None:
                raise NotFound(Text(N_("There is no version {version}."), version=version))
            stored = reads.find_artifact(conn, head.id)
            _check_names(conn, find_node(conn, node_id), kind, stored.content if stored else {"name": ""})
            point_head(conn, node_id, declared, head.id, pinned=version is not None, user=user)

    def preview(
        self, node_id: int, kind: str, content: StoryContent | None = None, version: int | None = None
    ) -> replanning.Replanning:
        """Which episodes or scenes a plan would keep, add, archive and bring back if it were the head: `content`, or a
        version that there is. Raises InvalidInput, NotFound."""
        declared = kinds.find(kind)
        checked = None if content is None else kinds.validate(declared, content)
        with self._database.read() as conn:
            find_node(conn, node_id)
            if checked is None:
                stored = reads.find_version(conn, node_id, kind, version or 0)
                if stored is None:
                    raise NotFound(Text(N_("There is no version {version}."), version=version or 0))
                checked = stored.content
            return replanning.preview(conn, node_id, kind, checked)

    def last_replan(self, node_id: int, kind: str) -> replanning.LastReplan | None:
        """What the plan that counts now has archived, and the version to restore to have that back; None: nothing."""
        with self._database.read() as conn:
            return replanning.find_last(conn, node_id, kind)

    def lineage(self, node_id: int, kind: str) -> lineage.Lineage:
        """What the head was made from, up to the brief, in the versions that were used, and what has been made from it
        and its versions, down to the frames. Raises NotFound."""
        kinds.find(kind)
        with self._database.read() as conn:
            return lineage.trace(conn, node_id, kind)

    def find_number(self, node_id: int, kind: str) -> int | None:
        """Under which number what the node above has of a kind (`scene_script`, `emotion_arc`) tells of this episode or
        scene, wherever that stands by now; None: not at all. Raises NotFound."""
        kinds.find(kind)
        return NodeView.load(self._database, node_id).find_number(kind)

    def diff(self, node_id: int, kind: str, from_version: int, to_version: int) -> list[Change]:
        """Field by field; empty when the contents are the same. Raises NotFound."""
        with self._database.read() as conn:
            was = reads.find_version(conn, node_id, kind, from_version)
            now = reads.find_version(conn, node_id, kind, to_version)
            told = {found.id: found.content for found in tell_all_today(conn, [v for v in (was, now) if v is not None])}
        if was is None or now is None:
            missing = from_version if was is None else to_version
            raise NotFound(Text(N_("There is no version {version}."), version=missing))
        return changes(told[was.id], told[now.id])

    def list_stale_reasons(self, node_id: int, kind: str) -> list[studio.StaleReason]:
        """Why the head is stale; empty when it is fresh or missing."""
        with self._database.read() as conn:
            head = reads.find_head(conn, node_id, kind)
            return studio.find_stale_reasons(conn, head) if head else []


def _find_scene(conn: Connection, node_id: int) -> None:
    if find_node(conn, node_id).kind != "scene":
        raise NotAllowed(Text(N_("Pictures and clips are put in the place of a scene's shots.")))


def _find_media(conn: Connection, sha: str, kind: str) -> Media:
    row = media_reads.find(conn, sha)
    if row is None or row.kind != kind:
        raise NotFound(Text(N_("There is no picture or clip {sha}."), sha=sha[:12]))
    return row


def _check_key(key: str) -> str:
    if key not in own_media.KEYS:
        issue = Issue("key", Text(N_("it is one of {options}"), options=", ".join(own_media.KEYS)))
        raise InvalidInput(issue.message, [issue])
    return key


def _read_spans(scenes: str) -> list[JsonObject]:
    try:
        return sheets.read_spans(scenes)
    except ValueError as error:
        message = Text(N_("“{piece}” names no scenes; write 1.2, 1.2–1.4 or 2.3–"), piece=str(error))
        raise InvalidInput(message, [Issue("scenes", message)]) from None


def _check_names(conn: Connection, node: Node, kind: str, content: Json) -> None:
    """Raises InvalidInput when an element would go by another's name."""
    if kind in elements.NAMED_KINDS:
        # who renames another at the same time waits here
        writes.lock_node(conn, node.project_id)
        elements.check_names(conn, node.project_id, kind, content, node.id)


def _keep_name(conn: Connection, node: Node, kind: str, content: JsonObject) -> JsonObject:
    """What the story calls an element stays one of its names."""
    if kind not in elements.NAMED_KINDS:
        return content
    return elements.keep_name(conn, node.project_id, kind, content, node.id)


def _note_chinese(conn: Connection, node_id: int, groups: JsonObject) -> JsonObject:
    """English that a person has written names the Chinese that stood beside it."""
    before = reads.find_head(conn, node_id, "storyboard_groups")
    chinese = reads.find_head(conn, node_id, "storyboard_translation")
    return board.note_chinese(groups, before.content if before else None, chinese.content if chinese else None)


def _inputs_of_edit(conn: Connection, head: ArtifactVersion | None, kind: Kind, content: JsonObject) -> list[Input]:
    """A person who edits has seen today's inputs: what they edit is fresh against them. Where it is known which parts
    an input was used for, the parts that are left as they were stay as old as they were."""
    if head is None:
        return []
    return inputs_of_edit(head, kind, content, source_heads(conn, [head]))


def _prompts_of_edit(conn: Connection, head: ArtifactVersion | None, edited: Artifact) -> list[PartPrompt]:
    """What a person writes is made with no prompt; the parts that they leave are made with those of then."""
    was, now = (head.part_hashes if head else None) or {}, edited.part_hashes or {}
    there = list_of_artifact(conn, head.id) if head else []
    return [prompt for prompt in there if prompt.part in was and was[prompt.part] == now.get(prompt.part)]
