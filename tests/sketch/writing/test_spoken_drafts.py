"""The offline dialogue and sound of any scene pass the checks that a model's answers meet, and belong to their
scene."""

from __future__ import annotations

import json
import random
import re
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sketch.writing.test_shot_drafts import sample_scenes, scene_facts
from tests.workflows.conftest import SAMPLES
from workbench import samples
from workbench.artifacts.storyboard import Dialogue, SoundDesign
from workbench.sketch import books
from workbench.sketch.books import Lines
from workbench.sketch.writing import dialogue as speech
from workbench.sketch.writing import places
from workbench.sketch.writing import sound as noise
from workbench.story import script, timing
from workbench.story.continuity import Cast
from workbench.workflows.dialogue import generate_dialogue as dialogue
from workbench.workflows.dialogue import generate_sound_design as sound

HAN = re.compile(r"[一-鿿]")
LATIN = re.compile(r"[A-Za-z]")


def spoken(facts: dict[str, Any], max_seconds: float = 15) -> Dialogue:
    """The scene's dialogue, checked as the engine would, and readable as text."""
    asked = {"theme": "", "motifs": [], "story": "", "shots": [], "motion": "", **facts, "max_seconds": max_seconds}
    made = speech.write_dialogue(asked, random.Random(json.dumps(asked, ensure_ascii=False, sort_keys=True)))
    cast = Cast([p["name"] for p in facts["cast"]])
    language = facts["story_language"]
    assert dialogue.speaker_issues(made, cast) == []
    assert dialogue.find_repetitions(made) == []
    assert dialogue.length_issues(made, max_seconds) == []
    assert dialogue.silence_issues(made) == []
    assert dialogue.language_issues(made, language) == []
    assert Dialogue.model_validate(made.model_dump()) == made
    assert script.parse(script.to_text(made, language)) == made
    return made


def heard(facts: dict[str, Any], said: Dialogue | None, seconds: float = 14.0) -> SoundDesign:
    """The scene's sound, checked as the engine would."""
    text = script.to_text(said, facts["story_language"]) if said else ""
    asked = {"shots": [], "motion": "", **facts, "seconds": seconds, "dialogue": text}
    made = noise.write_sound_design(asked, random.Random(json.dumps(asked, ensure_ascii=False, sort_keys=True)))
    assert sound.timing_issues(made, seconds) == []
    assert sound.silence_issues(made) == []
    assert sound.find_repetitions(made) == []
    assert sound.voice_issues(made, said.model_dump() if said else None) == []
    assert SoundDesign.model_validate(made.model_dump()) == made
    return made


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("count", [6, 12, 24])
def test_every_sample_scene_passes_every_check(name: str, count: int) -> None:
    for facts in sample_scenes(name, episodes=3, count=count):
        heard(facts, spoken(facts))
        heard(facts, None)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("max_seconds", [2.5, 3, 5, 8, 60])
def test_lines_keep_within_any_time(name: str, max_seconds: float) -> None:
    for facts in sample_scenes(name, episodes=1, count=6):
        made = spoken(facts, max_seconds)
        assert made.silent or timing.dialogue_s([line.model_dump() for line in made.lines]) <= max_seconds


@pytest.mark.parametrize("name", SAMPLES)
def test_six_scenes_do_not_repeat_each_other(name: str) -> None:
    scenes = sample_scenes(name, episodes=4, count=6)
    for first in range(0, len(scenes), 6):
        texts = [{line.text for line in spoken(facts).lines} for facts in scenes[first : first + 6]]
        assert all(not (a & b) for a, b in combinations(texts, 2))


@pytest.mark.parametrize("name", SAMPLES)
def test_six_scenes_of_a_story_that_no_book_was_written_for_do_not_repeat_each_other(name: str) -> None:
    # the sample's events under another title are anybody's story
    scenes = [dict(facts, title="?", genre="") for facts in sample_scenes(name, episodes=4, count=6)]
    for first in range(0, len(scenes), 6):
        texts = [{line.text for line in spoken(facts).lines} for facts in scenes[first : first + 6]]
        assert all(not (a & b) for a, b in combinations(texts, 2))


@pytest.mark.parametrize("name", SAMPLES)
def test_two_episodes_do_not_share_most_of_their_lines(name: str) -> None:
    scenes = sample_scenes(name, episodes=2, count=6)
    for index, facts in enumerate(scenes):
        facts["theme"] = f"episode {index // 6}"
    texts = [{line.text for facts in scenes[i : i + 6] for line in spoken(facts).lines} for i in (0, 6)]
    assert len(texts[0] & texts[1]) <= 0.25 * min(map(len, texts))


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_said_is_about_the_scene(name: str) -> None:
    """Most scenes are recognised for what they are about, and the story's names and events are heard."""
    scenes = sample_scenes(name, episodes=4, count=8)
    book = books.lines(scenes[0]["story_language"])
    about = [speech.topic_of(book, f["scene"]["beat"], f["scene"]["summary"]) for f in scenes]
    assert sum(m is not None for m in about) >= 0.85 * len(scenes)
    prose = " ".join(script.to_text(spoken(f), f["story_language"]) for f in scenes)
    assert all(person["name"] in prose for f in scenes for person in f["cast"])
    told = [line.text for f in scenes for line in spoken(f).lines if line.type == "narration"]
    summaries = " ".join(f["scene"]["summary"] for f in scenes).casefold()
    quoted = [t for t in told if any(part.strip().casefold() in summaries for part in re.split(r"[。.]", t) if part)]
    assert len(quoted) >= 4


@pytest.mark.parametrize("name", SAMPLES)
def test_everything_is_in_the_storys_language(name: str) -> None:
    own, foreign = (HAN, LATIN) if ".zh" in name else (LATIN, HAN)
    for facts in sample_scenes(name):
        said = spoken(facts)
        texts = [said.reason, *(t for line in said.lines for t in (line.text, line.emotion, *line.notes))]
        made = heard(facts, said)
        texts += [made.master_mood, *(t for cue in made.cues for t in (cue.description, cue.mood))]
        for text in filter(None, texts):
            assert own.search(text), text
            assert not foreign.search(text), text


# --- odd briefs ------------------------------------------------------------------------------------------------

NAMES = ["王生", "女子", "Della", "the Mayor", "Zoë", "O'Neill", "A: B", "[旁白]", "a|b", "{b}", "门", "x" * 120]
TEXTS = ["她把信藏进木箱", "暴雨冲垮了桥。", "Rain takes the bridge away.", "The ferry does not come; nobody knows why",
    "{event}", "…", "敲门声。", "Sitting down at last"]  # fmt: skip
told = st.sampled_from(TEXTS) | st.text(min_size=1, max_size=200).map(str.strip).filter(bool)
scenes_of = st.builds(
    lambda order, summary, beat, location: {"order": order, "summary": summary, "beat": beat, "location": location},
    st.integers(1, 24),
    told,
    st.just("") | told,
    st.sampled_from(["大路", "the doorstep", "灯塔", "Harbour Street", "{place}", "?"]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    scene=scenes_of,
    people=st.lists(st.sampled_from(NAMES), max_size=4, unique=True),
    language=st.sampled_from(["zh", "en"]),
    position=st.sampled_from(["opening", "development", "turn", "resolution"]),
    props=st.lists(st.sampled_from(["旧信", "a letter", "灯塔", "{prop}"]), max_size=3, unique=True),
    max_seconds=st.floats(2.5, 60),
    seconds=st.floats(3.6, 60).map(timing.tenths),
)
def test_any_scene_passes_every_check(
    scene: dict[str, Any], people: list[str], language: str, position: str, props: list[str], max_seconds: float,
    seconds: float,
) -> None:  # fmt: skip
    facts = scene_facts(scene, people, language, position, props=props)
    # what a brief in another language tells may well be quoted
    quoted = dict(facts, scene={**scene, "beat": "", "summary": "?"})
    spoken(quoted, max_seconds)
    made = speech.write_dialogue({**facts, "max_seconds": max_seconds}, random.Random(1))
    cast = Cast(people)
    assert dialogue.speaker_issues(made, cast) + dialogue.find_repetitions(made) == []
    assert dialogue.length_issues(made, max_seconds) + dialogue.silence_issues(made) == []
    assert script.parse(script.to_text(made, language)) == made
    heard(facts, made, seconds)
    heard({**facts, "anchor": {}}, None, seconds)


def test_a_scene_without_people_has_a_narrator_alone() -> None:
    facts = scene_facts({"order": 2, "summary": "灯灭了。", "beat": "灯灭了", "location": "灯塔"}, [], "zh")
    made = spoken(facts)
    assert {line.type for line in made.lines} == {"narration"}


def test_nobody_has_a_thing_in_hand_that_the_scene_does_not_name() -> None:
    scene = {"order": 1, "summary": "王生在书斋等人。", "beat": "等待", "location": "书斋"}
    for order in range(1, 25):
        facts = scene_facts({**scene, "order": order}, ["王生", "陈氏"], "zh", props=["拂尘", "书斋"])
        assert "拂尘" not in script.to_text(spoken(facts), "zh")
    named = {**scene, "summary": "王生把拂尘挂在门上。"}
    found = [
        "拂尘"
        in script.to_text(spoken(scene_facts({**named, "order": n}, ["王生", "陈氏"], "zh", props=["拂尘"])), "zh")
        for n in range(1, 25)
    ]
    assert any(found)


# --- the books -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_book_has_enough_to_say_and_says_nothing_twice(language: str) -> None:
    book: Lines = books.lines(language)
    texts = [t for pool in (*(m.talk for m in book.topics), *book.talk.values()) for exchange in pool for t in exchange]
    texts += [t for pool in (*(m.alone for m in book.topics), *book.alone.values()) for t in pool]
    assert len(book.topics) >= 20
    assert len(texts) == len(set(texts)) > 250
    slots = {slot for t in (*texts, *book.telling, *book.scenery, *book.silences) for slot in re.findall(r"{(\w+)}", t)}
    assert slots <= {"a", "b", "place", "prop", "event"}
    for pool in (*(m.talk for m in book.topics), *book.talk.values()):
        # somewhere a scene without things of its own finds a word
        assert sum("{prop}" not in "".join(e) for e in pool) >= 2
    for alone in (*(m.alone for m in book.topics), *book.alone.values()):
        assert sum("{prop}" not in line for line in alone) >= 2


def test_every_kind_of_place_has_its_air_and_a_name_given_to_a_place_is_known() -> None:
    assert set(books.noises().airs) == set(books.sets().kinds)
    assert set(books.noises().grounds) <= set(books.sets().kinds)
    assert places.archetype_of("大路", "zh") == "road"
    assert places.archetype_of("the doorstep", "en") == "gate"


@pytest.mark.parametrize(
    ("sample", "location", "summary", "expected"),
    [
        ("", "村子", "一个雨夜山体塌方，埋住了她的哥哥。", "山石轰然滚落"),
        ("gift-of-the-magi.en", "the shop", "Della sells the hair for twenty dollars.", "coins set down"),
        ("painted-skin.zh", "书斋", "他看见厉鬼把一张人皮铺在榻上，用彩笔描画。", "笔尖在皮上"),
        ("painted-skin.zh", "家中", "半夜有人敲响了门。", "三下敲门声"),
        ("", "家中", "半夜有人敲响了门。", "敲门声"),
        ("", "the barn", "A bell rings and a dog barks.", "a dog barking"),
    ],
)
def test_what_happens_is_heard(sample: str, location: str, summary: str, expected: str) -> None:
    language = "zh" if HAN.search(summary) else "en"
    about = {key: samples.load(sample)[key] for key in ("title", "genre")} if sample else {}
    facts = scene_facts({"order": 1, "summary": summary, "beat": "", "location": location}, [], language, **about)
    assert any(expected in cue.description for cue in heard(facts, None).cues)


def test_weather_is_heard_inside_and_outside_and_steps_know_their_ground() -> None:
    scene = {"order": 1, "summary": "Jim comes home through a rainstorm.", "beat": ""}
    shots = [{"subjects": ["Jim: is caught mid-step, coat blown back"]}]
    found = {}
    for location in ("the flat", "the bridge"):
        facts = scene_facts({**scene, "location": location}, ["Jim"], "en", shots=shots)
        found[location] = " ".join(cue.description for cue in heard(facts, None).cues)
    assert "rain beating on the roof" in found["the flat"]
    assert "steps on floorboards" in found["the flat"]
    assert "hard rain on the ground" in found["the bridge"]
    assert "steps on the stones of a bridge" in found["the bridge"]


def test_a_thought_is_a_voice_over_and_a_silence_falls_between_lines() -> None:
    facts = scene_facts(
        {"order": 3, "summary": "Jim waits.", "beat": "", "location": "the flat"}, ["Jim"], "en", "turn"
    )
    said = Dialogue.model_validate(
        {"lines": [{"type": "thought", "speaker": "Jim", "text": t} for t in ("Too late.", "Or is it?")]}
    )
    made = heard(facts, said)
    voices = [cue for cue in made.cues if cue.type == "voice_over"]
    assert [v.description for v in voices] == ["Jim, in thought: Too late.", "Jim, in thought: Or is it?"]
    (hush,) = [cue for cue in made.cues if cue.type == "silence"]
    assert all(v.to_s <= hush.from_s + 0.11 or v.from_s >= hush.to_s - 0.11 for v in voices)
