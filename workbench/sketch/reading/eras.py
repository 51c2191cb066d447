"""The one era that a whole story plays in, by the words of its style and text; "" where they do not tell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from workbench.json_types import JsonObject
from workbench.sketch.reading.words import blank_out, either

#: "past": before our time, and no more is told
Era = Literal["", "east", "west", "modern", "future", "past"]
#: what a set is furnished for
DrawnEra = Literal["", "east", "west", "modern", "future"]

_WORDS: dict[Era, re.Pattern[str]] = {
    "future": either(
        r"科幻|赛博|未来世界|未来都市|太空|机甲|飞船|星际|星舰|全息|空间站|殖民地|火星|仿生人|超光速|末日后|废土|义体|星球",
        r"sci-?fi|science fiction|cyber\w*|spaceships?|starships?|space stations?|outer space|androids?|"
        r"holograms?|holographic|dystopia\w*|"
        r"colony on \w+|mars|terraform\w*|warp|interstellar|galax\w+|post-?apocalyp\w+|space opera|"
        r"orbital|far future|near future|"
        r"mecha|airlock|cryo\w*|lunar base|moon base",
    ),
    "modern": either(
        r"手机|电脑|地铁|公寓|高铁|微信|快递|外卖|写字楼|超市|出租车|公交|电话|电视|互联网|网络|直播|大学|高考|都市|现代|当代|程序员|"
        r"咖啡馆|咖啡店|便利店|汽车|摩托|飞机|机场|医院|警察|派出所|地下室酒吧|快餐|相机|短信|导航|电梯|塑料|冰箱|实习|公司|健身|无人机|校园",
        r"phones?|smartphones?|e-?mails?|laptops?|computers?|internet|subway|taxis?|cars?|bus|buses|tv|"
        r"television|airports?|supermarkets?|"
        r"apartments?|high school|podcasts?|selfies?|drones?|modern|present[- ]day|contemporary|start-?up|"
        r"elevators?|urban|motorbikes?|"
        r"text messages?|app|online|police officers?|truck|garage|motel|diner|skateboards?|video games?|"
        r"microwave|fridge|credit card|escalator|scooter",
    ),
    "east": either(
        r"古代|古风|古装|古镇|神话|武侠|仙侠|修仙|宫廷|王朝|朝廷|江湖|聊斋|书生|唐代|唐朝|大唐|长安|宋代|宋朝|汴京|明代|明朝|清代|清朝|战国|"
        r"三国|春秋|皇帝|皇宫|太子|丞相|将军|剑客|侠客|道士|和尚|方丈|县令|衙门|客栈|丫鬟|掌柜|镖局|秀才|进士|天庭|妖怪|狐妖|神仙|仙人|青楼|私塾|"
        r"长袍|长衫|水墨|灯笼|民国|军阀|东海龙|女娲|盘古|悟空|江户|武士|幕府|大名|平安京|高丽|朝鲜王朝",
        r"ukiyo-?e|ink wash painting|scroll painting|"
        r"joseon|goryeo|silla|samurai|shogun\w*|ronin|geishas?|ninjas?|feudal japan|edo|heian|meiji|"
        r""
        r"(?:ming|qing|tang|song|han|yuan) (?:dynasty|court|era|china)|"
        r"imperial china|ancient china|wuxia|xianxia|kung fu master|mandarin|rickshaws?|silk road|pagoda|"
        r"taoist|celadon|concubines?",
    ),
    "past": either(
        r"天方夜谭|一千零一夜|波斯细密画|头巾商人|古埃及|印加|玛雅|阿兹特克|苏丹|哈里发|从前|很久以前|古时候|部落",
        r"(?:persian|mughal|ottoman|indian) miniatures?|turbans?|genies?|djinns?|dervish(?:es)?|scimitars?|"
        r"baghdad|basra|samarkand|babylon|one thousand and one nights|thousand and one nights|arabian nights|"
        r"pharaohs?|ancient (?:egypt|egyptian|persia|india|babylon|world)|incas?|aztecs?|mayan?|sultans?|"
        r"viziers?|caliphs?|"
        r"caravans?|long ago|once upon a time|in olden times|bronze age|stone age|tribe|ancient",
    ),
    "west": either(
        r"维多利亚|中世纪|文艺复兴|骑士|城堡|海盗|罗马|希腊神话|古希腊|吸血鬼|伯爵|公爵|马车|煤油灯|煤气灯|十[七八九]世纪|女巫|维京|牛仔|西部片",
        r"illuminated manuscript|woodcuts?|copper ?plate engraving|steel engraving|"
        r"victorian|edwardian|regency|georgian|medieval|middle ages|renaissance|knights?|castles?|"
        r"carriages?|gaslights?|gas-?lit|muskets?|pirates?|"
        r"vikings?|roman|ancient (?:rome|greece)|witch|witches|dukes?|"
        r"duchess|(?:the|a|an|old|young) (?:count|earl|baron|squire)|countess|"
        r"period|stagecoach|cowboys?|wild west|frontier|saloon|monks?|abbey|peasants?|blacksmith|fairy[- ]?tales?|"
        r"(?:1[0-9]th|nineteenth|eighteenth|seventeenth|sixteenth)[- ]century|whal(?:er|ing ship)|"
        r"gold rush|civil war|sled dogs?|oil lamps?",
    ),
}
_YEAR = re.compile(
    r"(?<![\d.,:$£€¥])(1[0-9]{3}|2[0-9]{3})(?:年|s\b|(?![\d.,:%]\d|\d|\s*(?:dollars|pounds|miles|km|metres|"
    r"meters|feet|people|men|words|元|米|里|人|字)))"
)
_EAST = re.compile(r"[一-鿿]|\b(?:china|japan|korea|peking|beijing|edo|kyoto|joseon)\b", re.IGNORECASE)
_WEST = re.compile(
    r"\b(?:london|paris|new york|england|english|france|french|germany|german|vienna|rome|italy|venice|"
    r"boston|chicago|yukon|alaska|"
    r"california|texas|dublin|ireland|scotland|russia|moscow|spain|madrid|vermont|kansas|mississippi|europe|america)\b",
    re.IGNORECASE,
)
#: what style and genre say counts for more than a word of the text
_WEIGHTS = (("style", 3), ("genre", 4), ("title", 2), ("summary", 1))


def read_era(facts: JsonObject) -> Era:
    """The era of a brief's facts: title, genre, style, summary, people, world. The strongest evidence wins."""
    scores: dict[Era, int] = dict.fromkeys(_WORDS, 0)
    names = [str(c.get("name") or "") for c in facts.get("characters") or []]
    for text, weight in _texts(facts):
        plain = blank_out(text, names)
        for era, words in _WORDS.items():
            scores[era] += weight * min(4, len({m.group().casefold() for m in words.finditer(plain)}))
        for match in _YEAR.finditer(plain):
            scores[_era_of_year(int(match.group(1)), plain)] += 6 * weight
    best = max(scores, key=lambda era: scores[era])
    return best if scores[best] else ""


def find_era(facts: JsonObject | None) -> DrawnEra:
    """The era to draw a whole story in: its own, else plain things of today; "" without a story to read."""
    if not facts:
        return ""
    era = read_era(facts)
    return "west" if era == "past" else era or "modern"


def _texts(facts: JsonObject) -> Iterable[tuple[str, int]]:
    for key, weight in _WEIGHTS:
        value = facts.get(key)
        yield str((value.get("prompt") if isinstance(value, dict) else value) or ""), weight
    style = facts.get("style")
    if isinstance(style, dict) and style.get("preset") == "cyberpunk":
        yield "cyberpunk", 3
    for element in (*(facts.get("characters") or []), *(facts.get("world") or [])):
        yield f"{element.get('name') or ''} {element.get('description') or ''}", 1


def _era_of_year(year: int, text: str) -> Era:
    if year >= 2040:
        return "future"
    if year >= 1930:
        return "modern"
    return "east" if _EAST.search(text) else "west" if _WEST.search(text) else "past"
