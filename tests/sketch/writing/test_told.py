"""A draft never contradicts its brief, and leaves open what the brief does."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.sketch import recording
from workbench.sketch.reading.places import PLAIN
from workbench.sketch.writing import anchors, scenes, titles
from workbench.sketch.writing.planning import write_episodes
from workbench.sketch.writing.story import read_story
from workbench.workflows import registry
from workbench.workflows.staging import ARC, narrative_position

STORIES: dict[str, dict[str, Any]] = {
    "lighthouse": {
        "title": "The Bell of Salt Bay",
        "genre": "drama",
        "style": "pencil",
        "protagonist": "Mara",
        "summary": (
            "Mara keeps the lamp of a lighthouse on a salt coast. One winter night the lamp goes out and a ship turns "
            "towards the rocks. She jumps at the rope of the bell and rings it until her palms bleed. Old Ned drowns "
            "in the harbour. In the morning the captain gives her his own lamp. She carries it up the tower alone."
        ),
        "characters": [
            {"name": "Mara", "description": "nineteen, short hair"},
            {"name": "Old Ned", "description": "bald, white beard"},
            {"name": "the captain", "description": "sixty, blue cap"},
        ],
        "world": [
            {"name": "the lighthouse", "description": "a white tower"},
            {"name": "the roof", "description": ""},
            {"name": "the curse", "description": "old"},
        ],
        "language": "en",
    },
    "fable": {
        "title": "Fox and Crow",
        "genre": "fable",
        "style": "",
        "protagonist": "",
        "summary": (
            "One winter morning a crow finds a cheese and flies up into a tree. The fox sits down under the tree and "
            "praises her voice. The crow opens her beak to sing, and the cheese falls. The fox eats it and walks off "
            "into the snow."
        ),
        "characters": [{"name": "Crow", "description": "a proud crow"}, {"name": "Fox", "description": "a clever fox"}],
        "world": [],
        "language": "en",
    },
    "robot": {
        "title": "最后的信号",
        "genre": "科幻",
        "style": "",
        "protagonist": "铁蛋",
        "summary": (
            "铁蛋在空间站里收到一个信号。它修好了天线，信号来自二十年前沉没的飞船。"
            "船长周明死了，只剩铁蛋一个。铁蛋把信号送回地球，然后关掉了自己。"
        ),
        "characters": [
            {"name": "铁蛋", "description": "机器人，话多"},
            {"name": "周明", "description": "船长，五十岁，男"},
        ],
        "world": [],
        "language": "zh",
    },
    "night shift": {
        "title": "夜班",
        "genre": "都市",
        "style": "",
        "protagonist": "林晚",
        "summary": (
            "深夜，林晚在公寓楼顶的天台上接到一个电话，电话里是三年前失踪的哥哥。"
            "林晚跑下楼，在咖啡馆里等了一个小时，没有人来。"
            "第二天上午，她在法庭上听见判决。下午她在墓地遇见一个陌生男孩，男孩把一封信给她。"
        ),
        "characters": [{"name": "林晚", "description": "二十八岁，护士"}],
        "world": [{"name": "咖啡馆", "description": ""}],
        "language": "zh",
    },
}


def facts_of(name: str) -> dict[str, Any]:
    story = STORIES[name]
    return {**story, "audience": "", "characters": [{"aliases": [], **c} for c in story["characters"]]}


def scenes_of(name: str, episodes: int = 3, count: int = 8, seed: int = 1) -> list[dict[str, Any]]:
    """Every scene of a story's first episodes, with all that is drafted of it."""
    registry.load()
    facts = facts_of(name)
    made = []
    for episode in write_episodes(facts, episodes):
        told = {
            **facts,
            "episode": episode.model_dump(),
            "previous": {},
            "next": {},
            "count": count,
            "earlier_scenes": [],
        }
        for scene in scenes.write_scene_list(told, random.Random(seed)).model_dump()["scenes"]:
            position = narrative_position(scene["order"], count)
            shared = {key: facts[key] for key in ("title", "genre", "style", "world")}
            asked = {
                **shared,
                "whole": facts,
                "story_language": facts["language"],
                "scene": scene,
                "position": position,
                "mood": "",
                "kept_anchors": {},
                "cast_names": [],
            }
            anchor = anchors.write_scene_anchor(asked, random.Random(seed)).model_dump()
            drafts = recording.scene_drafts(facts, scene, position, "", facts["language"], seed)
            made.append(
                {
                    "scene": scene,
                    "anchor": anchor,
                    "episode": episode.order,
                    **{k: drafts[k] for k in ("shots", "dialogue", "sound", "motion")},
                }
            )
    return made


def hour_of(scene: dict[str, Any]) -> tuple[str, str]:
    return scene["anchor"]["atmosphere"]["time"], scene["anchor"]["atmosphere"]["weather"]


def test_the_hour_comes_from_the_scenes_own_text_whatever_the_arc() -> None:
    for position in ARC:
        for text, time, weather in (
            ("One night the lamp goes out", "night", "weather not told"),
            ("At noon it rains", "noon", "rain"),
            ("A winter evening in the fog", "winter, dusk", "fog"),
            ("She opens the letter", "time not told", "weather not told"),
        ):
            scene = {"order": 1, "summary": text, "location": "the house", "beat": ""}
            facts = {"title": "x", "genre": "", "story_language": "en", "scene": scene, "position": position}
            made = anchors.write_scene_anchor(facts, random.Random(1)).atmosphere
            assert (made.time, made.weather) == (time, weather)


def test_what_goes_on_in_the_night_is_told_by_night() -> None:
    events = {e.text[:12]: e.hours for e in read_story(facts_of("lighthouse")).events}
    assert events["One winter n"].time == events["Mara jumps a"].time == events["Old Ned drow"].time == "night"
    assert events["In the morni"].time == "morning"
    by_beat = {s["scene"]["beat"][:12]: hour_of(s)[0] for s in scenes_of("lighthouse")}
    assert by_beat["Old Ned drow"] == "winter, night"
    assert by_beat["In the morni"] == "winter, forenoon"


@pytest.mark.parametrize("name", STORIES)
def test_no_scene_is_at_a_place_that_the_brief_does_not_tell(name: str) -> None:
    told = " ".join(
        [STORIES[name]["summary"], *(w["name"] for w in STORIES[name]["world"]), "the place 那里", *PLAIN.values()]
    )
    for scene in scenes_of(name):
        place = scene["scene"]["location"]
        assert place.removeprefix("the ").split("'s ")[-1] in told, place


def test_each_place_is_drawn_as_what_it_is_or_as_no_more_than_inside_or_outside() -> None:
    kinds = {s["scene"]["location"]: s["anchor"]["location"]["type"] for s in scenes_of("night shift", 4)}
    assert kinds["天台"] == "室外·屋顶"
    assert kinds["咖啡馆"] == "室内"
    assert kinds["法庭"] == "室内"
    assert kinds["墓地"] == "室外"


def test_the_dead_do_nothing_later() -> None:
    for name, dead in (("lighthouse", "Old Ned"), ("robot", "周明")):
        happened = False
        for scene in scenes_of(name, 3):
            told = scene["scene"]["summary"]
            if happened:
                assert dead not in scene["scene"]["cast"], told
                assert all(line["speaker"] != dead for line in scene["dialogue"]["lines"])
                assert all(s["name"] != dead for shot in scene["shots"]["shots"] for s in shot["subjects"])
            happened = happened or "drowns" in told or "死了" in told
        assert happened


def test_animals_and_machines_have_no_hands_and_nobody_holds_what_cannot_be_held() -> None:
    for name, shapes in (("fable", ("Crow", "Fox")), ("robot", ("铁蛋",))):
        for scene in scenes_of(name):
            for shot in scene["shots"]["shots"]:
                for subject in shot["subjects"]:
                    if subject["name"] in shapes:
                        assert subject["hands"] == {"left": "", "right": ""}
                        assert subject["pose"] not in ("kneeling", "leaning", "sitting")
                        assert not any(
                            w in subject["action"] + shot["caption"]
                            for w in ("hand", "knuckles", "sleeve", "手", "指", "袖")
                        )
    for scene in scenes_of("lighthouse"):
        for shot in scene["shots"]["shots"]:
            held = {h for s in shot["subjects"] for h in s["hands"].values() if h}
            assert held.isdisjoint({"the roof", "the curse", "the lighthouse"})


@pytest.mark.parametrize("name", STORIES)
def test_nothing_is_said_of_weather_or_hour_that_the_story_does_not_tell(name: str) -> None:
    from workbench.sketch.reading.hours import read_hours

    summary = STORIES[name]["summary"]
    for scene in scenes_of(name):
        for line in scene["dialogue"]["lines"]:
            if line["type"] != "narration":
                assert not read_hours(line["text"]), line["text"]
        if scene["scene"]["beat"] not in summary:
            told = scene["scene"]["summary"]
            assert not read_hours(told) or any(part in summary for part in (told[:8], told[:20])), told


@pytest.mark.parametrize(
    ("short", "title"),
    [
        ("Mara jumps at the rope of the bell", "Mara Jumps at the Rope of the Bell"),
        ("Mara keeps the lamp of a lighthouse on a salt coast", "Mara Keeps the Lamp of a Lighthouse"),
        ("the fox sits down under the tree and praises her voice", "The Fox Sits Down under the Tree"),
        ("Anna wants to leave the village before the long winter comes", ""),
    ],
)
def test_an_english_title_is_a_whole_phrase(short: str, title: str) -> None:
    made = titles.whole_titles(short, short, "en")
    assert (made[0] if made else "") == title or (
        not title and all(not t.endswith(("Wants", "to", "the")) for t in made)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("林晚跑下楼，在咖啡馆里等了一个小时，没有人来", ["林晚跑下楼"]),
        ("的公寓里，她听见敲门声", ["她听见敲门声"]),
        ("第二天上午，警察告诉她哥哥已经去世", ["警察告诉她哥哥已经去世"]),
        ("她把信藏在", []),
    ],
)
def test_a_chinese_title_is_a_whole_phrase(text: str, expected: list[str]) -> None:
    assert titles.whole_titles(text, "…", "zh")[:1] == expected[:1]


@pytest.mark.parametrize("name", STORIES)
def test_every_title_of_a_long_plan_is_whole(name: str) -> None:
    made = [e.title for e in write_episodes(facts_of(name), 30)]
    assert len(set(made)) == 30
    open_end = (" of", " the", " a", " at", " to", " his", " her", " and", "的", "在", "把", "和")
    assert not [t for t in made if t.endswith(open_end) or t.startswith(("的", "在", "把"))]
