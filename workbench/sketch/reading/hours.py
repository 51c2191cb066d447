"""The hour, the season and the weather that a text tells, in Chinese and English alike.

What only sounds like one – “last night”, “a raincoat”, 夜叉, a girl called 小雪 – is taken out before the text is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from workbench.sketch.reading.words import blank_out, either

Time = Literal["", "dawn", "morning", "noon", "afternoon", "dusk", "night", "day"]
Season = Literal["", "spring", "summer", "autumn", "winter"]
Weather = Literal["", "clear", "cloudy", "rain", "snow", "fog", "wind"]
V = TypeVar("V", Time, Season, Weather)


@dataclass(frozen=True)
class Hours:
    """What is known of a moment; "" for what is not."""

    time: Time = ""
    season: Season = ""
    weather: Weather = ""

    def __bool__(self) -> bool:
        return bool(self.time or self.season or self.weather)

    def completed_by(self, told: Hours) -> Hours:
        """What is told, and these where it tells nothing."""
        return Hours(told.time or self.time, told.season or self.season, told.weather or self.weather)

    def later(self, told: Hours, text: str) -> Hours:
        """The hours of what is told next: its own words, and what goes on unless they tell that time has passed."""
        if (told.time and self.time and told.time != self.time) or _ANOTHER_DAY.search(text):
            kept = Hours(season="" if _ANOTHER_YEAR.search(text) else self.season)
        else:
            # a night goes on, and after dusk comes no day; dawn or noon is soon over
            stays = self.time in ("", "night", "dusk") and (told.time or not _SUN.search(text))
            kept = self if stays else replace(self, time="")
        return replace(
            kept,
            time=told.time or kept.time,
            season=told.season or kept.season,
            weather=told.weather or ("" if _WEATHER_ENDS.search(text) else kept.weather),
        )


NOTHING_TOLD = Hours()
#: words of other times, of every time and of no time
_NOT_NOW = either(
    r"昨[夜晚日天][^，。]{0,6}|前[夜晚天]|明[早晚天日]|夜叉|夜莺|夜市|一夜之间|一夜[没未无不]|整夜[没未]|彻夜[未难无]|日日夜夜|日夜|昼夜|夜以继日|没日没夜|夜长梦多|"
    r"有朝一日|朝夕|一朝|从早到晚|早晚会|夜行衣|夜明珠|晨光文具|暮年|"
    r"守夜人|不?等天亮|更夫|夜壶|(?:等|直|熬|睡)到(?:天亮|天明|黎明)|午夜凶铃|黎明号",
    r"last night[^.,;]*|yesterday \w+|tomorrow \w+|by night and day|night and day|day and night|"
    r"night after night|day after day|"
    r"good (?:night|morning|evening|afternoon)|night ?mares?|night watch(?:man|men)?|night gowns?|"
    r"evening (?:dress|gown)s?|"
    r"morning stars?|evening stars?|"
    r"(?:until|till|by|before) (?:the )?(?:morning|nightfall|noon|evening|sunset|dusk)|(?:by|before) midnight|"
    r"until (?:dawn|sunrise)|(?:has|have|had) (?:until|till) [a-z]+|"
    r"(?:the )?(?:next|following|previous) day|one day|some day|the other day|all night long|knights?|overnight|"
    r"nights? school|night clubs?|night shifts?|nightlife|mid-?day meal|after ?noon tea|"
    r"the dawn of (?!new year|christmas|easter|[a-z]+day|his|her|their|that|the (?:next|last|first|same))|dawns? on|"
    r"star(?:ry)?[- ]eyed|twilight years|sunset years|since (?:dawn|morning)",
)
#: what comes again and again is told of now where nothing else is: “polishes the lens every dawn”
_AGAIN = either(
    r"每[天日夜晚](?:夜里|晚上|清晨|早上)?|每个(?:清晨|早晨|早上|夜晚|晚上|黄昏)",
    r"(?:every|each) (?:night|morning|evening|dawn|day)",
)
_ONLY_THOUGHT = either(
    r"想起|记得|记起|回忆|怀念|梦见|以前|从前|曾",
    r"remembers?|recalls?|dreams? of|misses|thinks? of|used to|tells? of|talks? of|once",
)
_TIMES: tuple[tuple[Time, re.Pattern[str]], ...] = (
    (
        "night",
        either(
            r"深夜|半夜|午夜|子夜|夜半|夜里|夜晚|夜间|雨夜|雪夜|寒夜|月夜|黑夜|今夜|当夜|连夜|入夜|夜深|夜色|夜幕|之夜|一夜|"
            r"[春夏秋冬]夜|夜(?=[，。、])|三更|子时|二更|四更|五更|月光|月色|月下|明月|星空|星光|凌晨|晚上|当晚|今晚|那晚|一晚|天黑|夜空|"
            r"夜|(?:天亮|黎明|拂晓)前",
            r"(?:one|two|three|four|[1-4])(?: o'clock)? in the morning|at (?:one|two|three|four|[1-4]) ?a\.?m\.?|"
            r"(?:under|at|by|in) (?:the |a )?(?:\w+ )?moon|under the (?:\w+ )?stars|"
            r"nights?|midnight|moonlight|moonlit|moonrise|starlight|starlit|by the stars|small hours|"
            r"after dark|nightfall|"
            r"before (?:the )?(?:dawn|daybreak|sunrise|rising sun|first light)|(?:until|till) midnight|"
            r"by torchlight|nocturnal|(?:the )?moon (?:is|"
            r"rises|shines|hangs)",
        ),
    ),
    (
        "dawn",
        either(
            r"天快亮|快天亮|黎明|清晨|拂晓|日出|破晓|晨光|晨曦|天刚亮|天亮|天明|清早|一早|大早|凌晨时分|鸡鸣|晨雾|"
            r"(?<=[\s/·—-])晨(?=[：:\s]|$)",
            r"dawn|daybreak|sunrise|first light|early morning|break of day|cock-?crow|crack of dawn",
        ),
    ),
    ("morning", either(r"早晨|早上|上午|次日早|今早|晨间|早饭|早餐", r"mornings?|forenoon|breakfast(?: time)?")),
    ("noon", either(r"正午|中午|晌午|日中|烈日当[头空]|午饭", r"noon|midday|high noon|noonday|lunch(?: ?time)?")),
    ("afternoon", either(r"午后|下午", r"afternoons?|teatime")),
    (
        "dusk",
        either(
            r"傍晚|黄昏|日落|夕阳|薄暮|暮色|落日|晚霞|日暮|天色渐[晚暗]|掌灯时分|华灯初上|(?<=[\s/·—-])昏(?=[：:\s]|$)",
            r"dusk|sunset|sundown|(?:setting|sinking) sun|evenings?|twilight|gloaming|golden hour|"
            r"the sun (?:sets|goes down|is setting)",
        ),
    ),
    (
        "day",
        either(
            r"白天|白昼|日间|光天化日|(?<=[\s/·—-])日(?=[：:\s]|$)",
            r"(?:in broad |in full |by )daylight|daytime|by day|-\s*DAY",
        ),
    ),
)
_NO_SEASON = either(
    r"春药|青春|春联|春秋|春宫|思春|迎春花|春卷|夏朝|夏侯|夏洛克|华夏|秋千|秋波|秋水|千秋|多事之秋|冬瓜|冬虫夏草|冬至饺|春风得意|"
    r"(?:来|明|去)年[春夏秋冬]天?|[春夏秋冬]天?(?:来临|到来)之前|每[年个](?:春|夏|秋|冬)天?",
    r"hot springs?|a spring of|springs? (?:up|from|out|open|to (?:her|his|its|their)|water)|off-?spring|"
    r"spring(?:ing|board)|"
    r"(?:next|last|every|each) (?:spring|summer|autumn|fall|winter)|before (?:the )?(?:spring|summer|"
    r"autumn|winter)(?: comes)?|"
    r"mid-?life winter|a fall|the fall of|falls? (?:of|from|in|into|on|off|for|down|asleep|apart|ill|silent)",
)
_SEASONS: tuple[tuple[Season, re.Pattern[str]], ...] = (
    (
        "winter",
        either(
            r"冬天|冬日|冬夜|冬季|寒冬|初冬|隆冬|严冬|冬至|腊月|除夕|数九|冬(?=[，。])|大雪纷|雪夜|冰天雪地",
            r"winters?|midwinter|wintry|snow-?bound|blizzard|december|january",
        ),
    ),
    (
        "summer",
        either(
            r"夏天|夏日|夏夜|夏季|盛夏|初夏|仲夏|炎夏|三伏|暑假|酷暑",
            r"summers?|midsummer|summery|dog days|july|heat ?wave",
        ),
    ),
    (
        "autumn",
        either(
            r"秋天|秋日|秋夜|秋季|深秋|初秋|金秋|暮秋|秋风|秋雨|落叶纷飞|中秋|重阳",
            r"autumns?|autumnal|in (?:the |early |late )?fall|this fall|fall (?:leaves|afternoon|morning|"
            r"evening)|october|november|harvest time",
        ),
    ),
    (
        "spring",
        either(
            r"春天|春日|春夜|春季|初春|早春|暮春|仲春|阳春|开春|春雨|春寒|清明时节|花开时节",
            r"(?:in|early|late|this|that|one|the) spring|springtime|spring(?: (?:day|morning|night|"
            r"evening|afternoon|rain|sun|festival))|vernal|april",
        ),
    ),
)
_NO_WEATHER = either(
    r"[雾霧](?:气)?(?:渐渐|慢慢)?(?:散|收|退|消)|雨后|雨停|雨歇|(?:没有?|不|未|无|别|不再|停止了?|将|快要?|[盼求祈等][着望愿]?)下?雨|一场雨将|雨伞|雨衣|雨鞋|谷雨|雨花石|风雨同舟|呼风唤雨|"
    r"枪林弹雨|雪白|雪亮|雪茄|雪花膏|雪糕|雪橇|雪山|冰雪聪明|白雪公主|报仇雪恨|洗雪|沉冤得雪|昭雪|(?:没有?|不|未|停止了?)下?雪|雪停|雪化|"
    r"雪人|滑雪|风光|风景|风筝|风度|风格|风水|风险|风俗|风趣|风声|风流|威风|作风|风尘|风云|云游|云雀|烟云|"
    r"雷声|雾里看花|喷雾|晴天霹雳|风琴|风铃|风箱|风扇|风车|电风|中风|麻风|风湿|风干|口风|春风得意",
    r"(?:fog|mist|haze|clouds?) (?:has |had |have )?(?:lifts?|lifted|clears?|cleared|parts?|parted|thins?|thinned|"
    r"burns? off)|after (?:the |a |it )?(?:rain|storm|snow|fog|mist)(?:s|ed)?|"
    r"(?:rain|storm|snow) (?:has |had |have )?(?:stops|"
    r"stopped|ends|ended|clears|passes|passed)|"
    r"(?:no|without|not|never|hopes? for|prays? for|waits? for|dreams? of|wants?|needs?) (?:any )?(?:rain|"
    r"snow|fog)|rainbows?|rain ?coats?|rain forests?|rainforests?|"
    r"(?:will|does not|doesn't|did not|refuses to) (?:rain|snow)|storms? (?:out|off|in|into|from|away|up)|"
    r"brain ?storm\w*|"
    r"snow[- ]?white|snow ?m[ae]n|snow ?globes?|snowdrops?|snow leopards?|stormy (?:relationship|marriage)|"
    r"window\w*|wind(?:s|ing)? (?:up|down|through|the|his|her|its)|wind ?mills?|wind instruments?|"
    r"second wind|gets? wind of|"
    r"hazy memor\w+|mist-eyed|misty-eyed|foggy memor\w+|clouds? (?:the|his|her) (?:mind|judgment|"
    r"judgement|eyes?)|under a cloud|cloud storage|"
    r"(?:calm )?before the storm|sun ?glasses|sun ?flowers?|a storm of|perfect storm|rain of (?:arrows|"
    r"blows|bullets|stones)",
)
_WEATHERS: tuple[tuple[Weather, re.Pattern[str]], ...] = (
    ("snow", either(r"雪", r"snow(?:s|ing|ed|y|fall|storm|storms|flakes?|drifts?)?|blizzards?|sleet")),
    (
        "rain",
        either(
            r"雨|雷暴|雷电交加|电闪雷鸣",
            r"rain(?:s|ing|ed|y|storm|storms|drops?|fall)?|downpour|drizzl\w+|thunder ?storms?|storms?|"
            r"stormy|pouring|thunder and lightning|typhoon|hurricane",
        ),
    ),
    ("fog", either(r"雾|霾", r"fog|foggy|mists?|misty|haze|hazy|smog")),
    (
        "wind",
        either(r"大风|狂风|寒风|北风|风沙|飓风|沙尘暴|风很大|风吹", r"winds?|windy|gales?|gusts?|gusty|sand ?storms?"),
    ),
    (
        "cloudy",
        either(
            r"阴天|乌云|阴云|多云|阴沉的天",
            r"overcast|cloudy|grey sk(?:y|ies)|gray sk(?:y|ies)|dark clouds?|low clouds?",
        ),
    ),
    (
        "clear",
        either(
            r"晴|阳光|烈日|万里无云|艳阳|日头|骄阳",
            r"the sun(?! (?:sets|goes down|is setting|has set))|sunny|sun-?lit|sunlight|sunshine|"
            r"clear (?:sky|skies|day|night|morning)|blue sk(?:y|ies)|"
            r"cloudless|bright sun|blazing sun|under the sun",
        ),
    ),
)
_ANOTHER_DAY = either(
    r"次日|第二天|翌日|几[天日]后|数日后|[一二三四五六七八九十两多几数]+(?:天|日|周|个月|月|年|载)(?:之?后|过去)|后来|多年|从此|此后|"
    r"来年|第[二三四五六七八九十]+[天日年]|过了(?:几|数|许)",
    r"(?:the )?next (?:day|week|month|year|morning|evening|night)|the following \w+|(?:hours?|days?|"
    r"weeks?|months?|years?|decades?) (?:later|after|pass|go by)|"
    r"later that \w+|from then on|ever after|since then|eventually|at last the|meanwhile years",
)
_ANOTHER_YEAR = either(
    r"[一二三四五六七八九十两多几数]+(?:年|载|个月)(?:之?后|过去)|多年|来年",
    r"(?:months?|years?|decades?) (?:later|after|pass|go by)|next year|ever after",
)
#: no night and no evening any more
_SUN = either(
    r"阳光|烈日|骄阳|艳阳|日头",
    r"sunny|sun-?lit|sunlight|sunshine|(?:bright|blazing|hot|midday|high|burning) sun|"
    r"under (?:a|the) (?:\w+ )?sun|the sun (?:shines|stands|reaches|hangs|burns|beats)",
)
_WEATHER_ENDS = either(
    r"雨后|雨停|雨歇|雪停|雪化|放晴|转晴|雾(?:气)?(?:渐渐|慢慢)?(?:散|收|退|消)|风停",
    r"after the (?:rain|storm|snow|fog|mist)|(?:rain|storm|snow|fog|mist|haze|wind) (?:has |had |have )?(?:stops|"
    r"stopped|ends|ended|clears|cleared|lifts|lifted|passes|passed|parts|parted|thins|burns off|dies down|drops)|"
    r"clears up",
)


def passes_long(text: str) -> bool:
    """Whether months or years have passed: where somebody is by then, nothing tells."""
    return _ANOTHER_YEAR.search(text) is not None


def read_hours(text: str, names: Iterable[str] = ()) -> Hours:
    """What a text tells of its hour, season and weather. `names` of the story are no weather: Rain, 小雪."""
    plain = _NOT_NOW.sub(" ", blank_out(text, names))
    once = _AGAIN.sub(" ", plain)
    return Hours(
        _first(_TIMES, once) or ("" if _ONLY_THOUGHT.search(plain) else _first(_TIMES, plain)),
        _first(_SEASONS, _NO_SEASON.sub(" ", plain)),
        _first(_WEATHERS, _NO_WEATHER.sub(" ", plain)),
    )


def _first(choices: Sequence[tuple[V, re.Pattern[str]]], text: str) -> V:
    """What the text tells first."""
    spots = [(match.start(), -len(match.group()), value) for value, words in choices if (match := words.search(text))]
    return min(spots)[2] if spots else ""
