"""Hashes of what the offline provider writes and draws for the sample briefs, asked directly, without an engine.

`tests/recorded/sketch.json` holds those of 0.3.0. A change that is meant to change drafts or drawings records them
anew:
`python -m tests.sketch.recording`.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from tests.workflows.conftest import SAMPLES, brief_facts
from workbench.artifacts.storyboard import ActionPlan, Dialogue, KeyframeGroup
from workbench.sketch.drawing import draw_clip, draw_frame
from workbench.sketch.drawing.portrait import draw_portrait
from workbench.story import script
from workbench.story.continuity import Cast
from workbench.workflows import registry, staging
from workbench.workflows.scene import generate_keyframe_prompt as keyframes
from workbench.workflows.scene.generate_motion_prompt import thirds
from workbench.workflows.scene.generate_scene_anchor import cast_names
from workbench.workflows.staging import ARC, narrative_position

FILE = Path(__file__).parents[1] / "recorded" / "sketch.json"
SEEDS = (1, 2, 3)
#: a location of each kind of set, as a story would name it
LOCATIONS = {
    "zh": ("书房", "卧房", "厨房", "客厅", "院子", "村口", "集市", "街头", "店铺", "客栈", "庙里的大殿", "山脚", "河岸",
        "森林", "原野", "沙漠"),
    "en": ("the shore", "the road", "the school", "the hospital", "the office", "the laboratory", "the spaceship",
        "the station", "the palace", "the prison", "the gate", "the bridge", "the rooftop", "the cave", "the theatre"),
}  # fmt: skip
STYLES = ("anime", "ink_wash", "comic", "cyberpunk", "cinematic", "fantasy", "watercolor", "pixel", "custom")


def draft(workflow: str, facts: dict[str, Any], seed: object, **params: Any) -> Any:
    """What a workflow's own draft answers to these facts, as JSON."""
    declared = registry.find(workflow)
    assert declared.draft is not None
    answer = declared.draft(facts, declared.params(**params), random.Random(str(seed)))
    return answer if isinstance(answer, str) else answer.model_dump(mode="json")


def digest(value: Any) -> str:
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def drafts(name: str) -> Iterator[tuple[str, str]]:
    """(what, hash) of every workflow's draft: plans of many lengths, then two episodes down to each scene's sound."""
    facts, language = brief_facts(name), name[-2:]
    plans = {n: draft("plan_episodes", {**facts, "step": "plan", "target": n}, 0) for n in (None, 1, 2, 3, 7, 12, 40)}
    for count, plan in plans.items():
        yield f"plan {count or 'free'}", digest(plan)
    for start in (1, 9, 93):
        chunk = {**facts, "step": "chunk-1", "start": start, "count": 8, "total": 100}
        yield f"plan chunk {start}", digest(draft("plan_episodes", chunk, 0))
    again = {**facts, "step": "dedupe", "orders": [2, 5, 6], "episodes": plans[7]["episodes"]}
    yield "plan dedupe", digest(draft("plan_episodes", again, 0))
    bare = {**facts, "characters": [], "world": [], "protagonist": "", "step": "plan", "target": 9}
    yield "plan bare", digest(draft("plan_episodes", bare, 0))
    for seed in SEEDS:
        for count, hint in ((3, 12), (12, 24)):
            yield f"episodes {count} {hint} seed {seed}", digest(_episodes(facts, plans[count], hint, language, seed))
    yield "chat", digest(draft("llm_chat", {}, 0, messages=[{"content": facts["summary"]}]))


def _episodes(facts: dict[str, Any], plan: dict[str, Any], count: int, language: str, seed: int) -> list[Any]:
    """The first two episodes of a plan, each with its core expression, its scenes and four scenes' drafts."""
    written: list[Any] = []
    motifs: list[str] = []
    earlier: list[str] = []
    for index, episode in enumerate(plan["episodes"][:2]):
        following = {"summary": plan["episodes"][index + 1]["logline"][:220]}
        asked = {**facts, "episode": episode, "previous": {}, "next": following, "previous_motifs": motifs}
        core = draft("generate_episode_core_expression", asked, seed)
        asked |= {"count": count, "earlier_scenes": list(earlier)}
        scenes = draft("generate_episode_scene_list", asked, seed)["scenes"]
        motifs, earlier = core["visual_motifs"], [s["summary"] for s in scenes]
        written += [core, scenes]
        for scene in scenes[:: count // 4]:
            position = narrative_position(scene["order"], count)
            mood = core["emotional_arc"][ARC.index(position)]
            written.append(scene_drafts(facts, scene, position, mood, language, seed, core["theme"]))
    return written


def scene_drafts(
    facts: dict[str, Any], scene: dict[str, Any], position: str, mood: str, language: str, seed: int, theme: str = ""
) -> dict[str, Any]:
    """All that is drafted for one scene."""
    shared = {key: facts[key] for key in ("title", "genre", "style", "world")}
    place = {k: scene[k] for k in ("order", "summary", "location", "beat")}
    asked = {**shared, "story_language": language, "scene": place, "position": position, "mood": mood}
    names = cast_names(facts["characters"], scene)
    anchor = draft("generate_scene_anchor", {**asked, "kept_anchors": {}, "cast_names": names}, seed)
    known = {c["name"]: c for c in facts["characters"]}
    cast = [known.get(n) or {"name": n, "aliases": [], "description": ""} for n in scene["cast"]]
    asked |= {"cast": cast, "props": [w["name"] for w in facts["world"]], "anchor": staging.set_facts(anchor, language)}
    plan, groups = _shoot(asked, seed)
    direct = draft("generate_keyframe_prompt", {**asked, "step": "direct", "aspect_ratio": "9:16"}, seed)
    shots = _assembled(plan, groups, asked)
    windows = [list(w) for w in thirds(6)]
    clip = {**asked, "seconds": 6, "windows": windows, "shots": staging.shots_as_they_stand(shots)}
    motion = draft("generate_motion_prompt", clip, seed)
    told = {
        "theme": theme,
        "motifs": [],
        "story": facts["summary"],
        "shots": staging.shots_in_short(shots),
        "motion": "",
    }
    dialogue = draft("generate_dialogue", {**asked, **told, "max_seconds": 15.0}, seed)
    text = script.to_text(Dialogue.model_validate(dialogue), language)
    heard = {**asked, "shots": staging.shots_in_short(shots), "motion": "", "seconds": 14.0}
    sound = draft("generate_sound_design", {**heard, "dialogue": text}, seed)
    quiet = draft("generate_sound_design", {**heard, "dialogue": ""}, seed)
    return {
        "anchor": anchor, "plan": plan, "groups": groups, "direct": direct, "shots": shots, "motion": motion,
        "dialogue": dialogue, "sound": sound, "quiet": quiet,
    }  # fmt: skip


def draft_shots(asked: dict[str, Any], seed: int) -> dict[str, Any]:
    """The nine shots of a scene, as the keyframe prompt keeps them."""
    return _assembled(*_shoot(asked, seed), asked)


def _shoot(asked: dict[str, Any], seed: int) -> tuple[dict[str, Any], list[Any]]:
    plan = draft("generate_keyframe_prompt", {**asked, "step": "plan"}, seed)
    groups: list[Any] = []
    for number, beat in enumerate(plan["beats"], start=1):
        before = {"camera": groups[-1]["camera"], "end": groups[-1]["end"]} if groups else {}
        told = {"step": f"beat-{number}", "aspect_ratio": "16:9", "number": number, "beat": beat, "before": before}
        groups.append(draft("generate_keyframe_prompt", {**asked, **told}, f"{seed}.{number}"))
    return plan, groups


def _assembled(plan: dict[str, Any], groups: list[dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
    beats = ActionPlan.model_validate(plan).beats
    frames = [KeyframeGroup.model_validate(g) for g in groups]
    cast = Cast([c["name"] for c in asked["cast"]], asked["cast"])
    return keyframes.assemble(beats, frames, asked, cast, {}).model_dump(mode="json")


def drawings(language: str) -> Iterator[tuple[str, str]]:
    """(what, hash) of the pixels of a frame at each kind of place, of portraits and of a clip."""
    name = "painted-skin.zh" if language == "zh" else "gift-of-the-magi.en"
    facts = brief_facts(name)
    names = [c["name"] for c in facts["characters"]]
    for number, location in enumerate(LOCATIONS[language]):
        scene = {"order": number, "summary": facts["summary"], "location": location, "beat": "", "cast": names[:3]}
        made = scene_drafts(facts, scene, ARC[number % 4], "", language, seed=number)
        aspect = ("16:9", "9:16", "1:1")[number % 3]
        style = {"preset": STYLES[number % len(STYLES)], "prompt": ""}
        shot = made["shots"]["shots"][number % 9]
        frame = draw_frame(shot, made["anchor"], names, style, aspect, language, number)
        yield f"{location}: shot {shot['order']}, {style['preset']}, {aspect}", pixels(frame)
    for person in facts["characters"]:
        seen = f"{person['name']} {person.get('description') or ''}"
        picture = draw_portrait(person["name"], names, seen, {"preset": "ink_wash", "prompt": ""}, language)
        yield f"portrait of {person['name']}", hashlib.sha256(picture.encode()).hexdigest()[:32]
    yield "clip", hashlib.sha256(draw_clip(frame, 1.0, (320, 180), 5)).hexdigest()[:32]


def pixels(picture: bytes) -> str:
    """The hash of the decoded picture: the same whatever zlib packed it."""
    with Image.open(io.BytesIO(picture)) as opened:
        return hashlib.sha256(f"{opened.mode}{opened.size}".encode() + opened.tobytes()).hexdigest()[:32]


def record() -> dict[str, dict[str, str]]:
    registry.load()
    return {
        **{f"drafts of {name}": dict(drafts(name)) for name in SAMPLES},
        **{f"drawings {language}": dict(drawings(language)) for language in ("zh", "en")},
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(record(), ensure_ascii=False, indent=1) + "\n", "utf-8")
