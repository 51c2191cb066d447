"""Frames: the same bytes for the same shot, another picture for another shot, light, hand, place or person."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
from typing import Any

import pytest
from PIL import Image

from tests.sketch.drawing.scenes import CAST, CUSTOM, anchor, apart, at, brightness, drawn, nine, opened
from workbench.artifacts.models import AspectRatio, Preset
from workbench.artifacts.storyboard import Expression, Facing, Stance
from workbench.sketch import books
from workbench.sketch.drawing import draw_frame, frame_size
from workbench.sketch.drawing.colour import RGB, digest
from workbench.sketch.drawing.light import Light
from workbench.sketch.drawing.looks import COATS, coat_of
from workbench.sketch.drawing.setting import setting
from workbench.sketch.drawing.style import STYLE_PRESETS, style_preset

PRESETS = list(Preset.__args__)
RATIOS = list(AspectRatio.__args__)
#: places of the sample stories, inside and outside
PLACES = [("书斋", "zh"), ("集市", "zh"), ("卧房", "zh"), ("山脚", "zh"), ("海边", "zh"), ("the flat", "en"),
    ("the shop", "en"), ("the street", "en")]  # fmt: skip


def test_the_same_shot_has_the_same_bytes_here_and_in_another_process() -> None:
    made = anchor("书斋", "zh", "turn")
    asked = [nine(made, "zh")[4], made, CAST["zh"], {"preset": "watercolor", "prompt": ""}, "16:9", "zh", 5]
    first = draw_frame(*asked)
    assert draw_frame(*asked) == first
    script = (
        "import json,sys,hashlib;from workbench.sketch.drawing import draw_frame;"
        "print(hashlib.sha256(draw_frame(*json.load(sys.stdin))).hexdigest())"
    )
    other = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == hashlib.sha256(first).hexdigest()


def test_another_seed_draws_the_shot_from_another_place() -> None:
    made = anchor("书斋", "zh")
    shot = nine(made, "zh")[3]
    assert apart(drawn(shot, made, seed=1), drawn(shot, made, seed=2)) > 1


@pytest.mark.parametrize("aspect", RATIOS)
def test_a_frame_has_the_ratio_of_the_brief(aspect: str) -> None:
    made = anchor("the street", "en")
    width, height = frame_size(aspect)
    across, down = map(int, aspect.split(":"))
    assert abs(width / height - across / down) < 0.01
    assert width % 2 == height % 2 == 0
    for shot in nine(made, "en", aspect=aspect)[::4]:
        assert drawn(shot, made, "en", aspect=aspect).size == (width, height)


@pytest.mark.parametrize("ratio", ["2:1", "5:4", "3:2"])
def test_ratios_beyond_the_list_have_even_sides(ratio: str) -> None:
    width, height = frame_size(ratio)
    across, down = map(int, ratio.split(":"))
    assert width % 2 == height % 2 == 0
    assert abs(width / height - across / down) < 0.02


@pytest.mark.parametrize(("place", "language"), PLACES)
def test_nine_shots_of_a_scene_are_nine_pictures(place: str, language: str) -> None:
    made = anchor(place, language, "development")
    pictures = [drawn(shot, made, language, seed=n) for n, shot in enumerate(nine(made, language))]
    closest = min((apart(a, b), i, j) for (i, a), (j, b) in itertools.combinations(enumerate(pictures), 2))
    assert closest[0] > 4, closest


def test_a_shot_size_alone_makes_another_picture() -> None:
    made = anchor("村口", "zh")
    shot = nine(made, "zh", people=1)[1] | {"caption": "王生"}
    pictures = {f: drawn({**shot, "framing": f}, made) for f in ("ELS", "LS", "MS", "CU", "ECU", "LOW", "HIGH")}
    for (f, a), (g, b) in itertools.combinations(pictures.items(), 2):
        assert apart(a, b) > 4, (f, g)


def test_the_camera_angle_moves_the_horizon() -> None:
    made = anchor("大路", "zh")
    shot = nine(made, "zh", people=1)[1]
    low, level, high = (drawn({**shot, "camera": {"angle": a}}, made) for a in ("low", "eye_level", "high"))
    assert apart(low, level) > 3
    assert apart(high, level) > 3


@pytest.mark.parametrize("place", sorted(books.sets().kinds))
def test_every_kind_of_place_is_drawn_and_told_from_the_others(place: str) -> None:
    chinese, english = books.sets().kinds[place].type
    told = {"type": chinese, "name": chinese, "details": books.sets().kinds[place].base[0]}
    made = {**anchor("院子", "zh"), "location": told}
    where = setting(made, {}, {}, "zh")
    assert where.kind == place
    assert where.inside == books.sets().kinds[place].inside
    assert setting({"location": {"type": english, "name": english, "details": ""}}, {}, {}, "en").kind == place
    others = [k for k in sorted(books.sets().kinds) if k != place]
    other = others[digest(place) % len(others)]
    away = {
        **made,
        "location": {
            "type": books.sets().kinds[other].type[0],
            "name": books.sets().kinds[other].type[0],
            "details": "",
        },
    }
    empty = {**nine(made, "zh")[0], "subjects": []}
    assert apart(drawn(empty, made), drawn(empty, away)) > 4


def test_places_that_no_word_tells_are_inside_or_outside_and_differ_by_their_names() -> None:
    shot = {**nine(anchor("院子", "zh"), "zh")[1], "subjects": []}

    def somewhere(name: str, kind: str) -> dict[str, Any]:
        return {"location": {"type": kind, "name": name, "details": ""}}

    assert setting(somewhere("Qzx", "interior"), {}, {}, "en").kind == "inside"
    assert setting(somewhere("Qzx", "exterior"), {}, {}, "en").kind == "outside"
    for kind in ("interior", "exterior"):
        one, two = (drawn(shot, somewhere(name, kind), "en") for name in ("Qzx", "Vrb"))
        assert apart(one, two) > 3


def test_a_shot_without_an_anchor_is_set_by_its_own_words() -> None:
    shot = nine(anchor("海边", "zh"), "zh")[1]
    shot["visual"]["environment"] = "a wet pier by the sea at night"
    assert setting({}, shot, {}, "en").kind == "sea"
    assert drawn(shot, {}, "en").size == (960, 540)


@pytest.mark.parametrize(("place", "language"), PLACES)
@pytest.mark.parametrize("preset", ["custom", "ink_wash", "cyberpunk"])
def test_night_is_darker_than_noon(place: str, language: str, preset: str) -> None:
    made = anchor(place, language)
    # the widest shot: close to a lamp a room may be as bright by night
    shot = nine(made, language)[0]
    style = {"preset": preset}
    noon = brightness(drawn(shot, at(made, "正午"), language, style))
    night = brightness(drawn(shot, at(made, "深夜", light="月光"), language, style))
    assert night < noon - 12


@pytest.mark.parametrize(
    ("chinese", "english"), [("黎明", "dawn"), ("傍晚", "dusk"), ("深夜", "midnight"), ("午后", "afternoon")]
)
def test_hours_are_read_in_both_languages(chinese: str, english: str) -> None:
    made = anchor("村口", "zh")
    assert setting(at(made, chinese), {}, {}, "zh").time == setting(at(made, english), {}, {}, "en").time
    assert setting(at(made, chinese), {}, {}, "zh").time != "day"


def test_weather_is_seen_and_past_rain_is_none() -> None:
    made = anchor("村口", "zh")
    shot = {**nine(made, "zh")[1], "subjects": []}
    clear, rain, snow, fog = (drawn(shot, at(made, "上午", w)) for w in ("晴", "急雨", "大雪", "浓雾"))
    for a, b in itertools.combinations((clear, rain, snow, fog), 2):
        assert apart(a, b) > 3
    assert setting(at(made, "上午", "雨后初晴"), {}, {}, "zh").weather == "clear"
    assert setting(at(made, "day", "clearing after rain"), {}, {}, "en").weather == "clear"
    assert setting(at(made, "day", "hard rain"), {}, {}, "en").weather == "rain"


def test_a_lamp_lights_a_room_at_night() -> None:
    made = at(anchor("书斋", "zh"), "深夜", light="烛光")
    shot = {**nine(made, "zh")[1], "subjects": []}
    warm = drawn(shot, made)
    red, blue = (sum(warm.getchannel(c).resize((1, 1), Image.Resampling.BOX).tobytes()) for c in "RB")
    assert red > blue


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_preset_has_its_own_hand(language: str) -> None:
    assert sorted(STYLE_PRESETS) == sorted(PRESETS)
    made = anchor("街头" if language == "zh" else "the street", language)
    shot = nine(made, language)[2]
    pictures = {p: drawn(shot, made, language, {"preset": p}) for p in PRESETS}
    for (p, a), (q, b) in itertools.combinations(pictures.items(), 2):
        assert apart(a, b) > 3, (p, q)
    assert drawn(shot, made, language, {"preset": "unheard of"}).tobytes() == pictures["custom"].tobytes()


def test_nobody_of_the_first_ten_shares_a_coat() -> None:
    cast = [f"P{n}" for n in range(len(COATS))]
    assert len({coat_of(name, cast) for name in cast}) == len(COATS)
    assert coat_of("P3", cast) == coat_of("P3", cast)


@pytest.mark.parametrize("name", CAST["zh"])
def test_people_wear_their_own_colours(name: str) -> None:
    made = at(anchor("村口", "zh"), "上午")
    shot = nine(made, "zh", people=1)[2]
    shot["subjects"][0] |= {"name": name, "orientation": "camera", "pose": "standing", "position": "centre"}
    shot["caption"] = name
    light = Light(setting(made, shot, CUSTOM, "zh"), style_preset("custom"))
    coat = light.shine_on(coat_of(name, CAST["zh"])[0], 1.0, 0.0, 0.5)
    nobody = drawn({**shot, "subjects": []}, made)
    assert _share(drawn(shot, made), coat) > _share(nobody, coat) + 0.01


def _share(picture: Image.Image, colour: RGB, near: int = 14) -> float:
    """How much of the picture has about this colour."""
    data = picture.resize((240, 135), Image.Resampling.NEAREST).tobytes()
    pixels = zip(data[::3], data[1::3], data[2::3], strict=True)
    return sum(all(abs(a - b) <= near for a, b in zip(p, colour, strict=True)) for p in pixels) / (240 * 135)


def _of(shot: dict[str, Any], **changes: str) -> dict[str, Any]:
    return {**shot, "subjects": [{**shot["subjects"][0], **changes}]}


def test_somebody_stands_where_the_shot_says() -> None:
    made = at(anchor("村口", "zh"), "上午")
    shot = nine(made, "zh", people=1)[1]
    nobody = drawn({**shot, "subjects": []}, made)
    assert nobody.size == (960, 540)
    light = Light(setting(made, shot, CUSTOM, "zh"), style_preset("custom"))
    coat = light.shine_on(coat_of("王生", CAST["zh"])[0], 1.0, 0.0, 0.5)
    middles = []
    for position in ("far_left", "left", "centre", "right", "far_right"):
        picture = drawn(_of(shot, position=position, pose="standing", orientation="camera"), made)
        thirds = [_share(picture.crop((x, 0, x + 320, 540)), coat) for x in (0, 320, 640)]
        middles.append(thirds.index(max(thirds)))
    assert middles == [0, 0, 1, 2, 2]


def test_poses_facings_faces_and_things_in_hands_all_show() -> None:
    made = at(anchor("书斋", "zh"), "上午")
    wide, close = (nine(made, "zh", people=1)[i] for i in (2, 5))
    for shot, field, values in (
        (wide, "pose", Stance.__args__),
        (wide, "orientation", Facing.__args__),
        (close, "expression", Expression.__args__),
    ):
        base = _of(shot, pose="standing", orientation="right" if field == "pose" else "camera")
        pictures = [drawn(_of(base, **{field: v}), made).tobytes() for v in values]
        assert len(set(pictures)) == len(values), field
    empty = _of(wide, pose="standing", orientation="camera")
    held = [
        drawn({**empty, "subjects": [{**empty["subjects"][0], "hands": {"left": "", "right": thing}}]}, made).tobytes()
        for thing in ("", "一盏灯", "一封信", "an old key", "a gold watch", "something nobody has a word for")
    ]
    assert len(set(held)) == len(held)


def test_frames_stay_small_enough_to_be_kept_exactly() -> None:
    made = anchor("街头", "zh", "turn")
    for shot in nine(made, "zh")[:3]:
        data = draw_frame(shot, made, CAST["zh"], CUSTOM, "16:9", "zh", 1)
        assert opened(data).size == (960, 540)
        assert len(data) < 960 * 540 * 0.75
