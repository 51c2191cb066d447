"""Drafts a screenplay: each scene's own summary as action, what its people would say, and what would be heard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from workbench.artifacts.scene_script import Element, Extension, Heading, ScriptScene, Setting
from workbench.artifacts.storyboard import Dialogue, Line
from workbench.json_types import JsonObject
from workbench.sketch import books
from workbench.sketch.writing import anchors
from workbench.sketch.writing.dialogue import write_dialogue
from workbench.sketch.writing.sound import write_sound_design
from workbench.sketch.writing.story import language_of, whole_of
from workbench.story import script, timing
from workbench.story.names import fold

#: what people say in a scene takes no longer
SPOKEN_S = 15.0
#: a paragraph of action is seen for so long at least
ACTION_S = 3.0
#: hours as a heading has them; any other is told by no word
TIMES = {
    "zh": {
        "dawn": "清晨", "morning": "早晨", "noon": "正午", "afternoon": "下午", "dusk": "黄昏", "night": "夜",
        "day": "日",
    },
    "en": {name: name for name in ("dawn", "morning", "noon", "afternoon", "dusk", "night", "day")},
}  # fmt: skip
#: so many characters in common are the same sentence
TOLD = 12
NARRATOR = {"zh": "旁白", "en": "Narrator"}
THINKS = {"zh": "心里想", "en": "thinking"}
_SENTENCE = re.compile(r"(?<=[。！？!?…])\s*|(?<=[a-z0-9\"”’)][.])\s+(?=[A-Z“\"])")


def write_script(facts: JsonObject, rng: Random) -> list[ScriptScene]:
    """A page for each of `scenes`, from what the list and the brief tell of it."""
    return [_write_scene(facts, scene, rng) for scene in facts["scenes"]]


def _write_scene(facts: JsonObject, scene: JsonObject, rng: Random) -> ScriptScene:
    language = language_of(facts)
    about = _about(facts, scene)
    dialogue = write_dialogue(about, rng)
    shown = [s.strip() for s in _SENTENCE.split(str(scene["summary"])) if s.strip()]
    action = [Element(type="action", text=text[:2000]) for text in dict.fromkeys(shown)]
    spoken = [_speech(line, language) for line in dialogue.lines if not _is_shown(line, shown)]
    seconds = timing.tenths(timing.dialogue_s([{"text": e.text} for e in spoken]) + ACTION_S * len(action))
    heard = _heard(about, dialogue, seconds, rng)
    return ScriptScene(
        order=scene["order"],
        heading=_heading(about, language),
        summary=scene["summary"],
        elements=[*action[:1], *heard, *action[1:], *spoken],
        transition="cut",
        seconds=max(1.0, seconds),
    )


def _about(facts: JsonObject, scene: JsonObject) -> JsonObject:
    """What the writers of a scene's texts are told, as the workflows of a scene would."""
    known = {str(c["name"]): c for c in facts.get("characters") or []}
    cast = [known.get(n) or {"name": n, "aliases": [], "description": ""} for n in scene["cast"]]
    return {
        "title": facts["title"],
        "genre": facts.get("genre") or "",
        "style": facts.get("style") or "",
        "story_language": language_of(facts),
        "scene": {k: scene[k] for k in ("order", "summary", "location", "beat")},
        "cast": cast,
        "props": [w["name"] for w in facts.get("world") or []],
        "position": (facts.get("positions") or {}).get(scene["order"], ""),
        "max_seconds": SPOKEN_S,
        **({"whole": facts["whole"]} if isinstance(facts.get("whole"), dict) else {}),
    }


def _heading(about: JsonObject, language: str) -> Heading:
    inside = books.sets().kinds[anchors.kind_of_scene(about)].inside
    setting: Setting = "int" if inside else "ext"
    hour = anchors.read_scene_hours(about).time if whole_of(about) is not about else ""
    return Heading(setting=setting, place=about["scene"]["location"], time=TIMES[language].get(hour, ""))


def _speech(line: Line, language: str) -> Element:
    """A spoken line in a screenplay: thoughts and narration are voices over the picture."""
    extension: Extension = "voice_over" if line.type in ("thought", "narration") else "none"
    manner = [*([line.emotion] if line.emotion else []), *line.notes]
    if line.type == "thought":
        manner = [THINKS[language], *manner]
    return Element(
        type="dialogue",
        speaker=line.speaker or NARRATOR[language],
        extension=extension,
        parenthetical=("，" if language == "zh" else ", ").join(manner)[:120],
        text=line.text,
    )


def _is_shown(line: Line, shown: Sequence[str]) -> bool:
    """Whether a narrator tells what the action shows."""
    told = fold(line.text)
    return line.type == "narration" and any(told[:TOLD] in fold(a) or fold(a)[:TOLD] in told for a in shown)


def _heard(about: JsonObject, dialogue: Dialogue, seconds: float, rng: Random) -> list[Element]:
    """The one sound that the scene's own words make heard, where they do."""
    said = script.to_text(dialogue, language_of(about))
    design = write_sound_design({**about, "seconds": seconds, "shots": [], "anchor": {}, "dialogue": said}, rng)
    texts = [c.description for c in design.cues if c.type in ("sfx", "ambience")]
    return [Element(type="sound", text=text) for text in texts[-1:]]
