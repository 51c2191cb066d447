"""The same as `making`, by the drafts alone: without engine and database a story takes half a second.

It does what the workflows do between their drafts, save that it converts no traditional Chinese. The suite reads some
stories so.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from tests.corpus.making import MANY, SCENES, Frame, Made, Scene, read_frame
from tests.corpus.stories import Story
from tests.sketch.recording import draft, draft_shots
from workbench.artifacts.storyboard import Dialogue
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.reading.eras import find_era
from workbench.sketch.writing.places import is_inside
from workbench.sketch.writing.story import Event, read_story
from workbench.story import script
from workbench.workflows import registry, staging
from workbench.workflows.scene.generate_scene_anchor import cast_names
from workbench.workflows.staging import narrative_position


def make_quickly(story: Story) -> Made:
    """The story's first and only episode, as its drafts write it."""
    registry.load()
    return _Drafter(story).make()


def read_events(story: Story) -> Made:
    """What is read from the brief, each event as a scene with the set that it is drawn as; nothing is drafted."""
    brief = {**story.brief(), "style": story.style}
    era = find_era(brief)
    scenes = [_read_event(event, number, era) for number, event in enumerate(read_story(brief).events, start=1)]
    return Made(story, [], {"title": "", "logline": "", "beats": [], "scene_scope": ""}, {}, scenes)


def _read_event(event: Event, number: int, era: str) -> Scene:
    outline = {
        "order": number,
        "summary": event.text,
        "beat": "",
        "location": event.place.name,
        "cast": [*event.people],
    }
    shot = {"order": 1, "subjects": [], "caption": event.text}
    where = SimpleNamespace(
        kind=event.place.archetype, inside=is_inside(event.place), era=era, time=event.hours.time,
        weather="" if event.hours.weather == "wind" else event.hours.weather,
    )  # fmt: skip
    empty: dict[str, Any] = {"zh": [], "en": []}
    anchor = {
        "scene": {"zh": "", "en": ""},
        "lighting": {},
        "atmosphere": {},
        "location": {"type": ""},
        "anchors": empty,
    }
    frame = Frame(shot, cast(Setting, where), [], (), {})
    return Scene(outline, anchor, [shot], {}, {"lines": []}, {"cues": []}, [frame])


class _Drafter:
    def __init__(self, story: Story) -> None:
        brief = story.brief()
        self._story, self._preset = story, brief["style"]
        self._facts: dict[str, Any] = {**brief, "style": story.style, "audience": ""}
        self._known = {c["name"]: {"aliases": [], "description": "", **c} for c in brief["characters"]}
        self._facts["characters"] = list(self._known.values())
        self._kept: dict[str, Any] = {}

    def make(self) -> Made:
        many = self._plan(MANY)
        [episode] = self._plan(1)
        told = {"episode": episode, "previous": {}, "next": {}, "count": SCENES, "earlier_scenes": []}
        core = draft("generate_episode_core_expression", {**self._facts, **told}, 0)
        listed = draft("generate_episode_scene_list", {**self._facts, **told}, 0)["scenes"]
        return Made(self._story, many, episode, core, [self._scene(scene) for scene in listed])

    def _plan(self, count: int) -> list[dict[str, Any]]:
        plan = draft("plan_episodes", {**self._facts, "step": "plan", "target": count}, 0)
        return list(plan["episodes"])

    def _scene(self, scene: dict[str, Any]) -> Scene:
        facts, language = self._facts, self._story.language
        asked = {key: facts[key] for key in ("title", "genre", "style", "world")}
        asked |= {"story_language": language, "scene": {k: scene[k] for k in ("order", "summary", "location", "beat")}}
        asked |= {"whole": facts, "mood": "", "position": narrative_position(scene["order"], SCENES)}
        kept = self._kept.get(scene["location"], {})
        names = cast_names(facts["characters"], scene)
        anchor = draft("generate_scene_anchor", {**asked, "kept_anchors": kept, "cast_names": names}, 0)
        self._kept[scene["location"]] = anchor["anchors"]
        people = [self._known.get(n, {"name": n, "aliases": [], "description": ""}) for n in scene["cast"]]
        asked |= {
            "cast": people,
            "props": [w["name"] for w in facts["world"]],
            "anchor": staging.set_facts(anchor, language),
        }
        shots = draft_shots(asked, 0)
        seen = {"shots": staging.shots_in_short(shots), "motion": ""}
        asked_lines = {**asked, **seen, "theme": "", "motifs": [], "story": facts["summary"], "max_seconds": 15.0}
        dialogue = draft("generate_dialogue", asked_lines, 0)
        text = script.to_text(Dialogue.model_validate(dialogue), language)
        sound = draft("generate_sound_design", {**asked, **seen, "seconds": 14.0, "dialogue": text}, 0)
        frames = [self._frame(shot, anchor) for shot in shots["shots"]]
        return Scene(scene, anchor, shots["shots"], {}, dialogue, sound, frames)

    def _frame(self, shot: dict[str, Any], anchor: dict[str, Any]) -> Frame:
        style = {**self._preset, "story": self._facts}
        return read_frame(shot, anchor, list(self._known), style, "16:9", self._story.language, 0)
