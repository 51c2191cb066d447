"""Who is drawn: by what is told of them, the same in every frame; animals, machines and things in their own shape."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from PIL import Image

from tests.sketch.drawing.scenes import anchor, apart, at, nine, opened
from workbench.sketch.drawing import draw_frame, looks
from workbench.sketch.drawing.creatures import _DRAWN, FORMS, creature_shapes, head_of
from workbench.sketch.drawing.frame import _figure
from workbench.sketch.drawing.looks import Look
from workbench.sketch.drawing.portrait import draw_portrait
from workbench.sketch.drawing.setting import setting
from workbench.sketch.reading.beings import _EN, _ZH, Being
from workbench.sketch.reading.people import read_people, read_person

BEINGS = (
    *("a fox", "an elephant", "a crow", "a whale", "a snake", "a bee", "a frog", "a dragon", "a robot"),
    *("a car", "a ship", "a drone", "a tree", "a computer", "an alien", "a teapot", "the wind"),
)


def style_of(summary: str = "", **people: str) -> dict[str, Any]:
    """A style that has the whole story with it."""
    characters = [{"name": name, "description": description} for name, description in people.items()]
    story = {"title": "x", "genre": "", "summary": summary, "characters": characters}
    return {"preset": "custom", "prompt": "", "story": story}


def picture(shot: dict[str, Any], made: dict[str, Any], style: dict[str, Any]) -> Image.Image:
    return opened(draw_frame(shot, made, ["Rex"], style, "16:9", "en", 1))


def look_of(name: str, description: str, era: str = "modern") -> Look:
    return looks.look(name, [name], read_person(name, description), era, "en")


def test_what_is_told_of_somebody_is_drawn() -> None:
    told = look_of("Ida", "a woman of seventy, bald, bare feet, red dress, tall, stout")
    assert (told.garment, told.style, told.old, told.barefoot) == ("dress", "bald", True, True)
    assert told.coat == (181, 52, 60)
    assert told.height > look_of("Ida", "a woman of seventy").height
    assert look_of("Tom", "her son, nine").height < 0.8
    assert look_of("Ann", "twenty-eight").height > 0.9
    assert look_of("Bo", "long beard").beard
    assert not look_of("Bo", "a man without a beard").beard
    assert look_of("Kai", "red hair").hair != look_of("Kai", "black hair").hair


@pytest.mark.parametrize("era", ["east", "west", "modern", "future"])
def test_who_is_told_nothing_of_is_neither_man_nor_woman(era: str) -> None:
    for name in ("Lee", "Sam", "Noor", "林青", "K", "Robin"):
        plain = look_of(name, "thirty, quiet", era)
        assert plain.garment == ("robe" if era == "east" else "coat")
        assert plain.style == "short"
        assert not plain.beard


def test_somebody_is_the_same_in_every_frame_whatever_a_shot_says() -> None:
    story = {"title": "x", "genre": "", "summary": "Mara keeps the lamp. She waits.",
        "characters": [{"name": "Mara", "description": "nineteen, short hair"}]}  # fmt: skip
    made = at(anchor("the street", "en"), "day")
    where = setting(made, {}, {}, "en")
    shot = nine(made, "en", people=1)[1]
    seen = set()
    for character in ("", "Mara: Mara", "Mara: an old man with a beard"):
        told: dict[str, Any] = {**shot, "visual": {**shot["visual"], "character": character}}
        subject = {**shot["subjects"][0], "name": "Mara"}
        seen.add(_figure(subject, told, ["Mara"], where, "en", read_people(story), {}).look)
    assert len(seen) == 1
    assert seen.pop().garment != "suit"


def test_one_story_has_one_era_in_every_place() -> None:
    for place in ("the study", "the office", "the spaceship", "the street"):
        assert setting(anchor(place, "en"), {}, {}, "en", "west").era == "west"
    made = at(anchor("the street", "en"), "day")
    shot = {**nine(made, "en")[1], "subjects": []}
    summaries = ("In 1905 Ann waits for the gaslight.", "In 2093 Ann waits in a spaceship.")
    assert apart(*(picture(shot, made, style_of(s)) for s in summaries)) > 2


@pytest.mark.parametrize("facing", ["left", "right", "camera", "away"])
def test_beings_are_drawn_in_shapes_of_their_own(facing: str) -> None:
    drawn = {d: creature_shapes(look_of("X1", d), "standing", facing, "neutral") for d in BEINGS}
    for (a, one), (b, two) in itertools.combinations(drawn.items(), 2):
        assert [s for s, *_ in one] != [s for s, *_ in two], (a, b)
    for description, shapes in drawn.items():
        height = look_of("X1", description).being.height
        ups = [y for spots, *_ in shapes for _, y in spots]
        assert -0.1 * height < min(ups)
        assert max(ups) < 1.7 * height
        assert head_of(look_of("X1", description), "standing")[1] > 0


def test_every_kind_of_being_has_a_drawing() -> None:
    every: list[Being] = [being for _, being in (*_EN, *_ZH)]
    assert {b.shape for b in every} <= {"person", "beast", *_DRAWN}
    assert {b.form for b in every if b.shape == "beast"} <= set(FORMS)


def test_a_fox_is_no_man_in_a_frame_and_has_a_portrait() -> None:
    made = at(anchor("the field", "en"), "day")
    shot = nine(made, "en", people=1)[1]
    shot["subjects"][0] |= {"name": "Rex", "position": "centre", "hands": {"left": "", "right": "a letter"}}
    fox, man = (style_of(Rex=description) for description in ("a red fox", "a man of forty"))
    assert apart(picture(shot, made, fox), picture(shot, made, man)) > 2
    portraits = {draw_portrait("Rex", ["Rex"], "", style, "en") for style in (fox, man)}
    assert len(portraits) == 2


def test_seasons_are_seen() -> None:
    made = anchor("the forest", "en")
    shot = {**nine(made, "en")[1], "subjects": []}
    pictures = [picture(shot, at(made, f"{season}, noon"), style_of()) for season in ("summer", "autumn", "winter")]
    for one, two in itertools.combinations(pictures, 2):
        assert apart(one, two) > 3
