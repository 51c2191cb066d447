"""What workflows tell a model about the story: the same facts everywhere, shortened to the same limits.

Nothing is shortened silently: each cut is reported to the job's timeline.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from workbench.artifacts.models import EpisodeOutline
from workbench.artifacts.versions import pick
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import languages
from workbench.story.names import fold, names_of
from workbench.story.names import own_names as own_names
from workbench.story.names import unknown_names as unknown_names
from workbench.story.styles import style_text

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import Fields, NodeView

WORLD_CHARS = 400
CHARACTER_CHARS = 600
#: what an episode or a scene is planned from: who somebody is. How they look is for whoever stages and draws them
WHO = ("name", "aliases", "description", "personality", "background")
NEIGHBOUR = ("order", "title", "logline", "beats", "scene_scope", "cliffhanger")
NEIGHBOUR_SUMMARY_CHARS = 220
NEIGHBOUR_OUTLINE_CHARS = 1_800
CORE_EXPRESSION_CHARS = 1_800
CHAIN_CHARS = 12_000
CHAIN = ("outline", "knowledge", "beats", "weave")


class Clipper(Protocol):
    """The one thing needed of a Context here."""

    def report_shortened(self, what: Text | str, kept: int, of: int) -> None: ...


def clip(ctx: Clipper, what: Text | str, text: str, limit: int) -> str:
    """`text` cut at `limit` characters; a cut is reported with what was cut and by how much."""
    if len(text) <= limit:
        return text
    ctx.report_shortened(what, limit, len(text))
    return text[: limit - 1].rstrip() + "…"


def compact(value: Any) -> str:
    """JSON without spaces, as context for a model."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def story_facts(ctx: Context) -> JsonObject:
    """The brief, the cast library and the world, as every planning prompt gets them."""
    project = ctx.node.project
    brief = project.read_brief("title", "summary", "genre", "audience", "protagonist", "style", "language")
    return {
        "title": brief["title"],
        "summary": brief["summary"],
        "genre": brief.get("genre") or "",
        "audience": brief.get("audience") or "",
        "protagonist": brief.get("protagonist") or "",
        "style": style_text(brief.get("style"), str(brief.get("language") or "en")),
        "characters": cast_facts(ctx, project, fields_of_who) + name_further_cast(ctx, project),
        "world": world_facts(ctx, project) + _name_further_world(ctx, project),
    }


def names_in(story: JsonObject) -> list[str]:
    """What stays as it is in any language, by the facts of a story: its people and its world's elements."""
    return [*(name for c in story["characters"] for name in names_of(c)), *(w["name"] for w in story["world"])]


def checked_language(ctx: Context) -> str:
    """The language that texts are held to; empty where the brief itself is written in another one, which is quoted."""
    told = languages.recognize(languages.words_of(ctx.node.at(ctx.node.project_id).artifact("brief") or {}))
    return ctx.language if told is None or (told.language == ctx.language and not told.other) else ""


def name_further_cast(ctx: Context, project: NodeView) -> list[JsonObject]:
    """Those of a large cast who are not told in full, by name alone; the timeline says who."""
    told = {c["name"] for c in project.characters(("name",))}
    further = [c for c in project.characters(("name", "aliases"), most=None) if c["name"] not in told]
    if further:
        names = ", ".join(str(c["name"]) for c in further)
        message = N_("{kept} of {all} characters are told in full, these by name alone: {names}")
        ctx.note(Text(message, kept=len(told), all=len(told) + len(further), names=names))
    return describe_cast(ctx, further)


def _name_further_world(ctx: Context, project: NodeView) -> list[JsonObject]:
    told = {w["name"] for w in project.world(("name",))}
    further = [w for w in project.world(("name",), most=None) if w["name"] not in told]
    if further:
        names = ", ".join(str(w["name"]) for w in further)
        message = N_("{kept} of {all} world elements are told in full, these by name alone: {names}")
        ctx.note(Text(message, kept=len(told), all=len(told) + len(further), names=names))
    return [{"name": w["name"], "description": ""} for w in further]


def fields_of_who(character: JsonObject) -> Sequence[str]:
    """What tells who somebody is: their looks only where nothing else is told."""
    return WHO if character_text(pick(character, WHO)) else (*WHO, "appearance")


def fields_of_looks(character: JsonObject, names: Iterable[str]) -> list[str]:
    """What tells how somebody looks who goes by one of these names: who they are where their looks are not told."""
    own = fold(str(character["name"])) in {fold(name) for name in names}
    looks = " ".join(str(character.get("appearance") or "").split())
    return ["name", *([] if own else ["aliases"]), "appearance", *([] if looks else ["description"])]


def cast_facts(ctx: Clipper, project: NodeView, fields: Fields | None = None) -> list[JsonObject]:
    """Name, aliases and all that is told of somebody, in at most 600 characters, for each of the library.

    `fields`: only these of them (see NodeView.artifact).
    """
    return describe_cast(ctx, project.characters() if fields is None else project.characters(fields))


def describe_cast(ctx: Clipper, characters: Iterable[JsonObject]) -> list[JsonObject]:
    """The same for these characters."""
    return [
        {
            "name": c["name"],
            "aliases": list(c.get("aliases") or []),
            "description": clip(ctx, str(c["name"]), character_text(c), CHARACTER_CHARS),
        }
        for c in characters
    ]


def character_text(character: JsonObject) -> str:
    """Description, appearance, personality and background as one text; what is empty is left out."""
    parts = (character.get(name) for name in ("description", "appearance", "personality", "background"))
    return "\n".join(p for p in parts if p)


def world_facts(ctx: Clipper, project: NodeView) -> list[JsonObject]:
    """Name and a description of at most 400 characters, for each world element."""
    return [
        {"name": w["name"], "description": clip(ctx, str(w["name"]), w.get("description") or "", WORLD_CHARS)}
        for w in project.world(("name", "description"))
    ]


def causal_chain(ctx: Clipper, project: NodeView) -> JsonObject:
    """{"chain": the causal chain as far as it is built}, for a prompt; empty where there is none.

    All of it in at most 12,000 characters, else its outline, its beats and its lines, cut there.
    """
    content = project.artifact("causal_chain", fields=CHAIN)
    if content is None:
        return {}
    there = {phase: content[phase] for phase in CHAIN if content.get(phase) is not None}
    whole = compact(there)
    if len(whole) <= CHAIN_CHARS:
        return {"chain": whole}
    return {"chain": clip(ctx, Text(N_("causal chain")), compact(summarize_chain(there)), CHAIN_CHARS)}


def summarize_chain(chain: JsonObject) -> JsonObject:
    """Outline, who is in which layer, what happens in each beat, and the lines, without the rest."""
    acts = (chain.get("beats") or {}).get("acts") or []
    beat = ("name", "surface_event", "characters", "escalation")
    line = ("line_type", "driver", "true_goal", "point_of_no_return")
    return {
        "outline": pick(chain["outline"], ("core_object_or_event", "outline_summary")),
        "acts": [{"name": a["name"], "beats": [pick(b, beat) for b in a["beats"]]} for a in acts],
        "plot_lines": [pick(entry, line) for entry in (chain.get("weave") or {}).get("plot_lines") or []],
    }


def episode_facts(episode: JsonObject) -> JsonObject:
    """An entry of the plan as a plain dict with every field present."""
    return EpisodeOutline.model_validate(episode).model_dump(mode="json")


def neighbour(ctx: Clipper, node: NodeView, position: int) -> JsonObject:
    """What a neighbouring episode is about: summary ≤220, outline ≤1,800 characters; empty when there is none."""
    project = node.project
    part = f"episode:{position}"
    entry = project.artifact("episode_plan", part, fields=NEIGHBOUR) if position >= 1 else None
    if entry is None:
        return {}
    outline = "\n".join([*entry["beats"], entry["scene_scope"], entry["cliffhanger"] or ""]).strip()
    return {
        "order": entry["order"],
        "title": entry["title"],
        "summary": clip(ctx, f"{entry['order']}. {entry['title']}: logline", entry["logline"], NEIGHBOUR_SUMMARY_CHARS),
        "outline": clip(ctx, f"{entry['order']}. {entry['title']}: beats", outline, NEIGHBOUR_OUTLINE_CHARS),
    }


def too_alike(path: str, this: str, other: str, similarity: float) -> Issue:
    """The issue that says which two texts tell the same thing."""
    message = Text(
        N_("{this} tells nearly the same as {other} (similarity {similarity}). Give it its own event."),
        this=this,
        other=other,
        similarity=f"{similarity:.2f}",
    )
    return Issue(path, message)
