"""What the workflows of a scene tell a model: the scene, its people, its set, and where it stands in the episode."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from workbench.json_types import JsonObject
from workbench.story import scene_script
from workbench.story.continuity import Cast
from workbench.story.names import NameIndex, fold, names_of
from workbench.story.styles import style_text
from workbench.workflows import briefing

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

#: world elements that nobody can see or hold
NO_THINGS = ("era", "geography", "society")

ARC = ("opening", "development", "turn", "resolution")


def outline(node: NodeView) -> JsonObject:
    """The scene's entry in its episode's scene list; an empty dict when there is none."""
    return node.entry("scene_list") or {}


def read_script(ctx: Context, language: str) -> JsonObject:
    """The scene as the episode's script has it, as the fact `script`; no fact where there is no script. Drafts get the
    entry itself."""
    entry = ctx.node.entry("scene_script", fields=("heading", "summary", "elements"))
    if entry is None:
        return {}
    ctx.offline_facts = {**ctx.offline_facts, "scene_script": entry}
    return {"script": scene_script.tell(entry, language)}


def cast_of(node: NodeView, heard: Iterable[str] = ()) -> Cast:
    """Who may be seen in the scene, under every name; `heard`: and these, who are not."""
    names = [*(outline(node).get("cast") or []), *heard]
    return Cast(names, node.project.characters(("name", "aliases"), names=names))


def people(ctx: Context, *, looks: bool = False) -> list[JsonObject]:
    """The scene's cast with who each is by the library; `looks`: and how they look."""
    cast = cast_of(ctx.node)
    characters = ctx.node.project.characters(None if looks else briefing.fields_of_who, names=cast.names)
    library = {c["name"]: c for c in briefing.describe_cast(ctx, characters)}
    return [library.get(name) or {"name": name, "aliases": [], "description": ""} for name in cast.names]


def looks(node: NodeView, names: Iterable[str], only_for: str | None = None) -> dict[str, str]:
    """How the characters of these names look, each in one line; who it is where the looks are not told. By name, also
    where that is an alias. `only_for`: see NodeView.artifact."""
    names = list(names)
    fields = partial(briefing.fields_of_looks, names=names)
    characters = node.project.characters(fields, names=names, only_for=only_for)
    library = NameIndex(characters)
    texts: dict[str, str] = {}
    for character in characters:
        text = " ".join(str(character.get("appearance") or character.get("description") or "").split())
        own = {fold(name) for name in names_of(character)}
        meant = [name for name in names if fold(name) in own or library.find(name) == character["name"]]
        texts |= {name: text for name in meant if text}
    return texts


def describe_looks(names: Iterable[str], looks: Mapping[str, str]) -> str:
    """How those in a picture look, as its prompt tells it: at most 200 characters of each, 600 in all."""
    return "; ".join(f"{name}: {looks.get(name) or name}"[:200] for name in names)[:600]


def facts(ctx: Context, *, looks: bool = False) -> JsonObject:
    """Story, scene, people, set and mood, as every prompt of a scene gets them; `looks`: and how the people look."""
    node, episode = ctx.node, ctx.node.parent
    assert episode is not None
    brief = node.read_brief("title", "genre", "style", "language")
    language = str(brief.get("language") or ctx.language)
    core = episode.artifact("core_expression", fields=("emotional_arc",)) or {}
    position = narrative_position(node.position, len(episode.children()))
    arc = core.get("emotional_arc") or []
    scene = outline(node)
    ctx.offline_facts = {"whole": read_whole_story(ctx)}
    return {
        "title": brief["title"],
        "genre": brief.get("genre") or "",
        "style": style_text(brief.get("style"), language),
        "story_language": language,
        "scene": {k: scene[k] for k in ("order", "summary", "location", "beat") if k in scene},
        "cast": people(ctx, looks=looks),
        "props": [w["name"] for w in node.project.world(("name", "kind"), most=None) if w.get("kind") not in NO_THINGS],
        "anchor": set_facts(node.artifact("scene_anchor", fields=set_fields(language)), language),
        "position": position,
        "mood": arc[ARC.index(position)] if len(arc) == len(ARC) else "",
    }


def names_in(scene_facts: JsonObject) -> list[str]:
    """What stays as it is in any language, by the facts of a scene: people, things and the place."""
    people = [name for person in scene_facts["cast"] for name in names_of(person)]
    return [*people, *scene_facts["props"], scene_facts["scene"].get("location", "")]


def read_whole_story(ctx: Context) -> JsonObject:
    """The brief, all its people and its world, for offline drafts and drawings alone: no prompt tells it, and what is
    made of it is no staler for it."""
    project = ctx.node.at(ctx.node.project_id)
    brief = project.artifact("brief") or {}
    kept = ("title", "genre", "style", "summary", "protagonist", "language")
    return {
        **{key: brief.get(key) or "" for key in kept},
        "characters": [
            {"name": c["name"], "aliases": list(c.get("aliases") or []), "description": _looks_of(c)}
            for c in project.characters(most=None)
        ],
        "world": [{"name": w["name"], "description": w.get("description") or ""} for w in project.world(most=None)],
    }


def _looks_of(character: JsonObject) -> str:
    return "; ".join(str(character[key]) for key in ("description", "appearance") if character.get(key))


def set_fields(language: str) -> tuple[str, ...]:
    """The fields of a scene anchor that `set_facts` tells."""
    return (f"scene.{language}", "location.name", "lighting", "atmosphere", f"anchors.{language}")


def set_facts(anchor: JsonObject | None, language: str) -> JsonObject:
    """The scene anchor in the story's language; empty when there is none."""
    if anchor is None:
        return {}
    light, air = anchor["lighting"], anchor["atmosphere"]
    return {
        "set": anchor["scene"][language],
        "location": anchor["location"]["name"],
        "lighting": " · ".join(light[k] for k in ("type", "direction", "colour", "intensity")),
        "mood": air["mood"],
        "weather": air["weather"],
        "time": air["time"],
        "anchors": list(anchor["anchors"][language]),
    }


def shots_in_short(content: JsonObject | None) -> list[JsonObject]:
    """The nine shots as one line each: order, framing, what is seen, who is there and does what."""
    return [shot_in_short(shot) for shot in (content or {}).get("shots", [])]


def shot_in_short(shot: JsonObject | None) -> JsonObject:
    if shot is None:
        return {}
    doing = [f"{s['name']}: {s['action']}" for s in shot["subjects"]]
    return {"order": shot["order"], "framing": shot["framing"], "caption": shot["caption"], "subjects": doing}


def shots_as_they_stand(content: JsonObject | None) -> list[JsonObject]:
    """The nine shots with everybody's place, stance, facing and hands: what can move between them."""
    return [shot_as_it_stands(shot) for shot in (content or {}).get("shots", [])]


def shot_as_it_stands(shot: JsonObject | None) -> JsonObject:
    if shot is None:
        return {}
    wanted = ("name", "position", "orientation", "pose", "action", "hands")
    people = [{key: subject[key] for key in wanted} for subject in shot["subjects"]]
    return {**shot_in_short(shot), "subjects": people}


def narrative_position(order: int, total: int) -> str:
    """Where the scene stands: ≤0.25 opening, ≤0.5 development, ≤0.75 turn, else resolution."""
    share = order / max(total, 1)
    return ARC[0] if share <= 0.25 else ARC[1] if share <= 0.5 else ARC[2] if share <= 0.75 else ARC[3]
