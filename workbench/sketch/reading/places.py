"""Where something happens, by the words of a text: a known kind of set, or only inside or outside, or not told.

A noun is a place where it is said that somebody is there or goes there: “in the court”, 在咖啡馆里. A bar of gold, a
stage of grief or a look at the sea is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from workbench.sketch import books
from workbench.sketch.reading.words import blank_out, either

#: what may follow a place's noun and still be of it: “the kitchen table”, “the church door”
_PARTS_EN = r"doors?|floor|wall|window|table|counter|corner|entrance|steps|roof|bench|edge|gate|stairs"
#: nouns of people and things that make another thing of the place before them: “the library book”, “a school friend”
_COMPOUND_EN = re.compile(
    r"\s+(?:coats?|jackets?|uniforms?|boots?|books?|bags?|keys?|keepers?|owners?|masters?|mistress|boys?|girls?|m[ae]n|wom[ae]n|friends?|"
    r"bells?|clocks?|lights?|lamps?|guards?|guides?|workers?|managers?|clerks?|cat|dog|mouse|mice|trip|"
    r"tour|"
    r"novel|song|story|stories|prices?|uniform|bus|train|board|team|band|fair|day|life|manners|politics|"
    r"job|work|food|chair|bed|knife|life|air|ghost|spirit|god|king|queen|prince|princess|monster|captain|"
    r"crew|party|of (?:cards|grief|life|shame|dreams|mirrors|love|gold|mind))\b",
    re.IGNORECASE,
)
_STATIC = (
    r"in|inside|at|on|within|aboard|atop|beneath|under|outside|behind|beside|among|across from|"
    r"in front of|next to|by|near|around|along|over|above|throughout"
)
_TOWARDS = (
    r"to|into|onto|through|across|enters?|entering|reach(?:es)?|visits?|crosses|returns? to|"
    r"climbs?|up|down|searches|explores|roams|arrives? (?:at|in)"
)
_FROM = r"from|out of|leaves|leaving|past|off|fills|floods|covers"
_FRONT_ZH = re.compile(r"(?:门外|门前|前面|外面|前|外|旁边|旁|后面)(?!人|台|厅|线|天|辈|科|地|语|公|婆|卖|套)")
#: there, but not within
_BESIDE = frozenset({"in front of", "outside", "behind", "beside", "next to", "near", "by", "around"})
#: “looks at the sea” is not at sea
_LOOKS_AT = re.compile(
    r"\b(?:look|stare|gaze|weep|howl|sing|shout|laugh|point|smile|aim|glance|shoot|wave|peer|wonder|marvel|swear|growl|"
    r"bark|wink|scowl|jump|arriv(?:e|ing) too late)(?:s|d|ed|ing)?\s+(?:back\s+|up\s+|down\s+|"
    r"out\s+)?(?:at|over|into|towards?|through|on|to)\s+(?:the|a|an|his|her|their)?\s*(?:(?!from|in|on|at|"
    r"by|to|through)[\w-]+\s+)?(?!from\b|in\b|on\b|at\b|by\b|to\b)[\w-]+|"
    r"\b(?:believes?|interested|confides?|trusts?|depends?|insists?|in (?:the )?(?:end|dark|morning|"
    r"evening|air|way|rain|snow|sun|hope|love|time|middle|face|name|place)|on (?:the )?(?:way|phone|verge|"
    r"spot|run|road to recovery)|"
    r"at (?:first|last|once|least|the (?:end|moment|time|age|same time|stage|top|bottom))|"
    r"under (?:the )?(?:pressure|weight|name)|by (?:the )?(?:hand|time|way|name|sea route)|in (?:this|"
    r"that|the) (?:stage|field of)|(?:bar|bars) of)\b",
    re.IGNORECASE,
)
_DETERMINER = (
    r"(?:(?:the|a|an|his|her|their|its|our|my|this|that|every|each|another|one|some|"
    r"[A-Z][\w-]*(?:\s[A-Z][\w-]*)?['’]s)\s+)"
)
_HOME_EN = re.compile(
    r"\b(?:at home|(?:comes?|goes|went|gets?|returns?|runs?|walks?|drives?|hurries|arrives?|back|"
    r"way) home|home (?:again|alone)|stays? home|indoors at home)\b",
    re.IGNORECASE,
)
_PROPER_EN = re.compile(
    r"\b(?:in|into|across|near|outside|reaches|leaves)\s+((?:[A-Z][\w'-]+)(?:\s+[A-Z][\w'-]+){0,2})"
)
_NO_PROPER = re.compile(
    r"^(?:January|February|March|April|May|June|July|August|September|October|November|December|Monday|"
    r"Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Christmas|Easter|English|French|German|Chinese|"
    r"Latin|Spanish|God|Heaven|Mr|Mrs|Ms|Miss|Dr|Madame|Sir|Lord|Lady|The|A|An|He|She|It|They|I)\b"
)
#: words of other things that hold the sign of a place
_NOT_PLACES_ZH = re.compile(
    r"大家|国家|作家|家人|家族|家伙|家具|家书|回家的路费|全家|人家|皇家|专家|画家|玩家|东家|亲家|冤家|家长|家常|家乡|上海|海外|海报|海鲜|大海捞针|人海|海藻|江湖|江山|山河|"
    r"山水画|泰山压顶|河山|林立|园林局|树林立|田鼠|井井有条|市井|店员|店主|店小二|房东|房子的钥匙|"
    r"桥段|过桥米线|洞察|空洞|洞房|漏洞|宫女|子宫|宫廷剧|牢骚|牢记|牢固|路人|路费|出路|思路|网路|电路|街坊|街溜子|村长|村民|院长|法院长|医院长|船长|船夫|船员|船票|塔罗|电塔|"
    r"城府|长城砖|岛民|屋漏|房租|房价|班房|楼盘|门路|山歌|山楂|山羊|山药|河马|海马|海豚|海鸥|海豹|湖蓝|江南|江北|河南|河北|山东|山西|湖南|湖北|海南|"
    r"飞船长|车票|车祸|车夫|车主|火车票|机票|田螺|庙祝|寺僧|林黛玉|校长|学校长"
)
_BEFORE_ZH = (
    r"(?:在|到|回|进|入|出|过|往|向|朝|从|于|去|上|下|来到|走进|穿过|闯入|闯进|住|藏|躲|逃出|逃到|赶到|奔向|登上|爬上|坐|站|守|离开|经过|抵达|藏身|困|关|跑|走|飞|"
    r"游|落|掉|沿着?|隔着|满)"
)
_AFTER_ZH = r"(?:里|中|内|上|下|外|前|后|边|旁|口|门口|之中|深处|尽头|附近|角落|顶|底)"


#: “tells him that … was lost in the bog”, “like lichen on a rock”: not here
_ELSEWHERE_EN = re.compile(
    r"\b(?:says|said|tells?|told|claims|hears|heard|reports|writes|learns|remembers|explains|dreams)"
    r"(?: [\w']+){0,3} that .*|"
    r"\blike (?:(?:an?|the) )?[\w-]+(?: [\w-]+)? (?:on|in|at|under|of) (?:an?|the) [\w-]+",
    re.IGNORECASE,
)
_RIDES_HOME_EN = re.compile(r"\b(?:rides?|rode|sails?|gallops?|trudges?|limps?|flies|flew) home\b", re.IGNORECASE)
#: who looks into water is there, and a part of a place is there: “through the window of the library”
_OF_PART = re.compile(
    r"\b(?P<how>looks? (?:down )?into|in|on|at|through|into|onto|under|behind|against|beside|by|to|from) "
    r"(?:the|an?|his|her) (?:[\w-]+ )?"
    r"(?:windows?|doors?|floor|corners?|edge|walls?|back|middle|centre|heart|top|bottom|foot|front|ice|water|"
    r"reeds|shade|shadows?|snow|mud|dust|sand|heat|light|dark(?:ness)?|silence|stairs|bank|shore|smell|noise) "
    r"of (?=(?:the|an?|his|her|their) )",
    re.IGNORECASE,
)


@cache
def _nouns(language: str) -> dict[str, str]:
    """Noun → kind of set."""
    return {noun: kind for kind, nouns in books.place_nouns(language).kinds.items() for noun in nouns}


def _name_whole(match: re.Match[str]) -> str:
    how = match.group("how")
    return f"{'at' if how.startswith('look') else how} "


def _bare(noun: str) -> str:
    """“tool-shed” is a shed."""
    plain = noun.casefold()
    return plain if plain in _nouns("en") else plain.rpartition("-")[2]


@cache
def _pattern_en() -> re.Pattern[str]:
    nouns = "|".join(re.escape(n) for n in sorted(_nouns("en"), key=len, reverse=True))
    return re.compile(
        rf"\b(?P<how>{_STATIC}|{_TOWARDS}|{_FROM})\s+(?P<det>{_DETERMINER})?(?P<words>(?:(?!(?:and|or|but|"
        rf"who|that|which|to|of|for|with|as|in|on|at|into|onto|from|through|by|under|over|behind|beside|near|"
        rf"the|an?|his|her|its|their|my|our|than)\b)[\w'’-]+\s+){{0,3}}?)(?P<noun>(?:[\w’']+-)?(?:{nouns}))(?![\w-])(?:\s+(?P<last>{nouns})(?![\w-]))?(?:\s+(?:{_PARTS_EN})\b)?",
        re.IGNORECASE,
    )


@cache
def _pattern_zh() -> re.Pattern[str]:
    words = sorted(_nouns("zh"), key=len, reverse=True)
    long, short = "|".join(w for w in words if len(w) > 1), "|".join(w for w in words if len(w) == 1)
    return re.compile(
        rf"(?P<long>{long})|(?<={_first_of(_BEFORE_ZH)})(?P<at>(?:[一二两三这那此]?[座条间家处片个栋]|"
        rf"[旧新老小大古破荒空深高])?(?:{short}){_AFTER_ZH}?)|(?P<short>(?:{short})){_AFTER_ZH}"
    )


def _first_of(pattern: str) -> str:
    """A look-behind has one length: the last signs of these words."""
    return "[" + "".join(sorted({w[-1] for w in pattern.strip("(?:)").replace("着?", "着|沿").split("|") if w})) + "]"


def find_places(text: str, language: str, names: Sequence[str] = ()) -> list[tuple[str, str]]:
    """(name, kind) of the places a text happens at, the surest first; `names` of people are none."""
    found = _find_zh(_plain(text, names)) if language == "zh" else _find_en(_plain(text, names))
    return _slug_line(text) or [(name, kind) for _, _, name, kind in sorted(found)]


def find_destination(text: str, language: str, names: Sequence[str] = ()) -> tuple[str, str] | None:
    """(name, kind) of the last place that a text goes to: there the story goes on. None where it goes nowhere."""
    plain = _plain(text, names)
    if language == "zh":
        going = [f for f in _find_zh(plain) if re.search(r"[到回进往入](?:[^，。；]{1,6}的)?$", plain[: f[1]])]
    else:
        going = [f for f in _find_en(plain) if f[0] == 1]
    return max(going, key=lambda f: f[1])[2:] if going else None


def _plain(text: str, names: Sequence[str]) -> str:
    """The text without people's names and the parts of them."""
    parts = (p for n in names for p in n.split() if len(p) > 2 and p[:1].isupper())
    return blank_out(text, [*names, *parts])


def is_slugged(text: str) -> bool:
    """Whether a text has a screenplay's slugline, which tells its place and its hour."""
    return bool(_slug_line(text))


def _slug_line(text: str) -> list[tuple[str, str]]:
    """The place of a screenplay's line: “INT. DINER - DAY”, 内景 船舱 夜."""
    match = re.search(r"\b(INT|EXT)\.?\s+([A-Z][A-Z0-9' ]+?)(?=\s*[-–—.\n]|$)", text)
    if match:
        name = f"the {match.group(2).strip().lower()}"
        return [(name, kind_of_name(name, "en") or ("inside" if match.group(1) == "INT" else "outside"))]
    match = re.search(r"([内外])景[\s：:·.-]*([^\s，。：:·-]{1,12})", text)
    if match:
        side = "inside" if match.group(1) == "内" else "outside"
        return [(match.group(2), kind_of_name(match.group(2), "zh") or side)]
    return []


#: words of the open air and of rooms, where no place is named
_OPEN_AIR = either(
    r"(?:雨|雪|风雪|雨幕)[中里](?!的)|(?:烈日|骄阳|星空|太阳底?)下|冒着?[大风]?雨|淋着?雨|顶着风雪|冒着?[风大]?雪|共[撑打]一把伞|撑着伞走|露天|扬帆|划船|树后|草丛|枯草里|骑马|骑着[^，。]{0,4}马",
    r"under the (?:\w+ )?(?:sun|stars|sky|open sky)|(?:out )?into the (?:snow|rain|storm|cold|open air|fog|sunshine)|"
    r"in (?:the |an? )?(?:\w+ )?(?:rain|snow|sleet|hail|hailstorm|storm|blizzard|fog|mist|open air)|"
    r"shares? (?:an|one|the same) umbrella|"
    r"(?:sails?|rows?|gallops?|rides?) (?:for|to|off|out|away|across|towards?)\b|outdoors|out of doors|in the open",
)
_ROOM = either(
    r"(?:在|躺|睡|坐|倒|死)(?:在|到)?[^，。]{0,3}(?:床|炕|榻|沙发|椅子?)上|床[前边头]|[书饭餐]桌[前边旁]|灶[前边台]|楼梯|推门进|壁炉",
    r"at (?:dinner|breakfast|supper|lunch|her desk|his desk|the piano)|(?:in|to|into|out of|on) (?:his |"
    r"her |the |their )?bed(?! of)|on the (?:sofa|couch|carpet|mantelpiece|sideboard)|"
    r"(?:the|up|down|on the) stairs|upstairs|downstairs|by the (?:fireplace|hearth|stove)|"
    r"(?:in|into|from) the (?:stove|"
    r"cupboard|wardrobe|drawer)|at the front door|indoors",
)
#: things of rooms that may stand in a garden as well: they tell where nothing else has
_ROOMLIKE = either(
    r"桌上|窗台|柜台|架子上|火炉边", r"on the (?:table|rug|shelf|windowsill|counter)|at (?:the )?table|by the fire"
)
#: what a place is called of which no more is told than that it is in or out of doors
PLAIN = {("zh", True): "室内", ("zh", False): "室外", ("en", True): "a room", ("en", False): "the open air"}


def find_side(text: str, language: str, *, known: bool = False) -> tuple[str, str] | None:
    """(name, kind) of a plain room or of the open air where a text tells one of them; None where it tells neither.
    `known`: where it goes on from is."""
    inside, outside = _ROOM.search(text), _OPEN_AIR.search(text)
    if not known and inside is None and outside is None:
        inside = _ROOMLIKE.search(text)
    if (inside is None) == (outside is None):
        return None
    return PLAIN[language, inside is not None], "inside" if inside else "outside"


def kind_of_name(name: str, language: str) -> str | None:
    """What kind of place a name alone speaks of: its last noun tells; None where that is no place (a watch)."""
    text = name.strip()
    if re.match(rf"(?:{'|'.join(_BESIDE)})\s", text, re.IGNORECASE):
        return "outside"
    if text.casefold() == "home":
        return "home"
    if re.search(r"[一-鿿]", text):
        bare = _NOT_PLACES_ZH.sub("", text)
        if re.search(rf"{_FRONT_ZH.pattern}$", bare) and bare not in _nouns("zh"):
            return "outside"
        if bare != text and len(bare) <= 1:
            return None
        own = (w for w in _words_of_length(bare) if len(w) > 1 or len(bare) > 1 or w == bare)
        return next((_nouns("zh")[w] for w in own), None) or (_HEADS_ZH.get(bare[-1:]) if len(bare) > 1 else None)
    head = re.split(
        r"\s+(?:of|in|on|at|by|near|from|under|beyond|above|with)\s+",
        re.sub(r"^(?:the|an?)\s+", "", text, flags=re.IGNORECASE),
    )[0].casefold()
    words = head.replace("’", "'").replace("-", " ").split()
    for length in (3, 2, 1):
        if len(words) >= length and (kind := _nouns("en").get(" ".join(words[-length:]))):
            return kind
    return None


def _words_of_length(name: str) -> Iterator[str]:
    """The words of places that a Chinese name ends on, the longest first."""
    return (w for w in sorted(_nouns("zh"), key=len, reverse=True) if name.endswith(w))


#: how surely something is where a text happens (0 is surest), where the text tells it, name and kind
_Spot = tuple[int, int, str, str]


def _is_dark_place(match: re.Match[str]) -> bool:
    """“In the dark hollow” is a place, “in the dark” is none."""
    following = re.match(r"\s+([a-z]+)", match.string[match.end() :])
    return match.group().endswith("dark") and following is not None and following.group(1) in _nouns("en")


def _find_en(text: str) -> list[_Spot]:
    plain = _OF_PART.sub(_name_whole, _ELSEWHERE_EN.sub(lambda m: "▮" * len(m.group()), text))
    plain = _LOOKS_AT.sub(lambda m: m.group() if _is_dark_place(m) else "▮" * len(m.group()), plain)
    found: list[tuple[int, int, str, str]] = []
    for match in _pattern_en().finditer(plain):
        after = plain[match.end("last") if match.group("last") else match.end("noun") :]
        if _COMPOUND_EN.match(after):
            continue
        det, words, noun = (match.group(g) or "" for g in ("det", "words", "noun"))
        if last := match.group("last"):
            words, noun = f"{words}{noun} ", last
        how = match.group("how").casefold()
        rank = 0 if re.fullmatch(_STATIC, how) else 1 if re.fullmatch(_TOWARDS, how) else 2
        if (
            not det
            and noun.islower()
            and rank == 0
            and how in ("by", "on")
            and noun not in ("deck", "stage", "platform")
        ):
            continue
        kind = _nouns("en")[_bare(noun)]
        front = how if how in _BESIDE and books.sets().kinds[kind].inside else ""
        owner = det.strip() if det.strip()[-2:] in ("'s", "’s") else "the"
        name = " ".join(f"{front} {owner} {words}{noun}".split())
        found.append((rank, match.start(), name, "outside" if front else kind))
    if home := _HOME_EN.search(plain):
        found.append((2, home.start(), "home", "home"))
    if home := _RIDES_HOME_EN.search(plain):
        found.append((2, home.start(), "the way home", "outside"))
    if not found:
        for match in _PROPER_EN.finditer(plain):
            if not _NO_PROPER.match(match.group(1)) and "▮" not in match.group(1):
                side = find_side(text, "en", known=True)
                found.append((3, match.start(), match.group(1), side[1] if side else "outside"))
    return found


#: the last sign of what a place is called: 冷宫, 文化馆, 白虎岭
_HEADS_ZH = {
    **dict.fromkeys("宫殿", "palace"),
    **dict.fromkeys("寺庙庵", "temple"),
    **dict.fromkeys("馆厅房室阁斋舍库厂楼塔", "inside"),
    **dict.fromkeys("岭峰谷坡冈岗", "mountain"),
    **dict.fromkeys("亭园滩洲湾镇城寨营井", "outside"),
}
_COMPOUND_ZH = re.compile(
    rf"(?:(?<!现)(?<!正)(?<!实)在|[到回进往入]|来到|走进|离开|从)(?:[^，。；▮]{{1,6}}的)?(?P<name>[^，。；▮的了着过在到回进往从把和与]{{1,4}}[{''.join(_HEADS_ZH)}])"
    r"(?![一-鿿]{0,1}(?:人|女|主|子|客|员|长|友|东|租|价|间话))(?![顶梯道群])"
)
#: where a thing is, not who does it: 棒打折在枯树上
_OF_THINGS_ZH = re.compile(r"(?:挂|插|贴|写|刻|砍|折|断|打|钉|拴|系|放|摆|撞)在[^，。；]{0,3}$")


def _find_zh(text: str) -> list[_Spot]:
    plain = _NOT_PLACES_ZH.sub(lambda m: "▮" * len(m.group()), text)
    found = []
    for match in _COMPOUND_ZH.finditer(plain):
        name = match.group("name")
        if name not in _nouns("zh"):
            kitchen = re.search(r"[厨膳灶]房$", name)
            found.append((0, match.start("name"), name, "kitchen" if kitchen else _HEADS_ZH[name[-1]]))
    for match in _pattern_zh().finditer(plain):
        word = match.group("long") or match.group("at") or match.group("short")
        if _OF_THINGS_ZH.search(plain[: match.start()]) or any(
            at <= match.start() < at + len(n) for _, at, n, _ in found if len(n) > len(word)
        ):
            continue
        kind = next(_nouns("zh")[w] for w in _words_in(word))
        rest = plain[match.end() :]
        later = _pattern_zh().search(plain, match.end())
        # 公寓楼顶的天台: the last of a chain
        if later is not None and re.fullmatch(r"|的[^，。；]{0,4}", plain[match.end() : later.start()]):
            continue
        told = match.group() if not match.group("long") else word
        front = _FRONT_ZH.match(rest) if match.group("long") and books.sets().kinds[kind].inside else None
        if front:
            told, kind = f"{word}{front.group()}", "outside"
        sure = (
            match.group("long") is None
            or re.search(rf"{_BEFORE_ZH}(?:了|着|过)?(?:[^，。；]{{0,6}}的)?$", plain[: match.start()])
            or re.match(_AFTER_ZH, rest)
        )
        # 守灯塔的老人: it tells who, not where
        who = re.match(r"的[^，。；]{0,4}(?:人|女|男|孩|师|员|客|狗|猫|匠|夫|兵)", rest)
        found.append((2 if who else 0 if sure else 1, match.start(), told, kind))
    return found


def _words_in(text: str) -> Iterator[str]:
    return (w for w in sorted(_nouns("zh"), key=len, reverse=True) if w in text)
