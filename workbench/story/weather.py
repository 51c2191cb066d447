"""The weather in a scene's heading: 外景 弄堂 雨 夜, “EXT. PIER - DAWN (FOG)”; and how a sentence tells it."""

from __future__ import annotations

import re

#: words of weather in a heading, and how a sentence says them; {} is what was written: 大雨, 细雨
_WEATHERS_ZH = (
    (re.compile(r"[小中大暴细細阵陣]?雨(?:天|中)?|雷阵雨|雷陣雨|毛毛雨|雨夹雪|雨夾雪|暴风雨|暴風雨|雷雨"), "{}中"),
    (re.compile(r"[小中大暴]?雪(?:天|中)?|[暴]?风雪|[暴]?風雪|冰雹"), "{}中"),
    (re.compile(r"[大浓濃薄晨夜]?[雾霧](?:天|中)?|[雾霧]霾"), "{}中"),
    (re.compile(r"[大狂台寒]?[风風](?:中)?|沙[尘塵]暴?"), "{}中"),
    (re.compile(r"阴天?|陰天?|多云|多雲"), "阴天里"),
    (re.compile(r"晴天?|晴朗|烈日"), "晴天里"),
)
#: 雨夜, 夜雨
_WITH_HOUR_ZH = re.compile(r"(?P<first>[雨雪雾霧风風])(?P<night>夜|天)|(?P<time>夜|晨)(?P<last>[雨雪雾霧])")
_WEATHERS_EN = (
    (
        re.compile(r"rain(?:ing|y|s|fall|storm)?|(?:heavy|light|pouring) rain|drizzle|downpour", re.IGNORECASE),
        "rain",
    ),
    (re.compile(r"snow(?:ing|y|s|fall|storm)?|(?:heavy|light|driving) snow|blizzard|sleet", re.IGNORECASE), "snow"),
    (re.compile(r"fog(?:gy)?|mist(?:y)?|(?:thick|dense) fog|haze", re.IGNORECASE), "fog"),
    (re.compile(r"storm(?:y|ing)?|thunder ?storm", re.IGNORECASE), "storm"),
    (re.compile(r"wind(?:y)?|gale", re.IGNORECASE), "wind"),
    (re.compile(r"sun(?:ny|shine)", re.IGNORECASE), "sun"),
)
_OUTSIDE_EN = re.compile(r"\s*\b(?:outside|outdoors|in the|falling|falls|through the windows?)\b\s*", re.IGNORECASE)
_BRACKETED_ZH = re.compile(r"[（(]([^（）()]{1,4})[）)]")


def split_off(parts: list[str]) -> tuple[list[str], str]:
    """(parts, weather): a heading's parts without the weather behind the place: “PIER - STORMY NIGHT”, “PIER (FOG)”."""
    weather, kept = "", []
    spread = [half for part in parts for half in re.split(r"\s*\(([^()]*)\)\s*|\s*/\s*|,\s+", part) if half]
    for at, part in enumerate(spread):
        words = _OUTSIDE_EN.sub("", part).strip(" .")
        first, _, rest = words.partition(" ")
        whole = _read_en(words)
        if at and whole:
            weather = weather or whole
        elif at and first.lower().endswith(("y", "ing")) and rest and " " not in rest and _read_en(first):
            weather = weather or _read_en(first)
            kept.append(rest)
        else:
            kept.append(part)
    # what a slash or a bracket parts is put together again where it is no weather
    return (kept, weather) if weather else (parts, "")


def split_hour(word: str) -> tuple[str, str] | None:
    """(雨, 夜) of 雨夜 or 夜雨."""
    both = _WITH_HOUR_ZH.fullmatch(word)
    return both and (both["first"] or both["last"], (both["night"] or both["time"]).replace("天", "日"))


def unbracket(heading: str) -> str:
    """码头 雾 of 码头（雾）."""
    return _BRACKETED_ZH.sub(lambda at: f" {at[1]} " if tell_zh(at[1]) else at[0], heading)


def tell_zh(word: str) -> str:
    """雨中 of 雨, in words that are no sentence of their own; empty where a word is no weather."""
    return next((how.format(word.rstrip("天中")) for words, how in _WEATHERS_ZH if words.fullmatch(word)), "")


def _read_en(words: str) -> str:
    return next((name for pattern, name in _WEATHERS_EN if pattern.fullmatch(words)), "")


def tell_en(weather: str, *, within: bool) -> str:
    """“ in the rain” for what stands behind place and hour; of a room what is outside."""
    if not weather:
        return ""
    return f", {weather} outside" if within else f" in {'a' if weather == 'storm' else 'the'} {weather}"
