"""What kind of place an anchor tells of, in which period, at what time and in which weather; in Chinese or English."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from workbench.json_types import JsonObject
from workbench.sketch import books
from workbench.sketch.drawing.colour import digest
from workbench.sketch.reading.eras import DrawnEra as StoryEra
from workbench.sketch.reading.hours import Season, read_hours
from workbench.sketch.reading.places import find_places
from workbench.sketch.writing import places

Era = Literal["east", "west", "modern", "future"]
Time = Literal["", "dawn", "day", "noon", "dusk", "night"]
Weather = Literal["", "clear", "cloudy", "rain", "snow", "fog"]


@dataclass(frozen=True)
class Setting:
    """`kind` is one of `books.sets().kinds`, or "inside"/"outside" for a place that no word tells. `number` tells
    places apart. `time` and `weather` are "" where a whole story leaves them open: even light, an even sky."""

    kind: str
    inside: bool
    era: Era
    time: Time
    weather: Weather
    #: a lamp, candle or fire lights it
    lamp: bool
    #: from where the light comes: -1 left, 0 front or above, 1 right
    side: int
    number: int
    #: "" where it is not told
    season: Season = ""


def _words(chinese: str, english: str) -> re.Pattern[str]:
    return re.compile(rf"{chinese}|\b(?:{english})\b", re.IGNORECASE)


_INSIDE = _words(
    "室内|屋内|内景|房间|舱|洞|殿|厅", "interior|inside|indoors?|room|hall|cabin|cellar|chamber|attic|corridor"
)
_OUTSIDE = _words("室外|户外|外景|野外|露天", "exterior|outside|outdoors?|open air")
_TIMES: tuple[tuple[Time, re.Pattern[str]], ...] = (
    ("night", _words("夜|子时|三更|月光|月色|星空|凌晨", "night|midnight|moonlight|moonlit|starlight|small hours")),
    ("dusk", _words("傍晚|黄昏|日落|夕阳|薄暮|暮色|入夜前", "dusk|sunset|evening|twilight|sundown|golden hour")),
    (
        "dawn",
        _words("黎明|清晨|拂晓|日出|破晓|晨光|早晨|天刚亮|清早", "dawn|sunrise|daybreak|early morning|first light"),
    ),
    ("noon", _words("正午|中午|晌午|午后|烈日|下午", "noon|midday|afternoon|high sun")),
    ("day", _words("上午|白天|白昼|日间", "morning|forenoon|day|daytime|daylight")),
)
_NOT_RAIN = _words(
    "雨后|将雨|雨停|未雨|一场雨", r"after (?:the )?rain|rain to come|rain has stopped|rain is held|of the rain"
)
_WEATHERS: tuple[tuple[Weather, re.Pattern[str]], ...] = (
    ("snow", _words("雪", "snow|snowing|snowfall|snowy|blizzard|sleet")),
    ("rain", _words("雨|雷暴|暴风", "rain|rainy|raining|drizzle|storm|stormy|downpour|thunderstorm")),
    ("fog", _words("雾|霾|岚", "mist|misty|fog|foggy|haze|hazy")),
    ("cloudy", _words("阴|云|闷热|雨", "cloud|clouds|cloudy|overcast|grey sky|close|rain")),
)
_CLEAR = _words("晴|阳光|日光|万里无云", "clear|sunny|sunshine|cloudless|bright")
_LAMP = _words(
    "灯|烛|火|炉|昏黄|点光",
    "lamp|lamplight|candle|candles|lantern|fire|firelight|torch|gaslight|gas|amber|single source|stove",
)
_LEFT = _words("左", "left")
_RIGHT = _words("右", "right")
_ERAS: tuple[tuple[Era, re.Pattern[str]], ...] = (
    ("future", _words("赛博|霓虹|全息|机甲|飞船|太空|舰|合金|蓝色灯带|显示屏",
        "cyber|cyberpunk|neon|hologram|spaceship|space|alloy|blue light|display panel|robot")),
    ("east", _words("古风|古装|宫廷|武侠|神话|水墨|纸灯笼|青瓷|油纸伞|长衫|窗纸|竹帘|榻|木案|牌匾|木匾|瓦檐|殿柱|帷",
        "paper lantern|celadon|oil-paper umbrella|bamboo blind|ink wash|pagoda|samurai|dynasty")),
    ("modern", _words("充电|插座|旧标志|手机|电脑|电视|汽车|公寓|地铁|写字楼|办公|医院|现代|塑料|冰箱",
        "charging|socket|cardboard|phone|computer|television|car|cars|apartment|subway|office|hospital|modern|plastic|fridge|elevator")),
    ("west", _words("煤油灯|铜箍|壁炉|维多利亚|马车",
        "oil lamp|brass bands|walking stick|victorian|gaslight|1[0-9]{3}|carriage|fireplace|medieval|castle|period")),
)  # fmt: skip


def setting(anchor: JsonObject, shot: JsonObject, style: JsonObject, language: str, era: StoryEra = "") -> Setting:
    """Read the scene's anchor; where there is none, the shot's own words of the place. `era`: the whole story's, where
    it is known; else that of style and place."""
    location, air = anchor.get("location") or {}, anchor.get("atmosphere") or {}
    scene, visual = anchor.get("scene") or {}, shot.get("visual") or {}
    place = [str(location.get(k) or "") for k in ("type", "name", "details")]
    texts = [*place, str(scene.get("zh") or ""), str(scene.get("en") or ""), str(visual.get("environment") or "")]
    kind = _kind(texts, language)
    own = "zh" if language == "zh" else "en"
    spoken = [*place, str(scene.get(own) or ""), *((anchor.get("anchors") or {}).get(own) or []), texts[-1]]
    every = " ".join([*map(str, spoken), *map(str, shot.get("anchors") or [])])
    inside = books.sets().kinds[kind].inside if kind else _is_inside(" ".join(texts))
    lighting = " ".join(str(v) for v in (anchor.get("lighting") or {"": visual.get("lighting") or ""}).values())
    hour = str(air.get("time") or "") or f"{lighting} {texts[-1]}"
    weather = str(air.get("weather") or "") or str(visual.get("mood") or "")
    time: Time = _first(_TIMES, hour) or _first(_TIMES, f"{lighting} {scene.get('en') or ''}") or ("" if era else "day")
    return Setting(
        kind=kind or ("inside" if inside else "outside"),
        inside=inside,
        era=era or _era(f"{style.get('preset', '')} {style.get('prompt', '')}", every, language),
        time=time,
        weather=_weather(weather, told=not era),
        lamp=bool(_LAMP.search(lighting)) or (inside and time in ("night", "dusk")),
        side=-1 if _LEFT.search(lighting) else 1 if _RIGHT.search(lighting) else 0,
        number=digest(place[0], place[1] or texts[-1]),
        season=read_hours(str(air.get("time") or "")).season,
    )


def _kind(texts: list[str], language: str) -> str:
    """The kind of place that the first telling text speaks of; empty when none does."""
    named = next((k for k, s in books.sets().kinds.items() if texts[0] and texts[0] in s.type), "")
    if named:
        return named
    for text in texts:
        for spoken in (language, "en" if language == "zh" else "zh"):
            kind = places.archetype_of(text, spoken) if text else None
            kind = kind or next((k for _, k in find_places(text, spoken)), None)
            if kind:
                return kind
    return ""


def _is_inside(text: str) -> bool:
    outside, inside = _OUTSIDE.search(text), _INSIDE.search(text)
    return inside is not None and (outside is None or inside.start() < outside.start())


def _era(style: str, place: str, language: str) -> Era:
    known = _first(_ERAS, place) or _first(_ERAS, style)
    return known or ("east" if language == "zh" else "west")


def _weather(text: str, *, told: bool) -> Weather:
    """`told`: a text that has no weather means clear weather."""
    if _NOT_RAIN.search(text):
        return "cloudy" if re.search("将|to come|held", text) else "clear"
    return _first(_WEATHERS, text) or ("clear" if told or _CLEAR.search(text) else "")


def _first(choices: Any, text: str) -> Any:
    return next((name for name, words in choices if words.search(text)), None)
