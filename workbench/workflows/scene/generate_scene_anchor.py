"""generate_scene_anchor: the empty set of a scene – place, light, air and the things every shot must keep.

Environment only: whoever acts in it, and what the camera does, belongs to later workflows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from workbench import sketch
from workbench.artifacts.models import SceneAnchor
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import text_checks
from workbench.story.guards import has_scene_outline
from workbench.story.names import fold
from workbench.workflows import briefing, registry, staging
from workbench.workflows.staging import ARC, narrative_position

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

#: how far back a scene at the same place is looked for; further back its look may have changed
LOOK_BACK = 5
LANGUAGES = ("zh", "en")


def draft(facts: JsonObject, params: registry.Params, rng: Random) -> SceneAnchor:
    """Furnish the location from the phrase books, in both languages."""
    return sketch.write_scene_anchor(facts, rng)


@registry.workflow(
    "generate_scene_anchor",
    title=N_("Scene anchor"),
    scope="scene",
    reads=("brief", "scene_list", "core_expression", "previous.scene_anchor", "character", "world_element"),
    writes="scene_anchor",
    guards=(has_scene_outline,),
    draft=draft,
)
async def run(ctx: Context, params: registry.Params) -> SceneAnchor:
    """Describe the scene's empty set in both languages, so that every shot of it looks like one place."""
    ctx.progress(5, Text(N_("Reading the scene")))
    scene = _outline(ctx.node, ("order", "summary", "location", "beat"))
    assert scene is not None  # the guard `has_scene_outline` ran at start
    kept = _earlier_anchors(ctx.node, scene)
    names = _names_to_leave_out(ctx.node)
    ctx.progress(25, Text(N_("Furnishing the set")))
    facts = _facts(ctx, scene)
    prompt = ctx.prompt(**facts, kept_anchors=kept, cast_names=names)
    known = [*names, scene["location"], *(w["name"] for w in facts["world"])]
    checks = [
        count_issues,
        lambda anchor: language_issues(anchor, briefing.checked_language(ctx), known, kept),
        lambda anchor: find_repetitions(anchor, kept),
        lambda anchor: name_issues(anchor, names),
        lambda anchor: find_lost_anchors(anchor, kept),
    ]
    anchor = await ctx.generate("anchor", prompt, schema=SceneAnchor, checks=checks)
    ctx.progress(100, Text(N_("Scene anchor written")))
    return anchor


def count_issues(anchor: SceneAnchor) -> list[Issue]:
    """Each anchor exists in both languages."""
    zh, en = len(anchor.anchors.zh), len(anchor.anchors.en)
    if zh == en:
        return []
    return [
        Issue(
            "anchors", Text(N_("{zh} Chinese anchors, but {en} English ones; they must match one to one"), zh=zh, en=en)
        )
    ]


def language_issues(
    anchor: SceneAnchor, language: str, names: Sequence[str] = (), kept: Mapping[str, Sequence[str]] | None = None
) -> list[Issue]:
    """Each text is in its own language, and what there is one of in the story's; `names`, and anchors that were `kept`,
    may stay as they are."""
    names = [*names, anchor.location.name]
    issues = text_checks.story_language_issues(_story_texts(anchor), language, names)
    for side in LANGUAGES:
        for part in ("scene", "avoid"):
            issues += text_checks.language_issues(f"{part}.{side}", getattr(getattr(anchor, part), side), side, names)
        anchors = _new_anchors(anchor, side, kept)
        wrong = text_checks.story_language_issues(anchors, side, names)
        # a brand or a number is an anchor, but not all of them are
        together = ", ".join(text for _, text in anchors)
        if anchors and not wrong and not kept:
            wrong = text_checks.language_issues(f"anchors.{side}", together, side, names)
        issues += wrong
    return issues


def find_repetitions(anchor: SceneAnchor, kept: Mapping[str, Sequence[str]] | None = None) -> list[Issue]:
    """No anchor stands twice in a language."""
    return [i for side in LANGUAGES for i in text_checks.repeat_issues(_new_anchors(anchor, side, kept))]


def name_issues(anchor: SceneAnchor, names: list[str]) -> list[Issue]:
    """The set is empty: no cast name anywhere but in the place's own name."""
    issues = []
    for path, text in _texts(anchor):
        named = [n for n in names if mentions(text, n)]
        if named:
            message = Text(N_("names {names}; describe the place without its people"), names=", ".join(named))
            issues.append(Issue(path, message))
    return issues


def find_lost_anchors(anchor: SceneAnchor, kept: dict[str, list[str]]) -> list[Issue]:
    """The anchors of the earlier scene at this place are all there, word for word, as the same pairs."""
    have = set(zip(anchor.anchors.zh, anchor.anchors.en, strict=False))
    lost = [zh for zh, en in zip(kept.get("zh", []), kept.get("en", []), strict=False) if (zh, en) not in have]
    if not lost:
        return []
    message = Text(
        N_("anchors of the earlier scene at this place are missing or reworded: {anchors}"), anchors="; ".join(lost)
    )
    return [Issue("anchors", message)]


def mentions(text: str, name: str) -> bool:
    """Does `text` name this person? Latin names count as whole words in their own case, Chinese ones from two
    characters.

    A one-character Chinese name cannot be told from the word it is, and “rose” is not Rose.
    """
    name = name.strip()
    if re.search(r"[一-鿿㐀-䶿]", name):
        return len(name) > 1 and name in text
    return bool(name) and text_checks.whole_word(name).search(text) is not None


def cast_names(characters: list[JsonObject], scene: JsonObject) -> list[str]:
    """Every name and alias that must not appear: the library's and the scene's own cast."""
    library = [n for c in characters for n in (c["name"], *(c.get("aliases") or []))]
    return list(dict.fromkeys([*library, *scene["cast"]]))


def _names_to_leave_out(node: NodeView) -> list[str]:
    """Every name that must not appear. Who is in the scene matters only where the library does not know them: another
    cast leaves an empty set as it is."""
    characters = node.project.characters(("name", "aliases"), most=None)
    scene = _outline(node.at(node.id), ("cast",)) or {"cast": []}
    if briefing.unknown_names(scene["cast"], characters):
        scene = _outline(node, ("cast",)) or scene
    return cast_names(characters, scene)


def _new_anchors(anchor: SceneAnchor, side: str, kept: Mapping[str, Sequence[str]] | None) -> list[tuple[str, str]]:
    """The anchors in a language with their paths, without those that the earlier scene at this place has."""
    before = (kept or {}).get(side, ())
    return [(path, a) for path, a in text_checks.number(f"anchors.{side}", getattr(anchor.anchors, side))
            if a not in before]  # fmt: skip


def _story_texts(anchor: SceneAnchor) -> list[tuple[str, str]]:
    """The texts that there is one of, for both languages, with their paths."""
    return [
        (path, text) for path, text in _texts(anchor) if path.split(".")[0] in ("location", "lighting", "atmosphere")
    ]


def _texts(anchor: SceneAnchor) -> list[tuple[str, str]]:
    """Every text of the anchor with its path, save the place's name, which may well be somebody's house."""
    texts: list[tuple[str, str]] = []

    def walk(path: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{path}.{key}" if path else key, inner)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                walk(f"{path}.{index}", inner)
        elif path != "location.name":
            texts.append((path, str(value)))

    walk("", anchor.model_dump(mode="json"))
    return texts


def _outline(node: NodeView, fields: Sequence[str] | None = None) -> JsonObject | None:
    return node.entry("scene_list", fields=fields)


def _earlier_anchors(node: NodeView, scene: JsonObject) -> dict[str, list[str]]:
    """The anchors of the nearest earlier scene at the same place; empty when there is none."""
    before = node.previous
    for _ in range(LOOK_BACK):
        if before is None:
            break
        outline = _outline(before, ("location",))
        if outline is not None and fold(outline["location"]) == fold(scene["location"]):
            anchor = before.artifact("scene_anchor", fields=("anchors",))
            if anchor is not None:
                return {"zh": list(anchor["anchors"]["zh"]), "en": list(anchor["anchors"]["en"])}
        before = before.previous
    return {}


def _facts(ctx: Context, scene: JsonObject) -> JsonObject:
    """The scene, the one before it and where both stand in the episode."""
    node, episode = ctx.node, ctx.node.parent
    assert episode is not None
    before = _outline(node.previous, ("summary", "location")) if node.previous is not None else None
    core = episode.artifact("core_expression", fields=("emotional_arc",)) or {}
    position = narrative_position(node.position, len(episode.children()))
    arc = core.get("emotional_arc") or []
    brief = node.read_brief("title", "genre", "style.prompt", "language")
    ctx.offline_facts = {"whole": staging.read_whole_story(ctx)}
    return {
        "title": brief["title"],
        "genre": brief.get("genre") or "",
        "style": str((brief.get("style") or {}).get("prompt") or "").strip(),
        "story_language": brief.get("language") or ctx.language,
        "world": briefing.world_facts(ctx, node.project),
        "scene": {k: scene[k] for k in ("order", "summary", "location", "beat")},
        "previous_scene": {k: before[k] for k in ("summary", "location")} if before else {},
        "position": position,
        "mood": arc[ARC.index(position)] if len(arc) == len(ARC) else "",
    }
