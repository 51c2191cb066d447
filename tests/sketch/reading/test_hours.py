"""The hour, season and weather come from a text's own words; what only sounds like one tells nothing."""

from __future__ import annotations

import pytest

from workbench.sketch.reading.hours import Hours, read_hours


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("One night the lamp goes out", Hours("night")),
        ("Before dawn she leaves the village", Hours("night")),
        ("In the morning the captain gives her a lamp", Hours("morning")),
        ("They meet at noon in the snow", Hours("noon", "", "snow")),
        ("It is a foggy autumn evening", Hours("dusk", "autumn", "fog")),
        ("The sun sets over the dunes", Hours("dusk")),
        ("王生清晨在路上遇见女子", Hours("dawn")),
        ("一个雨夜山体塌方", Hours("night", "", "rain")),
        ("冬日的傍晚，大雪封山", Hours("dusk", "winter", "snow")),
        ("盛夏的正午，烈日当头", Hours("noon", "summer", "clear")),
        ("晚上八点，她关了店门", Hours("night")),
        ("深秋的午后，阳光照进院子", Hours("afternoon", "autumn", "clear")),
        ("Midnight. The 雨 keeps falling", Hours("night", "", "rain")),
        ("They meet in the light of the setting sun", Hours("dusk")),
        ("Before the dawn of New Year's Day she is gone", Hours("night")),
        ("She plays the organ until midnight", Hours("night")),
        # what comes again and again is told of now where nothing else is
        ("The robot polishes the lens every dawn", Hours("dawn")),
        ("At noon she sits where every night he comes", Hours("noon")),
        ("每天清晨他扫院子", Hours("dawn")),
        # what is of another time, or is none at all
        ("last night it rained", Hours()),
        ("He has until midnight to pay", Hours()),
        ("She must be home before midnight", Hours()),
        ("他记得每个清晨", Hours()),
        ("日出雾散，船都回来了", Hours("dawn")),
        ("At noon the fog lifts", Hours("noon")),
        ("He waits until morning", Hours()),
        ("She remembers every morning of her life", Hours()),
        ("A knight rides past", Hours()),
        ("He storms out of the room", Hours()),
        ("She buttons her raincoat", Hours()),
        ("After the rain the road dries", Hours()),
        ("A hot spring bubbles up", Hours()),
        ("He springs to his feet and falls asleep", Hours()),
        ("The wind winds up nothing", Hours("", "", "wind")),
        ("她撑开雨伞", Hours()),
        ("昨夜下了雨", Hours()),
        ("她坐在长椅上，一夜没合眼", Hours()),
        ("他盼着下雨", Hours()),
        ("夜叉推开了大门", Hours()),
        ("她一夜之间白了头", Hours()),
        ("没有风景，只有风声", Hours()),
    ],
)
def test_a_text_tells_its_hours(text: str, told: Hours) -> None:
    assert read_hours(text) == told


def test_a_name_is_no_weather() -> None:
    assert read_hours("小雪走在街上", ["小雪"]) == Hours()
    assert read_hours("Summer Rain opens the letter", ["Summer Rain"]) == Hours()
    assert read_hours("小雪走在雪里", ["小雪"]).weather == "snow"


def test_what_was_told_goes_on_until_another_hour_comes() -> None:
    night = Hours("night", "winter", "snow")
    assert night.later(Hours(), "She lights a fire") == night
    assert night.later(Hours("morning"), "In the morning she is gone") == Hours("morning", "winter", "")
    assert night.later(Hours(), "Two days later they find the boat") == Hours("", "winter", "")
    assert night.later(Hours(), "Years later they meet again") == Hours()
    assert night.later(Hours(), "The snow stops") == Hours("night", "winter", "")
    assert night.later(Hours(), "三年后他回来了") == Hours()
    assert Hours("dusk", "", "fog").later(Hours(), "She lights a lamp") == Hours("dusk", "", "fog")
    assert (
        Hours("dusk").later(read_hours("Under the blazing sun they win"), "Under the blazing sun they win").time == ""
    )
    assert Hours("dawn").later(Hours(), "She lights a lamp") == Hours()
    assert Hours("night", "", "fog").later(Hours("dawn"), "日出雾散") == Hours("dawn")
