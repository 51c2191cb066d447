"""An hour or weather that a whole story leaves open is drawn as even light, not as a clear day."""

from __future__ import annotations

from workbench.sketch.drawing.light import Light
from workbench.sketch.drawing.setting import setting
from workbench.sketch.drawing.style import style_preset

OPEN = {"atmosphere": {"time": "time not told", "weather": "weather not told"}, "location": {"type": "exterior"}}
TOLD = {"atmosphere": {"time": "dusk", "weather": "clear"}, "location": {"type": "exterior"}}


def test_what_a_story_leaves_open_has_no_hour_and_no_weather() -> None:
    where = setting(OPEN, {}, {}, "en", "modern")
    assert (where.time, where.weather) == ("", "")
    told = setting(TOLD, {}, {}, "en", "modern")
    assert (told.time, told.weather) == ("dusk", "clear")
    # without a story to read, a picture is of a clear day
    assert (setting(OPEN, {}, {}, "en").time, setting(OPEN, {}, {}, "en").weather) == ("day", "clear")


def test_open_light_is_grey_by_day_and_night_alike() -> None:
    light = Light(setting(OPEN, {}, {}, "en", "modern"), style_preset("custom"))
    assert not light.dark
    assert max(light.top) - min(light.top) < 40
