"""Screenplays as people write them: their scenes, people and places, and what they tell as prose."""

from __future__ import annotations

import pytest

from workbench import samples
from workbench.story import screenplay

FOUNTAIN = """Title:
    **Salt Light**
Credit: Written by
Author: A. N. Other

FADE IN:

EXT. LIGHTHOUSE - NIGHT

Wind. MARA (50), in a salt-grey coat, climbs the rocks.

INT. LAMP ROOM - CONTINUOUS #2#

The lamp is dark. Mara strikes a match.

MARA
(to herself)
Not tonight.

DR. O'NEIL (O.S.)
Mara!

She turns.

CUT TO:

.THE STAIR

@McCLANE ^
We burn it.

> THE END <

EXT. BEACH – DAWN

The boat comes in. [[a note for me]] *Everyone* runs. /* struck
out */
"""

CHINESE = """《归途》
编剧：某某

第一场 客栈大堂 夜 内
人物：王五、李四

△王五推门进来，身上全是雪。
王五：（喘气）有人吗？
李四（OS）：楼上请。
△灯灭了。

2、客栈 后院 日 外

王静把马牵出来。她看了一眼楼上的窗。
旁白：那是她最后一次回头。

23-1，外，武当山玄岳门，日，张颖、王静
张颖跪在石阶上。
"""

PLAY = """ACT I

SCENE 1. A room in the castle.

HAMLET. To be, or not to be.
OPHELIA: My lord?

HORATIO
Here, sweet lord.
"""


def test_fountain_is_read_by_its_rules() -> None:
    script = screenplay.read(FOUNTAIN)
    assert script is not None
    assert (script.title, script.language) == ("Salt Light", "en")
    assert script.people == ["Mara", "Dr. O'Neil", "McCLANE"]
    assert [(s.place, s.time, s.setting) for s in script.scenes] == [
        ("Lighthouse", "night", "ext"),
        ("Lamp room", "", "int"),
        ("The stair", "", ""),
        ("Beach", "dawn", "ext"),
    ]
    assert script.scenes[1].people == ["Mara", "Dr. O'Neil"]
    assert script.scenes[1].action == ["The lamp is dark.", "Mara strikes a match.", "She turns."]
    assert script.scenes[3].action == ["The boat comes in.", "Everyone runs."]
    assert script.find_first_mention("Mara").startswith("Mara (50), in a salt-grey coat")


def test_a_chinese_script_is_read_by_its_rules() -> None:
    script = screenplay.read(CHINESE)
    assert script is not None
    assert (script.title, script.language) == ("归途", "zh")
    assert script.people == ["王五", "李四", "张颖", "王静"]
    assert [(s.place, s.time, s.setting) for s in script.scenes] == [
        ("客栈大堂", "夜", "int"),
        ("客栈后院", "日", "ext"),
        ("武当山玄岳门", "日", "ext"),
    ]
    assert script.scenes[0].people == ["王五", "李四"]
    assert script.scenes[0].action == ["王五推门进来，身上全是雪。", "灯灭了。"]


def test_a_play_is_read_by_its_speeches() -> None:
    script = screenplay.read(PLAY)
    assert script is not None
    assert script.people == ["Hamlet", "Ophelia", "Horatio"]
    assert script.places == ["A room in the castle"]


@pytest.mark.parametrize(
    ("heading", "place", "time", "setting"),
    [
        ("INT. KITCHEN - DAY", "Kitchen", "day", "int"),
        ("int. kitchen - day", "kitchen", "day", "int"),
        ("INT KITCHEN - DAY", "Kitchen", "day", "int"),
        ("EXT. JOHN'S HOUSE – LATER", "John's house", "", "ext"),
        ("INT./EXT. CAR (MOVING) - NIGHT", "Car (moving)", "night", ""),
        ("I/E TRAIN - DUSK", "Train", "dusk", ""),
        ("EST. CITY - DAWN", "City", "dawn", "ext"),
        ("12 INT. KITCHEN - DAY #12A#", "Kitchen", "day", "int"),
        ("12A. EXT. STREET", "Street", "", "ext"),
        ("第3场：咖啡馆，日，内", "咖啡馆", "日", "int"),
        ("场景二 老宅 院子 黄昏 外景", "老宅院子", "黄昏", "ext"),
        ("【第十二场】地铁站 夜 内", "地铁站", "夜", "int"),
        ("1. 内景 客栈 夜", "客栈", "夜", "int"),
        ("1-1 客栈大堂 夜 内", "客栈大堂", "夜", "int"),
        ("内景 病房 清晨", "病房", "清晨", "int"),
        ("场景：教室，上午", "教室", "上午", ""),
        ("第一場 客棧 夜 內", "客棧", "夜", "int"),
        ("場景三：碼頭，黃昏，外景", "碼頭", "黃昏", "ext"),
        ("第二幕 第一场 皇宫 夜", "皇宫", "夜", ""),
    ],
)
def test_headings_say_where_and_when(heading: str, place: str, time: str, setting: str) -> None:
    speech = "阿明：走吧。" if heading[-1] > "一" or "场" in heading else "TOM\nLet us go."
    script = screenplay.read(f"{heading}\n\n{speech}\n")
    assert script is not None
    scene = script.scenes[0]
    assert (scene.place, scene.time, scene.setting) == (place, time, setting)


@pytest.mark.parametrize(
    "text",
    [
        *(str(samples.load(name)["summary"]) for name in samples.names()),
        "第三十三章 那时候他还年轻。\n1. 他走进了客栈，坐下。\n2、第二天，日头很高。\n他说：“走吧。”\n",
        "The INT. revenue service wrote twice.\n\nMARA\n\nwas her name.\n",
        "CHAPTER ONE\n\nNight. He said: no.\n\nDEAR SIR,\n\nI am yours.\n",
        "",
        "\n\n",
    ],
)
def test_prose_is_none(text: str) -> None:
    assert screenplay.read(text) is None


def test_one_heading_is_enough_where_somebody_says_that_it_is_one() -> None:
    text = "INT. KITCHEN - DAY\n\nRain.\n"
    assert screenplay.read(text) is None
    assert screenplay.read(text, certain=True) is not None
    assert screenplay.read("Rain on the roof, all night.", certain=True) is None


def test_what_the_scenes_tell_is_prose_and_begins_with_place_and_time() -> None:
    script = screenplay.read(FOUNTAIN)
    assert script is not None
    told, kept, of = screenplay.tell(script, 2_000)
    assert told.startswith("At the lighthouse at night: Wind. Mara (50), in a salt-grey coat, climbs the rocks.")
    assert "In the lamp room: The lamp is dark." in told
    assert "At the stair: McCLANE speaks." in told
    assert (kept, of) == (7, 7)
    chinese = screenplay.read(CHINESE)
    assert chinese is not None
    assert screenplay.tell(chinese, 2_000)[0].startswith(
        "夜里，客栈大堂里，王五推门进来，身上全是雪。灯灭了。白天，客栈后院，王静"
    )


def test_where_there_is_no_room_every_scene_keeps_its_first_sentences() -> None:
    scenes = "".join(f"INT. ROOM {n} - DAY\n\nA lamp falls. A door opens. A dog barks.\n\n" for n in range(20))
    script = screenplay.read(scenes)
    assert script is not None
    told, kept, of = screenplay.tell(script, 1_200)
    assert len(told) <= 1_200
    assert (told.count("A lamp falls."), of) == (20, 60)
    assert 20 <= kept < 60


@pytest.mark.parametrize(
    "text", ["[[" * 100_000, "INT. " * 50_000, "_*" * 50_000, "（" * 50_000 + "\n第一场 家 夜 内\n"]
)
def test_a_hostile_text_is_read_in_no_time(text: str) -> None:
    screenplay.read(text)


@pytest.mark.parametrize(
    ("text", "places", "times", "people"),
    [
        (
            "場次：1\n時：夜\n景：客廳\n人：王五、李四\n\n△王五坐著。\n王五：你回來了。\n\n場次：2\n時：日\n景：街道\n人：李四\n\n△下雪。\n",
            ["客廳", "街道"], ["夜", "日"], ["王五", "李四"],
        ),
        ("1. 内景。咖啡馆 – 白天\n\n小明坐着。\n\n2. 外景。天台 – 夜\n\n下雪。\n",
         ["咖啡馆", "天台"], ["白天", "夜"], []),
        ("【第1场】日/内/咖啡馆\n王五：你好。\n\n【第2场】夜/外/天台\n下雪。\n",
         ["咖啡馆", "天台"], ["日", "夜"], ["王五"]),
        (
            "12 INT. HOUSE - DAY 12\n\nIt rains.\n\nTOM (CONT'D)\nHi.\n\n(MORE)\n\nCONTINUED:\n\n"
            "13 EXT. YARD. NIGHT. 13\n\nIt rains.\n",
            ["House", "Yard"], ["day", "night"], ["Tom"],
        ),
        ("int. house - day\n\nIt rains.\n\next. yard, night\n\nIt rains.\n", ["house", "yard"], ["day", "night"], []),
        ("INT HOUSE NIGHT\n\nIt rains.\n\nEXT YARD DAY\n\nIt rains.\n", ["House", "Yard"], ["night", "day"], []),
    ],
)  # fmt: skip
def test_headings_of_other_houses_are_read(text: str, places: list[str], times: list[str], people: list[str]) -> None:
    script = screenplay.read(text)
    assert script is not None
    assert [(s.place, s.time) for s in script.scenes] == list(zip(places, times, strict=True))
    assert script.people == people
    assert {sentence for scene in script.scenes for sentence in scene.action} <= {
        "It rains.", "下雪。", "王五坐著。", "小明坐着。",
    }  # fmt: skip


def test_the_first_snow_is_no_first_scene() -> None:
    assert screenplay.read("第一场雪\n\n今年的雪来得早。\n\n第二场雪\n\n她没有来。\n") is None


@pytest.mark.parametrize(
    ("heading", "told"),
    [
        ("EXT. ALLEY - NIGHT - RAIN", "At the alley at night in the rain: Ann waits."),
        ("EXT. PIER 9 - DAWN (FOG)", "At the pier 9 at dawn in the fog: Ann waits."),
        ("EXT. ROAD - STORMY NIGHT", "At the road at night in a storm: Ann waits."),
        ("EXT. FIELD - DAY/HEAVY SNOW", "At the field by day in the snow: Ann waits."),
        ("INT. HALL - DAY - SNOW OUTSIDE", "In the hall by day, snow outside: Ann waits."),
        # a place's name is no weather, and a bracket may hold a place
        ("EXT. SNOW LAKE - DAY", "At the snow lake by day: Ann waits."),
        ("EXT. CAMP - WINDY RIDGE PASS - DAY", "At Camp – windy ridge pass by day: Ann waits."),
        ("EXT. HARBOUR (THE OLD PIER) - DAY", "At the harbour (the old pier) by day: Ann waits."),
        ("第二场 外景 弄堂 雨 夜", "夜里雨中，弄堂，沈青等着。"),
        ("第二场 外 荒村 雨夜", "夜里雨中，荒村，沈青等着。"),
        ("第二场 外景 码头（浓雾） 晨", "清晨浓雾中，码头，沈青等着。"),
        ("第二场 内景 报馆 大雪 日", "白天窗外大雪，报馆里，沈青等着。"),
        ("1-3 日 外 风雨桥 阿海", "白天，风雨桥，沈青等着。"),
    ],
)
def test_the_weather_of_a_heading_is_told(heading: str, told: str) -> None:
    action = "Ann waits." if heading.isascii() else "沈青等着。"
    script = screenplay.read(f"{heading}\n\n{action}", certain=True)
    assert script is not None
    assert screenplay.tell(script, 2000)[0] == told
