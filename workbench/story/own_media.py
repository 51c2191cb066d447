"""A person's own picture or clip in the place of a shot: a candidate beside the others, and the chosen one.

Nothing that runs puts another one in its place (see workflows.image.generate_keyframe_images).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from workbench.artifacts import kinds, sheets
from workbench.artifacts.placing import tell_today
from workbench.artifacts.saving import add_version
from workbench.artifacts.storyboard import MOST_CANDIDATES, Clip, frame_key, frame_part, keep_newest
from workbench.artifacts.versions import hash_of, part_of, pick
from workbench.db.reads import story as reads
from workbench.db.rows.media import Media
from workbench.db.rows.story import Artifact, Input
from workbench.db.writes import story as writes
from workbench.errors import NotAllowed
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import frame_shots

IMAGES, VIDEO, PROMPT = "keyframe_images", "scene_video", "keyframe_prompt"
KEYS = [frame_key(order) for order in range(1, 10)]


@dataclass(frozen=True)
class Placed:
    """A stored picture for a shot. `name`: what its file was called; `key`: KF0 to KF8."""

    key: str
    media: Media
    name: str


def place_pictures(conn: Connection, node_id: int, placed: list[Placed], user: str) -> Artifact:
    """A new version of the scene's frames with these pictures chosen. Raises NotAllowed without a nine-shot plan."""
    writes.lock_node(conn, node_id)
    plan = reads.find_head(conn, node_id, PROMPT)
    if plan is None:
        raise NotAllowed(Text(N_("The scene has no shots yet. Generate its nine-shot plan first.")))
    head = reads.find_head(conn, node_id, IMAGES)
    content = head.content if head else {"aspect_ratio": plan.content["shots"][0]["camera"]["aspect"], "frames": []}
    inputs = list(head.inputs) if head else []
    shots = frame_shots.find_frame_shots(conn, [node_id], {(node_id, PROMPT): plan, **_known(node_id, head)})[node_id]
    language = frame_shots.read_language(conn, node_id)
    sources = {key: shots.source(key) for key in KEYS}
    panels = reads.heads_with_content(conn, [node_id], list(frame_shots.PANELS)) if any(sources.values()) else {}
    for picture in placed:
        source = sources[picture.key]
        content = _with_picture(content, picture, source)
        order = KEYS.index(picture.key) + 1
        shown = [_read_of(plan, f"shot:{order}")]
        if source is not None:
            people = [str(s["name"]) for s in shots.of(source)[order - 1]["subjects"]]
            shown = [
                _read_of(panel, f"group:{source}", frame_shots.fields_of_panel(panel.kind, order, people, language))
                for panel in panels.values()
            ]
        inputs = _made_for(inputs, [made_from for made_from in shown if made_from is not None], picture.key)
    kind = kinds.find(IMAGES)
    checked = kinds.validate(kind, content)
    return add_version(conn, node_id, kind, checked, source="manual", user=user, inputs=inputs)


def place_sheet_pictures(
    conn: Connection, node_id: int, kind: str, look: str, pictures: list[tuple[Media, str]], user: str,
    told: JsonObject | None = None,
) -> Artifact:  # fmt: skip
    """A new version of a reference sheet with these pictures (and their files' names) among a look's candidates, the
    last one picked. `told`: words and spans of a look that they begin."""
    writes.lock_node(conn, node_id)
    head = reads.find_head(conn, node_id, kind)
    brought = [_own(media, name) for media, name in pictures]
    declared = kinds.find(kind)
    there = tell_today(conn, head).content if head else None
    content = kinds.validate(declared, sheets.put_pictures(there, look, brought, told))
    inputs = list(head.inputs) if head else []
    return add_version(conn, node_id, declared, content, source="manual", user=user, inputs=inputs)


def place_clip(conn: Connection, node_id: int, media: Media, name: str, shot: str | None, user: str) -> Artifact:
    """A new version of the scene's clips with this one: the chosen one, or a shot's alone, which shows the scene only
    once somebody picks it."""
    writes.lock_node(conn, node_id)
    head = reads.find_head(conn, node_id, VIDEO)
    plan = reads.find_head(conn, node_id, PROMPT)
    ratio = str(plan.content["shots"][0]["camera"]["aspect"]) if plan else "16:9"
    content: JsonObject = head.content if head else {"aspect_ratio": ratio, "clips": []}
    clip = {**_own(media, name), "seconds": media.seconds, "shot": shot}
    clips = [Clip.model_validate(c) for c in (*content["clips"], clip) if c is clip or c["media"] != media.sha256]
    chosen = media.sha256 if shot is None else content.get("chosen")
    if shot is not None and chosen == media.sha256:
        # it was the scene's so far
        chosen = next((c.media for c in reversed(clips) if c.shot is None), None)
    shown = [c.model_dump(mode="json") for c in keep_newest(clips, chosen)]
    kind = kinds.find(VIDEO)
    checked = kinds.validate(kind, {**content, "clips": shown, "chosen": chosen})
    inputs = list(head.inputs) if head else []
    return add_version(conn, node_id, kind, checked, source="manual", user=user, inputs=inputs)


def _known(node_id: int, images: Artifact | None) -> dict[tuple[int, str], Artifact]:
    return {} if images is None else {(node_id, IMAGES): images}


def _own(media: Media, name: str) -> JsonObject:
    label = " ".join(name.split())[:200] or media.sha256[:12]
    return {
        "media": media.sha256, "width": media.width, "height": media.height, "model": label, "origin": "own",
        "made_of": hash_of({"own": media.sha256}),
    }  # fmt: skip


def _with_picture(content: JsonObject, picture: Placed, source: str | None) -> JsonObject:
    """`source`: it stands for the panel of this group that the frame has shown so far; None: for the shot."""
    frames = {f["key"]: f for f in content["frames"]}
    known = frames.get(picture.key, {"candidates": []})["candidates"]
    own = {**_own(picture.media, picture.name), "source": source}
    candidates = [*(c for c in known if c["media"] != picture.media.sha256), own]
    frames[picture.key] = {
        "key": picture.key, "chosen": picture.media.sha256, "candidates": candidates[-MOST_CANDIDATES:],
    }  # fmt: skip
    return {**content, "frames": [frames[key] for key in KEYS if key in frames]}


def _read_of(head: Artifact, part: str, fields: Sequence[str] = ()) -> Input | None:
    """A part of what is there today, or these fields of it, as an input; None where there is none: a group that is not
    translated."""
    hashes = head.part_hashes or {}
    if part not in hashes:
        return None
    made_from: Input = {
        "node_id": head.node_id, "kind": head.kind, "part": part, "artifact_id": head.id, "version": head.version,
        "content_hash": hashes[part],
    }  # fmt: skip
    if fields:
        kind = kinds.find(head.kind)
        made_from["fields"] = sorted(fields)
        made_from["fields_hash"] = hash_of(pick(part_of(kind, head.content, part), made_from["fields"], kind))
    return made_from


def _made_for(inputs: list[Input], shown: list[Input], key: str) -> list[Input]:
    """The inputs with what the frame shows today as its only ones: who brings a picture has seen what it is to show. A
    shot of the plan is one frame's alone, a group nine frames'."""
    own, shot = frame_part(key), f"shot:{KEYS.index(key) + 1}"
    changed: list[Input] = []
    for made_from in inputs:
        only_for = made_from.get("only_for")
        if (made_from["kind"], made_from.get("part")) == (PROMPT, shot):
            continue
        if only_for is None:
            changed.append(made_from)
        elif still := [p for p in only_for if p != own]:
            changed.append({**made_from, "only_for": still})
    now: list[Input] = [i if i["kind"] == PROMPT else {**i, "only_for": [own]} for i in shown]
    return [*changed, *now]
